/** The data directory: private to its owner, with `daemon.json`, by which clients find the daemon. */
import { chmodSync, mkdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { DaemonFile } from "./contract.ts";

/** The directory belongs to another user, who could read and replace its files. */
export class ForeignDirectoryError extends Error {}

/** Creates the directory if it does not exist, and makes it private. @throws ForeignDirectoryError */
export function prepareDirectory(directory: string): void {
	mkdirSync(directory, { recursive: true, mode: 0o700 });
	if (!isOwn(directory)) throw new ForeignDirectoryError(`${directory} belongs to another user.`);
	chmodSync(directory, 0o700);
}

/** Windows has no numeric owners; folders in a user's profile are private there. */
function isOwn(directory: string): boolean {
	return process.getuid === undefined || statSync(directory).uid === process.getuid();
}

export function writeDaemonFile(directory: string, contents: DaemonFile): void {
	const path = daemonFile(directory);
	const temporary = `${path}.${process.pid}.tmp`;
	writeFileSync(temporary, JSON.stringify(contents), { mode: 0o600 });
	renameSync(temporary, path);
}

export function removeDaemonFile(directory: string): void {
	rmSync(daemonFile(directory), { force: true });
}

export function daemonFile(directory: string): string {
	return join(directory, "daemon.json");
}
