/**
 * The files of the data directory. `changes-G.log` is the redo log of generation G, `copy-G.log` the copy of its lines. `snapshot-G-S-CRC.db` holds the result
 * of the logs up to generation G, in the tables of schema S; the checksum is part of the name, so that it can't be
 * separated from the file; the image has the generation too. `audit-FIRST-LAST-CRC.jsonl` holds audit events. The newest snapshot's predecessor and the
 * logs since it are kept, so that one damaged snapshot loses nothing.
 */
import {
	closeSync,
	existsSync,
	fsyncSync,
	openSync,
	readdirSync,
	readSync,
	renameSync,
	rmSync,
	statSync,
	truncateSync,
	writeFileSync,
} from "node:fs";
import { basename, join } from "node:path";
import { crc32 } from "node:zlib";

export interface SnapshotFile {
	generation: number;
	/** How many migrations made its tables. */
	schema: number;
	checksum: string;
	path: string;
}

/** More logs than are ever missing between two files that belong together. */
export const longestGap = 16;

/** The snapshots of a directory, newest first. */
export function listSnapshots(directory: string): SnapshotFile[] {
	const found = readdirSync(directory).flatMap((name) => {
		const [, generation, schema, checksum] =
			/^snapshot-(\d{1,15})-(\d{1,4})-([0-9a-f]{8})\.db$/.exec(name) ?? [];
		if (checksum === undefined) return [];
		return [
			{ generation: Number(generation), schema: Number(schema), checksum, path: join(directory, name) },
		];
	});
	return found.sort((one, other) => other.generation - one.generation);
}

/** The generations whose logs, or copies of them, are there, oldest first. */
export function listLogs(directory: string): number[] {
	const found = readdirSync(directory).flatMap(
		(name) => /^(?:changes|copy)-(\d{1,15})\.log$/.exec(name)?.[1] ?? [],
	);
	return [...new Set(found.map(Number))].sort((one, other) => one - other);
}

export function logPath(directory: string, generation: number): string {
	return join(directory, `changes-${generation}.log`);
}

export function copyPath(directory: string, generation: number): string {
	return join(directory, `copy-${generation}.log`);
}

/** Stands for the copy of a log that the daemon itself removed, since it could not be written: its lack is no damage. */
export function droppedCopyPath(directory: string, generation: number): string {
	return join(directory, `copy-${generation}.dropped`);
}

/** Removes the copy of a log. Takes no space: the disk may be full. */
export function dropCopy(directory: string, generation: number): void {
	const path = copyPath(directory, generation);
	try {
		truncateSync(path);
		renameSync(path, droppedCopyPath(directory, generation));
	} catch {
		// Then the next start tells that it is missing.
		rmSync(path, { force: true });
	}
}

export function wasCopyDropped(directory: string, generation: number): boolean {
	return !existsSync(copyPath(directory, generation)) && existsSync(droppedCopyPath(directory, generation));
}

/** The memory of sql.js ends there. */
const largestImage = 2 ** 31 - 1;

/**
 * Where an image holds its generation: SQLite's user version (Database File Format, 1.3), 0 in those of earlier daemons. A
 * snapshot under another number would hide the logs that it does not have.
 */
const generationOffset = 60;

/** The snapshot's image; undefined when its checksum or its number is wrong. @param roomBytes how much more will probably be added to it. */
export function readSnapshot(snapshot: SnapshotFile, roomBytes = 0): Uint8Array | undefined {
	// SQLite could not load it, so no daemon wrote it.
	if (statSync(snapshot.path).size > largestImage) return undefined;
	const image = readWithRoom(snapshot.path, roomBytes);
	return checksumOf(image) === snapshot.checksum && isOfGeneration(image, snapshot.generation)
		? image
		: undefined;
}

function isOfGeneration(image: Uint8Array, generation: number): boolean {
	// A planted file may be shorter than any image.
	if (image.length < generationOffset + 4) return false;
	const held = Buffer.from(image.buffer, image.byteOffset, image.length).readUInt32BE(generationOffset);
	return held === 0 || held === generation % 2 ** 32;
}

/**
 * Reads a file into an array that has room at its end. sql.js uses as its own file what `slice` returns: an array without
 * room would be copied at the first page that is added.
 */
function readWithRoom(path: string, roomBytes: number): Uint8Array {
	const size = statSync(path).size;
	const whole = Buffer.alloc(size + Math.max(1 << 20, size >> 3) + roomBytes);
	const file = openSync(path, "r");
	try {
		for (let at = 0, read = -1; at < size && read !== 0; at += read)
			read = readSync(file, whole, at, size - at, at);
	} finally {
		closeSync(file);
	}
	const image = new Uint8Array(whole.buffer, whole.byteOffset, size);
	return Object.assign(image, { slice: () => new Uint8Array(whole.buffer, whole.byteOffset) });
}

/** Writes a snapshot. After a power cut it is there completely or not at all. */
export function writeSnapshot(
	directory: string,
	of: Pick<SnapshotFile, "generation" | "schema">,
	image: Uint8Array,
): void {
	writeComplete(directory, snapshotFile(of, image));
}

/** A snapshot by its name. */
export function snapshotFile(
	{ generation, schema }: Pick<SnapshotFile, "generation" | "schema">,
	image: Uint8Array,
): Record<string, Uint8Array> {
	const stamped = Buffer.from(image);
	stamped.writeUInt32BE(generation % 2 ** 32, generationOffset);
	return { [`snapshot-${generation}-${schema}-${checksumOf(stamped)}.db`]: stamped };
}

/** Writes files, each by its name. When one can't be written, none stays. */
export function writeComplete(directory: string, files: Readonly<Record<string, Uint8Array>>): void {
	const written: string[] = [];
	try {
		for (const [name, bytes] of Object.entries(files)) {
			const path = join(directory, name);
			written.push(`${path}.tmp`);
			writeFileSync(`${path}.tmp`, bytes, { mode: 0o600, flush: true });
			renameSync(`${path}.tmp`, path);
			written.push(path);
		}
	} catch (error) {
		// On a full disk, a part of a snapshot would take the space of the next changes.
		for (const path of written) rmSync(path, { force: true });
		throw error;
	}
	syncDirectory(directory);
}

export function syncDirectory(directory: string): void {
	// Windows can't open a directory; its file system journals the rename.
	if (process.platform === "win32") return;
	const handle = openSync(directory, "r");
	try {
		fsyncSync(handle);
	} finally {
		closeSync(handle);
	}
}

/** Renames a file, so that it is out of the way and none of it is lost. Answers its new name. */
export function setAside(path: string): string {
	let aside = `${path}.damaged`;
	for (let attempt = 2; existsSync(aside); attempt++) aside = `${path}.damaged-${attempt}`;
	renameSync(path, aside);
	return basename(aside);
}

export function checksumOf(image: Uint8Array): string {
	return hexOf(crc32(image));
}

export function hexOf(checksum: number): string {
	return checksum.toString(16).padStart(8, "0");
}

/** A file that a crash has left incomplete. A lock may be written by another process at this moment. */
export function isAbandoned(name: string): boolean {
	return name.endsWith(".tmp") && !name.startsWith("lock-");
}

export function newestSnapshotBytes(directory: string): number {
	const newest = listSnapshots(directory)[0];
	return newest === undefined ? 0 : (statSync(newest.path, { throwIfNoEntry: false })?.size ?? 0);
}

/** How long logs become before another snapshot is made: half of the snapshot, but neither so short that snapshots are frequent nor so long that a replay is slow. */
export function defaultCompactAtBytes(snapshotBytes: number): number {
	return Math.min(Math.max(4 << 20, snapshotBytes / 2), 16 << 20);
}
