/**
 * The redo log: one line per group of changes, `crc32 SP json LF`, appended and synced before any of them is answered.
 * A line either stands whole in the file or, after a failed append, not at all. The text of a statement, most of a
 * line's length, is written once and then named by a key.
 */
import {
	closeSync,
	constants,
	fdatasync,
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

/** What changes did that were answered together: all of their statements, or none of them, are replayed. */
export type Changes = readonly Change[];

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
	#broken: Error | undefined;

	/** Opens a log for appending, at `length` bytes: what stands behind that is cut off. */
	constructor(path: string, length: number) {
		this.#file = openSync(path, constants.O_RDWR | constants.O_CREAT, 0o600);
		ftruncateSync(this.#file, length);
		this.#openedAt = length;
		this.#length = length;
	}

	get length(): number {
		return this.#length;
	}

	/**
	 * Appends the line and waits until it is on disk. When that fails it is taken out again; when even that fails
	 * nothing is accepted any more, for nobody could say what a restart would find.
	 */
	async append(changes: Changes): Promise<void> {
		if (this.#broken !== undefined) throw this.#broken;
		const line = Buffer.from(lineOf(changes.map((change) => this.#named(change))));
		try {
			// Into the page cache at once, for that is quick; only the slow part is left to another thread.
			writeWhole(this.#file, line, this.#length);
			await sync(this.#file);
			this.#length += line.length;
		} catch (cause) {
			await this.#undo(cause);
			throw cause;
		}
	}

	close(): void {
		closeSync(this.#file);
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
	/** `torn`: a last line that was never finished, so never answered. `damaged`: something that had been answered. */
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
	if (rest.length === 0) return "whole";
	// A crash leaves a line without its end, or, after a power cut, room that was never filled. All else is damage.
	const text = rest.subarray(0, rest.findLastIndex((byte) => byte !== 0) + 1);
	return text.includes(0x0a) ? "damaged" : "torn";
}

function lineOf(changes: readonly NamedChange[]): string {
	const json = JSON.stringify(changes);
	return `${checksum(json)} ${json}\n`;
}

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

function checksum(data: string | Buffer): string {
	return crc32(data).toString(16).padStart(8, "0");
}

function writeWhole(file: number, bytes: Buffer, position: number): void {
	let written = 0;
	while (written < bytes.length) {
		written += writeSync(file, bytes, written, bytes.length - written, position + written);
	}
}
