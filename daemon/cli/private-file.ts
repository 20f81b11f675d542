/**
 * Files with a secret: written whole and for their user alone, and read only where no other user could have read or written
 * them. Windows has no such modes; folders in a user's profile are private there.
 */
import { randomUUID } from "node:crypto";
import {
	closeSync,
	constants,
	fstatSync,
	linkSync,
	lstatSync,
	openSync,
	readdirSync,
	readFileSync,
	renameSync,
	rmSync,
	statSync,
	writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { isOwn, isPrivate, makePrivateFolder, mayBeChanged } from "../client/own-files.ts";

/** undefined: there is none. @throws Error that says what is wrong with it, and repeats none of it */
export function readPrivateFile(path: string): string | undefined {
	const handle = opened(path);
	if (handle === undefined) return undefined;
	try {
		checkFolder(dirname(path));
		if (fstatSync(handle).nlink > 1) removeLeftPart(path);
		const found = fstatSync(handle);
		// Another link may be in a folder of someone else.
		if (!found.isFile() || found.nlink > 1)
			throw new Error(`${path} is not a file with one name, so it is not read. Remove it.`);
		if (!isOwn(found)) throw new Error(`${path} belongs to another user, so it is not read.`);
		if (!isPrivate(found))
			throw new Error(
				`Other users can read or change ${path}, so it is not read. If they may have done so, revoke its token; then remove the file, and log in again.`,
			);
		return readFileSync(handle, "utf8");
	} finally {
		closeSync(handle);
	}
}

/** In the place of one that is there. */
export function writePrivateFile(path: string, content: string): void {
	writeAside(path, content, (part) => renameSync(part, path));
}

/** Whether it was added: one that is there stays as it is. */
export function addPrivateFile(path: string, content: string): boolean {
	let isAdded = true;
	writeAside(path, content, (part) => {
		try {
			linkSync(part, path);
		} catch (error) {
			if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
			isAdded = false;
		}
	});
	return isAdded;
}

/** So that the file is there whole, or not at all. */
function writeAside(path: string, content: string, putInPlace: (part: string) => void): void {
	const folder = dirname(path);
	orSay(`${folder} can't be made`, () => makePrivateFolder(folder), folderSteps);
	checkFolder(folder);
	const part = join(folder, `.${randomUUID()}${partEnding}`);
	try {
		orSay(`${path} can't be written`, () => {
			writeFileSync(part, content, { mode: 0o600, flag: "wx", flush: true });
			putInPlace(part);
		});
	} finally {
		rmSync(part, { force: true });
	}
}

const partEnding = ".part";

/** The other name of a file that was just added: where its process died, that stays. */
function removeLeftPart(path: string): void {
	const folder = dirname(path);
	const { ino } = statSync(path);
	for (const name of readdirSync(folder)) {
		const part = join(folder, name);
		if (name.endsWith(partEnding) && lstatSync(part, { throwIfNoEntry: false })?.ino === ino)
			rmSync(part, { force: true });
	}
}

/** If there is one. */
export function removePrivateFile(path: string): void {
	orSay(`${path} can't be removed`, () => rmSync(path, { force: true }));
}

function orSay(failure: string, work: () => void, steps = nextSteps): void {
	try {
		work();
	} catch (cause) {
		const { code = "" } = cause as NodeJS.ErrnoException;
		throw new Error(`${failure} (${code}).${steps[code] ?? ""}`, { cause });
	}
}

const nextSteps: Readonly<Record<string, string>> = {
	ENOSPC: " Free some space on its disk, then try again.",
	EDQUOT: " Free some space on its disk, then try again.",
	ENOTDIR: " Something in its path is not a folder.",
	ERR_FS_EISDIR: " A folder is there: remove it.",
	EISDIR: " A folder is there: remove it.",
};

/** Where no folder can be made, no other attempt helps. */
const otherPlace = " Set TOKENSMITH_CONFIG_DIR to a folder of your own.";
const folderSteps: typeof nextSteps = {
	...nextSteps,
	...{ ENOENT: otherPlace, EACCES: otherPlace, EPERM: otherPlace, EROFS: otherPlace, EEXIST: otherPlace },
};

/** Follows no link, and does not wait for a writer where a named pipe is in the file's place. */
function opened(path: string): number | undefined {
	const { O_RDONLY, O_NONBLOCK = 0, O_NOFOLLOW = 0 } = constants;
	try {
		return openSync(path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW);
	} catch (cause) {
		const { code } = cause as NodeJS.ErrnoException;
		if (code === "ENOENT" || code === "ENOTDIR") return undefined;
		if (code === "ELOOP") throw new Error(`${path} is a link, so it is not read. Remove it.`, { cause });
		throw new Error(`${path} can't be read (${code}).`, { cause });
	}
}

function checkFolder(folder: string): void {
	const found = statSync(folder);
	if (!isOwn(found) || mayBeChanged(found))
		throw new Error(
			`${folder} belongs to another user, or other users can write to it, so nothing in it is read or written.`,
		);
}
