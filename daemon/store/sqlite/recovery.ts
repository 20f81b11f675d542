/**
 * Loads what is on disk into a database in memory: the newest sound snapshot and the logs since. A damaged file is never
 * overwritten; it is set aside, and only when what could be saved of it is safe.
 */
import { existsSync, renameSync } from "node:fs";
import { basename } from "node:path";
import type { AuditEvent, Notice } from "../../contract.ts";
import { AuditFiles, chainEnd, lastInFiles, lineOf, writeAuditFile } from "./audit-files.ts";
import { ChangeLog, type LogContents, readLog, sizeOf } from "./change-log.ts";
import { Connection } from "./connection.ts";
import { MemoryDatabase, type SqlJsStatic } from "./memory-database.ts";
import { migrate, schemaVersion } from "./schema.ts";
import {
	listLogs,
	listSnapshots,
	logPath,
	readSnapshot,
	type SnapshotFile,
	writeSnapshot,
} from "./snapshot.ts";

export interface Recovered {
	connection: Connection;
	audit: AuditFiles;
	/** The log to append to. */
	position: LogPosition;
	/** The length of all logs since the snapshot. */
	replayedBytes: number;
	/** What the user must know about the state in which the data was found. */
	notices: Notice[];
}

export async function recover(sqlJs: SqlJsStatic, directory: string): Promise<Recovered> {
	const notices: Notice[] = [];
	const base = soundSnapshot(directory, notices);
	const { connection, replayed } = await load(sqlJs, directory, base);
	const { memory } = connection;
	const isCurrent = base?.schema === schemaVersion;
	const goesOn = isCurrent && replayed.damaged.length === 0;
	if (!goesOn) writeAuditFile(directory, [...eventsInTable(memory), ...replayed.events]);
	if (base !== undefined && !isCurrent) await migrate(connection.kysely);
	followAuditFiles(connection, directory);
	const isFirst = base === undefined && replayed.bytes === 0;
	const { generation } = replayed;
	const position = goesOn ? replayed : startOver(memory, directory, { generation, isFirst });
	if (replayed.damaged.length > 0) {
		// Only after the sound part is in a snapshot: a start that fails half-way must find it again.
		const aside = replayed.damaged.map((log) => setAside(logPath(directory, log)));
		notices.push(damagedLogs(aside, replayed.sound));
	}
	const audit = new AuditFiles(directory);
	audit.add(replayed.events);
	if (!isAuditComplete(connection, audit)) notices.push(incompleteAudit);
	return { connection, audit, position, replayedBytes: goesOn ? replayed.bytes : 0, notices };
}

/** The database as the snapshot and the logs since have it. */
async function load(
	sqlJs: SqlJsStatic,
	directory: string,
	base: SoundSnapshot | undefined,
): Promise<{ connection: Connection; replayed: Replayed }> {
	let image = base?.image;
	for (let unfit: number | undefined; ; ) {
		const memory = new MemoryDatabase(sqlJs, image);
		const connection = new Connection(memory);
		// Without a snapshot there are no tables for the logs: at the first start, or when all snapshots are damaged.
		if (base === undefined) await migrate(connection.kysely);
		memory.beginReplay();
		const replayed = replayLogs(memory, directory, { snapshot: base?.generation, unfit });
		if (replayed.unfit === unfit) {
			memory.endReplay();
			return { connection, replayed };
		}
		// Part of that log is applied and can't be rolled back: the next round stops before it.
		unfit = replayed.unfit;
		memory.close();
		image = base && imageOf(base);
	}
}

/** The log to append to, and how much of it is sound. */
export interface LogPosition {
	generation: number;
	length: number;
}

interface SoundSnapshot extends SnapshotFile {
	/** The database that is made of it writes into it. */
	image: Uint8Array;
}

/** The newest snapshot with the right checksum. A damaged one is set aside. */
function soundSnapshot(directory: string, notices: Notice[]): SoundSnapshot | undefined {
	const snapshots = listSnapshots(directory);
	for (const [age, snapshot] of snapshots.entries()) {
		const image = readSnapshot(snapshot, logBytesSince(directory, snapshot.generation));
		if (image !== undefined) return { ...snapshot, image };
		const aside = setAside(snapshot.path);
		const older = snapshots[age + 1];
		notices.push({
			code: older === undefined ? "data-lost" : "data-recovered",
			detail:
				older === undefined
					? `The token database was damaged and there was no older one. The changes in the logs were kept; the damaged file was set aside as ${aside}.`
					: `The token database was damaged and was rebuilt from the one before; it was set aside as ${aside}.`,
		});
	}
	return undefined;
}

function imageOf(snapshot: SnapshotFile): Uint8Array {
	const image = readSnapshot(snapshot);
	if (image === undefined) throw new Error(`The snapshot ${snapshot.path} was changed during the start.`);
	return image;
}

/** A row takes about half of its part of the log; the rest of a line is its audit event. */
function logBytesSince(directory: string, generation: number): number {
	const logs = listLogs(directory).filter((log) => log > generation);
	return logs.reduce((sum, log) => sum + sizeOf(logPath(directory, log)), 0) >> 1;
}

interface Replayed extends LogPosition {
	/** The first damaged log and those after it. */
	damaged: readonly number[];
	/** Whether the beginning of the first damaged log could be read. */
	sound: boolean;
	/** The log with a statement that does not fit the tables. */
	unfit: number | undefined;
	/** The audit events of the logs. */
	events: string[];
	bytes: number;
}

/** Replays every log since the snapshot, up to the first that is damaged, missing or, as known from an earlier round, unfit. */
function replayLogs(
	memory: MemoryDatabase,
	directory: string,
	{ snapshot, unfit }: { snapshot: number | undefined; unfit: number | undefined },
): Replayed {
	const all = listLogs(directory);
	// Without a snapshot, the oldest log is the beginning.
	const base = snapshot ?? (all[0] ?? 1) - 1;
	const logs = all.filter((log) => log > base);
	const replayed: Replayed = {
		generation: base + 1,
		length: 0,
		damaged: [],
		sound: false,
		unfit,
		events: [],
		bytes: 0,
	};
	for (const [index, log] of logs.entries()) {
		const isNext = log === base + 1 + index;
		const contents = isNext && log !== unfit ? replay(memory, logPath(directory, log)) : undefined;
		if (isNext && contents === undefined) replayed.unfit = log;
		if (contents !== undefined) replayed.events = replayed.events.concat(contents.events);
		// Only the last log can have been cut off by a crash before the rest was answered.
		const isSound = contents?.end === "whole" || (contents?.end === "torn" && index === logs.length - 1);
		if (contents === undefined || !isSound) {
			// Later changes depend on the missing ones, so only the sound part is used.
			const generation = logs.at(-1) ?? log;
			const sound = contents !== undefined && contents.lines > 0;
			return { ...replayed, generation, length: 0, damaged: logs.slice(index), sound };
		}
		replayed.generation = log;
		replayed.length = contents.soundLength;
		replayed.bytes += contents.soundLength;
	}
	return replayed;
}

/** A log fits only the tables that it was written for: another schema, or a sound part, becomes a snapshot of its own. */
function startOver(
	memory: MemoryDatabase,
	directory: string,
	{ generation, isFirst }: { generation: number; isFirst: boolean },
): LogPosition {
	const image = memory.export();
	const first = generation + 1;
	writeSnapshot(directory, { generation: first, schema: schemaVersion }, image);
	if (isFirst) return { generation: first + 1, length: 0 };
	// The older snapshots do not lead to the logs from here on, so this one is its own predecessor, with an empty log between.
	new ChangeLog(logPath(directory, first + 1), 0).close();
	writeSnapshot(directory, { generation: first + 1, schema: schemaVersion }, image);
	return { generation: first + 2, length: 0 };
}

/** Applies a log. undefined: a statement does not fit the tables, and those before it are applied. */
function replay(memory: MemoryDatabase, path: string): (LogContents & { events: string[] }) | undefined {
	const events: string[] = [];
	memory.execute("begin");
	try {
		const contents = readLog(path, (entry) => {
			for (const change of entry.statements) memory.apply(change);
			for (const event of entry.events) events.push(event);
		});
		memory.execute("commit");
		return { ...contents, events };
	} catch (error) {
		// A file that can't be read at the moment is no damage.
		if (error instanceof Error && "syscall" in error) throw error;
		// The whole log is set aside and reported; the error of the statement would say no more.
		return undefined;
	}
}

/** Up to schema 3, events were rows. */
function eventsInTable(memory: MemoryDatabase): string[] {
	if (memory.first(`select 1 from sqlite_master where name = 'auditEvents'`, []) === undefined) return [];
	return [...memory.all('select * from "auditEvents" order by "sequence"')].map((row) => {
		const { actorId, actorName, before, after, ...rest } = row;
		const actor = { userId: String(actorId), userName: String(actorName) };
		const event = { ...rest, actor, before: JSON.parse(String(before)), after: JSON.parse(String(after)) };
		return lineOf(event as unknown as AuditEvent);
	});
}

/** After a loss, the files can hold newer events than the database knows: the chain continues after those. */
function followAuditFiles({ settings }: Connection, directory: string): void {
	const last = lastInFiles(directory);
	if (last === undefined || last.sequence <= chainEnd(settings, "auditHead").sequence) return;
	settings.set("auditHead", last);
	settings.save();
}

function isAuditComplete({ settings }: Connection, audit: AuditFiles): boolean {
	const [tail, head] = [chainEnd(settings, "auditTail"), chainEnd(settings, "auditHead")];
	return audit.isComplete(tail.sequence, head.sequence);
}

const incompleteAudit: Notice = {
	code: "data-lost",
	detail: "A part of the audit is missing: a file of audit events was removed or could not be recovered.",
};

function damagedLogs(aside: readonly string[], sound: boolean): Notice {
	const lost = sound
		? "Its changes before the damage were kept, later ones are lost"
		: "Its changes are lost";
	return {
		code: "data-lost",
		detail: `A change log was damaged or missing. ${lost}. Set aside: ${aside.join(", ")}.`,
	};
}

/** Renames a file, so that it is out of the way and none of it is lost. Answers its new name. */
function setAside(path: string): string {
	let aside = `${path}.damaged`;
	for (let attempt = 2; existsSync(aside); attempt++) aside = `${path}.damaged-${attempt}`;
	renameSync(path, aside);
	return basename(aside);
}
