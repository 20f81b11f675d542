#!/usr/bin/env node
/**
 * The first file: it starts the command line, which `token` asks for, or else the daemon. It makes the daemon's start
 * quick: SQLite, where the start needs it, is compiled in other threads while the rest is loaded, and what V8 made of the
 * rest the last time is kept in the data directory, where nobody else can put something in.
 */
import { existsSync, lstatSync, readFileSync } from "node:fs";
import { enableCompileCache } from "node:module";
import { join } from "node:path";
import { parseArgs } from "node:util";

/** `engines.node` of package.json: the first with `crc32`, which every secret's checksum needs. */
const oldestNode = "22.2";

if (isOlder(process.versions.node, oldestNode)) refuseOldNode();
else if (process.argv[2] === "token") runCommandLine(process.argv.slice(3));
else startDaemon();

async function runCommandLine(args: string[]): Promise<void> {
	const { runCli } = await import("./cli.ts");
	process.exitCode = await runCli(args);
}

async function startDaemon(): Promise<void> {
	const { values } = parseArgs({ strict: false, options: { "data-dir": { type: "string" } } });
	const directory = values["data-dir"];
	if (typeof directory === "string" && isPrivate(directory))
		enableCompileCache(join(directory, "compile-cache"));
	const compile = () => WebAssembly.compile(readFileSync(join(import.meta.dirname, "sql-wasm.wasm")));
	// With an index, the first answers need no SQLite, and compiling it would only be in their way.
	let sqlite = typeof directory === "string" && hasIndex(directory) ? undefined : compile();
	const { main } = await import("./main.ts");
	await main(() => {
		sqlite ??= compile();
		return sqlite;
	});
}

function hasIndex(directory: string): boolean {
	return existsSync(join(directory, "index.jsonl"));
}

/** What is read from the cache is run. So it has to be this user's alone, and on the very first start there is none. */
function isPrivate(directory: string): boolean {
	try {
		const found = lstatSync(directory);
		const isOwn =
			process.getuid === undefined || (found.uid === process.getuid() && (found.mode & 0o077) === 0);
		return found.isDirectory() && isOwn;
	} catch {
		// There is none yet, or none that can be looked at; the daemon itself says what is wrong.
		return false;
	}
}

function isOlder(version: string, than: string): boolean {
	return version.localeCompare(than, "en", { numeric: true }) < 0;
}

function refuseOldNode(): void {
	const detail = `The daemon needs Node.js ${oldestNode} or newer; this is ${process.version}.`;
	process.stdout.write(`${JSON.stringify({ event: "failed", code: "node-too-old", detail })}\n`);
	process.stderr.write(`${detail}\n`);
	process.exitCode = 1;
}
