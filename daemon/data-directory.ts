/** The data directory: private to its owner, with `daemon.json`, by which clients find the daemon. */
import {
	chmodSync,
	closeSync,
	existsSync,
	fsyncSync,
	ftruncateSync,
	lstatSync,
	openSync,
	readdirSync,
	renameSync,
	rmSync,
	statSync,
	writeFileSync,
	writeSync,
} from "node:fs";
import { join } from "node:path";
import {
	compileCache,
	foreignFileIn,
	isOwn,
	isPrivate,
	makePrivateFolder,
	mayBeChanged,
} from "./client/own-files.ts";
import type { DaemonFile } from "./contract.ts";

/** Other users could have written the directory's files. The message says what to do. */
export class ForeignDirectoryError extends Error {}

/** A directory, a named pipe or the like is where the daemon has a file. */
export class MisplacedFileError extends Error {}

/** The log is none of them: the daemon runs without. */
const ownFile =
	/^(daemon\.(json|spare)|(lock|link)\.spare|deleting|identity\.pem|index\.jsonl|lock-\d+|(snapshot|changes|copy|audit)-.*\.(db|log|jsonl))$/;

/** Where the data of an earlier directory arrives, and from where it moves up once it is complete (`move-data.ts`). */
export const movedIn = (directory: string) => join(directory, "moved-in");
export const movingUp = (directory: string) => join(directory, "moving-up");

/** In data that moves: where it was, and by what a copy is known as the one of its original. */
export const moveMark = (directory: string) => join(directory, "moved-from");

/** A folder without the mark did not arrive by a move: it stays as it is. */
export const hasArrived = (directory: string) => existsSync(moveMark(movedIn(directory)));

/** The mark is one of the files that move up. */
export function isMovingUp(directory: string): boolean {
	const folder = movingUp(directory);
	return existsSync(folder) && [folder, directory].some((place) => existsSync(moveMark(place)));
}

/** Whether a move into this directory was interrupted. */
export function isMoveUnfinished(directory: string): boolean {
	return hasArrived(directory) || isMovingUp(directory);
}

/** Of the name of a file, whether it is one of the data, damaged ones included. */
export function isDataFile(name: string): boolean {
	return /^(identity\.pem|moved-from$|index\.jsonl|(snapshot|changes|copy|audit)-)/.test(name);
}

/** Whether a file or folder is of use only to the daemon that wrote it. */
export function isTransient(name: string): boolean {
	return /^(daemon\.(json|spare)|(lock|link)\.spare|lock-.*|compile-cache|.*\.tmp)$/.test(name);
}

/** A file or folder, so that what was done to it outlasts a power cut. */
export function syncPath(path: string): void {
	// Windows can't sync a folder.
	if (process.platform === "win32" && lstatSync(path).isDirectory()) return;
	const file = openSync(path, process.platform === "win32" ? "r+" : "r");
	try {
		fsyncSync(file);
	} finally {
		closeSync(file);
	}
}

const otherFile =
	/^(daemon\.log.*|daemon-errors\.txt|service|editors|deleting|notices|data-notices|ends|kept-secrets|lost\+found)$/;

/** Of the name of a file or folder, whether the daemon, a client, an editor or the disk may have put it there before there is data. */
function isOurs(name: string): boolean {
	return isTransient(name) || otherFile.test(name);
}

/** Whether a daemon has kept data in a directory, which need not exist. */
export function holdsData(directory: string): boolean {
	if (!existsSync(directory)) return false;
	const entries = readdirSync(directory, { withFileTypes: true });
	return entries.some((entry) => entry.isFile() && isDataFile(entry.name));
}

/**
 * Creates the directory if it does not exist, and makes it private. One with files that others could have written, or that
 * is used for something else, is left as it is.
 * @throws ForeignDirectoryError, MisplacedFileError
 */
export function prepareDirectory(directory: string): void {
	makePrivateFolder(directory);
	const found = statSync(directory);
	if (!isOwn(found))
		throw new ForeignDirectoryError(`${directory} belongs to another user. Choose another data directory.`);
	const names = readdirSync(directory);
	if (mayBeChanged(found) && names.length > 0) throw openDirectory(directory);
	const foreign = foreignFileIn(directory, compileCache);
	if (foreign !== undefined) throw foreignFile(directory, foreign);
	const other = isPrivate(found) || names.some(isDataFile) ? undefined : names.find((name) => !isOurs(name));
	if (other !== undefined) throw usedDirectory(directory, other);
	chmodSync(directory, 0o700);
	for (const name of names) {
		const path = join(directory, name);
		const kind = ownFile.test(name) ? otherKindAt(path) : undefined;
		if (kind === undefined || (kind === "a socket" && name.startsWith("lock-"))) continue;
		throw new MisplacedFileError(`${path} is ${kind}, not a file.`);
	}
}

/** What is at a path, or where a link there leads. Reading it could take forever. undefined: a file, or nothing. */
function otherKindAt(path: string): string | undefined {
	try {
		const found = statSync(path, { throwIfNoEntry: false });
		if (found === undefined) return isLink(path) ? "a link that leads nowhere" : undefined;
		if (found.isFile()) return undefined;
		if (found.isDirectory()) return "a directory";
		if (found.isFIFO()) return "a named pipe";
		return found.isSocket() ? "a socket" : "a device";
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === "ELOOP") return "a link that leads in a circle";
		throw error;
	}
}

function isLink(path: string): boolean {
	return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true;
}

/** A folder such as the root or that of a website must not become unreadable for others. */
function usedDirectory(directory: string, file: string): ForeignDirectoryError {
	return new ForeignDirectoryError(
		`${directory} holds other files, such as ${file}, and would become private. Choose another data directory, which need not exist, or make this one private first: chmod 700 ${directory}`,
	);
}

function openDirectory(directory: string): ForeignDirectoryError {
	return new ForeignDirectoryError(
		`Other users can write to ${directory}, so its files may be theirs. Choose another data directory. If you trust all files in this one, make it private first: chmod 700 ${directory}`,
	);
}

function foreignFile(directory: string, file: string): ForeignDirectoryError {
	return new ForeignDirectoryError(
		`${file} belongs to another user, or other users can write to it, so the daemon trusts nothing in ${directory}. Move the file away, or make it yours (chown) and private (chmod go-w) if you trust what is in it. Then start the daemon again.`,
	);
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

/** Whether a daemon has been ready here: each leaves one of the two files, however it ends. */
export function wasReady(directory: string): boolean {
	return [daemonFile(directory), spareFile(directory)].some((path) => existsSync(path));
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
