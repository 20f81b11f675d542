/** Where files hold secrets of known tokens. Only hashes are sent, and no secret is kept or returned. */
import { lstat, readdir, readFile } from "node:fs/promises";
import { join, relative } from "node:path";
import type { TokenRecord } from "../contract.ts";
import { ownSecrets } from "../env-file/secret-places.ts";
import { tokenWords } from "../env-file/token-words.ts";
import { livingStatuses } from "./command.ts";
import { listedByGit } from "./git.ts";

export interface ScanReport {
	readonly found: readonly Place[];
	/** Files that were read. */
	readonly files: number;
	/** Files that were not read: too large, binary or unreadable, or beyond the limit. */
	readonly skipped: number;
}

export interface Place {
	/** Relative to the folder. */
	readonly file: string;
	/** From 1 on. */
	readonly line: number;
	readonly token: TokenRecord;
}

type Identify = (secrets: readonly string[]) => Promise<(TokenRecord | undefined)[]>;

const mostFiles = 100_000;
const mostBytes = 1024 * 1024;
/** So many are asked for at once. */
const batch = 5000;

/** @param ignored whether files that Git ignores are read too @throws Error when the folder can't be read */
export async function scan(
	folder: string,
	ignored: "read" | "left",
	identify: Identify,
): Promise<ScanReport> {
	const names = (await listedByGit(folder, ignored)) ?? (await filesBelow(folder));
	const search = new Search(identify);
	let files = 0;
	for (const file of names.slice(0, mostFiles)) {
		const text = await textOf(join(folder, file));
		if (text === undefined) continue;
		files++;
		await search.add(file, text);
	}
	return { found: await search.end(), files, skipped: names.length - files };
}

/** Of all candidates, each is asked for once. */
class Search {
	readonly #identify: Identify;
	readonly #known = new Map<string, TokenRecord | undefined>();
	readonly #found: Place[] = [];
	#pending = new Map<string, { file: string; line: number }[]>();

	constructor(identify: Identify) {
		this.#identify = identify;
	}

	async add(file: string, text: string): Promise<void> {
		for (const [index, content] of text.split("\n").entries())
			for (const candidate of candidatesIn(content)) {
				const places = this.#pending.get(candidate) ?? [];
				places.push({ file, line: index + 1 });
				this.#pending.set(candidate, places);
			}
		if (this.#pending.size >= batch) await this.#ask();
	}

	async end(): Promise<Place[]> {
		await this.#ask();
		return this.#found.sort((one, other) => one.file.localeCompare(other.file) || one.line - other.line);
	}

	async #ask(): Promise<void> {
		const unknown = [...this.#pending.keys()].filter((candidate) => !this.#known.has(candidate));
		for (const [index, token] of (await this.#identify(unknown)).entries())
			this.#known.set(unknown[index] ?? "", token);
		for (const [candidate, places] of this.#pending) {
			const token = this.#known.get(candidate);
			if (token !== undefined && livingStatuses.includes(token.status))
				this.#found.push(...places.map((place) => ({ ...place, token })));
		}
		this.#pending = new Map();
	}
}

/** Shorter ones are no secrets; longer ones are encoded data. */
const run = /[0-9A-Za-z_.~+/-]{16,512}={0,2}/g;
/** Telegram's tokens have a colon. */
const pair = /(?<!\d)\d{8,10}:[\w-]{20,100}/g;

/** What could be a secret: runs of its characters, and their parts in a path, in a form, before padding and in markup. */
function candidatesIn(line: string): Set<string> {
	const texts = [line, ...tokenWords(line).map(({ word }) => word)];
	const runs = texts.flatMap((text) => [...(text.match(run) ?? []), ...(text.match(pair) ?? [])]);
	const parts = runs.flatMap((one) => [
		one,
		one.replace(/=+$/, ""),
		...one.split("/"),
		...one.split(/[+~/]/),
	]);
	const own = ownSecrets(line).map(({ start, end }) => line.slice(start, end));
	const inMarkup = parts.map((part) => part.replace(/^[-+._~]+|[-+._~]+$/g, ""));
	return new Set([...own, ...parts, ...inMarkup].filter(({ length }) => length >= 16));
}

/** Undefined for what is no text of a usual size. A link leads elsewhere, where it is a file of its own. */
async function textOf(path: string): Promise<string | undefined> {
	try {
		const found = await lstat(path);
		if (!found.isFile() || found.size > mostBytes) return undefined;
		const content = decoded(await readFile(path));
		return content.includes("\0") ? undefined : content;
	} catch {
		return undefined;
	}
}

/** As UTF-16 where a byte order mark says so, as Windows PowerShell writes it. */
function decoded(bytes: Buffer): string {
	const mark = bytes.length % 2 === 0 ? bytes.toString("hex", 0, 2) : "";
	if (mark === "feff") return bytes.swap16().toString("utf16le");
	return bytes.toString(mark === "fffe" ? "utf16le" : "utf8");
}

/** Without folders that hold what others have written. */
async function filesBelow(folder: string): Promise<string[]> {
	const files: string[] = [];
	const open = [folder];
	for (let next = open.pop(); next !== undefined && files.length <= mostFiles; next = open.pop()) {
		const entries = await readdir(next, { withFileTypes: true }).catch((error) => {
			if (next === folder) throw new Error(`The folder can't be read (${error.code}).`, { cause: error });
			return [];
		});
		for (const entry of entries) {
			const path = join(entry.parentPath, entry.name);
			if (entry.isFile()) files.push(relative(folder, path));
			else if (entry.isDirectory() && ![".git", "node_modules"].includes(entry.name)) open.push(path);
		}
	}
	return files.sort();
}
