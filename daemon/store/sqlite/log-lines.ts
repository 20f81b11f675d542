/**
 * The lines of the redo log: `crc32 SP number SP json LF`, the checksum over what follows it. Numbers count all lines of a log,
 * so that a missing one is noticed. The JSON is an entry, an array of statements with their parameters; or an object, by
 * which the log begins, or ends in order. Knows no files.
 */
import { hash } from "node:crypto";
import { crc32 } from "node:zlib";
import { inSlices } from "../slices.ts";
import type { Change } from "./memory-database.ts";

/** The changes that one line holds: a replay applies all of them, or none. */
export interface LogEntry {
	statements: readonly Change[];
	/** JSON texts, in the order of the chain. */
	events: readonly string[];
}

/** The first line of a log. */
export interface LogBegin {
	/** How many lines the log before has; `snapshot`: it was none that leads here; `nothing`: these are the first changes. */
	follows: number | "snapshot" | "nothing";
}

/** The line after the last change, when the log was closed in order. */
export interface LogEnd {
	/** The checksum of the index file that was written with it. */
	index: string | null;
}

export interface LogLine {
	number: number;
	/** Valid until the next line is read. */
	json: Buffer;
	/** With the checksum and the line's end. */
	bytes: Buffer;
}

/** A statement as a line holds it: by its key, with its text where the key is new. */
type NamedChange = readonly [key: string, parameters: Change[1], sql?: string];

/** The key of audit events. Those of statements are hexadecimal. */
const eventsKey = "audit";
/** A text stands in two lines, so that no single damaged line hides what others say. */
const textUses = 2;

/** The keys of the statements that a process has written to one log. */
export class StatementKeys {
	readonly #uses = new Map<string, { key: string; uses: number }>();

	named([sql, parameters]: Change): NamedChange {
		let known = this.#uses.get(sql);
		if (known === undefined) {
			known = { key: hash("sha256", sql, "hex").slice(0, 12), uses: 0 };
			this.#uses.set(sql, known);
		}
		known.uses++;
		return known.uses > textUses ? [known.key, parameters] : [known.key, parameters, sql];
	}

	/** After a line was removed: it may have held a text. */
	forget(): void {
		this.#uses.clear();
	}
}

export async function entryLine(
	number: number,
	{ statements, events }: LogEntry,
	keys: StatementKeys,
): Promise<Buffer> {
	const elements = await inSlices(statements, (change) => JSON.stringify(keys.named(change)));
	if (events.length > 0) elements.push(`["${eventsKey}",[${events.join(",")}]]`);
	return lineOf(number, `[${elements.join(",")}]`);
}

export function beginLine(begin: LogBegin): Buffer {
	return lineOf(0, JSON.stringify({ begin }));
}

export function endLine(number: number, end: LogEnd): Buffer {
	return lineOf(number, JSON.stringify({ end }));
}

/** As long as every checksum. */
const noChecksum = "00000000";

function lineOf(number: number, json: string): Buffer {
	const line = Buffer.from(`${noChecksum} ${number} ${json}\n`);
	line.write(checksum(line.subarray(noChecksum.length + 1, -1)), "latin1");
	return line;
}

const space = 0x20;
const arrayStart = 0x5b;

/**
 * The parts of a line; undefined: it is damaged.
 * @param count how many lines come before; in logs of earlier versions, lines have no numbers.
 */
export function partsOf(line: Buffer, count: number): Pick<LogLine, "number" | "json"> | undefined {
	const checked = line.subarray(noChecksum.length + 1);
	if (line[noChecksum.length] !== space) return undefined;
	if (line.toString("latin1", 0, noChecksum.length) !== checksum(checked)) return undefined;
	if (checked[0] === arrayStart) return { number: count, json: checked };
	const end = checked.indexOf(space);
	return { number: Number(checked.toString("latin1", 0, end)), json: checked.subarray(end + 1) };
}

/** Whether a line, whose parts are right, is one of an earlier version. */
export function isUnnumbered(line: Buffer): boolean {
	return line[noChecksum.length + 1] === arrayStart;
}

export type ParsedLine = { entry: LogEntry } | { begin: LogBegin } | { end: LogEnd };

/**
 * @param texts the statements of other lines by key; those of this line are added.
 * @returns undefined: the line names a statement whose text is in no line before.
 */
export function parseJson(json: Buffer, texts: Map<string, string>): ParsedLine | undefined {
	const parsed: NamedChange[] | Exclude<ParsedLine, { entry: LogEntry }> = JSON.parse(json.toString());
	if (!Array.isArray(parsed)) return parsed;
	const statements: Change[] = [];
	let events: string[] = [];
	for (const [key, parameters, text] of parsed) {
		if (key === eventsKey) {
			events = parameters.map((event) => JSON.stringify(event));
			continue;
		}
		if (text !== undefined) texts.set(key, text);
		const statement = texts.get(key);
		if (statement === undefined) return undefined;
		statements.push([statement, parameters]);
	}
	return { entry: { statements, events } };
}

function checksum(data: Buffer): string {
	return crc32(data).toString(16).padStart(8, "0");
}
