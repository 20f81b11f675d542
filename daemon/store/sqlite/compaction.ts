/** How a snapshot and the logs since it become one snapshot and a file of audit events. Knows files and SQLite, not the tables. */
import { rmSync } from "node:fs";
import { writeAuditFile } from "./audit-files.ts";
import { MemoryDatabase, type SqlJsStatic } from "./memory-database.ts";
import { replayLogs } from "./replay.ts";
import {
	copyPath,
	droppedCopyPath,
	listLogs,
	listSnapshots,
	logPath,
	readSnapshot,
	writeSnapshot,
} from "./snapshot.ts";

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
		const range = { snapshot: base.generation, isNumbered: true, last: generation };
		const { events } = replayLogs(database, directory, range);
		// Before the snapshot, which lets a recovery skip the logs that hold them.
		writeAuditFile(directory, events);
		writeSnapshot(directory, { generation, schema: base.schema }, database.export());
	} finally {
		database.close();
	}
	prune(directory, base.generation);
}

function prune(directory: string, oldest: number): void {
	for (const snapshot of listSnapshots(directory)) if (snapshot.generation < oldest) rmSync(snapshot.path);
	for (const log of listLogs(directory)) if (log <= oldest) removeLog(directory, log);
}

function removeLog(directory: string, generation: number): void {
	for (const pathIn of [logPath, copyPath, droppedCopyPath])
		rmSync(pathIn(directory, generation), { force: true });
}
