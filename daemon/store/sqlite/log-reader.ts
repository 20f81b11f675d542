/**
 * Reads the redo log of a generation from its two files: the log, and the copy of its lines. What one of them has lost is
 * taken from the other. In pieces, since the memory of a whole log would not be returned soon.
 */
import { closeSync, existsSync, fstatSync, openSync, readSync } from "node:fs";
import { isUnnumbered, type LogLine, partsOf } from "./log-lines.ts";
import { copyPath, logPath } from "./snapshot.ts";

/** How much of a log is read at once. */
const pieceBytes = 1 << 20;
/** So many zeros are the room at the end, rather than a part of a line that was lost. */
const zeros = Buffer.alloc(1 << 16);

/**
 * What comes after a file's last right line. `room`: zeros. `nothing`: the file's end. `torn`: a line that was never completed,
 * so never answered, and room. `cut`: the beginning of a line, and the file's end. `damaged`: a line that had been answered is wrong.
 */
export type Rest = "room" | "nothing" | "torn" | "cut" | "damaged";

/** What was found in one of the two files. */
export interface FileState {
	exists: boolean;
	/** The file's length without the zeros at its end. */
	writtenBytes: number;
	/** Where the rest begins. */
	restAt: number;
	/** How many bytes from the start are right lines, up to the first damage. */
	soundBytes: number;
	/** Whether a wrong line comes before a right one. */
	isBroken: boolean;
	/** How many lines the last right one makes, with all before it. */
	lines: number;
	rest: Rest;
	/** Whether the lines have numbers. Those of earlier versions have none, and no copy. */
	isNumbered: boolean;
}

/** The lines that either file has, in order. What is missing in both is missing in the numbers. */
export class LogReader {
	readonly log: FileState = newState();
	readonly copy: FileState = newState();
	readonly #directory: string;
	readonly #generation: number;

	/** @param isNumbered whether the lines have numbers, if the log has no line. */
	constructor(directory: string, generation: number, isNumbered: boolean) {
		this.#directory = directory;
		this.#generation = generation;
		this.log.isNumbered = isNumbered;
	}

	*lines(): Iterable<LogLine> {
		const log = linesOf(logPath(this.#directory, this.#generation), this.log);
		const copy = linesOf(copyPath(this.#directory, this.#generation), this.copy);
		try {
			let [inLog, inCopy] = [next(log), next(copy)];
			for (let number = 0; inLog !== undefined || inCopy !== undefined; ) {
				const line =
					inCopy !== undefined && (inLog === undefined || inCopy.number < inLog.number) ? inCopy : inLog;
				if (line === undefined) return;
				// Out of order only by damage that a checksum does not see.
				if (line.number >= number) yield line;
				number = Math.max(number, line.number + 1);
				const isInBoth = inLog?.number === inCopy?.number;
				const [advancesLog, advancesCopy] = [line === inLog, line === inCopy || isInBoth];
				if (advancesLog) inLog = next(log);
				if (advancesCopy) inCopy = next(copy);
			}
		} finally {
			log.return(undefined);
			copy.return(undefined);
		}
	}

	/** Whether the log is as the daemon leaves it, after an orderly stop or a crash. */
	get isSound(): boolean {
		const { log, copy } = this;
		if (log.isBroken || log.rest === "damaged" || copy.lines > log.lines) return false;
		return !log.isNumbered || (log.lines > 0 && this.#endsWithRoom);
	}

	/** Whether the copy is as the daemon leaves it. After a crash it may lack the last lines. */
	get isCopySound(): boolean {
		const { log, copy } = this;
		if (!log.isNumbered) return !copy.exists;
		return copy.lines > 0 && !copy.isBroken && copy.rest !== "damaged";
	}

	/** Whether the files themselves tell that no answered change is missing after the last line. */
	get isEndKnown(): boolean {
		const { log, copy } = this;
		if (!log.isNumbered) return !log.isBroken && log.rest !== "damaged";
		if (log.lines > 0 && this.#endsWithRoom) return true;
		// The copy is written before a change is answered. A cut one ends with no zeros.
		return copy.lines > 0 && copy.lines >= log.lines && copy.rest === "room";
	}

	get #endsWithRoom(): boolean {
		const { log, copy } = this;
		// The copy gets a line only when the log has it, so that one of which it has a part was completed once.
		return log.rest === "room" || (log.rest === "torn" && copy.writtenBytes <= log.restAt);
	}
}

function newState(): FileState {
	return {
		...{ exists: false, writtenBytes: 0, restAt: 0, soundBytes: 0 },
		...{ isBroken: false, lines: 0, rest: "nothing", isNumbered: true },
	};
}

function next(lines: Generator<LogLine, void, undefined>): LogLine | undefined {
	const { done, value } = lines.next();
	return done === true ? undefined : (value as LogLine);
}

/** The right lines of a file, each valid until the next. */
function* linesOf(path: string, state: FileState): Generator<LogLine, void, undefined> {
	if (!existsSync(path)) return;
	const file = openSync(path, "r");
	try {
		state.exists = true;
		let [count, position, wrongAt] = [0, 0, -1];
		for (const line of completeLines(file)) {
			const bytes = line.length;
			const parts = partsOf(line.subarray(0, -1), count);
			count++;
			position += bytes;
			if (parts === undefined) {
				if (wrongAt === -1) wrongAt = position - bytes;
				continue;
			}
			if (wrongAt !== -1) state.isBroken = true;
			wrongAt = -1;
			state.isNumbered = !isUnnumbered(line);
			if (!state.isBroken) state.soundBytes = position;
			state.lines = parts.number + 1;
			yield { ...parts, bytes: line };
		}
		state.restAt = wrongAt === -1 ? position : wrongAt;
		const rest = readFrom(file, state.restAt);
		state.writtenBytes = state.restAt + writtenLength(rest);
		state.rest = restOf(rest);
	} finally {
		closeSync(file);
	}
}

function* completeLines(file: number): Iterable<Buffer> {
	// Only what was read into it is used.
	let piece = Buffer.allocUnsafe(Math.min(pieceBytes, fstatSync(file).size + 1));
	let length = 0;
	for (let position = 0; ; ) {
		if (length === piece.length) piece = Buffer.concat([piece, Buffer.alloc(length)]);
		const read = readSync(file, piece, length, piece.length - length, position);
		if (read === 0) return;
		position += read;
		const filled = piece.subarray(0, length + read);
		let start = 0;
		for (let end = filled.indexOf(0x0a, length); end !== -1; end = filled.indexOf(0x0a, start)) {
			yield filled.subarray(start, end + 1);
			start = end + 1;
		}
		length = filled.length - start;
		piece.copyWithin(0, start, filled.length);
		// Room, which is no line.
		if (length > zeros.length && writtenLength(piece.subarray(0, length)) === 0) return;
	}
}

function readFrom(file: number, position: number): Buffer {
	const rest = Buffer.allocUnsafe(Math.max(0, fstatSync(file).size - position));
	let length = 0;
	for (let read = -1; length < rest.length && read !== 0; length += read)
		read = readSync(file, rest, length, rest.length - length, position + length);
	return rest.subarray(0, length);
}

function restOf(rest: Buffer): Rest {
	const written = rest.subarray(0, writtenLength(rest));
	if (written.length === 0) return rest.length === 0 ? "nothing" : "room";
	const lineEnd = written.indexOf(0x0a);
	// After a power cut any part of the last line can be missing, with the room's zeros in its place. No line holds zeros.
	const isLast = lineEnd === -1 || lineEnd === written.length - 1;
	const isIncomplete = lineEnd === -1 || written.includes(0);
	if (!isLast || !isIncomplete) return "damaged";
	if (written.length < rest.length) return "torn";
	return lineEnd === -1 ? "cut" : "damaged";
}

/** The length without the zeros at the end. In blocks, since each start reads some megabytes of room. */
export function writtenLength(bytes: Buffer): number {
	let end = bytes.length;
	while (end >= zeros.length && bytes.subarray(end - zeros.length, end).equals(zeros)) end -= zeros.length;
	while (end > 0 && bytes[end - 1] === 0) end--;
	return end;
}
