/**
 * The redo log: one line per group of changes, `crc32 SP json LF`, appended and synced before any of them is answered.
 * A line is either complete in the file or, after a failed append, absent. The JSON is an array of statements, each
 * with a key, its parameters and, where the key is new, its text; the last element can hold audit events. While it is
 * open, the file ends with zeros as room for more lines.
 */
import {
	closeSync,
	constants,
	fdatasync,
	fdatasyncSync,
	fstatSync,
	ftruncateSync,
	openSync,
	readSync,
	statSync,
	writeSync,
} from "node:fs";
import { promisify } from "node:util";
import { crc32 } from "node:zlib";
import type { Change } from "./memory-database.ts";

const sync = promisify(fdatasync);

/**
 * Zeros written ahead. To sync a line that makes the file longer makes the file system write its journal too, which
 * takes half as long again.
 */
const roomBytes = 1 << 20;

/** How much of a log is read at once. */
const pieceBytes = 1 << 20;

/** A disk that syncs in less is synced on this thread: another one costs some 0.1 ms by itself. */
const quickMilliseconds = 0.5;

/** The changes that one line holds: a replay applies all of them, or none. */
export interface LogEntry {
	statements: readonly Change[];
	/** JSON texts, in the order of the chain. */
	events: readonly string[];
}

/** Whether other requests are being served while a line is written. */
export type Others = "served" | "none";

/** A statement as a line holds it: by its key, with its text at the key's first use. */
type NamedChange = readonly [key: string, parameters: Change[1], sql?: string];

/** The key of audit events. Those of statements hold a dot. */
const eventsKey = "audit";

export class ChangeLog {
	readonly #file: number;
	/** The first part of all keys, so that they differ from those of an earlier process. */
	readonly #openedAt: number;
	/** The key of each statement that this process has written, by its text. */
	readonly #keys = new Map<string, string>();
	#keyCount = 0;
	#length: number;
	/** Where the room after the last line ends, and with it the file. */
	#roomEnd: number;
	/** The duration of the last sync. */
	#syncMilliseconds = Infinity;
	#broken: Error | undefined;

	/** Opens a log for appending, at `length` bytes, and cuts off what comes after. */
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
	 * Appends a line and waits until it is on disk. When that fails the line is removed again; when even that fails the
	 * log accepts nothing more, since what a restart would find is unknown.
	 */
	async append({ statements, events }: LogEntry, others: Others): Promise<void> {
		if (this.#broken !== undefined) throw this.#broken;
		const line = lineOf(
			statements.map((change) => this.#named(change)),
			events,
		);
		const end = this.#length + line.length;
		try {
			// Synchronously: a write to the page cache is quick.
			if (end <= this.#roomEnd) writeWhole(this.#file, line, this.#length);
			else this.#writeWithRoom(line);
			await this.#sync(others);
			this.#length = end;
		} catch (cause) {
			await this.#undo(cause);
			throw cause;
		}
	}

	/** Closes the file, which then ends with its last line. */
	close(): void {
		try {
			ftruncateSync(this.#file, this.#length);
		} catch (cause) {
			// Room does no harm, but a refused line would be replayed.
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
			// A disk without space for the room may still have space for this line; if not, that is the error to report.
			ftruncateSync(this.#file, this.#length);
			writeWhole(this.#file, line, this.#length);
			this.#roomEnd = this.#length + line.length;
		}
	}

	/** On this thread where that is quicker and delays no other request, else on another one. */
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
		// The keys that the line introduced are removed with it.
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
	/** How many lines are complete and right. */
	lines: number;
	/** How many bytes from the start are complete lines with the right checksum. */
	soundLength: number;
	/**
	 * `whole`: only room comes after. `torn`: a last line that was never completed, so never answered. `damaged`: a line
	 * that had been answered is wrong.
	 */
	end: "whole" | "torn" | "damaged";
}

/** Reads a log up to its end or to the first wrong line, one entry after the other. */
export function readLog(path: string, onEntry: (entry: LogEntry) => void): LogContents {
	const file = openSync(path, "r");
	try {
		let lines = 0;
		let soundLength = 0;
		const statements = new Map<string, string>();
		for (const line of linesOf(file)) {
			const entry = parseLine(line, statements);
			if (entry === undefined) break;
			onEntry(entry);
			lines++;
			soundLength += line.length + 1;
		}
		return { lines, soundLength, end: endOf(readFrom(file, soundLength)) };
	} finally {
		closeSync(file);
	}
}

/** The complete lines, each valid until the next. In pieces, since the memory of a whole log would not be returned soon. */
function* linesOf(file: number): Iterable<Buffer> {
	let piece = Buffer.alloc(pieceBytes);
	let length = 0;
	for (let position = 0; ; ) {
		if (length === piece.length) piece = Buffer.concat([piece, Buffer.alloc(length)]);
		const read = readSync(file, piece, length, piece.length - length, position);
		if (read === 0) return;
		position += read;
		const filled = piece.subarray(0, length + read);
		let start = 0;
		for (let end = filled.indexOf(0x0a, length); end !== -1; end = filled.indexOf(0x0a, start)) {
			yield filled.subarray(start, end);
			start = end + 1;
		}
		length = filled.length - start;
		piece.copyWithin(0, start, filled.length);
	}
}

function readFrom(file: number, position: number): Buffer {
	const rest = Buffer.alloc(Math.max(0, fstatSync(file).size - position));
	let length = 0;
	for (let read = -1; length < rest.length && read !== 0; length += read)
		read = readSync(file, rest, length, rest.length - length, position + length);
	return rest.subarray(0, length);
}

export function sizeOf(path: string): number {
	return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

function endOf(rest: Buffer): LogContents["end"] {
	let end = rest.length;
	// A plain loop: a start after a crash reads a megabyte of room.
	while (end > 0 && rest[end - 1] === 0) end--;
	const written = rest.subarray(0, end);
	if (written.length === 0) return "whole";
	const lineEnd = written.indexOf(0x0a);
	if (lineEnd === -1) return "torn";
	// After a power cut any part of the last line can be missing, with the room's zeros in its place. No line holds zeros.
	// A log that was closed has no room, and its last line was answered.
	const isLast = lineEnd === written.length - 1 && written.length < rest.length;
	return isLast && written.includes(0) ? "torn" : "damaged";
}

function lineOf(statements: readonly NamedChange[], events: readonly string[]): Buffer {
	const elements = statements.map((statement) => JSON.stringify(statement));
	if (events.length > 0) elements.push(`["${eventsKey}",[${events.join(",")}]]`);
	const line = Buffer.from(`${noChecksum} [${elements.join(",")}]\n`);
	line.write(checksum(line.subarray(noChecksum.length + 1, -1)), "latin1");
	return line;
}

/** As long as every checksum. */
const noChecksum = "00000000";

/** @param texts the statements of the earlier lines by key; those of this line are added. */
function parseLine(line: Buffer, texts: Map<string, string>): LogEntry | undefined {
	const json = line.subarray(9);
	if (line.subarray(0, 8).toString("latin1") !== checksum(json)) return undefined;
	const statements: Change[] = [];
	let events: string[] = [];
	for (const [key, parameters, text] of JSON.parse(json.toString()) as NamedChange[]) {
		if (key === eventsKey) {
			events = parameters.map((event) => JSON.stringify(event));
			continue;
		}
		if (text !== undefined) texts.set(key, text);
		const statement = texts.get(key);
		if (statement === undefined) return undefined;
		statements.push([statement, parameters]);
	}
	return { statements, events };
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
