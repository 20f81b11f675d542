#!/usr/bin/env node
/**
 * The first file: it starts the command line, which `token` asks for, or else the daemon. It makes the daemon's start
 * quick: SQLite is compiled in other threads while the rest is loaded, and what V8 made of the rest the last time is kept
 * in the data directory, where nobody else can put something in.
 */
import { readFileSync } from "node:fs";
import { enableCompileCache } from "node:module";
import { join } from "node:path";
import { parseArgs } from "node:util";

if (process.argv[2] === "token") runCommandLine(process.argv.slice(3));
else startDaemon();

async function runCommandLine(args: string[]): Promise<void> {
	const { runCli } = await import("./cli.ts");
	process.exitCode = await runCli(args);
}

async function startDaemon(): Promise<void> {
	const { values } = parseArgs({ strict: false, options: { "data-dir": { type: "string" } } });
	const directory = values["data-dir"];
	if (typeof directory === "string" && directory !== "") enableCompileCache(join(directory, "compile-cache"));
	const sqlite = WebAssembly.compile(readFileSync(join(import.meta.dirname, "sql-wasm.wasm")));
	const { main } = await import("./main.ts");
	await main(sqlite);
}
