/** Applies logs in which nothing is missing. Any doubt about that ends it: what then can be saved is up to `salvage.ts`. */
import type { LogLength } from "./change-log.ts";
import { parseJson } from "./log-lines.ts";
import { LogReader } from "./log-reader.ts";
import type { MemoryDatabase } from "./memory-database.ts";
import { copyPath, listLogs, logPath, longestGap, wasCopyDropped } from "./snapshot.ts";

/** The logs since a snapshot. */
export interface LogRange {
	/** Of the snapshot; undefined: there is none. */
	snapshot: number | undefined;
	/** Whether the lines have numbers, if a log has no line. */
	isNumbered: boolean;
	/** The last log to read; undefined: all that are there. */
	last?: number | undefined;
}

/** Files that are not as the daemon leaves them. */
export interface DamagedFiles {
	damagedLogs: string[];
	damagedCopies: { path: string; log: string; bytes: number }[];
}

export interface Replayed extends LogLength, DamagedFiles {
	/** Of the last log. */
	generation: number;
	/** The audit events of the logs. */
	events: string[];
	/** The length of all logs. */
	totalBytes: number;
	/** The checksum of the index that an orderly stop wrote with the last line; null: it wrote none. */
	index: string | null | undefined;
}

/** Something is missing, or does not fit the tables. */
export class ReplayError extends Error {}

/**
 * The generations whose logs follow the snapshot, also those that are missing between others, of each gap at most the last
 * ones: the number of a log that was copied or renamed may be any.
 */
export function generationsOf(directory: string, { snapshot, last }: LogRange): number[] {
	const found = listLogs(directory);
	const first = snapshot === undefined ? (found[0] ?? 1) : snapshot + 1;
	const end = last ?? Math.max(first, found.at(-1) ?? first);
	const generations: number[] = [];
	let next = first;
	for (const generation of [...found.filter((each) => each >= first && each < end), end]) {
		next = Math.max(next, generation - longestGap);
		while (next <= generation) generations.push(next++);
	}
	return generations;
}

/** @throws ReplayError: the database is then of no use. */
export function replayLogs(memory: MemoryDatabase, directory: string, range: LogRange): Replayed {
	const generations = generationsOf(directory, range);
	const state: Replayed = {
		...{ generation: generations[0] ?? 1, bytes: 0, lines: 0, isTorn: false, events: [], totalBytes: 0 },
		...{ index: undefined, damagedLogs: [], damagedCopies: [] },
	};
	const texts = new Map<string, string>();
	memory.execute("begin");
	for (const [position, generation] of generations.entries()) {
		const reader = new LogReader(directory, generation, range.isNumbered);
		const follows = position === 0 ? startOf(range) : state.lines;
		replayLog(memory, reader, { follows, texts, state });
		const isLast = position === generations.length - 1;
		// In earlier versions, only the last log could have been cut off by a crash.
		const isWhole = isLast || reader.log.isNumbered || reader.log.rest !== "torn";
		const needsEnd = isLast || isAlone(directory, generation + 1, range);
		if (!isWhole || (needsEnd && !reader.isEndKnown))
			throw new ReplayError(`The end of log ${generation} is missing.`);
		const { soundBytes, rest } = reader.log;
		Object.assign(state, { generation, bytes: soundBytes, isTorn: rest !== "room" });
		state.totalBytes += soundBytes;
		noteDamage(state, reader, directory, generation, state.index === undefined ? "open" : "ended");
	}
	memory.execute("commit");
	return state;
}

/** Whether a log is one of a start that did not come to its end: it tells nothing of the log before. */
function isAlone(directory: string, generation: number, { isNumbered }: LogRange): boolean {
	const [first] = new LogReader(directory, generation, isNumbered).lines();
	const parsed = first === undefined ? undefined : parseJson(first.json, new Map());
	return parsed !== undefined && "begin" in parsed && parsed.begin.follows === "snapshot";
}

function startOf({ snapshot }: LogRange): "snapshot" | "nothing" {
	return snapshot === undefined ? "nothing" : "snapshot";
}

function replayLog(
	memory: MemoryDatabase,
	reader: LogReader,
	{
		follows,
		texts,
		state,
	}: { follows: number | "snapshot" | "nothing"; texts: Map<string, string>; state: Replayed },
): void {
	let count = 0;
	for (const line of reader.lines()) {
		const parsed = line.number === count ? parseJson(line.json, texts) : undefined;
		if (parsed === undefined) throw new ReplayError("A change is missing.");
		count++;
		state.index = "end" in parsed ? parsed.end.index : undefined;
		if ("begin" in parsed) checkBegin(parsed.begin.follows, follows);
		if (!("entry" in parsed)) continue;
		for (const change of parsed.entry.statements) apply(memory, change);
		for (const event of parsed.entry.events) state.events.push(event);
	}
	if (count === 0 && reader.log.isNumbered) throw new ReplayError("A log is missing.");
	state.lines = count;
}

function checkBegin(found: number | "snapshot" | "nothing", expected: number | "snapshot" | "nothing"): void {
	// After a snapshot, the log before is not read; without one, the log must hold the first changes.
	const isRight =
		expected === "snapshot" || found === expected || (found === "snapshot" && typeof expected === "number");
	if (!isRight) throw new ReplayError("The changes before the oldest log are missing.");
}

function apply(memory: MemoryDatabase, change: Parameters<MemoryDatabase["apply"]>[0]): void {
	try {
		memory.apply(change);
	} catch (cause) {
		throw new ReplayError("A statement does not fit the tables.", { cause });
	}
}

/** @param end whether the log was ended in order, and its copy with it. */
export function noteDamage(
	files: DamagedFiles,
	reader: LogReader,
	directory: string,
	generation: number,
	end: "open" | "ended" = "open",
): void {
	const { log, copy } = reader;
	const [path, copied] = [logPath(directory, generation), copyPath(directory, generation)];
	if (!reader.isSound) files.damagedLogs.push(path);
	if (wasCopyDropped(directory, generation)) return;
	const isBehind = end === "ended" && log.isNumbered && copy.lines < log.lines;
	if (!reader.isCopySound || isBehind)
		files.damagedCopies.push({ path: copied, log: path, bytes: log.soundBytes });
}
