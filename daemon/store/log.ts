/**
 * The redo log: one line per group of changes, `crc32 SP json LF`, appended and synced before any of them is answered.
 * A line either stands whole in the file or, after a failed append, not at all. The text of a statement, most of a
 * line's length, is written once and then named by a key. While it is open, the file ends with room for more lines.
 */
import {
	closeSync,
	constants,
	fdatasync,
	fdatasyncSync,
	fstatSync,
	ftruncateSync,
	openSync,
	readFileSync,
	statSync,
	writeSync,
} from "node:fs";
import { promisify } from "node:util";
import { crc32 } from "node:zlib";
import type { Change } from "./sqlite.ts";

const sync = promisify(fdatasync);

/**
 * So much is filled with zeros ahead. To sync a line that makes the file longer has the file system write its journal
 * too, and takes half as long again.
 */
const roomBytes = 1 << 20;

/** A disk that syncs in less is waited for: to ask another thread takes some 0.1 ms by itself. */
const quickMilliseconds = 0.5;

/** What changes did that were answered together: all of their statements, or none of them, are replayed. */
export type Changes = readonly Change[];

/** Who else is being served while a line is written. */
export type Others = "served" | "none";

/** A statement as a line holds it: by its key, with its text where that comes first. */
type NamedChange = readonly [key: string, parameters: Change[1], sql?: string];

export class ChangeLog {
	readonly #file: number;
	/** Keys start with it, so that those of an earlier process never mean something else. */
	readonly #openedAt: number;
	/** By its text, the key of each statement that this process has written. */
	readonly #keys = new Map<string, string>();
	#keyCount = 0;
	#length: number;
	/** Where the room behind the last line ends, and with it the file. */
	#roomEnd: number;
	/** What the last sync took. */
	#syncMilliseconds = Infinity;
	#broken: Error | undefined;

	/** Opens a log for appending, at `length` bytes: what stands behind that is cut off. */
	constructor(path: string, length: number) {
		this.#file = openSync(path, constants.O_RDWR | constants.O_CREAT, 0o600);
		if (fstatSync(this.#file).size > length) {
			ftruncateSync(this.#file, length);
			// Before a line is written there, or a power cut could leave parts of both.
			fdatasyncSync(this.#file);
		}
		this.#openedAt = length;
		this.#length = length;
		this.#roomEnd = length;
	}

	get length(): number {
		return this.#length;
	}

	/**
	 * Appends the line and waits until it is on disk. When that fails it is taken out again; when even that fails
	 * nothing is accepted any more, for nobody could say what a restart would find.
	 */
	async append(changes: Changes, others: Others): Promise<void> {
		if (this.#broken !== undefined) throw this.#broken;
		const line = lineOf(changes.map((change) => this.#named(change)));
		const end = this.#length + line.length;
		try {
			// Into the page cache at once, for that is quick.
			if (end <= this.#roomEnd) writeWhole(this.#file, line, this.#length);
			else this.#writeWithRoom(line);
			await this.#sync(others);
			this.#length = end;
		} catch (cause) {
			await this.#undo(cause);
			throw cause;
		}
	}

	/** Leaves a file that ends with its last line. */
	close(): void {
		try {
			ftruncateSync(this.#file, this.#length);
		} catch (cause) {
			// Room does no harm, but a line that was refused would come back.
			if (this.#broken !== undefined) throw cause;
		} finally {
			closeSync(this.#file);
		}
	}

	#writeWithRoom(line: Buffer): void {
		try {
			writeWhole(this.#file, Buffer.concat([line, Buffer.alloc(roomBytes)]), this.#length);
			this.#roomEnd = this.#length + line.length + roomBytes;
		} catch {
			// A disk that is too full for more lines may still take this one; if not, that is the error to tell.
			ftruncateSync(this.#file, this.#length);
			writeWhole(this.#file, line, this.#length);
			this.#roomEnd = this.#length + line.length;
		}
	}

	/** In another thread, unless that takes longer than the disk and nobody else would be held up. */
	async #sync(others: Others): Promise<void> {
		const started = performance.now();
		if (others === "none" && this.#syncMilliseconds < quickMilliseconds) fdatasyncSync(this.#file);
		else await sync(this.#file);
		this.#syncMilliseconds = performance.now() - started;
	}

	#named([sql, parameters]: Change): NamedChange {
		const known = this.#keys.get(sql);
		if (known !== undefined) return [known, parameters];
		const key = `${this.#openedAt}.${this.#keyCount++}`;
		this.#keys.set(sql, key);
		return [key, parameters, sql];
	}

	async #undo(cause: unknown): Promise<void> {
		// What the line has told of statements is gone with it.
		this.#keys.clear();
		try {
			ftruncateSync(this.#file, this.#length);
			this.#roomEnd = this.#length;
			await sync(this.#file);
		} catch {
			this.#broken = new Error("The change log can neither be written nor repaired; restart the daemon.", {
				cause,
			});
			throw this.#broken;
		}
	}
}

export interface LogContents {
	entries: Changes[];
	/** How many bytes from the start are whole lines with the right checksum. */
	soundLength: number;
	/**
	 * `whole`: nothing but room comes after. `torn`: a last line that was never finished, so never answered. `damaged`:
	 * something that had been answered.
	 */
	end: "whole" | "torn" | "damaged";
}

/** Reads a log up to its end or to the first line that is not as it was written. */
export function readLog(path: string): LogContents {
	const bytes = readFileSync(path);
	const entries: Changes[] = [];
	const statements = new Map<string, string>();
	let start = 0;
	while (start < bytes.length) {
		const end = bytes.indexOf(0x0a, start);
		const changes = end === -1 ? undefined : parseLine(bytes.subarray(start, end), statements);
		if (changes === undefined) break;
		entries.push(changes);
		start = end + 1;
	}
	return { entries, soundLength: start, end: endOf(bytes.subarray(start)) };
}

export function sizeOf(path: string): number {
	return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

function endOf(rest: Buffer): LogContents["end"] {
	let end = rest.length;
	// A plain loop, for a start after a crash meets a megabyte of room.
	while (end > 0 && rest[end - 1] === 0) end--;
	const written = rest.subarray(0, end);
	if (written.length === 0) return "whole";
	const lineEnd = written.indexOf(0x0a);
	if (lineEnd === -1) return "torn";
	// After a power cut any part of the last line can be missing, and the room's zeros stand in its place. No line has any,
	// and in a log that was closed, which has no room, the last line was answered.
	const isLast = lineEnd === written.length - 1 && written.length < rest.length;
	return isLast && written.includes(0) ? "torn" : "damaged";
}

function lineOf(changes: readonly NamedChange[]): Buffer {
	const line = Buffer.from(`${noChecksum} ${JSON.stringify(changes)}\n`);
	line.write(checksum(line.subarray(noChecksum.length + 1, -1)), "latin1");
	return line;
}

/** As long as any. */
const noChecksum = "00000000";

function parseLine(line: Buffer, statements: Map<string, string>): Changes | undefined {
	const json = line.subarray(9);
	if (line.subarray(0, 8).toString("latin1") !== checksum(json)) return undefined;
	const named: NamedChange[] = JSON.parse(json.toString());
	const changes: Change[] = [];
	for (const [key, parameters, text] of named) {
		if (text !== undefined) statements.set(key, text);
		const statement = statements.get(key);
		if (statement === undefined) return undefined;
		changes.push([statement, parameters]);
	}
	return changes;
}

function checksum(data: Buffer): string {
	return crc32(data).toString(16).padStart(8, "0");
}

function writeWhole(file: number, bytes: Buffer, position: number): void {
	let written = 0;
	while (written < bytes.length) {
		written += writeSync(file, bytes, written, bytes.length - written, position + written);
	}
}
