/**
 * A database in memory whose every answered change is on disk. Changes are queued and taken in groups: each runs in a
 * savepoint, the group's lines go to the log with one sync, then the group is committed and answered; when the log
 * fails, the whole group is rolled back. Reads run between groups, so they only ever see what is durable.
 */
import { existsSync, readdirSync, renameSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { Worker } from "node:worker_threads";
import { Kysely, SqliteDialect } from "kysely";
import type { Notice } from "../contract.ts";
import { ChangeLog, type Changes, readLog, sizeOf } from "./log.ts";
import { migrate, schemaVersion, type Tables } from "./schema.ts";
import {
	listLogs,
	listSnapshots,
	logPath,
	readSnapshot,
	type SnapshotFile,
	syncDirectory,
	writeSnapshot,
} from "./snapshot.ts";
import { MemoryDatabase, type SqlJsStatic } from "./sqlite.ts";

export interface DurableOptions {
	sqlJs: SqlJsStatic;
	directory: string;
	/** What `sqlJs` was made of; the compaction thread makes its own of it. */
	wasm: WebAssembly.Module;
	/** The script of the compaction thread. */
	workerPath: string;
	/** A snapshot is made when the log is at least this long, and a quarter of the last snapshot. Bytes. */
	compactAtBytes?: number;
	/** The same, when the database is closed. */
	compactAtCloseBytes?: number;
	/** Told when a snapshot could not be made; nothing is lost by it, for the log stays. */
	onCompactionError: (cause: unknown) => void;
}

/** The log or its disk said no; nothing of the change was kept. */
export class StorageError extends Error {
	constructor(cause: unknown) {
		super("The change could not be written to disk, so nothing was changed.", { cause });
		this.name = "StorageError";
	}
}

/** The database as a change or a query sees it. */
export type Transaction = Kysely<Tables>;

interface Job {
	run: (database: Kysely<Tables>) => Promise<unknown>;
	resolve: (value: never) => void;
	reject: (reason: unknown) => void;
}

export class DurableDatabase {
	/** What a person has to know about how the data was found. */
	readonly notices: readonly Notice[];
	readonly #options: DurableOptions;
	readonly #memory: MemoryDatabase;
	readonly #database: Kysely<Tables>;
	readonly #writes: Job[] = [];
	readonly #reads: Job[] = [];
	#log: ChangeLog;
	#generation: number;
	#working: Promise<void> | undefined;
	#compaction: Promise<void> | undefined;
	/** Looked up when it changes rather than after each group. */
	#snapshotBytes: number;

	static async open(options: DurableOptions): Promise<DurableDatabase> {
		const { directory, sqlJs } = options;
		for (const name of readdirSync(directory)) if (name.endsWith(".tmp")) rmSync(join(directory, name));
		const notices: Notice[] = [];
		const base = soundSnapshot(directory, notices);
		const memory = new MemoryDatabase(sqlJs, base?.image);
		const database = new Kysely<Tables>({ dialect: new SqliteDialect({ database: memory }) });
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
		return new DurableDatabase(options, memory, database, openLog(directory, position), position, notices);
	}

	private constructor(
		options: DurableOptions,
		memory: MemoryDatabase,
		database: Kysely<Tables>,
		log: ChangeLog,
		position: LogPosition,
		notices: readonly Notice[],
	) {
		this.#options = options;
		this.#memory = memory;
		this.#database = database;
		this.#log = log;
		this.#generation = position.generation;
		this.#snapshotBytes = newestSnapshotBytes(options.directory);
		this.notices = notices;
	}

	/**
	 * Runs a change alone and to its end; answers when it is on disk. A change that throws leaves nothing behind.
	 * @throws StorageError when the log can't be written.
	 */
	write<Result>(run: (database: Kysely<Tables>) => Promise<Result>): Promise<Result> {
		return this.#enqueue(this.#writes, run);
	}

	/** Runs a query that changes nothing. */
	read<Result>(run: (database: Kysely<Tables>) => Promise<Result>): Promise<Result> {
		return this.#enqueue(this.#reads, run);
	}

	/** Waits for what was asked for, then closes. Nothing may be asked for afterwards. */
	async close(): Promise<void> {
		await this.#working;
		await this.#compaction;
		// The next start then has little to replay.
		if (this.#log.length >= (this.#options.compactAtCloseBytes ?? 1 << 18)) this.#startCompaction();
		await this.#compaction;
		this.#log.close();
		this.#memory.close();
	}

	/** Settles when no snapshot is being made. */
	async compacted(): Promise<void> {
		await this.#compaction;
	}

	#enqueue<Result>(queue: Job[], run: (database: Kysely<Tables>) => Promise<Result>): Promise<Result> {
		return new Promise<Result>((resolve, reject) => {
			queue.push({ run, resolve, reject });
			this.#working ??= this.#work();
		});
	}

	async #work(): Promise<void> {
		// What arrives in the same turn shares the group.
		await Promise.resolve();
		while (this.#reads.length + this.#writes.length > 0) {
			for (const job of this.#reads.splice(0)) await this.#read(job);
			if (this.#writes.length > 0) await this.#writeGroup(this.#writes.splice(0));
		}
		// In the same turn as the last look at the queues, or a job could fall between them.
		this.#working = undefined;
	}

	async #read(job: Job): Promise<void> {
		try {
			job.resolve((await job.run(this.#database)) as never);
		} catch (error) {
			job.reject(error);
		}
	}

	async #writeGroup(jobs: Job[]): Promise<void> {
		this.#memory.execute("begin");
		// One alone needs no savepoint: when it throws, there is nothing else to keep.
		const run = jobs.length === 1 ? this.#record : this.#runInSavepoint;
		const done: { job: Job; value: unknown; changes: Changes }[] = [];
		for (const job of jobs) {
			try {
				done.push({ job, ...(await run.call(this, job)) });
			} catch (error) {
				job.reject(error);
			}
		}
		try {
			const entries = done.map(({ changes }) => changes).filter((changes) => changes.length > 0);
			if (entries.length > 0) await this.#log.append(entries);
			this.#memory.execute(done.length > 0 ? "commit" : "rollback");
		} catch (cause) {
			this.#memory.execute("rollback");
			for (const { job } of done) job.reject(new StorageError(cause));
			return;
		}
		for (const { job, value } of done) job.resolve(value as never);
		this.#compactWhenLong();
	}

	async #runInSavepoint(job: Job): Promise<{ value: unknown; changes: Changes }> {
		this.#memory.execute("savepoint change");
		try {
			return await this.#record(job);
		} catch (error) {
			this.#memory.execute("rollback to change");
			throw error;
		} finally {
			this.#memory.execute("release change");
		}
	}

	async #record(job: Job): Promise<{ value: unknown; changes: Changes }> {
		this.#memory.startRecording();
		try {
			const value = await job.run(this.#database);
			return { value, changes: this.#memory.stopRecording() };
		} catch (error) {
			this.#memory.stopRecording();
			throw error;
		}
	}

	#compactWhenLong(): void {
		const longest = Math.max(this.#options.compactAtBytes ?? 1 << 21, this.#snapshotBytes / 4);
		if (this.#compaction === undefined && this.#log.length >= longest) this.#startCompaction();
	}

	#startCompaction(): void {
		this.#compaction = this.#compact()
			.catch(this.#options.onCompactionError)
			.finally(() => {
				this.#snapshotBytes = newestSnapshotBytes(this.#options.directory);
				this.#compaction = undefined;
			});
	}

	/** Turns to a new log and lets a thread make a snapshot of all the ones before. */
	async #compact(): Promise<void> {
		const { directory, wasm, workerPath } = this.#options;
		const finished = this.#generation;
		const next = openLog(directory, { generation: finished + 1, length: 0 });
		this.#log.close();
		this.#log = next;
		this.#generation = finished + 1;
		const worker = new Worker(workerPath, { workerData: { directory, generation: finished, wasm } });
		await new Promise<void>((resolve, reject) => {
			worker.once("error", reject);
			worker.once("exit", (code) =>
				code === 0 ? resolve() : reject(new Error(`The thread ended with ${code}.`)),
			);
		});
	}
}

function newestSnapshotBytes(directory: string): number {
	const newest = listSnapshots(directory)[0];
	return newest === undefined ? 0 : sizeOf(newest.path);
}

/** The log to go on with, and how much of it is sound. */
interface LogPosition {
	generation: number;
	length: number;
}

function openLog(directory: string, position: LogPosition): ChangeLog {
	const log = new ChangeLog(logPath(directory, position.generation), position.length);
	syncDirectory(directory);
	return log;
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
	/** How many changes of the first of them could be read. */
	sound: number;
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
				sound: applied ? contents.entries.length : 0,
			};
		}
		position = { generation: log, length: contents.soundLength };
	}
	return { ...position, damaged: [], sound: 0 };
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

function damagedLogs(aside: readonly string[], sound: number): Notice {
	return {
		code: "data-lost",
		detail: `A change log was damaged or missing. ${sound} of its changes could be read and were kept, later ones are lost. Set aside: ${aside.join(", ")}.`,
	};
}

/** Renames a file so that it is out of the way and nothing of it is lost. Answers its new name. */
function setAside(path: string): string {
	let aside = `${path}.damaged`;
	for (let attempt = 2; existsSync(aside); attempt++) aside = `${path}.damaged-${attempt}`;
	renameSync(path, aside);
	return basename(aside);
}
