/** Reports env files that are created, changed or deleted, including by other programs. Does not read them. */
import * as vscode from "vscode";
import { isEnvFile, isOwnEnvFile, isOwnPath } from "./env-files.ts";
import { statAt } from "./file-text.ts";
import { NewFolders } from "./new-folders.ts";

interface Listener {
	/** The file was created, changed or deleted. */
	changed(uri: vscode.Uri): void;
	/** A file or folder was deleted. VS Code does not report the files in a deleted folder. */
	deleted(folder: vscode.Uri): void;
	/**
	 * Folders were created. VS Code may not report files that were already in them, as in a moved, copied or cloned
	 * folder.
	 */
	foldersCreated(): void;
}

/** Paths created within this time are checked together for folders. */
const burstMilliseconds = 100;
/** If this many paths are created at once, a folder is among them. */
const manyPaths = 50;

export function watchEnvFiles(
	patterns: readonly string[],
	{ changed, deleted, foldersCreated }: Listener,
): vscode.Disposable {
	const report = (uri: vscode.Uri) => {
		if (isOwnEnvFile(uri)) changed(uri);
	};
	const watchers = patterns.flatMap((pattern) => {
		const watcher = vscode.workspace.createFileSystemWatcher(pattern);
		return [watcher, watcher.onDidCreate(report), watcher.onDidChange(report), watcher.onDidDelete(report)];
	});
	const all = vscode.workspace.createFileSystemWatcher("**", false, true, false);
	const newFolders = new NewFolders((uri) => {
		if (isEnvFile(uri, patterns)) changed(uri);
	});
	const createdPaths = new CreatedPaths((folders) => {
		for (const folder of folders) newFolders.add(folder);
		foldersCreated();
	});
	const created = all.onDidCreate((uri) => createdPaths.add(uri));
	return vscode.Disposable.from(
		...[...watchers, all, all.onDidDelete(deleted)],
		...[created, createdPaths, newFolders],
	);
}

/** Collects created paths until they have been checked for folders. */
class CreatedPaths implements vscode.Disposable {
	readonly #foldersCreated: (folders: readonly vscode.Uri[]) => void;
	#uris: vscode.Uri[] = [];
	#timer: NodeJS.Timeout | undefined;

	constructor(foldersCreated: (folders: readonly vscode.Uri[]) => void) {
		this.#foldersCreated = foldersCreated;
	}

	add(uri: vscode.Uri): void {
		// Checked with a trailing slash, so that a folder of generated or downloaded files is excluded itself.
		if (!isOwnPath(uri.with({ path: `${uri.path}/` }))) return;
		this.#uris.push(uri);
		this.#timer ??= setTimeout(() => this.#check(), burstMilliseconds);
	}

	dispose(): void {
		clearTimeout(this.#timer);
	}

	async #check(): Promise<void> {
		const uris = this.#uris;
		this.#uris = [];
		this.#timer = undefined;
		// The folders of other paths are among the shortest.
		const shortest = uris.toSorted((one, other) => one.path.length - other.path.length).slice(0, manyPaths);
		const checked = await Promise.all(shortest.map(async (uri) => ({ uri, isFolder: await isFolder(uri) })));
		const folders = checked.filter((path) => path.isFolder).map(({ uri }) => uri);
		if (folders.length > 0 || uris.length > manyPaths) this.#foldersCreated(folders);
	}
}

async function isFolder(uri: vscode.Uri): Promise<boolean> {
	return await statAt(uri).then(
		({ type }) => (type & vscode.FileType.Directory) !== 0,
		() => false, // Deleted again.
	);
}

export function isWithin(uri: vscode.Uri, folder: vscode.Uri): boolean {
	const isSameSystem = uri.scheme === folder.scheme && uri.authority === folder.authority;
	return isSameSystem && uri.path.startsWith(`${folder.path}/`);
}
