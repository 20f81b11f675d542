/** The thread that makes a snapshot while the daemon goes on answering. It exits when done; a failure is its exit. */
import { workerData } from "node:worker_threads";
import { compact } from "./compaction.ts";
import { loadSqlJs } from "./memory-database.ts";

const { directory, generation, wasm } = workerData as {
	directory: string;
	generation: number;
	wasm: WebAssembly.Module;
};

loadSqlJs(Promise.resolve(wasm)).then((sqlJs) => compact(sqlJs, directory, generation));
