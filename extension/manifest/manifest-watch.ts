/**
 * Watches the `tokensmith.json` files of the workspace. Shows their mistakes in the Problems view, on the line with the
 * mistake, and warns once about each file that is not valid. Announces what is declared whenever it changes.
 */
import { inspect } from "node:util";
import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import { manifestName } from "../../daemon/manifest/manifest.ts";
import { type FileMistake, mistakesInWords } from "../../daemon/manifest/read-manifest.ts";
import { messageText } from "../display-text.ts";
import { showWarning } from "../notification.ts";
import { type DeclaringFile, type FolderManifest, folderManifests } from "./workspace-manifests.ts";

interface ManifestWatchDeps {
	log: { warn(message: string): void; error(message: string): void };
}

/** Changes within this time, such as those of a checkout, are read together. */
const burstMilliseconds = 100;

export class ManifestWatch implements vscode.Disposable {
	readonly #log: ManifestWatchDeps["log"];
	readonly #changed = new vscode.EventEmitter<readonly FolderManifest[]>();
	/** Fires after every read. */
	readonly onDidRead = this.#changed.event;
	readonly #problems = vscode.languages.createDiagnosticCollection("tokensmith.json");
	readonly #subscriptions: vscode.Disposable[];
	#watchers = vscode.Disposable.from();
	/** The mistakes that the user was warned about, by file. */
	#warned = new Map<string, string>();
	#timer: NodeJS.Timeout | undefined;
	/** The latest read; an earlier one that ends later is discarded. */
	#latest: Promise<unknown> | undefined;

	constructor({ log }: ManifestWatchDeps) {
		this.#log = log;
		this.#subscriptions = [
			vscode.workspace.onDidChangeWorkspaceFolders(() => this.#readSoon()),
			vscode.workspace.onDidGrantWorkspaceTrust(() => this.#readSoon()),
		];
		this.#readSoon();
	}

	dispose(): void {
		clearTimeout(this.#timer);
		this.#latest = undefined;
		vscode.Disposable.from(...this.#subscriptions, this.#watchers, this.#problems, this.#changed).dispose();
	}

	#readSoon(): void {
		clearTimeout(this.#timer);
		this.#timer = setTimeout(() => {
			this.#read().catch((error: unknown) => this.#log.error(inspect(error)));
		}, burstMilliseconds);
	}

	async #read(): Promise<void> {
		const reading = folderManifests();
		this.#latest = reading;
		const manifests = await reading;
		if (this.#latest !== reading) return;
		const files = manifests.flatMap((manifest) => manifest.files);
		this.#watch(files);
		this.#problems.clear();
		for (const file of files) this.#problems.set(file.uri, file.mistakes.map(diagnosticOf(file)));
		this.#warn(files.filter(({ mistakes }) => mistakes.length > 0));
		this.#changed.fire(manifests);
	}

	#watch(files: readonly DeclaringFile[]): void {
		this.#watchers.dispose();
		const folders = vscode.workspace.isTrusted ? (vscode.workspace.workspaceFolders ?? []) : [];
		const uris = [
			...folders.map(({ uri }) => vscode.Uri.joinPath(uri, manifestName)),
			...files.map(({ uri }) => uri),
		];
		const distinct = new Map(uris.map((uri) => [uri.toString(), uri]));
		const watchers = [...distinct.values()].map((uri) => {
			const name = uri.path.slice(uri.path.lastIndexOf("/") + 1);
			const pattern = new vscode.RelativePattern(vscode.Uri.joinPath(uri, ".."), escapedGlob(name));
			return vscode.workspace.createFileSystemWatcher(pattern);
		});
		const soon = () => this.#readSoon();
		const listeners = watchers.flatMap((watcher) => [
			watcher.onDidChange(soon),
			watcher.onDidCreate(soon),
			watcher.onDidDelete(soon),
		]);
		this.#watchers = vscode.Disposable.from(...watchers, ...listeners);
	}

	#warn(invalid: readonly DeclaringFile[]): void {
		const before = this.#warned;
		this.#warned = new Map(invalid.map((file) => [file.uri.toString(), mistakesInWords(file.mistakes)]));
		for (const file of invalid) {
			const words = mistakesInWords(file.mistakes);
			if (before.has(file.uri.toString())) continue;
			this.#log.warn(`${vscode.workspace.asRelativePath(file.uri)} is not used: ${words}`);
			void warnAbout(file, words);
		}
	}
}

async function warnAbout({ uri }: DeclaringFile, words: string): Promise<void> {
	const open = l10n.t("Open File");
	const shown = words.length > 300 ? `${words.slice(0, 300)}…` : words;
	const message = l10n.t("{0} is not used: {1}", vscode.workspace.asRelativePath(uri), shown);
	const chosen = await showWarning(messageText(message), open);
	if (chosen === open) await vscode.window.showTextDocument(uri);
}

const diagnosticOf =
	({ text }: DeclaringFile) =>
	({ pointer, detail, start, end }: FileMistake): vscode.Diagnostic => {
		const range = new vscode.Range(positionAt(text, start), positionAt(text, end));
		const name = pointer.slice(pointer.lastIndexOf("/") + 1) || manifestName;
		const diagnostic = new vscode.Diagnostic(range, `${name} ${detail}.`);
		diagnostic.source = "Tokensmith";
		return diagnostic;
	};

function positionAt(text: string, offset: number): vscode.Position {
	const lines = text.slice(0, offset).split(/\r\n?|\n/);
	return new vscode.Position(lines.length - 1, lines.at(-1)?.length ?? 0);
}

/** A name that matches itself only. */
function escapedGlob(name: string): string {
	return name.replace(/[*?{}[\]]/g, "[$&]");
}
