/** How snapshot and logs become one snapshot. Knows files and SQLite, and nothing of what the tables hold. */
import { rmSync } from "node:fs";
import { readLog } from "./log.ts";
import { listLogs, listSnapshots, logPath, readSnapshot, writeSnapshot } from "./snapshot.ts";
import { MemoryDatabase, type SqlJsStatic } from "./sqlite.ts";

/**
 * Makes the snapshot of `generation` out of the one before and the logs since, then removes what neither is needed nor
 * is the last resort. Runs in a thread of its own: it costs time in proportion to all tokens.
 */
export function compact(sqlJs: SqlJsStatic, directory: string, generation: number): void {
	const base = listSnapshots(directory).find((snapshot) => snapshot.generation < generation);
	const image = base === undefined ? undefined : readSnapshot(base);
	if (base === undefined || image === undefined) throw new Error("The snapshot to build upon is damaged.");
	const database = new MemoryDatabase(sqlJs, image);
	try {
		for (let log = base.generation + 1; log <= generation; log++) replay(database, directory, log);
		writeSnapshot(directory, { generation, schema: base.schema }, database.export());
	} finally {
		database.close();
	}
	prune(directory, base.generation);
}

function replay(database: MemoryDatabase, directory: string, generation: number): void {
	const contents = readLog(logPath(directory, generation));
	if (contents.end !== "whole") throw new Error(`The change log of generation ${generation} is damaged.`);
	database.execute("begin");
	for (const changes of contents.entries) for (const change of changes) database.apply(change);
	database.execute("commit");
}

function prune(directory: string, oldest: number): void {
	for (const snapshot of listSnapshots(directory)) if (snapshot.generation < oldest) rmSync(snapshot.path);
	for (const log of listLogs(directory)) if (log <= oldest) rmSync(logPath(directory, log));
}
