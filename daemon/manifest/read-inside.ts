/**
 * Reads a file of a folder that its owner did not write: never outside of the folder, not even by a link, and never more
 * than a bound. Local files only.
 */
import { constants, type Stats } from "node:fs";
import { open, realpath } from "node:fs/promises";
import { join, sep } from "node:path";

export type InsideRead =
	| { kind: "text"; text: string }
	| { kind: "missing" }
	/** In words that read on from the file's name. */
	| { kind: "refused"; detail: string };

/** @param path relative to the folder, with forward slashes */
export async function readInside(folder: string, path: string, mostBytes: number): Promise<InsideRead> {
	try {
		const target = await pathInside(folder, path);
		return target === undefined ? refused("leads out of its folder") : await readBounded(target, mostBytes);
	} catch (error) {
		const code = error instanceof Error && "code" in error ? error.code : undefined;
		// A socket can't be opened (open(2)).
		if (code === "ENXIO") return refused("is a socket, not a file");
		if (code === "ENOENT" || code === "ENOTDIR") return { kind: "missing" };
		if (code === "ELOOP") return refused("is a link that leads to itself");
		return refused(`can't be read (${typeof code === "string" ? code : "unknown error"})`);
	}
}

/** The real path, without links; undefined: it is outside of the folder. @throws ENOENT and other errors of the system */
export async function pathInside(folder: string, path: string): Promise<string | undefined> {
	const [root, target] = await Promise.all([realpath(folder), realpath(join(folder, path))]);
	return target === root || target.startsWith(root.endsWith(sep) ? root : root + sep) ? target : undefined;
}

const refused = (detail: string): InsideRead => ({ kind: "refused", detail });

async function readBounded(target: string, mostBytes: number): Promise<InsideRead> {
	// Opening a pipe would wait for its writer; a link that replaced the file since is not followed.
	const file = await open(target, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
	try {
		const special = specialWords(await file.stat());
		if (special !== undefined) return refused(special);
		const bytes = Buffer.alloc(mostBytes + 1);
		const { bytesRead } = await file.read(bytes, 0, bytes.length, 0);
		if (bytesRead > mostBytes) return refused(`is larger than ${mostBytes / 1024} KiB`);
		return decoded(bytes.subarray(0, bytesRead));
	} finally {
		await file.close();
	}
}

/** undefined: it is a file. */
function specialWords(found: Stats): string | undefined {
	if (found.isFile()) return undefined;
	if (found.isDirectory()) return "is a folder, not a file";
	if (found.isFIFO()) return "is a named pipe, not a file";
	if (found.isSocket()) return "is a socket, not a file";
	return found.isCharacterDevice() || found.isBlockDevice() ? "is a device, not a file" : "is not a file";
}

/** The text of bytes, with its byte order mark if it has one. */
export function decoded(bytes: Uint8Array): InsideRead {
	const [first, second] = bytes;
	if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff))
		return refused("is UTF-16 and not UTF-8 text: save it with that encoding");
	try {
		return { kind: "text", text: new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes) };
	} catch (error) {
		if (error instanceof TypeError) return refused("is not UTF-8 text");
		throw error;
	}
}
