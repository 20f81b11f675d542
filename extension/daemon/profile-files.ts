/**
 * Sends profiles to the daemon: the user's own files, named by the user's settings with absolute paths, and those that the
 * workspace brings, by its settings or its `tokensmith.json`. The latter go with the workspace, and replace no other. The
 * former go with their file. For an invalid file, shows its name and what is wrong in it.
 */

import { hash } from "node:crypto";
import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import { TokensmithProblemError } from "../../daemon/client/transport.ts";
import { type Profile, profile as profileSchema } from "../../daemon/contract.ts";
import { fieldWords } from "../../daemon/field-words.ts";
import { messageText } from "../display-text.ts";
import { showWarning } from "../notification.ts";
import type { DaemonProcess } from "./daemon-process.ts";
import type { LiveTokens } from "./live-tokens.ts";

const setting = "tokensmith.profiles";
/** The daemon's limit. */
const largestBytes = 64 * 1024;
/** How long a list of systems waits for files that take long to read. */
const longestWaitMilliseconds = 2000;

/** A profile of a file that another part has read and checked. */
interface DeclaredProfile {
	readonly profile: Profile;
	readonly uri: vscode.Uri;
}

interface ProfileFilesDeps {
	daemon: DaemonProcess;
	live: LiveTokens;
	/** Fires with what the workspace declares. */
	onDidDeclare: vscode.Event<readonly { readonly profiles: readonly DeclaredProfile[] }[]>;
	/** Which profile came from which of the user's own files. */
	memory: vscode.Memento;
	log: Pick<vscode.LogOutputChannel, "warn">;
}

/** What is wrong with a profile file: each part with its JSON pointer (RFC 6901). */
class ProfileFileError extends Error {}

/** Which profile came from which of the user's own files. A file whose id was changed may have two. */
interface SentFile {
	readonly file: string;
	readonly id: string;
	/** Of what was sent, and to which daemon. */
	readonly checksum?: string;
	/** The last message about why the profile stays. */
	readonly told?: string;
}

interface ProfileFile {
	uri: vscode.Uri;
	owner: "user" | "workspace";
}

export class ProfileFiles implements vscode.Disposable {
	readonly #deps: ProfileFilesDeps;
	/** Windows with other data directories share the memory. */
	readonly #memoryKey: string;
	readonly #subscriptions: vscode.Disposable[];
	readonly #told = new Map<string, string>();
	#declared: readonly DeclaredProfile[] = [];
	#watchers: vscode.Disposable[] = [];
	/** What the daemon has, as JSON, by the profile's owner and id; empty without a connection. */
	#sent = new Map<string, string>();
	#isLive = false;
	#sending: Promise<void> = Promise.resolve();

	constructor(deps: ProfileFilesDeps) {
		this.#deps = deps;
		this.#memoryKey = `ownProfileFiles ${deps.daemon.dataDir}`;
		this.#subscriptions = [
			deps.live.onDidChange(() => this.#liveChanged()),
			deps.onDidDeclare((manifests) => {
				this.#declared = manifests.flatMap(({ profiles }) => profiles);
				this.#sendAll();
			}),
			vscode.workspace.onDidChangeConfiguration((change) => {
				if (change.affectsConfiguration(setting)) this.#watch();
			}),
			vscode.workspace.onDidChangeWorkspaceFolders(() => this.#watch()),
			vscode.workspace.onDidGrantWorkspaceTrust(() => this.#watch()),
		];
		this.#watch();
	}

	dispose(): void {
		for (const disposable of [...this.#subscriptions, ...this.#watchers]) disposable.dispose();
	}

	/**
	 * Reads the files again, which a watcher reports late or not at all, and sends what has changed: afterwards the live list
	 * has every profile. Throws nothing.
	 */
	async upToDate(): Promise<void> {
		this.#sendAll();
		const waiting = new AbortController();
		const longest = delay(longestWaitMilliseconds, undefined, { ref: false, signal: waiting.signal });
		await Promise.race([this.#sending, longest.catch(() => {})]);
		waiting.abort();
	}

	/** Each connection begins without the profiles of the workspace. */
	#liveChanged(): void {
		const isLive = this.#deps.live.state === "live";
		if (isLive === this.#isLive) return;
		this.#isLive = isLive;
		this.#sent.clear();
		if (isLive) this.#sendAll();
	}

	#watch(): void {
		for (const watcher of this.#watchers) watcher.dispose();
		this.#watchers = profileFiles().map(({ uri }) => {
			const name = new vscode.RelativePattern(
				vscode.Uri.joinPath(uri, ".."),
				uri.path.split("/").at(-1) ?? "",
			);
			const watcher = vscode.workspace.createFileSystemWatcher(name);
			watcher.onDidChange(() => this.#sendAll());
			watcher.onDidCreate(() => this.#sendAll());
			watcher.onDidDelete(() => this.#sendAll());
			return watcher;
		});
		this.#sendAll();
	}

	/** One after the other, so that the last state wins. */
	#sendAll(): void {
		this.#sending = this.#sending
			.then(() => this.#send())
			.catch((error: unknown) => {
				// The next connection, or the next change, sends them again.
				this.#deps.log.warn(`The profiles could not be sent: ${wordsOf(error)}`);
			});
	}

	async #send(): Promise<void> {
		if (this.#deps.live.state !== "live") return;
		const declared = vscode.workspace.isTrusted ? this.#declared : [];
		const brought = declared.map(({ profile, uri }) => ({ profile, uri }));
		const own: DeclaredProfile[] = [];
		for (const file of profileFiles()) {
			const profile = await this.#read(file.uri);
			if (profile !== undefined) (file.owner === "user" ? own : brought).push({ profile, uri: file.uri });
		}
		const changes = [
			await this.#removeGone(own),
			...(await inTurn(own, (one) => this.#sendOwn(one))),
			await this.#sendBrought(brought),
		];
		if (changes.includes("changed")) await this.#deps.live.reloadProfiles();
	}

	async #read(uri: vscode.Uri): Promise<Profile | undefined> {
		try {
			return await readProfile(uri);
		} catch (error) {
			if (!isFault(error)) throw error;
			this.#report(uri, wordsOf(error));
			return undefined;
		}
	}

	async #sendOwn({ profile, uri }: DeclaredProfile): Promise<Change> {
		const [key, value] = [ownKey(profile.id), JSON.stringify(profile)];
		if (this.#sent.get(key) === value) return "unchanged";
		const sent = { file: uri.toString(), id: profile.id, checksum: await this.#checksumOf(value) };
		if (this.#isThereUnchanged(sent)) {
			this.#sent.set(key, value);
			return "unchanged";
		}
		try {
			await (await this.#deps.daemon.client()).putProfile(profile);
			this.#told.delete(uri.toString());
		} catch (error) {
			if (!(error instanceof TokensmithProblemError)) throw error;
			this.#report(uri, wordsOf(error));
			return "unchanged";
		}
		this.#sent.set(key, value);
		await this.#remember(sent);
		return "changed";
	}

	/** An editor that starts sends no file that is as it was: another editor may have sent another profile with this id. */
	#isThereUnchanged({ file, id, checksum }: SentFile): boolean {
		const isThere = this.#deps.live.profiles.some((one) => one.id === id && one.source === "user");
		return (
			isThere &&
			this.#remembered.some((one) => one.file === file && one.id === id && one.checksum === checksum)
		);
	}

	/** Other daemons, such as that of a remote, were sent something of their own. */
	async #checksumOf(value: string): Promise<string> {
		return hash("sha256", `${await this.#deps.daemon.identity()}\n${value}`, "hex");
	}

	/** Profiles whose file is deleted, is no longer named, or has another id now. One that is in use stays. */
	async #removeGone(own: readonly DeclaredProfile[]): Promise<Change> {
		const named = new Set(ownFiles().map(({ uri }) => uri.toString()));
		const kept = new Set(own.map(({ profile }) => profile.id));
		const files = new Map(own.map(({ profile, uri }) => [uri.toString(), profile.id]));
		let change: Change = "unchanged";
		for (const sent of this.#remembered) {
			const { file, id } = sent;
			if (files.get(file) === id) {
				const { told, ...rest } = sent;
				if (told !== undefined) await this.#remember(rest);
				continue;
			}
			const isUnread = named.has(file) && !files.has(file) && (await isThere(vscode.Uri.parse(file)));
			if (isUnread || (!kept.has(id) && !(await this.#remove(sent)))) continue;
			await this.#forget(sent);
			change = "changed";
		}
		return change;
	}

	/** false: tokens or connections use it. */
	async #remove(sent: SentFile): Promise<boolean> {
		try {
			await (await this.#deps.daemon.client()).deleteProfile(sent.id);
		} catch (error) {
			if (!(error instanceof TokensmithProblemError)) throw error;
			if (error.problem.code !== "not-found") {
				await this.#reportKept(sent, wordsOf(error));
				return false;
			}
		}
		this.#sent.delete(ownKey(sent.id));
		this.#told.delete(sent.file);
		return true;
	}

	get #remembered(): readonly SentFile[] {
		return this.#deps.memory.get<readonly SentFile[]>(this.#memoryKey, []);
	}

	async #remember(sent: SentFile): Promise<void> {
		await this.#deps.memory.update(this.#memoryKey, [...this.#without(sent), sent]);
	}

	async #forget(sent: SentFile): Promise<void> {
		await this.#deps.memory.update(this.#memoryKey, this.#without(sent));
	}

	#without({ file, id }: SentFile): SentFile[] {
		return this.#remembered.filter((one) => one.file !== file || one.id !== id);
	}

	async #sendBrought(brought: readonly DeclaredProfile[]): Promise<Change> {
		const profiles = brought.map(({ profile }) => profile);
		const value = JSON.stringify(profiles);
		if (value === (this.#sent.get("workspace") ?? "[]")) return "unchanged";
		const client = await this.#deps.daemon.client();
		const { refused } = await client.putWorkspaceProfiles(this.#deps.live.workspace, profiles);
		this.#sent.set("workspace", value);
		for (const { profile, uri } of brought) {
			const refusal = refused.find(({ id }) => id === profile.id);
			if (refusal === undefined) this.#told.delete(uri.toString());
			else this.#report(uri, refusal.detail);
		}
		return "changed";
	}

	/** Once, as long as it stays wrong in the same way. */
	#report(uri: vscode.Uri, wrong: string): void {
		const file = uri.toString();
		if (this.#told.get(file) === wrong) return;
		this.#told.set(file, wrong);
		const name = vscode.workspace.asRelativePath(uri);
		this.#deps.log.warn(`The profile ${name} is unused: ${wrong}`);
		void warnAbout(uri, l10n.t("The profile {0} is not used: {1}", name, wrong));
	}

	/** Once for the same reason, also after a restart. */
	async #reportKept(sent: SentFile, why: string): Promise<void> {
		if (sent.told === why) return;
		await this.#remember({ ...sent, told: why });
		const name = vscode.workspace.asRelativePath(vscode.Uri.parse(sent.file));
		this.#deps.log.warn(`The profile of ${name} is kept: ${why}`);
		void showWarning(messageText(l10n.t("The profile of {0} stays: {1}", name, why)));
	}
}

type Change = "changed" | "unchanged";

const ownKey = (id: string) => `user ${id}`;

async function inTurn<Item, Result>(
	items: readonly Item[],
	work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
	const results: Result[] = [];
	for (const item of items) results.push(await work(item));
	return results;
}

/** Also when that can't be known. */
async function isThere(uri: vscode.Uri): Promise<boolean> {
	try {
		await vscode.workspace.fs.stat(uri);
		return true;
	} catch (error) {
		return !(error instanceof vscode.FileSystemError && error.code === "FileNotFound");
	}
}

async function warnAbout(uri: vscode.Uri, message: string): Promise<void> {
	const open = l10n.t("Open File");
	const chosen = await showWarning(messageText(message), open);
	if (chosen === open) await vscode.window.showTextDocument(uri);
}

function profileFiles(): ProfileFile[] {
	return [...ownFiles(), ...broughtFiles()];
}

/** Of the user's settings, which no repository can write: absolute paths, or such that begin with `~/`. */
function ownFiles(): ProfileFile[] {
	const { globalValue } = vscode.workspace.getConfiguration("tokensmith").inspect<unknown>("profiles") ?? {};
	return pathsIn(globalValue)
		.map((path) => (path.startsWith("~/") ? join(homedir(), path.slice(2)) : path))
		.filter((path) => isAbsolute(path))
		.map((path) => ({ uri: vscode.Uri.file(path), owner: "user" }));
}

/** The files in a workspace folder that the setting names; a path that leads out of it is ignored. */
function broughtFiles(): ProfileFile[] {
	// A repository's rules must not apply before the workspace is trusted.
	if (!vscode.workspace.isTrusted) return [];
	return (vscode.workspace.workspaceFolders ?? []).flatMap((folder) => {
		const named = vscode.workspace.getConfiguration("tokensmith", folder.uri).get<unknown>("profiles", []);
		return pathsIn(named)
			.filter((path) => !isAbsolute(path) && !path.startsWith("~/"))
			.map((path) => vscode.Uri.joinPath(folder.uri, path))
			.filter((uri) => uri.path.startsWith(`${folder.uri.path.replace(/\/$/, "")}/`))
			.map((uri): ProfileFile => ({ uri, owner: "workspace" }));
	});
}

function pathsIn(value: unknown): string[] {
	return Array.isArray(value) ? value.filter((path) => typeof path === "string" && path !== "") : [];
}

/** @throws ProfileFileError */
async function readProfile(uri: vscode.Uri): Promise<Profile> {
	const { size } = await vscode.workspace.fs.stat(uri);
	if (size > largestBytes) throw new ProfileFileError(l10n.t("it is larger than 64 KiB."));
	const text = new TextDecoder().decode(await vscode.workspace.fs.readFile(uri));
	let value: unknown;
	try {
		value = JSON.parse(text);
	} catch (cause) {
		// The parser's message quotes the file, which may hold anything.
		throw new ProfileFileError(l10n.t("it is no JSON."), { cause });
	}
	const parsed = profileSchema.safeParse(value, { error: fieldWords });
	if (parsed.success) return parsed.data;
	const wrong = parsed.error.issues.map(({ path, message }) => `/${path.join("/")} ${message}`);
	throw new ProfileFileError(`${wrong.join("; ")}.`);
}

function isFault(error: unknown): boolean {
	return [ProfileFileError, TokensmithProblemError, vscode.FileSystemError].some(
		(kind) => error instanceof kind,
	);
}

function wordsOf(error: unknown): string {
	if (error instanceof ProfileFileError) return error.message;
	if (error instanceof TokensmithProblemError) return error.problem.detail;
	if (error instanceof vscode.FileSystemError)
		return l10n.t("it can't be read; is the path in the setting right?");
	return error instanceof Error ? error.message : String(error);
}
