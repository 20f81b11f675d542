/**
 * Whether git would commit a file, the line in .gitignore that keeps it from that, and the way out of the index. Asks
 * the git that VS Code's built-in git extension has found, and in trusted workspaces only, since a repository's
 * configuration can run programs.
 */
import { execFile } from "node:child_process";
import { devNull } from "node:os";
import { dirname, relative } from "node:path";
import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import { appendLine } from "./env-changes.ts";
import { FileError, nameOf, readFileText, statAt } from "./file-text.ts";
import { changeFile, type Saved } from "./workspace-file.ts";

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

/** Which of the files git tracks, by URI. Those that git cannot be asked about are left out. */
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

/** Takes the file out of git's index, from the next commit on; it stays where it is. @throws FileError */
export async function untrack(uri: vscode.Uri): Promise<void> {
	const git = await gitPath();
	// By force, for what is staged may be neither what is committed nor what the file holds now.
	const args = ["--literal-pathspecs", "rm", "--cached", "--force", "--quiet"];
	if (git !== undefined && (await runGit(git, uri.fsPath, args)) === 0) return;
	const detail = l10n.t(
		"Git did not let go of {0}. Take it out of the index yourself: git rm --cached.",
		nameOf(uri),
	);
	throw new FileError("unreachable", detail);
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

/** Whether a `.git` is in them, of the folders that were looked into: many files have most of those in common. */
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
		() => false, // What cannot be looked at is not there for us.
	);
}

async function gitPath(): Promise<string | undefined> {
	const extension = vscode.extensions.getExtension<GitExtension>("vscode.git");
	if (!vscode.workspace.isTrusted || extension === undefined) return undefined;
	const git = await extension.activate();
	return git.enabled ? git.getAPI(1).git.path : undefined;
}

/** As many as fit into a command line of Windows. */
const mostPaths = 100;

async function trackedIn(
	git: string,
	root: string,
	files: readonly { uri: vscode.Uri }[],
): Promise<vscode.Uri[]> {
	const byPath = new Map(files.map(({ uri }) => [relative(root, uri.fsPath).replaceAll("\\", "/"), uri]));
	const paths = [...byPath.keys()];
	const found: vscode.Uri[] = [];
	for (let at = 0; at < paths.length; at += mostPaths) {
		const args = ["--literal-pathspecs", "ls-files", "-z", "--", ...paths.slice(at, at + mostPaths)];
		const { output } = await runGitIn(root, git, args);
		found.push(...output.split("\0").flatMap((path) => byPath.get(path) ?? []));
	}
	return found;
}

/** The code that git exits with, undefined if it could not be run to its end. */
async function runGit(git: string, file: string, args: readonly string[]): Promise<number | undefined> {
	return (await runGitIn(dirname(file), git, [...args, "--", file])).code;
}

/** A repository's own configuration can name programs that git runs; to look at files it needs none of them. */
const withoutItsPrograms = ["-c", "core.fsmonitor=false", "-c", `core.hooksPath=${devNull}`];

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
		execFile(git, [...withoutItsPrograms, ...args], options, (error, output) => {
			if (error === null) resolve({ code: 0, output });
			else resolve({ code: typeof error.code === "number" ? error.code : undefined, output: "" });
		});
	});
}
