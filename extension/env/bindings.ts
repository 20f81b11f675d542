/**
 * A live index of the env file lines that hold a token's secret or a value that looks like one; one index per window.
 * Inactive until started, and always inactive in Restricted Mode. Invariant: no value is stored, and a line is listed
 * only after the daemon has identified its value.
 */
import { createHmac, randomBytes } from "node:crypto";
import { inspect } from "node:util";
import * as vscode from "vscode";
import type { Client } from "../daemon/client.ts";
import type { LiveTokens } from "../daemon/live-tokens.ts";
import { envFilePatterns } from "../settings.ts";
import { isEnvFile, listEnvFiles } from "./env-files.ts";
import { type EnvRead, EnvReads, type FoundLine, shownDocument } from "./env-reads.ts";
import { isWithin, watchEnvFiles } from "./env-watch.ts";
import { nameOf } from "./file-text.ts";
import { TokenIdentities } from "./token-identities.ts";
import type { TokenLike } from "./token-like.ts";

export interface EnvLine {
	readonly uri: vscode.Uri;
	/** The file's path as shown to the user. */
	readonly fileName: string;
	readonly key: string;
	/** Counted from 1. */
	readonly line: number;
	/** Range of the secret's own characters, in the current text; of several in the line, the first. */
	readonly range: vscode.Range;
	/** Whether the secret is the line's whole value. */
	readonly part: "whole" | "piece";
	/** `# KEY=value`: no program reads it. */
	readonly commented: boolean;
	/** `sha256:…` of the secret. The secret itself is not stored. */
	readonly hash: string;
	/** ID of the token with this secret; undefined: the value looks like a token, but is unknown. */
	readonly tokenId: string | undefined;
	/** The likely issuer of an unknown value. */
	readonly like?: TokenLike;
	/** `.env:3 (API_TOKEN)` */
	readonly words: string;
}

/** An env file and its lines, which may be none. */
export interface EnvFileLines {
	readonly uri: vscode.Uri;
	readonly fileName: string;
	readonly folder: vscode.WorkspaceFolder;
	readonly lines: readonly EnvLine[];
	/** Why the file could not be read, as shown to the user. */
	readonly problem?: string;
}

interface BindingsOptions {
	live: LiveTokens;
	daemon: { client(): Promise<Client> };
	/** Token-like values that the user has chosen to ignore. */
	ignored: { has(hash: string): boolean; onDidChange: vscode.Event<void> };
	log: { warn(message: string): void };
}

interface IndexedFile {
	readonly uri: vscode.Uri;
	readonly fileName: string;
	readonly folder: vscode.WorkspaceFolder | undefined;
	readonly read: EnvRead;
}

/** `scanning` until every file has been read and the daemon has identified the values. */
type BindingsState = "idle" | "scanning" | "ready";

const debounceMilliseconds = 100;

export class Bindings implements vscode.Disposable {
	readonly #options: BindingsOptions;
	readonly #changed = new vscode.EventEmitter<void>();
	readonly onDidChange = this.#changed.event;
	readonly #identities: TokenIdentities;
	readonly #reads = new EnvReads();
	readonly #markKey = randomBytes(32);
	readonly #disposables: vscode.Disposable[] = [];
	#watchers = vscode.Disposable.from();

	#state: BindingsState = "idle";
	#hasRead = false;
	#isDisposed = false;
	#indexed = new Map<string, IndexedFile>();
	#files: readonly EnvFileLines[] = [];
	#byToken: ReadonlyMap<string, readonly EnvLine[]> = new Map();

	/** Whether the daemon has not yet identified every value that was read. It is asked again once it is reachable. */
	#isUnanswered = true;

	/** What the next scan covers. */
	#wanted: { everything: boolean; uris: Map<string, vscode.Uri> } = nothingWanted();
	#last: Promise<unknown> = Promise.resolve();
	#next: Promise<"answered" | "unanswered"> | undefined;
	#timer: NodeJS.Timeout | undefined;

	constructor(options: BindingsOptions) {
		this.#options = options;
		this.#identities = new TokenIdentities(() => options.daemon.client());
	}

	get state(): BindingsState {
		return this.#state;
	}

	/** Whether `files` has every file. The daemon may not have identified their values yet. */
	get hasRead(): boolean {
		return this.#hasRead;
	}

	/** All env files of all workspace folders, sorted by path. */
	get files(): readonly EnvFileLines[] {
		return this.#files;
	}

	/** The lines that hold the token's secret and are in effect, that is, not commented out. */
	linesOf(tokenId: string): readonly EnvLine[] {
		return this.#byToken.get(tokenId) ?? [];
	}

	/** The lines of a file; for an open editor, of its current text. Served from memory, so fast enough for a hover. */
	linesIn(uri: vscode.Uri): readonly EnvLine[] {
		const indexed = this.#indexed.get(uri.toString());
		if (indexed === undefined) return [];
		const document = shownDocument(uri);
		const read = document === undefined ? indexed.read : this.#reads.readDocument(document);
		return this.#linesOf(indexed, read);
	}

	/**
	 * A keyed stand-in for a line's value in places that others can read, such as a link. Unlike a hash, it cannot be
	 * used to test guesses without this window's key.
	 */
	markOf({ hash }: Pick<EnvLine, "hash">): string {
		return createHmac("sha256", this.#markKey).update(hash).digest("base64url");
	}

	/** Starts scanning and watching, unless already started. */
	start(): void {
		if (this.#state !== "idle" || this.#isDisposed) return;
		this.#state = "scanning";
		this.#listen();
		this.#watch();
		this.#noteTokens();
		this.#options.live.start();
		this.#scanInBackground("everything");
	}

	/**
	 * Resolves once every file has been scanned after this call, for the secrets of all tokens in the live list.
	 * @throws DaemonError, TokensmithUnavailableError or TokensmithProblemError
	 */
	async whenReady(): Promise<void> {
		this.start();
		let outcome: "answered" | "unanswered";
		do {
			await this.#options.live.whenLive();
			this.#wanted.everything = true;
			outcome = await this.#scan();
			// The daemon may have stopped while files were read; lines that it has not identified would be missing.
		} while (outcome === "unanswered");
	}

	dispose(): void {
		this.#isDisposed = true;
		clearTimeout(this.#timer);
		vscode.Disposable.from(...this.#disposables, this.#watchers, this.#changed).dispose();
	}

	#listen(): void {
		const { live, ignored } = this.#options;
		const rescan = (document: vscode.TextDocument) => {
			if (this.#indexed.has(document.uri.toString())) this.#scanInBackground(document.uri);
		};
		// The watcher misses some files, such as those in linked folders: they are noticed here at the latest.
		const notice = ({ uri }: vscode.TextDocument) => {
			if (isEnvFile(uri, envFilePatterns())) this.#scanInBackground(uri);
		};
		this.#disposables.push(
			live.onDidChange(() => this.#tokensChanged()),
			ignored.onDidChange(() => this.#publish()),
			vscode.workspace.onDidChangeTextDocument(({ document }) => rescan(document)),
			vscode.workspace.onDidCloseTextDocument(rescan),
			vscode.workspace.onDidOpenTextDocument(notice),
			vscode.workspace.onDidSaveTextDocument(notice),
			vscode.workspace.onDidChangeWorkspaceFolders(() => this.#scanInBackground("everything")),
			vscode.workspace.onDidGrantWorkspaceTrust(() => this.#scanInBackground("everything")),
			vscode.workspace.onDidChangeConfiguration((change) => {
				if (!change.affectsConfiguration("tokensmith.envFiles.patterns")) return;
				this.#watch();
				this.#scanInBackground("everything");
			}),
		);
	}

	#watch(): void {
		this.#watchers.dispose();
		this.#watchers = watchEnvFiles(envFilePatterns(), {
			changed: (uri) => this.#scanInBackground(uri),
			deleted: (folder) => {
				for (const { uri } of this.#indexed.values()) if (isWithin(uri, folder)) this.#scanInBackground(uri);
			},
			foldersCreated: () => this.#scanInBackground("everything"),
		});
	}

	#tokensChanged(): void {
		if (this.#options.live.state !== "live") return;
		if (this.#noteTokens() === "new" || this.#isUnanswered) this.#scanInBackground("answers");
	}

	#noteTokens(): "new" | "known" {
		// A token whose secret was unknown or replaced has another partial token afterwards.
		const secrets = this.#options.live.tokens.map(({ id, partialToken }) => `${id} ${partialToken}`);
		return this.#identities.noteTokens(new Set(secrets)) ? "new" : "known";
	}

	#scanInBackground(at: vscode.Uri | "everything" | "answers"): void {
		if (at === "everything") this.#wanted.everything = true;
		else if (at !== "answers") this.#wanted.uris.set(at.toString(), at);
		clearTimeout(this.#timer);
		this.#timer = setTimeout(
			() => {
				// The next change or connection triggers another scan.
				this.#scan().catch((error: unknown) => this.#options.log.warn(inspect(error)));
			},
			at === "everything" ? 0 : debounceMilliseconds,
		);
	}

	/** Scans run one at a time. Callers that wait for a scan that has not begun share it. */
	#scan(): Promise<"answered" | "unanswered"> {
		this.#next ??= this.#last.then(async () => {
			this.#next = undefined;
			const wanted = this.#wanted;
			this.#wanted = nothingWanted();
			clearTimeout(this.#timer); // The running scan covers what was wanted so far.
			return await this.#scanFiles(wanted);
		});
		const next = this.#next;
		this.#last = next.catch(() => undefined); // Callers of `#scan` handle its failure.
		return next;
	}

	async #scanFiles({
		everything,
		uris,
	}: {
		everything: boolean;
		uris: Map<string, vscode.Uri>;
	}): Promise<"answered" | "unanswered"> {
		if (!vscode.workspace.isTrusted || this.#isDisposed) {
			this.#isUnanswered = false;
			this.#enterReady();
			return "answered";
		}
		const scanned = everything ? await allEnvFiles() : [...uris.values()];
		const read = await Promise.all(scanned.map(async (uri) => ({ uri, read: await this.#reads.read(uri) })));
		if (everything) this.#indexed.clear();
		for (const { uri, read: content } of read) {
			if (content === undefined) this.#indexed.delete(uri.toString());
			else this.#indexed.set(uri.toString(), indexedFile(uri, content));
		}
		this.#hasRead ||= everything;
		this.#publish();
		return await this.#identify();
	}

	async #identify(): Promise<"answered" | "unanswered"> {
		this.#isUnanswered = true;
		if (this.#options.live.state !== "live") return "unanswered";
		const reads = [...this.#indexed.values()].map(({ read }) => read);
		const isAnswered = await this.#identities.request(reads.flatMap(({ found }) => found));
		this.#isUnanswered = false;
		if (this.#state !== "ready") this.#enterReady();
		else if (isAnswered) this.#publish();
		return "answered";
	}

	#enterReady(): void {
		this.#state = "ready";
		this.#publish();
	}

	#publish(): void {
		if (this.#isDisposed) return;
		const files = [...this.#indexed.values()].flatMap((file) => this.#linesOfFile(file));
		this.#files = files.sort((one, other) => (one.uri.path < other.uri.path ? -1 : 1));
		const bindings = this.#files.flatMap(({ lines }) => lines).filter(({ commented }) => !commented);
		this.#byToken = Map.groupBy(bindings, ({ tokenId }) => tokenId ?? "");
		this.#changed.fire();
	}

	#linesOfFile(file: IndexedFile): EnvFileLines[] {
		const { uri, fileName, folder, read } = file;
		if (folder === undefined) return [];
		const { problem } = read;
		const lines = this.#linesOf(file, read);
		return [{ uri, fileName, folder, lines, ...(problem !== undefined && { problem }) }];
	}

	#linesOf({ uri, fileName }: IndexedFile, { found }: EnvRead): EnvLine[] {
		const lines = found.flatMap((line): EnvLine[] => {
			const tokenId = this.#identities.of(line.hash);
			if (tokenId === undefined || (tokenId === null && !this.#isSuspect(line))) return [];
			const { key, line: number, range, commented, hash, like, part } = line;
			const words = `${fileName}:${number} (${key})`;
			const known = { uri, fileName, key, line: number, range, commented, hash, part, words };
			if (tokenId !== null) return [{ ...known, tokenId }];
			return [{ ...known, tokenId: undefined, ...(like !== undefined && { like }) }];
		});
		return onceEach(withoutOverlaps(lines));
	}

	#isSuspect({ like, hash }: FoundLine): boolean {
		return like !== undefined && !this.#options.ignored.has(hash);
	}
}

/** A value and a part of it can both look like a secret: what is known comes first, then what an issuer's format tells. */
function withoutOverlaps(lines: readonly EnvLine[]): EnvLine[] {
	const rank = ({ tokenId, like }: EnvLine) => (tokenId !== undefined ? 0 : like?.name !== undefined ? 1 : 2);
	const kept = new Map<number, EnvLine[]>();
	for (const line of lines.toSorted((one, other) => rank(one) - rank(other))) {
		const others = kept.get(line.line) ?? [];
		if (!others.some(({ range }) => overlap(range, line.range))) kept.set(line.line, [...others, line]);
	}
	return lines.filter((line) => kept.get(line.line)?.includes(line));
}

/** A secret that a line contains several times, as in a URL, is one: what shows or counts lines must not list it twice. */
function onceEach(lines: readonly EnvLine[]): EnvLine[] {
	const seen = new Set<string>();
	return lines.filter(({ line, key, hash, commented }) => {
		const name = JSON.stringify([line, key, hash, commented]);
		return !seen.has(name) && seen.add(name);
	});
}

function overlap(one: vscode.Range, other: vscode.Range): boolean {
	return one.start.isBefore(other.end) && other.start.isBefore(one.end);
}

/** Every env file that is found, and those in editors, which may be excluded from searches. */
async function allEnvFiles(): Promise<vscode.Uri[]> {
	const patterns = envFilePatterns();
	const open = vscode.workspace.textDocuments.map(({ uri }) => uri).filter((uri) => isEnvFile(uri, patterns));
	const found = [...(await listEnvFiles(patterns)), ...open];
	return [...new Map(found.map((uri) => [uri.toString(), uri])).values()];
}

/** Opens the file with the cursor on the line. */
export async function openLine({ uri, line }: Pick<EnvLine, "uri" | "line">): Promise<void> {
	const position = new vscode.Position(line - 1, 0);
	await vscode.window.showTextDocument(uri, { selection: new vscode.Range(position, position) });
}

/** Paths are looked up once per file, since the lines are iterated far more often. */
function indexedFile(uri: vscode.Uri, read: EnvRead): IndexedFile {
	return { uri, fileName: nameOf(uri), folder: vscode.workspace.getWorkspaceFolder(uri), read };
}

function nothingWanted(): { everything: boolean; uris: Map<string, vscode.Uri> } {
	return { everything: false, uris: new Map() };
}
