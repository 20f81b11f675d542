/** The data directory: private to its owner, with `daemon.json`, by which clients find the daemon. */
import { chmodSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { DaemonFile } from "./contract.ts";

/** The directory belongs to another user, who could read and replace its files. */
export class ForeignDirectoryError extends Error {}

/** A directory is where the daemon has a file. */
export class MisplacedDirectoryError extends Error {}

/** The log is none of them: the daemon runs without. */
const ownFile =
	/^(daemon\.json|identity\.pem|index\.jsonl|lock-\d+|(snapshot|changes|audit)-.*\.(db|log|jsonl))$/;

/**
 * Creates the directory if it does not exist, and makes it private.
 * @throws ForeignDirectoryError, MisplacedDirectoryError
 */
export function prepareDirectory(directory: string): void {
	mkdirSync(directory, { recursive: true, mode: 0o700 });
	if (!isOwn(directory)) throw new ForeignDirectoryError(`${directory} belongs to another user.`);
	chmodSync(directory, 0o700);
	const entries = readdirSync(directory, { withFileTypes: true });
	const misplaced = entries.find((entry) => entry.isDirectory() && ownFile.test(entry.name));
	if (misplaced !== undefined)
		throw new MisplacedDirectoryError(`${join(directory, misplaced.name)} is a directory, not a file.`);
}

/** Windows has no numeric owners; folders in a user's profile are private there. */
function isOwn(directory: string): boolean {
	return process.getuid === undefined || statSync(directory).uid === process.getuid();
}

export function writeDaemonFile(directory: string, contents: DaemonFile): void {
	const path = daemonFile(directory);
	const temporary = `${path}.${process.pid}.tmp`;
	try {
		writeFileSync(temporary, JSON.stringify(contents), { mode: 0o600 });
		renameSync(temporary, path);
	} catch (error) {
		rmSync(temporary, { force: true });
		throw error;
	}
}

export function removeDaemonFile(directory: string): void {
	rmSync(daemonFile(directory), { force: true });
}

export function daemonFile(directory: string): string {
	return join(directory, "daemon.json");
}
