/**
 * Servers by a name, each with the token to act with there, in the user's config directory: a private file for each, and one
 * that names the one in use. `local` is the daemon of this machine, and has no file.
 */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { type DaemonPlace, ownConfigDirectory } from "../client/own-directory.ts";
import { parseServerAddress, ServerError } from "../client/server-address.ts";
import { readPrivateFile, removePrivateFile, writePrivateFile } from "./private-file.ts";
import { UsageError } from "./usage-error.ts";

export interface Context {
	readonly name: string;
	/** With the server's identity, if it has one to be known by. */
	readonly url: string;
	readonly token: string;
}

/** What a command speaks to. A server that has a name has its token as well. */
export type Place = DaemonPlace & { readonly context?: Context | undefined };

export const localName = "local";

/** Names are those of files, also where these know no capitals. */
const nameShape = /^[a-z0-9](?:[a-z0-9._-]{0,98}[a-z0-9])?$/;

export class Contexts {
	readonly #directory: string;

	constructor(directory = ownConfigDirectory()) {
		this.#directory = directory;
	}

	/** In order, without `local`. */
	names(): string[] {
		return namesIn(join(this.#directory, "contexts"))
			.filter((file) => file.endsWith(".json"))
			.map((file) => file.slice(0, -".json".length))
			.filter((name) => nameShape.test(name))
			.sort();
	}

	/** @throws UsageError if there is none */
	get(name: string): Context {
		const found = this.find(name);
		if (found === undefined)
			throw new UsageError(
				`There is no context ${shown(name)}. 'tokensmith context list' shows them, 'tokensmith login URL' adds one.`,
			);
		return found;
	}

	find(name: string): Context | undefined {
		if (!nameShape.test(name)) return undefined;
		const path = this.pathOf(name);
		const content = readPrivateFile(path);
		if (content === undefined) return undefined;
		const { url, token } = parsed(content) ?? {};
		if (isAddress(url) && isToken(token)) return { name, url, token };
		throw new Error(`${path} is damaged. Remove it, and log in again.`);
	}

	save({ name, url, token }: Context): void {
		writePrivateFile(this.pathOf(checkedName(name)), `${JSON.stringify({ url, token })}\n`);
	}

	/** The one in use is `local` then, if it was this one. */
	remove(name: string): void {
		if (this.current === name) this.use(localName);
		removePrivateFile(this.pathOf(name));
	}

	/** The name of the one in use. */
	get current(): string {
		return readPrivateFile(this.#currentPath)?.trim() || localName;
	}

	/** @throws UsageError if there is none */
	use(name: string): void {
		if (name === localName) return removePrivateFile(this.#currentPath);
		this.get(name);
		writePrivateFile(this.#currentPath, `${name}\n`);
	}

	pathOf(name: string): string {
		return join(this.#directory, "contexts", `${name}.json`);
	}

	get #currentPath(): string {
		return join(this.#directory, "current-context");
	}
}

/** For a server without a name of its own. */
export function nameFor(host: string): string {
	return host
		.toLowerCase()
		.replace(/[^a-z0-9.]+/g, "-")
		.replace(/^[.-]+|[.-]+$/g, "")
		.slice(0, 100);
}

/** @throws UsageError */
export function checkedName(name: string): string {
	if (name === localName)
		throw new UsageError(`'${localName}' is the daemon of this machine. Give the server another name.`);
	if (nameShape.test(name)) return name;
	throw new UsageError(
		"The name of a context has small letters, digits, dots, hyphens and underscores, and begins and ends with a letter or a digit.",
	);
}

/** A text that is no name may be anything. */
function shown(name: string): string {
	return nameShape.test(name) ? name : "with this name";
}

function parsed(content: string): { url?: unknown; token?: unknown } | undefined {
	try {
		return JSON.parse(content) ?? undefined;
	} catch (error) {
		// Its message quotes the file.
		if (error instanceof SyntaxError) return undefined;
		throw error;
	}
}

function isAddress(url: unknown): url is string {
	try {
		return typeof url === "string" && parseServerAddress(url).host !== "";
	} catch (error) {
		// Its message would not say which file has the address.
		if (error instanceof ServerError) return false;
		throw error;
	}
}

function isToken(token: unknown): token is string {
	return typeof token === "string" && /^[\x21-\x7E]+$/.test(token);
}

function namesIn(folder: string): string[] {
	try {
		return readdirSync(folder);
	} catch (cause) {
		const { code } = cause as NodeJS.ErrnoException;
		if (code === "ENOENT" || code === "ENOTDIR") return [];
		throw new Error(`${folder} can't be read (${code}).`, { cause });
	}
}
