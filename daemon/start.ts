#!/usr/bin/env node
/**
 * The entry point: starts the daemon for `daemon run`, or its options alone, and the command line otherwise. It keeps the daemon's
 * start short: SQLite, if the start needs it, compiles in other threads while the rest loads, and V8's compile cache is kept in
 * the data directory, which no other user can write to.
 */
import { existsSync, lstatSync, readFileSync, rmSync } from "node:fs";
import { enableCompileCache } from "node:module";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { ownDataDirectory } from "./client/own-directory.ts";
import { compileCache, foreignFileAt } from "./client/own-files.ts";

/** `engines.node` of package.json: the first with `crc32`, which every secret's checksum needs. */
const oldestNode = "22.2";

/** V8 optimizes a function that ran so often, and not already after 400 runs. */
const steadyUses = 10_000;

const args = process.argv.slice(2);
const daemonArgs = daemonArgsOf(args);

if (isOlder(process.versions.node, oldestNode)) refuseOldNode();
else if (args[0] === "serve" && !asksForHelp(args)) startServer(args.slice(1));
else if (daemonArgs === undefined) runCommandLine();
else startDaemon(daemonArgs);

/** Those after `daemon run`, or all if they begin with one of the daemon's options; undefined for another command. */
function daemonArgsOf([first = "", second, ...rest]: readonly string[]): string[] | undefined {
	if (/^--(?:data-dir|host|port|idle-seconds|trusted-proxy|profile)(?:=|$)/.test(first)) return args;
	return first === "daemon" && second === "run" && !asksForHelp(rest) ? rest : undefined;
}

function asksForHelp(words: readonly string[]): boolean {
	return words.includes("--help") || words.includes("-h");
}

async function startServer(args: string[]): Promise<void> {
	process.umask(0o077);
	// A shared server has no directory but what a service manager gives it: that of systemd's `CacheDirectory=`.
	const cache = process.env.CACHE_DIRECTORY;
	if (cache !== undefined && isPrivate(cache)) useCompileCache(join(cache, compileCache));
	const { serve } = await import("./server-main.ts");
	await serve(args);
}

async function runCommandLine(): Promise<void> {
	const { runCli } = await import("./cli.ts");
	// Node.js ends when nothing is left to wait for, which is no success.
	process.exitCode = 1;
	process.exitCode = await runCli(args);
}

async function startDaemon(args: string[]): Promise<void> {
	const { values } = parseArgs({
		args,
		strict: false,
		options: { "data-dir": { type: "string" }, "delete-data": { type: "string" } },
	});
	const directory = values["data-dir"] ?? ownDirectory();
	process.umask(0o077);
	// A deletion must leave no cache.
	const isKept = values["delete-data"] === undefined;
	if (isKept && typeof directory === "string" && isPrivate(directory))
		useCompileCache(join(directory, compileCache));
	const compile = () => WebAssembly.compile(readFileSync(join(import.meta.dirname, "sql-wasm.wasm")));
	// With an index file the first answers need no SQLite, and compiling it would slow them down.
	let sqlite = typeof directory === "string" && hasIndex(directory) ? undefined : compile();
	const { main } = await import("./main.ts");
	await main(args, async () => {
		if (sqlite !== undefined) return sqlite;
		const { setFlagsFromString } = await import("node:v8");
		// V8's optimizing compilers take some 20 MB for SQLite's large functions and 5 MB for a start's, and keep them: with
		// few tokens, only for functions in steady use. Not before, since V8 ignores Node's code cache once a flag was changed.
		setFlagsFromString("--wasm-tiering-budget=1000000000");
		setFlagsFromString(`--invocation-count-for-maglev=${steadyUses}`);
		setFlagsFromString(`--invocation-count-for-maglev-osr=${steadyUses}`);
		sqlite = compile();
		return sqlite;
	});
}

/** Undefined where there is none: the daemon itself reports an error. */
function ownDirectory(): string | undefined {
	try {
		return ownDataDirectory();
	} catch {
		return undefined;
	}
}

function hasIndex(directory: string): boolean {
	return existsSync(join(directory, "index.jsonl"));
}

/** Cached code is executed, so the directory must belong to this user alone. On the very first start it does not exist. */
function isPrivate(directory: string): boolean {
	try {
		const found = lstatSync(directory);
		const isOwn =
			process.getuid === undefined || (found.uid === process.getuid() && (found.mode & 0o077) === 0);
		return found.isDirectory() && isOwn;
	} catch {
		// The directory is missing or inaccessible; the daemon itself reports an error.
		return false;
	}
}

/** Cached code that others could have written is removed: the directory may have been open to them once. */
function useCompileCache(path: string): void {
	try {
		if (lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() || foreignFileAt(path) !== undefined)
			rmSync(path, { recursive: true });
		enableCompileCache(path);
	} catch {
		// What can't be read or removed is not used.
	}
}

/** Compares the first two numbers. A collator would do too, and take 10 ms of each start. */
function isOlder(version: string, than: string): boolean {
	const [major = 0, minor = 0] = version.split(".").map(Number);
	const [oldestMajor = 0, oldestMinor = 0] = than.split(".").map(Number);
	return major < oldestMajor || (major === oldestMajor && minor < oldestMinor);
}

function refuseOldNode(): void {
	const detail = `The daemon needs Node.js ${oldestNode} or newer; this is ${process.version}.`;
	// The command line's standard output is for results: a script would take this line for a secret.
	if (daemonArgs !== undefined)
		process.stdout.write(`${JSON.stringify({ event: "failed", code: "node-too-old", detail })}\n`);
	process.stderr.write(`${detail}\n`);
	process.exitCode = 1;
}
