/**
 * Writes the redo log: one line per group of changes, appended and synced before any of them is answered, and then written to
 * the log's copy, which is not synced. A line is either complete in the log or, after a failed append, absent. Both always
 * end with zeros, so that a cut is seen. In the log they are room for more lines, of which the last part is kept for changes
 * that end tokens.
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
	rmSync,
	statSync,
	writeSync,
} from "node:fs";
import { basename } from "node:path";
import { promisify } from "node:util";
import { beginLine, endLine, entryLine, type LogBegin, type LogEntry, StatementKeys } from "./log-lines.ts";
import { writtenLength } from "./log-reader.ts";
import { copyPath, dropCopy, droppedCopyPath, logPath, writeComplete } from "./snapshot.ts";

const sync = promisify(fdatasync);

/**
 * Zeros written ahead. To sync a line that makes the file longer makes the file system write its journal too, which
 * takes half as long again.
 */
const roomBytes = 1 << 20;

/** The room that only changes use which end tokens, so that a token can be revoked on a full disk. */
const reserveBytes = 2 << 20;
/** The least of it, on a disk that is nearly full. */
const leastReserveBytes = 1 << 16;
/** A new log has little room until its first change, so that a start writes little. */
const firstRoomBytes = 512;

/** What a copy ends with. */
const copyEnd = Buffer.alloc(64);

/** A disk that syncs in less is synced on this thread: another one costs some 0.1 ms by itself. */
const quickMilliseconds = 0.5;

/** Whether other requests are being served while a line is written. */
export type Others = "served" | "none";

/** `ending`: the change ends tokens, and may use the reserve. */
export type Urgency = "ordinary" | "ending";

/** Where a log ends. */
export interface LogLength {
	bytes: number;
	lines: number;
	/** Whether a line that was never completed comes after. */
	isTorn: boolean;
}

/** The files of a new log and its copy, by their names. @param follows see `LogBegin`. */
export function newLog(
	generation: number,
	follows: LogBegin["follows"],
): { files: Record<string, Buffer>; length: LogLength } {
	const line = beginLine({ follows });
	const files = {
		[basename(copyPath("", generation))]: Buffer.concat([line, copyEnd]),
		[basename(logPath("", generation))]: Buffer.concat([line, Buffer.alloc(firstRoomBytes)]),
	};
	return { files, length: { bytes: line.length, lines: 1, isTorn: false } };
}

/** Creates a log and its copy. After a power cut each is there completely or not at all. */
export function createLog(directory: string, generation: number, follows: LogBegin["follows"]): LogLength {
	const { files, length } = newLog(generation, follows);
	writeComplete(directory, files);
	return length;
}

export class ChangeLog {
	readonly #file: number;
	readonly #directory: string;
	readonly #generation: number;
	/** undefined: it could not be written, and was removed. */
	#copy: number | undefined;
	readonly #keys = new StatementKeys();
	#length: number;
	#lines: number;
	/** Where the room after the last line ends, and with it the file. */
	#roomEnd: number;
	/** Of the room, what ordinary changes leave when the disk gives no more. */
	#reserve: number;
	/** The duration of the last sync. */
	#syncMilliseconds = Infinity;
	#broken: Error | undefined;

	/** Opens a log for appending after its last line. */
	constructor(directory: string, generation: number, { bytes, lines, isTorn }: LogLength) {
		const path = logPath(directory, generation);
		this.#file = openSync(path, constants.O_RDWR);
		this.#directory = directory;
		this.#generation = generation;
		this.#copy = openSync(copyPath(directory, generation), constants.O_RDWR | constants.O_CREAT, 0o600);
		this.#length = bytes;
		this.#lines = lines;
		this.#roomEnd = fstatSync(this.#file).size;
		this.#reserve = Math.max(leastReserveBytes, Math.min(reserveBytes, this.#roomEnd - bytes));
		if (isTorn) this.#clearRest();
		this.#inCopy((copy) => completeCopy(this.#file, copy, bytes));
		if (this.#copy !== undefined) rmSync(droppedCopyPath(directory, generation), { force: true });
	}

	/** In bytes, without room. */
	get length(): number {
		return this.#length;
	}

	get lines(): number {
		return this.#lines;
	}

	/**
	 * Appends a line and waits until it is on disk. When that fails the line is removed again; when even that fails the
	 * log accepts nothing more, since what a restart would find is unknown.
	 */
	async append(entry: LogEntry, others: Others, urgency: Urgency = "ordinary"): Promise<void> {
		if (this.#broken !== undefined) throw this.#broken;
		let written = 0;
		try {
			const line = await entryLine(this.#lines, entry, this.#keys);
			this.#makeRoom(line.length, urgency);
			written = line.length;
			// Synchronously: a write to the page cache is quick.
			writeWhole(this.#file, line, this.#length);
			await this.#sync(others);
			this.#wasWritten(line);
		} catch (cause) {
			await this.#undo(written, cause);
			throw cause;
		}
	}

	/** Writes the line that ends the log in order, and closes the files. @param index the checksum of the index file. */
	end(index: string | null): void {
		if (this.#broken !== undefined) return this.close();
		const line = endLine(this.#lines, { index });
		try {
			this.#makeRoom(line.length, "ending");
			writeWhole(this.#file, line, this.#length);
			fdatasyncSync(this.#file);
			this.#wasWritten(line);
			if (this.#copy !== undefined) fdatasyncSync(this.#copy);
		} finally {
			this.close();
		}
	}

	/** As after a crash. */
	close(): void {
		closeSync(this.#file);
		if (this.#copy !== undefined) closeSync(this.#copy);
		this.#copy = undefined;
	}

	#wasWritten(line: Buffer): void {
		this.#inCopy((copy) => writeWhole(copy, Buffer.concat([line, copyEnd]), this.#length));
		this.#length += line.length;
		this.#lines++;
	}

	#inCopy(write: (copy: number) => void): void {
		if (this.#copy === undefined) return;
		try {
			write(this.#copy);
		} catch {
			// The change is on disk, so it counts; and a copy that lacks a line would say that there was none.
			closeSync(this.#copy);
			this.#copy = undefined;
			dropCopy(this.#directory, this.#generation);
		}
	}

	/** @throws when the disk is full, or what is left is kept for changes that end tokens. */
	#makeRoom(lineBytes: number, urgency: Urgency): void {
		const end = this.#length + lineBytes;
		const left = this.#roomEnd - end;
		if (left >= (urgency === "ending" ? 1 : reserveBytes)) return;
		const sizes = [reserveBytes + roomBytes, reserveBytes, reserveBytes >> 2, leastReserveBytes];
		let failure: unknown;
		for (const size of urgency === "ending" ? [...sizes, 1] : sizes) {
			if (size <= left) break;
			try {
				this.#extend(end + size);
				this.#reserve = Math.max(leastReserveBytes, Math.min(reserveBytes, size));
				return;
			} catch (cause) {
				failure = cause;
			}
		}
		if (left < this.#reserve) throw failure;
	}

	#extend(roomEnd: number): void {
		try {
			writeWhole(this.#file, Buffer.alloc(roomEnd - this.#roomEnd), this.#roomEnd);
			this.#roomEnd = roomEnd;
		} catch (cause) {
			ftruncateSync(this.#file, this.#roomEnd);
			throw cause;
		}
	}

	/** On this thread where that is quicker and delays no other request, else on another one. */
	async #sync(others: Others): Promise<void> {
		const started = performance.now();
		if (others === "none" && this.#syncMilliseconds < quickMilliseconds) fdatasyncSync(this.#file);
		else await sync(this.#file);
		this.#syncMilliseconds = performance.now() - started;
	}

	/** @param written the bytes of the line that may be in the file. */
	async #undo(written: number, cause: unknown): Promise<void> {
		// The texts that the line introduced are removed with it.
		this.#keys.forget();
		if (written === 0) return;
		try {
			writeWhole(this.#file, Buffer.alloc(written), this.#length);
			await sync(this.#file);
		} catch {
			this.#broken = new Error("The change log can neither be written nor repaired; restart the daemon.", {
				cause,
			});
			throw this.#broken;
		}
	}

	/** Removes a line that was never completed, before another one is written there: a power cut could leave parts of both. */
	#clearRest(): void {
		writeWhole(this.#file, Buffer.alloc(this.#roomEnd - this.#length), this.#length);
		fdatasyncSync(this.#file);
	}
}

/** After a crash, a copy may lack the last lines, or have a part of one. */
function completeCopy(log: number, copy: number, bytes: number): void {
	const piece = Buffer.alloc(1 << 16);
	for (let at = writtenBytes(copy, piece); at < bytes; ) {
		const read = readSync(log, piece, 0, Math.min(piece.length, bytes - at), at);
		writeWhole(copy, piece.subarray(0, read), at);
		at += read;
	}
	ftruncateSync(copy, bytes);
	writeWhole(copy, copyEnd, bytes);
}

/** The file's length without the zeros at its end. */
function writtenBytes(file: number, piece: Buffer): number {
	let end = fstatSync(file).size;
	while (end > 0) {
		const start = Math.max(0, end - piece.length);
		const read = readSync(file, piece, 0, end - start, start);
		const written = writtenLength(piece.subarray(0, read));
		if (written > 0) return start + written;
		end = start;
	}
	return 0;
}

export function sizeOf(path: string): number {
	return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

function writeWhole(file: number, bytes: Buffer, position: number): void {
	let written = 0;
	while (written < bytes.length) {
		written += writeSync(file, bytes, written, bytes.length - written, position + written);
	}
}
