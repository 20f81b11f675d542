/**
 * The daemon's first file. It only makes the start quick: SQLite is compiled in other threads while the rest is loaded,
 * and what V8 made of the rest the last time is kept in the data directory, where nobody else can put something in.
 */
import { readFileSync } from "node:fs";
import { enableCompileCache } from "node:module";
import { join } from "node:path";
import { parseArgs } from "node:util";

const { values } = parseArgs({ strict: false, options: { "data-dir": { type: "string" } } });
const directory = values["data-dir"];
if (typeof directory === "string" && directory !== "") enableCompileCache(join(directory, "compile-cache"));

const sqlite = WebAssembly.compile(readFileSync(join(import.meta.dirname, "sql-wasm.wasm")));

import("./main.ts").then(({ main }) => main(sqlite));
