/**
 * The lines of all env files that hold a token's secret, or what looks like one: one live index per window. Does
 * nothing before it is started, and nothing at all in Restricted Mode. Invariant: no value is kept, and what is not
 * certain is not told: a line is there once the daemon has said whose its value is.
 */
import { createHmac, randomBytes } from "node:crypto";
import { inspect } from "node:util";
import * as vscode from "vscode";
import type { Client } from "../daemon/client.ts";
import type { LiveTokens } from "../daemon/live-tokens.ts";
import { envFilePatterns } from "../settings.ts";
import { listEnvFiles } from "./env-files.ts";
import { type EnvRead, EnvReads, type FoundLine, shownDocument } from "./env-reads.ts";
import { isWithin, watchEnvFiles } from "./env-watch.ts";
import { nameOf } from "./file-text.ts";
import { TokenIdentities } from "./token-identities.ts";
import type { TokenLike } from "./token-like.ts";

export interface EnvLine {
	readonly uri: vscode.Uri;
	/** As a person knows the file. */
	readonly fileName: string;
	readonly key: string;
	/** Counted from 1. */
	readonly line: number;
	/** Of the value without its quotes, in the text as it is now. */
	readonly range: vscode.Range;
	/** `# KEY=value`: no reader sees it. */
	readonly commented: boolean;
	/** `sha256:…` of the value. The value itself is not kept. */
	readonly hash: string;
	/** Of which token this is the secret; undefined: token-like, and nobody knows it. */
	readonly tokenId: string | undefined;
	/** Whose token it looks like, of a line that nobody knows. */
	readonly like?: TokenLike;
	/** `.env:3 (API_TOKEN)` */
	readonly words: string;
}

/** An env file with its lines, also one that has none. */
export interface EnvFileLines {
	readonly uri: vscode.Uri;
	readonly fileName: string;
	readonly folder: vscode.WorkspaceFolder;
	readonly lines: readonly EnvLine[];
	/** Why it could not be read, for a person. */
	readonly problem?: string;
}

interface BindingsOptions {
	live: LiveTokens;
	daemon: { client(): Promise<Client> };
	/** Of values that look like tokens, those that the person has said are none. */
	ignored: { has(hash: string): boolean; onDidChange: vscode.Event<void> };
	log: { warn(message: string): void };
}

interface IndexedFile {
	readonly uri: vscode.Uri;
	readonly fileName: string;
	readonly folder: vscode.WorkspaceFolder | undefined;
	readonly read: EnvRead;
}

/** `looking` until each file has been read, and the daemon has said whose the values are. */
type BindingsState = "idle" | "looking" | "ready";

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
	#isDisposed = false;
	#indexed = new Map<string, IndexedFile>();
	#files: readonly EnvFileLines[] = [];
	#byToken: ReadonlyMap<string, readonly EnvLine[]> = new Map();

	/** The daemon could not yet be asked about everything that was read. It is, as soon as it is there again. */
	#isUnanswered = true;

	/** What the next look is at. */
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

	/** All env files of all workspace folders, in the order of their paths. */
	get files(): readonly EnvFileLines[] {
		return this.#files;
	}

	/** The lines that hold the token's secret and that somebody reads: not those that are commented out. */
	linesOf(tokenId: string): readonly EnvLine[] {
		return this.#byToken.get(tokenId) ?? [];
	}

	/** The lines of a file, those of an editor as they are at this moment. From memory: quick enough for a hover. */
	linesIn(uri: vscode.Uri): readonly EnvLine[] {
		const indexed = this.#indexed.get(uri.toString());
		if (indexed === undefined) return [];
		const document = shownDocument(uri);
		const read = document === undefined ? indexed.read : this.#reads.readDocument(document);
		return this.#linesOf(indexed, read);
	}

	/**
	 * Stands for a line's value where others may see it, as in a link: without this window's key no values can be tried
	 * on it, as they could on a hash.
	 */
	markOf({ hash }: Pick<EnvLine, "hash">): string {
		return createHmac("sha256", this.#markKey).update(hash).digest("base64url");
	}

	/** Begins to look and to watch, unless that has been done before. */
	start(): void {
		if (this.#state !== "idle" || this.#isDisposed) return;
		this.#state = "looking";
		this.#listen();
		this.#watch();
		this.#noteTokens();
		this.#options.live.start();
		this.#lookInBackground("everything");
	}

	/**
	 * Fulfils when every file has been looked at after this call, for the secrets of all tokens in the live list.
	 * @throws DaemonError, UnreachableError or ProblemError
	 */
	async whenReady(): Promise<void> {
		this.start();
		let outcome: "answered" | "unanswered";
		do {
			await this.#options.live.whenLive();
			this.#wanted.everything = true;
			outcome = await this.#look();
			// While files were read the daemon may have gone, and a line that nobody was asked about would be missing.
		} while (outcome === "unanswered");
	}

	dispose(): void {
		this.#isDisposed = true;
		clearTimeout(this.#timer);
		vscode.Disposable.from(...this.#disposables, this.#watchers, this.#changed).dispose();
	}

	#listen(): void {
		const { live, ignored } = this.#options;
		const lookAt = (document: vscode.TextDocument) => {
			if (this.#indexed.has(document.uri.toString())) this.#lookInBackground(document.uri);
		};
		this.#disposables.push(
			live.onDidChange(() => this.#tokensChanged()),
			ignored.onDidChange(() => this.#publish()),
			vscode.workspace.onDidChangeTextDocument(({ document }) => lookAt(document)),
			vscode.workspace.onDidCloseTextDocument(lookAt),
			vscode.workspace.onDidChangeWorkspaceFolders(() => this.#lookInBackground("everything")),
			vscode.workspace.onDidGrantWorkspaceTrust(() => this.#lookInBackground("everything")),
			vscode.workspace.onDidChangeConfiguration((change) => {
				if (!change.affectsConfiguration("tokensmith.envFiles.patterns")) return;
				this.#watch();
				this.#lookInBackground("everything");
			}),
		);
	}

	#watch(): void {
		this.#watchers.dispose();
		this.#watchers = watchEnvFiles(envFilePatterns(), {
			changed: (uri) => this.#lookInBackground(uri),
			gone: (folder) => {
				for (const { uri } of this.#indexed.values()) if (isWithin(uri, folder)) this.#lookInBackground(uri);
			},
			arrived: () => this.#lookInBackground("everything"),
		});
	}

	#tokensChanged(): void {
		if (this.#options.live.state !== "live") return;
		if (this.#noteTokens() === "new" || this.#isUnanswered) this.#lookInBackground("answers");
	}

	#noteTokens(): "new" | "known" {
		const ids = this.#options.live.tokens.map(({ id }) => id);
		return this.#identities.tokensAre(new Set(ids)) ? "new" : "known";
	}

	#lookInBackground(at: vscode.Uri | "everything" | "answers"): void {
		if (at === "everything") this.#wanted.everything = true;
		else if (at !== "answers") this.#wanted.uris.set(at.toString(), at);
		clearTimeout(this.#timer);
		this.#timer = setTimeout(
			() => {
				// The next change, or the next connection, looks again.
				this.#look().catch((error: unknown) => this.#options.log.warn(inspect(error)));
			},
			at === "everything" ? 0 : debounceMilliseconds,
		);
	}

	/** One look at a time; those that wait for it are one look, for none of them has begun yet. */
	#look(): Promise<"answered" | "unanswered"> {
		this.#next ??= this.#last.then(async () => {
			this.#next = undefined;
			const wanted = this.#wanted;
			this.#wanted = nothingWanted();
			clearTimeout(this.#timer); // Whatever it was to look at is looked at now.
			return await this.#lookAt(wanted);
		});
		const next = this.#next;
		this.#last = next.catch(() => undefined); // Whoever asked for the look hears of its failure.
		return next;
	}

	async #lookAt({
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
		const looked = everything ? await listEnvFiles(envFilePatterns()) : [...uris.values()];
		const read = await Promise.all(looked.map(async (uri) => ({ uri, read: await this.#reads.read(uri) })));
		if (everything) this.#indexed.clear();
		for (const { uri, read: content } of read) {
			if (content === undefined) this.#indexed.delete(uri.toString());
			else this.#indexed.set(uri.toString(), indexedFile(uri, content));
		}
		this.#publish();
		return await this.#ask();
	}

	async #ask(): Promise<"answered" | "unanswered"> {
		this.#isUnanswered = true;
		if (this.#options.live.state !== "live") return "unanswered";
		const reads = [...this.#indexed.values()].map(({ read }) => read);
		const isAnswered = await this.#identities.ask(
			reads.flatMap(({ found }) => found.map(({ hash }) => hash)),
		);
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
		return found.flatMap((line): EnvLine[] => {
			const tokenId = this.#identities.of(line.hash);
			if (tokenId === undefined || (tokenId === null && !this.#isSuspect(line))) return [];
			const { key, line: number, range, commented, hash, like } = line;
			const words = `${fileName}:${number} (${key})`;
			const known = { uri, fileName, key, line: number, range, commented, hash, words };
			if (tokenId !== null) return [{ ...known, tokenId }];
			return [{ ...known, tokenId: undefined, ...(like !== undefined && { like }) }];
		});
	}

	#isSuspect({ like, hash }: FoundLine): boolean {
		return like !== undefined && !this.#options.ignored.has(hash);
	}
}

/** Opens the file with the cursor on the line. */
export async function openLine({ uri, line }: Pick<EnvLine, "uri" | "line">): Promise<void> {
	const position = new vscode.Position(line - 1, 0);
	await vscode.window.showTextDocument(uri, { selection: new vscode.Range(position, position) });
}

/** What VS Code says of its path is asked for once, for the lines are gone through much more often. */
function indexedFile(uri: vscode.Uri, read: EnvRead): IndexedFile {
	return { uri, fileName: nameOf(uri), folder: vscode.workspace.getWorkspaceFolder(uri), read };
}

function nothingWanted(): { everything: boolean; uris: Map<string, vscode.Uri> } {
	return { everything: false, uris: new Map() };
}
