/** The data directory: private to its owner, with `daemon.json`, by which clients find the daemon. */
import {
	chmodSync,
	closeSync,
	existsSync,
	ftruncateSync,
	mkdirSync,
	openSync,
	readdirSync,
	renameSync,
	rmSync,
	statSync,
	writeFileSync,
	writeSync,
} from "node:fs";
import { join } from "node:path";
import type { DaemonFile } from "./contract.ts";

/** The directory belongs to another user, who could read and replace its files. */
export class ForeignDirectoryError extends Error {}

/** A directory is where the daemon has a file. */
export class MisplacedDirectoryError extends Error {}

/** The log is none of them: the daemon runs without. */
const ownFile =
	/^(daemon\.json|identity\.pem|index\.jsonl|lock-\d+|(snapshot|changes|copy|audit)-.*\.(db|log|jsonl))$/;

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
	const text = JSON.stringify(contents);
	try {
		writeFileSync(temporary, text, { mode: 0o600 });
		renameSync(temporary, path);
	} catch (error) {
		// What could not be written makes no sense to a reader, and takes space.
		rmSync(temporary, { force: true });
		const spare = [path, spareFile(directory)].find((each) => existsSync(each));
		if (!isFull(error) || spare === undefined) throw error;
		// On a full disk, a file that was left has space of its own. No client reads it meanwhile.
		renameSync(spare, temporary);
		overwrite(temporary, text);
		renameSync(temporary, path);
	}
}

/** Leaves the file under another name, without its content: on a full disk, the next start needs its space. */
export function removeDaemonFile(directory: string): void {
	if (!existsSync(daemonFile(directory))) return;
	renameSync(daemonFile(directory), spareFile(directory));
	overwrite(spareFile(directory), " ".repeat(spareBytes));
}

const spareBytes = 1024;

function spareFile(directory: string): string {
	return join(directory, "daemon.spare");
}

function overwrite(path: string, text: string): void {
	const file = openSync(path, "r+");
	try {
		writeSync(file, text, 0);
		ftruncateSync(file, Buffer.byteLength(text));
	} finally {
		closeSync(file);
	}
}

function isFull(error: unknown): boolean {
	return ["ENOSPC", "EDQUOT"].includes((error as NodeJS.ErrnoException).code ?? "");
}

export function daemonFile(directory: string): string {
	return join(directory, "daemon.json");
}
