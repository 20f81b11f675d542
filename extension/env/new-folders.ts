/**
 * Watches folders that have just been created. On Linux, VS Code's watcher misses folders that appear before their
 * parent is watched, as after `mkdir -p a/b`, and then every file created in them. Here each folder is watched before it
 * is listed, so nothing is missed. Other systems watch whole trees, and there a watched folder could not be renamed.
 */
import { type FSWatcher, watch } from "node:fs";
import { lstat, readdir } from "node:fs/promises";
import * as vscode from "vscode";
import { isOwnPath } from "./env-files.ts";

/** More than a user creates by hand. Beyond that, the oldest are no longer watched. */
const mostFolders = 200;

export class NewFolders implements vscode.Disposable {
	readonly #changed: (uri: vscode.Uri) => void;
	readonly #watchers = new Map<string, FSWatcher>();
	#isDisposed = process.platform !== "linux";

	/** `changed`: something in one of the folders exists, was changed or was deleted. */
	constructor(changed: (uri: vscode.Uri) => void) {
		this.#changed = changed;
	}

	/** Watches the folder and all folders in it, now and later. A deleted folder, or none, is ignored. */
	add(folder: vscode.Uri): void {
		const path = folder.fsPath;
		if (this.#isDisposed || folder.scheme !== "file" || this.#watchers.has(path)) return;
		if (!isOwnPath(folder.with({ path: `${folder.path}/` }))) return;
		const watcher = watchFolder(path);
		if (watcher === undefined) return;
		this.#watchers.set(path, watcher);
		watcher.on("error", () => this.#drop(path));
		watcher.on("change", (_event, name) => void this.#look(folder, String(name)));
		const [oldest] = this.#watchers.keys();
		if (this.#watchers.size > mostFolders && oldest !== undefined) this.#drop(oldest);
		void this.#list(folder);
	}

	dispose(): void {
		this.#isDisposed = true;
		for (const path of this.#watchers.keys()) this.#drop(path);
	}

	async #list(folder: vscode.Uri): Promise<void> {
		const entries = await readdir(folder.fsPath, { withFileTypes: true }).catch(() => []); // Deleted again.
		for (const entry of entries) {
			const uri = vscode.Uri.joinPath(folder, entry.name);
			if (entry.isDirectory()) this.add(uri);
			else if (!this.#isDisposed) this.#changed(uri);
		}
	}

	/** Of a deleted folder, the last event names the folder itself. */
	async #look(folder: vscode.Uri, name: string): Promise<void> {
		const uri = vscode.Uri.joinPath(folder, name);
		if (await isFolder(uri)) return this.add(uri);
		if (!(await isFolder(folder))) this.#drop(folder.fsPath);
		this.#drop(uri.fsPath);
		if (!this.#isDisposed) this.#changed(uri);
	}

	#drop(path: string): void {
		this.#watchers.get(path)?.close();
		this.#watchers.delete(path);
	}
}

function watchFolder(path: string): FSWatcher | undefined {
	try {
		return watch(path, { persistent: false });
	} catch {
		return undefined; // Deleted again, or the system's limit of watched folders is reached.
	}
}

/** A link to a folder is not followed: it could lead anywhere. */
async function isFolder(uri: vscode.Uri): Promise<boolean> {
	return await lstat(uri.fsPath).then(
		(stat) => stat.isDirectory(),
		() => false, // Deleted.
	);
}
