/**
 * Checks whether Git would commit a file, adds the line to .gitignore that prevents it, and removes files from the
 * index. Runs the Git executable that VS Code's built-in Git extension has found, and only in trusted workspaces, since
 * a repository's configuration can run programs.
 */
import { execFile } from "node:child_process";
import { devNull } from "node:os";
import { dirname, relative } from "node:path";
import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import { appendLine } from "../../daemon/env-file/env-changes.ts";
import { FileError, nameOf, readFileText, statAt } from "./file-text.ts";
import { changeFile, type Saved } from "./workspace-file.ts";

/** `unknown`: the file is in a repository, but Git cannot be run. */
export type GitState = "ignored" | "tracked" | "not-ignored" | "no-repository" | "unknown";

/** The part of the built-in Git extension's API, version 1, that is used here. */
interface GitExtension {
	readonly enabled: boolean;
	getAPI(version: 1): { readonly git: { readonly path: string } };
}

/** The file itself need not exist, but its folder must. */
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

/** The URIs of the files that Git tracks. Files that Git cannot check are omitted. */
export async function trackedAmong(uris: readonly vscode.Uri[]): Promise<Set<string>> {
	const git = await gitPath();
	if (git === undefined) return new Set();
	const known: KnownFolders = new Map();
	const local = uris.filter(({ scheme }) => scheme === "file");
	const placed = await Promise.all(
		local.map(async (uri) => ({ uri, root: await repositoryRoot(uri, known) })),
	);
	const byRoot = Map.groupBy(placed, ({ root }) => root?.fsPath);
	const tracked = await Promise.all(
		[...byRoot].map(([root, files]) => (root === undefined ? [] : trackedIn(git, root, files))),
	);
	return new Set(tracked.flat().map(String));
}

/** Removes the file from Git's index as of the next commit; the file itself stays. @throws FileError */
export async function untrack(uri: vscode.Uri): Promise<void> {
	const git = await gitPath();
	// By force: the staged content may differ both from the commit and from the file.
	const args = ["--literal-pathspecs", "rm", "--cached", "--force", "--quiet"];
	if (git !== undefined && (await runGit(git, uri.fsPath, args)) === 0) return;
	const detail = l10n.t(
		"Git could not untrack {0}. Remove it from the index yourself: git rm --cached.",
		nameOf(uri),
	);
	throw new FileError("unreachable", detail);
}

/**
 * Adds the file to the nearest .gitignore, from its own folder up to the repository's root, or to a new one next to it.
 * Returns that .gitignore.
 * @throws FileError
 */
export async function addToGitignore(uri: vscode.Uri): Promise<{ ignoreFile: vscode.Uri; saved: Saved }> {
	const ignoreFile = await nearestIgnoreFile(uri);
	const line = ignoreLine(uri, vscode.Uri.joinPath(ignoreFile, ".."));
	const plan = (text: string) =>
		text.split(/\r?\n/).includes(line)
			? { start: text.length, end: text.length, newText: "" }
			: appendLine(text, line);
	const saved = await changeFile(ignoreFile, plan, { readers: "all" });
	return { ignoreFile, saved };
}

/** A pattern that matches this one file only (gitignore(5)). */
export function ignoreLine(uri: vscode.Uri, folder: vscode.Uri): string {
	const path = uri.path.slice(folder.path.replace(/\/$/, "").length);
	// A line break cannot be written; `?` matches any one character.
	return path
		.replace(/[\\*?[]/g, "\\$&")
		.replace(/(?<! ) +$/, (blanks) => "\\ ".repeat(blanks.length))
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

/** The nearest parent folder with a `.git`, which is a file in worktrees and submodules. */
async function repositoryRoot(
	uri: vscode.Uri,
	known: KnownFolders = new Map(),
): Promise<vscode.Uri | undefined> {
	for (const folder of foldersAbove(uri)) {
		const hasGit = known.get(folder.toString()) ?? exists(vscode.Uri.joinPath(folder, ".git"));
		known.set(folder.toString(), hasGit);
		if (await hasGit) return folder;
	}
	return undefined;
}

/** Caches whether a folder contains `.git`: many files share most of their parent folders. */
type KnownFolders = Map<string, Promise<boolean>>;

function* foldersAbove(uri: vscode.Uri): Generator<vscode.Uri> {
	for (let at = uri; at.path !== "/"; ) {
		at = vscode.Uri.joinPath(at, "..");
		yield at;
	}
}

async function exists(uri: vscode.Uri): Promise<boolean> {
	return await statAt(uri).then(
		() => true,
		() => false, // A path that cannot be accessed counts as missing.
	);
}

async function gitPath(): Promise<string | undefined> {
	const extension = vscode.extensions.getExtension<GitExtension>("vscode.git");
	if (!vscode.workspace.isTrusted || extension === undefined) return undefined;
	const git = await extension.activate();
	return git.enabled ? git.getAPI(1).git.path : undefined;
}

/** As many as fit on a Windows command line. */
const maxPaths = 100;

async function trackedIn(
	git: string,
	root: string,
	files: readonly { uri: vscode.Uri }[],
): Promise<vscode.Uri[]> {
	const byPath = new Map(files.map(({ uri }) => [relative(root, uri.fsPath).replaceAll("\\", "/"), uri]));
	const paths = [...byPath.keys()];
	const found: vscode.Uri[] = [];
	for (let at = 0; at < paths.length; at += maxPaths) {
		const args = ["--literal-pathspecs", "ls-files", "-z", "--", ...paths.slice(at, at + maxPaths)];
		const { output } = await runGitIn(root, git, args);
		found.push(...output.split("\0").flatMap((path) => byPath.get(path) ?? []));
	}
	return found;
}

/** Git's exit code; undefined if Git could not run to completion. */
async function runGit(git: string, file: string, args: readonly string[]): Promise<number | undefined> {
	return (await runGitIn(dirname(file), git, [...args, "--", file])).code;
}

/** A repository's own configuration can name programs for Git to run; none of them is needed to read files. */
const withoutPrograms = ["-c", "core.fsmonitor=false", "-c", `core.hooksPath=${devNull}`];

function runGitIn(
	folder: string,
	git: string,
	args: readonly string[],
): Promise<{ code: number | undefined; output: string }> {
	const options = {
		cwd: folder,
		timeout: 10_000,
		maxBuffer: 16 * 1024 * 1024,
		env: { ...process.env, GIT_OPTIONAL_LOCKS: "0" },
	};
	return new Promise((resolve) => {
		execFile(git, [...withoutPrograms, ...args], options, (error, output) => {
			if (error === null) resolve({ code: 0, output });
			else resolve({ code: typeof error.code === "number" ? error.code : undefined, output: "" });
		});
	});
}
