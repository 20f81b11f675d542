/**
 * Whether git would commit a file, and the line in .gitignore that keeps it from that. Asks the git that VS Code's
 * built-in git extension has found, and in trusted workspaces only, since a repository's configuration can run programs.
 */
import { execFile } from "node:child_process";
import { dirname } from "node:path";
import * as vscode from "vscode";
import { appendLine } from "./env-text.ts";
import { changeFile, readFileText, type Saved } from "./workspace-file.ts";

/** `unknown`: the file lies in a repository, but git cannot be asked. */
export type GitState = "ignored" | "tracked" | "not-ignored" | "no-repository" | "unknown";

/** The part of the built-in git extension's API, version 1, that is used here. */
interface GitExtension {
	readonly enabled: boolean;
	getAPI(version: 1): { readonly git: { readonly path: string } };
}

/** The file itself does not have to exist, its folder does. */
export async function gitState(uri: vscode.Uri): Promise<GitState> {
	if ((await repositoryRoot(uri)) === undefined) return "no-repository";
	const git = uri.scheme === "file" ? await gitPath() : undefined;
	if (git === undefined) return "unknown";
	const tracked = await runGit(git, uri.fsPath, ["--literal-pathspecs", "ls-files", "--error-unmatch"]);
	if (tracked === 0) return "tracked";
	const ignored = await runGit(git, uri.fsPath, ["check-ignore", "--quiet"]);
	if (ignored === 0) return "ignored";
	return tracked === 1 && ignored === 1 ? "not-ignored" : "unknown";
}

/**
 * Adds the file to the nearest .gitignore, from its own folder up to the repository's top, or to a new one beside it.
 * Answers which file that is.
 * @throws FileError
 */
export async function addToGitignore(uri: vscode.Uri): Promise<{ ignoreFile: vscode.Uri; saved: Saved }> {
	const ignoreFile = await nearestIgnoreFile(uri);
	const line = ignoreLine(uri, vscode.Uri.joinPath(ignoreFile, ".."));
	const saved = await changeFile(ignoreFile, (text) =>
		text.split(/\r?\n/).includes(line)
			? { start: text.length, end: text.length, newText: "" }
			: appendLine(text, line),
	);
	return { ignoreFile, saved };
}

/** A pattern that names the one file and nothing else (gitignore(5)). */
export function ignoreLine(uri: vscode.Uri, folder: vscode.Uri): string {
	const path = uri.path.slice(folder.path.replace(/\/$/, "").length);
	// A line break cannot be written; `?` is any one character.
	return path
		.replace(/[\\*?[]/g, "\\$&")
		.replace(/ +$/, (blanks) => "\\ ".repeat(blanks.length))
		.replace(/[\r\n]/g, "?");
}

async function nearestIgnoreFile(uri: vscode.Uri): Promise<vscode.Uri> {
	const top = (await repositoryRoot(uri))?.path ?? vscode.workspace.getWorkspaceFolder(uri)?.uri.path;
	for (const folder of foldersAbove(uri)) {
		const candidate = vscode.Uri.joinPath(folder, ".gitignore");
		if ((await readFileText(candidate)).exists) return candidate;
		if (folder.path === top) break;
	}
	return vscode.Uri.joinPath(uri, "..", ".gitignore");
}

/** The nearest folder above with a `.git`, which is a file in worktrees and submodules. */
async function repositoryRoot(uri: vscode.Uri): Promise<vscode.Uri | undefined> {
	for (const folder of foldersAbove(uri))
		if (await exists(vscode.Uri.joinPath(folder, ".git"))) return folder;
	return undefined;
}

function* foldersAbove(uri: vscode.Uri): Generator<vscode.Uri> {
	for (let at = uri; at.path !== "/"; ) {
		at = vscode.Uri.joinPath(at, "..");
		yield at;
	}
}

async function exists(uri: vscode.Uri): Promise<boolean> {
	return await vscode.workspace.fs.stat(uri).then(
		() => true,
		() => false, // What cannot be looked at is not there for us.
	);
}

async function gitPath(): Promise<string | undefined> {
	const extension = vscode.extensions.getExtension<GitExtension>("vscode.git");
	if (!vscode.workspace.isTrusted || extension === undefined) return undefined;
	const git = await extension.activate();
	return git.enabled ? git.getAPI(1).git.path : undefined;
}

/** The code that git exits with, undefined if it could not be run to its end. */
function runGit(git: string, file: string, args: readonly string[]): Promise<number | undefined> {
	const options = { cwd: dirname(file), timeout: 10_000, env: { ...process.env, GIT_OPTIONAL_LOCKS: "0" } };
	return new Promise((resolve) => {
		execFile(git, [...args, "--", file], options, (error) => {
			if (error === null) resolve(0);
			else resolve(typeof error.code === "number" ? error.code : undefined);
		});
	});
}
