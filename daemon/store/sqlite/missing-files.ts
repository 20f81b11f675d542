/** Which files must have been removed although the others are sound. Looks at names only. */
import { existsSync, readdirSync } from "node:fs";
import { basename } from "node:path";
import { listAuditFiles } from "./audit-files.ts";
import { copyPath, listLogs, listSnapshots, logPath, longestGap, wasCopyDropped } from "./snapshot.ts";

/**
 * The newest snapshot's predecessor and the logs since it are always kept, except before the first one after the start with
 * an empty directory. Only a snapshot that was not completed looks like one that was removed before there was another.
 * @param schema of the tables: earlier versions kept other files
 */
export function missingFiles(directory: string, schema: number): string[] {
	const [newest, previous] = listSnapshots(directory);
	if (newest === undefined || newest.schema !== schema) return [];
	const logs = listLogs(directory);
	const last = logs.at(-1) ?? 0;
	if (previous !== undefined) return missingLogs(directory, previous.generation, newest.generation);
	const isFirst = newest.generation === 1 && (last <= 2 || listAuditFiles(directory).length === 0);
	if (isFirst || wasSetAside(directory, newest.generation, (logs[0] ?? 0) - 1)) return [];
	return [logs.some((log) => log <= newest.generation) ? "the older snapshot" : "the newest snapshot"];
}

/** A snapshot that was damaged: the start that set it aside has told it. @param older the one before the oldest log */
function wasSetAside(directory: string, newest: number, older: number): boolean {
	return readdirSync(directory).some((name) => {
		const [, damaged] = /^snapshot-(\d+)-.*\.damaged/.exec(name) ?? [];
		return damaged !== undefined && (Number(damaged) > newest || Number(damaged) === older);
	});
}

/** Those between the two snapshots, which only a start without the newer one reads. */
function missingLogs(directory: string, from: number, to: number): string[] {
	const length = Math.min(longestGap, Math.max(0, to - from));
	const generations = Array.from({ length }, (_, index) => to - length + 1 + index);
	return generations
		.flatMap((generation) => [
			logPath(directory, generation),
			...(wasCopyDropped(directory, generation) ? [] : [copyPath(directory, generation)]),
		])
		.filter((path) => !existsSync(path))
		.map((path) => basename(path));
}
