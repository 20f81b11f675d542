/** How a snapshot and the logs since it become one snapshot and a file of audit events. Knows files and SQLite, not the tables. */
import { rmSync } from "node:fs";
import { writeAuditFile } from "./audit-files.ts";
import { readLog } from "./change-log.ts";
import { MemoryDatabase, type SqlJsStatic } from "./memory-database.ts";
import { listLogs, listSnapshots, logPath, readSnapshot, writeSnapshot } from "./snapshot.ts";

/**
 * Makes the snapshot of `generation` from the one before and the logs since, then removes the files that are no longer
 * needed. Runs on a thread of its own: it takes time in proportion to all tokens.
 */
export function compact(sqlJs: SqlJsStatic, directory: string, generation: number): void {
	const base = listSnapshots(directory).find((snapshot) => snapshot.generation < generation);
	const image = base === undefined ? undefined : readSnapshot(base);
	if (base === undefined || image === undefined) throw new Error("The snapshot to build upon is damaged.");
	const database = new MemoryDatabase(sqlJs, image);
	try {
		let events: string[] = [];
		for (let log = base.generation + 1; log <= generation; log++)
			events = events.concat(replay(database, directory, log));
		// Before the snapshot, which lets a recovery skip the logs that hold them.
		writeAuditFile(directory, events);
		writeSnapshot(directory, { generation, schema: base.schema }, database.export());
	} finally {
		database.close();
	}
	prune(directory, base.generation);
}

/** Answers the log's audit events. */
function replay(database: MemoryDatabase, directory: string, generation: number): string[] {
	const events: string[] = [];
	database.execute("begin");
	const { end } = readLog(logPath(directory, generation), (entry) => {
		for (const change of entry.statements) database.apply(change);
		for (const event of entry.events) events.push(event);
	});
	if (end !== "whole") throw new Error(`The change log of generation ${generation} is damaged.`);
	database.execute("commit");
	return events;
}

function prune(directory: string, oldest: number): void {
	for (const snapshot of listSnapshots(directory)) if (snapshot.generation < oldest) rmSync(snapshot.path);
	for (const log of listLogs(directory)) if (log <= oldest) rmSync(logPath(directory, log));
}
