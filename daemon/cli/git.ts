/** Whether Git would commit a file, and the line in .gitignore that prevents it. */
import { execFile } from "node:child_process";
import { constants } from "node:fs";
import { lstat, open } from "node:fs/promises";
import { devNull } from "node:os";
import { join } from "node:path";
import { appendLine } from "../env-file/env-changes.ts";
import { readInside } from "../manifest/read-inside.ts";

const mostBytes = 1024 * 1024;

/** `unknown`: Git can't be run. */
export type GitState = "ignored" | "tracked" | "not-ignored" | "no-repository" | "unknown";

/** A repository's own configuration can name programs for Git to run; none of them is needed to read files. */
const withoutPrograms = ["-c", "core.fsmonitor=false", "-c", `core.hooksPath=${devNull}`];

/** @param path relative to the folder */
export async function gitState(folder: string, path: string): Promise<GitState> {
	const inside = await runGit(folder, ["rev-parse", "--is-inside-work-tree"]);
	if (inside === undefined) return "unknown";
	if (inside !== 0) return "no-repository";
	const tracked = await runGit(folder, ["--literal-pathspecs", "ls-files", "--error-unmatch", "--", path]);
	if (tracked === 0) return "tracked";
	// Git would wait there for a writer.
	if (await isPipe(join(folder, ".gitignore"))) return "unknown";
	const ignored = await runGit(folder, ["check-ignore", "--quiet", "--", path]);
	if (ignored === 0) return "ignored";
	return ignored === 1 ? "not-ignored" : "unknown";
}

async function isPipe(path: string): Promise<boolean> {
	const found = await lstat(path).catch(() => undefined);
	return found?.isFIFO() ?? false;
}

/** Adds the file to the folder's .gitignore, which a repository can have made a link or a pipe. @throws Error in words */
export async function addToGitignore(folder: string, path: string): Promise<void> {
	const read = await readInside(folder, ".gitignore", mostBytes);
	if (read.kind === "refused") throw new Error(`.gitignore ${read.detail}; ignore ${path} yourself.`);
	const text = read.kind === "text" ? read.text : "";
	// A pattern that matches this one file only (gitignore(5)).
	const line = `/${path.replace(/[\\*?[]/g, "\\$&").replace(/(?<! ) +$/, (blanks) => "\\ ".repeat(blanks.length))}`;
	if (!text.split(/\r?\n/).includes(line)) await append(folder, path, appendLine(text, line).newText);
}

async function append(folder: string, path: string, text: string): Promise<void> {
	const { O_APPEND, O_CREAT, O_NOFOLLOW, O_WRONLY } = constants;
	const flags = O_APPEND | O_CREAT | O_NOFOLLOW | O_WRONLY;
	const file = await open(join(folder, ".gitignore"), flags, 0o666).catch((cause: NodeJS.ErrnoException) => {
		if (cause.code !== "ELOOP") throw cause;
		throw new Error(`.gitignore is a link, which Git does not follow; ignore ${path} yourself.`, { cause });
	});
	try {
		await file.writeFile(text);
	} finally {
		await file.close();
	}
}

/** The files of a repository's folder, without or with those that Git ignores; undefined where there is none. */
export async function listedByGit(folder: string, ignored: "read" | "left"): Promise<string[] | undefined> {
	const inside = await runGit(folder, ["rev-parse", "--is-inside-work-tree"]);
	if (inside !== 0) return undefined;
	const known = await gitOutput(folder, ["ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
	if (ignored === "left") return linesOf(known);
	const others = await gitOutput(folder, ["ls-files", "-z", "--others", "--ignored", "--exclude-standard"]);
	return linesOf(known + others);
}

function linesOf(output: string): string[] {
	return [...new Set(output.split("\0").filter((name) => name !== ""))].sort();
}

/** @throws Error when Git fails, or takes too long */
function gitOutput(cwd: string, args: readonly string[]): Promise<string> {
	const options = { cwd, timeout: 60_000, maxBuffer: 256 * 1024 * 1024, env: gitEnvironment() };
	return new Promise((resolve, reject) => {
		execFile("git", [...withoutPrograms, ...args], options, (error, stdout) => {
			if (error === null) resolve(stdout);
			else reject(new Error("Git could not list the files of this folder.", { cause: error }));
		});
	});
}

function gitEnvironment(): NodeJS.ProcessEnv {
	return { ...process.env, GIT_OPTIONAL_LOCKS: "0" };
}

/** Git's exit code; undefined if Git could not run to completion. */
function runGit(cwd: string, args: readonly string[]): Promise<number | undefined> {
	const options = { cwd, timeout: 10_000, env: gitEnvironment() };
	return new Promise((resolve) => {
		execFile("git", [...withoutPrograms, ...args], options, (error) => {
			if (error === null) resolve(0);
			else resolve(typeof error.code === "number" ? error.code : undefined);
		});
	});
}
