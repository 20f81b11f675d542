/**
 * Whether other users may have written what is in a directory. Cached code in it is executed, and logs in it are believed.
 * Windows has no numeric owners or modes; folders in a user's profile are private there.
 */
import { lstatSync, mkdirSync, readdirSync, type Stats, statSync } from "node:fs";
import { dirname, join } from "node:path";

/** V8's, in a data directory. The entry point removes it where others could have written to it. */
export const compileCache = "compile-cache";

/** The first file or folder in it that belongs to another user or that others can write to; undefined: none does. */
export function foreignFileIn(directory: string, except?: string): string | undefined {
	for (const name of namesIn(directory)) {
		const foreign = name === except ? undefined : foreignFileAt(join(directory, name));
		if (foreign !== undefined) return foreign;
	}
	return undefined;
}

/** The same for what is at a path; undefined also if nothing is. @param except in the folder itself */
export function foreignFileAt(path: string, except?: string): string | undefined {
	const found = lstatSync(path, { throwIfNoEntry: false });
	if (found === undefined) return undefined;
	if (!isOwn(found) || mayBeChanged(found)) return path;
	return found.isDirectory() ? foreignFileIn(path, except) : undefined;
}

/**
 * Makes a folder for its user alone, and those above it, unless they are there. Node.js does not end where it is told to do
 * so in a folder that takes none, such as /proc.
 */
export function makePrivateFolder(path: string): void {
	if (at(path)?.isDirectory()) return;
	if (at(dirname(path)) === undefined) makePrivateFolder(dirname(path));
	try {
		mkdirSync(path, { mode: 0o700 });
	} catch (error) {
		// Another process may have made it meanwhile.
		if (!at(path)?.isDirectory()) throw error;
	}
}

function at(path: string): Stats | undefined {
	return statSync(path, { throwIfNoEntry: false });
}

export function isOwn({ uid }: Stats): boolean {
	return process.getuid === undefined || uid === process.getuid();
}

/** Whether others can write to a file or folder. The mode of a link or a socket means nothing. */
export function mayBeChanged(found: Stats): boolean {
	if (process.getuid === undefined || !(found.isFile() || found.isDirectory())) return false;
	return (found.mode & 0o022) !== 0;
}

/** Whether others can neither read nor write a folder. */
export function isPrivate({ mode }: Stats): boolean {
	return process.getuid === undefined || (mode & 0o077) === 0;
}

/** Another daemon may remove files and folders meanwhile. */
function namesIn(directory: string): string[] {
	try {
		return readdirSync(directory);
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
		throw error;
	}
}
