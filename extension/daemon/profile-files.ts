/**
 * Sends the user's own profile files, named by a setting, to the daemon: when it is live, and whenever a file or the
 * setting changes. For an invalid file, shows its name and what is wrong in it.
 */
import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import { TokensmithProblemError } from "../../daemon/client/transport.ts";
import { type Profile, profile as profileSchema } from "../../daemon/contract.ts";
import { fieldWords } from "../../daemon/field-words.ts";
import { messageText } from "../display-text.ts";
import type { DaemonProcess } from "./daemon-process.ts";
import type { LiveTokens } from "./live-tokens.ts";

const setting = "tokensmith.profiles";
/** The daemon's limit. */
const largestBytes = 64 * 1024;

interface ProfileFilesDeps {
	daemon: DaemonProcess;
	live: LiveTokens;
	log: Pick<vscode.LogOutputChannel, "warn">;
}

/** What is wrong with a profile file: each part with its JSON pointer (RFC 6901). */
class ProfileFileError extends Error {}

export class ProfileFiles implements vscode.Disposable {
	readonly #deps: ProfileFilesDeps;
	readonly #subscriptions: vscode.Disposable[];
	/** The files sent to the daemon, so that none is sent twice. */
	readonly #sent = new Set<string>();
	readonly #told = new Map<string, string>();
	#watchers: vscode.Disposable[] = [];

	constructor(deps: ProfileFilesDeps) {
		this.#deps = deps;
		this.#subscriptions = [
			deps.live.onDidChange(() => this.#sendAll()),
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

	#watch(): void {
		for (const watcher of this.#watchers) watcher.dispose();
		this.#watchers = profileFiles().map(({ folder, path }) => {
			const watcher = vscode.workspace.createFileSystemWatcher(new vscode.RelativePattern(folder, path));
			const changed = (uri: vscode.Uri) => {
				this.#sent.delete(uri.toString());
				this.#sendAll();
			};
			watcher.onDidChange(changed);
			watcher.onDidCreate(changed);
			return watcher;
		});
		this.#sendAll();
	}

	#sendAll(): void {
		if (this.#deps.live.state !== "live") return;
		for (const { uri } of profileFiles()) {
			this.#send(uri).catch((error: unknown) => this.#report(uri, error));
		}
	}

	async #send(uri: vscode.Uri): Promise<void> {
		const file = uri.toString();
		if (this.#sent.has(file)) return;
		// Before the first await, since the list changes more than once while a file is read.
		this.#sent.add(file);
		const profile = await readProfile(uri);
		const client = await this.#deps.daemon.client();
		await client.putProfile(profile);
		this.#told.delete(file);
	}

	async #report(uri: vscode.Uri, error: unknown): Promise<void> {
		const file = uri.toString();
		// An invalid file stays invalid until it changes; other errors may not recur.
		if (!isFault(error)) this.#sent.delete(file);
		const name = vscode.workspace.asRelativePath(uri);
		const wrong = wordsOf(error);
		this.#deps.log.warn(`The profile ${name} is not used: ${wrong}`);
		if (this.#told.get(file) === wrong) return;
		this.#told.set(file, wrong);
		const open = l10n.t("Open File");
		const message = l10n.t("The profile {0} is not used: {1}", name, wrong);
		const chosen = await vscode.window.showWarningMessage(messageText(message), open);
		if (chosen === open) await vscode.window.showTextDocument(uri);
	}
}

/** The files that the setting names; a path that leads out of its workspace folder is ignored. */
function profileFiles(): { folder: vscode.WorkspaceFolder; path: string; uri: vscode.Uri }[] {
	// A repository's rules must not apply before the workspace is trusted.
	if (!vscode.workspace.isTrusted) return [];
	return (vscode.workspace.workspaceFolders ?? []).flatMap((folder) => {
		const named = vscode.workspace.getConfiguration("tokensmith", folder.uri).get<unknown>("profiles", []);
		const paths = Array.isArray(named) ? named.filter((path) => typeof path === "string" && path !== "") : [];
		return paths
			.map((path: string) => ({ folder, path, uri: vscode.Uri.joinPath(folder.uri, path) }))
			.filter(({ uri }) => uri.path.startsWith(`${folder.uri.path.replace(/\/$/, "")}/`));
	});
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
