/**
 * What is found on disk, as a database in memory: the newest sound snapshot and the logs since. Nothing that is damaged
 * is overwritten; it is set aside, and only when what could be saved of it is safe.
 */
import { existsSync, renameSync } from "node:fs";
import { basename } from "node:path";
import { Kysely, SqliteDialect } from "kysely";
import type { Notice } from "../contract.ts";
import { type Changes, readLog } from "./log.ts";
import { migrate, schemaVersion, type Tables } from "./schema.ts";
import { Settings } from "./settings.ts";
import {
	listLogs,
	listSnapshots,
	logPath,
	readSnapshot,
	type SnapshotFile,
	writeSnapshot,
} from "./snapshot.ts";
import { MemoryDatabase, type SqlJsStatic } from "./sqlite.ts";

export interface Recovered {
	memory: MemoryDatabase;
	database: Queries;
	/** The log to go on with. */
	position: LogPosition;
	/** What a person has to know about how the data was found. */
	notices: Notice[];
}

/** Queries built by Kysely and, for what is asked at every change, `memory`, which takes texts. */
export class Queries extends Kysely<Tables> {
	readonly memory: MemoryDatabase;
	readonly settings: Settings;

	constructor(memory: MemoryDatabase) {
		super({ dialect: new SqliteDialect({ database: memory }) });
		this.memory = memory;
		this.settings = new Settings(memory);
	}
}

export async function recover(sqlJs: SqlJsStatic, directory: string): Promise<Recovered> {
	const notices: Notice[] = [];
	const base = soundSnapshot(directory, notices);
	const memory = new MemoryDatabase(sqlJs, base?.image);
	const database = new Queries(memory);
	// Without a snapshot there are no tables to replay upon, be it the first start or the worst one.
	if (base === undefined) await migrate(database);
	const replayed = replayLogs(memory, directory, base?.generation);
	const isCurrent = base?.schema === schemaVersion;
	if (base !== undefined && !isCurrent) await migrate(database);
	const goesOn = isCurrent && replayed.damaged.length === 0;
	const position = goesOn ? replayed : startOver(memory, directory, replayed.generation);
	if (replayed.damaged.length > 0) {
		// Only now that the sound part is safe in a snapshot, for a start that fails half-way must find it again.
		const aside = replayed.damaged.map((log) => setAside(logPath(directory, log)));
		notices.push(damagedLogs(aside, replayed.sound));
	}
	return { memory, database, position, notices };
}

/** The log to go on with, and how much of it is sound. */
export interface LogPosition {
	generation: number;
	length: number;
}

/** The newest snapshot that is as it was written. One that is not is set aside, never overwritten. */
function soundSnapshot(
	directory: string,
	notices: Notice[],
): (SnapshotFile & { image: Uint8Array }) | undefined {
	const snapshots = listSnapshots(directory);
	for (const [age, snapshot] of snapshots.entries()) {
		const image = readSnapshot(snapshot);
		if (image !== undefined) return { ...snapshot, image };
		const aside = setAside(snapshot.path);
		const older = snapshots[age + 1];
		notices.push({
			code: older === undefined ? "data-lost" : "data-recovered",
			detail:
				older === undefined
					? `The token database was damaged and there was no older one. What the change logs hold was kept; the damaged file was set aside as ${aside}.`
					: `The token database was damaged and was built again from the one before; it was set aside as ${aside}.`,
		});
	}
	return undefined;
}

interface Replayed extends LogPosition {
	/** The logs, if any, from the first that is not as it was written on. */
	damaged: readonly number[];
	/** Whether the beginning of the first of them could be read. */
	sound: boolean;
}

/** Replays every log since the snapshot, up to the first that is damaged or missing. */
function replayLogs(memory: MemoryDatabase, directory: string, snapshot: number | undefined): Replayed {
	const all = listLogs(directory);
	// With no snapshot left, the oldest log is as good a beginning as there is.
	const base = snapshot ?? (all[0] ?? 1) - 1;
	const logs = all.filter((log) => log > base);
	let position: LogPosition = { generation: base + 1, length: 0 };
	for (const [index, log] of logs.entries()) {
		const contents = log === base + 1 + index ? readLog(logPath(directory, log)) : undefined;
		const applied = contents !== undefined && applyAll(memory, contents.entries);
		// Only the last log can have been cut off by a crash before anything of the rest was answered.
		const isSound = contents?.end === "whole" || (contents?.end === "torn" && index === logs.length - 1);
		if (!applied || !isSound) {
			// What comes after the damage builds on what is missing, so the sound part is all there is to go on with.
			const generation = logs.at(-1) ?? log;
			return {
				generation,
				length: 0,
				damaged: logs.slice(index),
				sound: applied && contents.entries.length > 0,
			};
		}
		position = { generation: log, length: contents.soundLength };
	}
	return { ...position, damaged: [], sound: false };
}

/** A log is only replayed on what it was written upon: another schema, or a sound part, becomes a snapshot of its own. */
function startOver(memory: MemoryDatabase, directory: string, generation: number): LogPosition {
	writeSnapshot(directory, { generation: generation + 1, schema: schemaVersion }, memory.export());
	return { generation: generation + 2, length: 0 };
}

/** All of a log or, when one statement does not fit the tables, nothing of it. */
function applyAll(memory: MemoryDatabase, entries: readonly Changes[]): boolean {
	memory.execute("begin");
	try {
		for (const changes of entries) for (const change of changes) memory.apply(change);
		memory.execute("commit");
		return true;
	} catch {
		// The log is set aside whole and the person is told; the statement's own error would say no more.
		memory.execute("rollback");
		return false;
	}
}

function damagedLogs(aside: readonly string[], sound: boolean): Notice {
	const lost = sound
		? "Its changes before the damage were kept, later ones are lost"
		: "Its changes are lost";
	return {
		code: "data-lost",
		detail: `A change log was damaged or missing. ${lost}. Set aside: ${aside.join(", ")}.`,
	};
}

/** Renames a file so that it is out of the way and nothing of it is lost. Answers its new name. */
function setAside(path: string): string {
	let aside = `${path}.damaged`;
	for (let attempt = 2; existsSync(aside); attempt++) aside = `${path}.damaged-${attempt}`;
	renameSync(path, aside);
	return basename(aside);
}
