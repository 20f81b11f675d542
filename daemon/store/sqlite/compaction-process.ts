/**
 * The process that makes a snapshot beside the daemon: `node compaction-process.js DIRECTORY GENERATION WASM`.
 * A process, since it needs several times the database's size in memory, which a thread would leave to the daemon. When
 * the daemon is killed it may outlive it: it only adds complete files, and removes none that a start reads.
 */
import { readFileSync } from "node:fs";
import { compact } from "./compaction.ts";
import { loadSqlJs } from "./memory-database.ts";

const [directory = "", generation = "", wasm = ""] = process.argv.slice(2);

loadSqlJs(WebAssembly.compile(readFileSync(wasm))).then((sqlJs) =>
	compact(sqlJs, directory, Number(generation)),
);
