/** Tells of env files that appear, change or go, also by other programs' doing. Looks into none of them. */
import * as vscode from "vscode";
import { isOwnEnvFile } from "./env-files.ts";

interface Listener {
	/** The file appeared, changed or went. */
	changed(uri: vscode.Uri): void;
	/** A file or folder went, and with it whatever was in it: of those VS Code tells nothing. */
	gone(folder: vscode.Uri): void;
}

export function watchEnvFiles(patterns: readonly string[], { changed, gone }: Listener): vscode.Disposable {
	const tell = (uri: vscode.Uri) => {
		if (isOwnEnvFile(uri)) changed(uri);
	};
	const watchers = patterns.flatMap((pattern) => {
		const watcher = vscode.workspace.createFileSystemWatcher(pattern);
		return [watcher, watcher.onDidCreate(tell), watcher.onDidChange(tell), watcher.onDidDelete(tell)];
	});
	const deletions = vscode.workspace.createFileSystemWatcher("**", true, true, false);
	return vscode.Disposable.from(...watchers, deletions, deletions.onDidDelete(gone));
}

export function isWithin(uri: vscode.Uri, folder: vscode.Uri): boolean {
	const isSameSystem = uri.scheme === folder.scheme && uri.authority === folder.authority;
	return isSameSystem && uri.path.startsWith(`${folder.path}/`);
}
