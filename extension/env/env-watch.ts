/** Tells of env files that appear, change or go, also by other programs' doing. Looks into none of them. */
import * as vscode from "vscode";
import { isOwnEnvFile, isOwnPath } from "./env-files.ts";
import { statAt } from "./file-text.ts";

interface Listener {
	/** The file appeared, changed or went. */
	changed(uri: vscode.Uri): void;
	/** A file or folder went, and with it whatever was in it: of those VS Code tells nothing. */
	gone(folder: vscode.Uri): void;
	/** Folders appeared. What was in them by then may never be told of, as in one that was moved, copied or cloned. */
	arrived(): void;
}

/** Of what appears within so long, it is asked at once whether a folder is among it. */
const burstMilliseconds = 100;
/** Among so many things that appear at once there is a folder. */
const manyPaths = 50;

export function watchEnvFiles(
	patterns: readonly string[],
	{ changed, gone, arrived }: Listener,
): vscode.Disposable {
	const tell = (uri: vscode.Uri) => {
		if (isOwnEnvFile(uri)) changed(uri);
	};
	const watchers = patterns.flatMap((pattern) => {
		const watcher = vscode.workspace.createFileSystemWatcher(pattern);
		return [watcher, watcher.onDidCreate(tell), watcher.onDidChange(tell), watcher.onDidDelete(tell)];
	});
	const all = vscode.workspace.createFileSystemWatcher("**", false, true, false);
	const arrivals = new Arrivals(arrived);
	const created = all.onDidCreate((uri) => arrivals.add(uri));
	return vscode.Disposable.from(...watchers, all, all.onDidDelete(gone), created, arrivals);
}

/** What has appeared, until it is known whether there is a folder among it. */
class Arrivals implements vscode.Disposable {
	readonly #arrived: () => void;
	#uris: vscode.Uri[] = [];
	#timer: NodeJS.Timeout | undefined;

	constructor(arrived: () => void) {
		this.#arrived = arrived;
	}

	add(uri: vscode.Uri): void {
		// As a folder, for one of what was made or fetched is none of ours itself.
		if (!isOwnPath(uri.with({ path: `${uri.path}/` }))) return;
		this.#uris.push(uri);
		this.#timer ??= setTimeout(() => this.#look(), burstMilliseconds);
	}

	dispose(): void {
		clearTimeout(this.#timer);
	}

	async #look(): Promise<void> {
		const uris = this.#uris;
		this.#uris = [];
		this.#timer = undefined;
		if (uris.length > manyPaths || (await Promise.all(uris.map(isFolder))).includes(true)) this.#arrived();
	}
}

async function isFolder(uri: vscode.Uri): Promise<boolean> {
	return await statAt(uri).then(
		({ type }) => (type & vscode.FileType.Directory) !== 0,
		() => false, // Gone again.
	);
}

export function isWithin(uri: vscode.Uri, folder: vscode.Uri): boolean {
	const isSameSystem = uri.scheme === folder.scheme && uri.authority === folder.authority;
	return isSameSystem && uri.path.startsWith(`${folder.path}/`);
}
