/**
 * A database in memory whose every answered change is on disk. Changes are queued and taken in groups: one that fails is
 * taken back alone, what the others did goes to the log as one line, then the group is answered and committed; when the
 * log fails, the whole group is rolled back. Reads run between groups, so they only ever see what is durable.
 */
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Notice } from "../contract.ts";
import { type Indexed, IndexFile } from "./index-file.ts";
import { ChangeLog, type Changes, sizeOf } from "./log.ts";
import type { LogPosition, Queries } from "./recovery.ts";
import { schemaVersion } from "./schema.ts";
import { listSnapshots, logPath, readSnapshot, syncDirectory } from "./snapshot.ts";
import type { MemoryDatabase, SqlJsStatic } from "./sqlite.ts";

/** SQLite, ready to run, and what it was made of: the compaction thread makes its own of that. */
export interface LoadedSqlite {
	sqlJs: SqlJsStatic;
	wasm: WebAssembly.Module;
}

export interface DurableOptions {
	/** Asked once, when the first query needs it: a start that finds an index needs none. */
	loadSqlite: () => Promise<LoadedSqlite>;
	directory: string;
	/** Of the program: an index that another version wrote is not read. */
	version: string;
	/** The script of the compaction thread. */
	workerPath: string;
	/** A snapshot is made when the log is at least this long, and half of the last snapshot. Bytes. */
	compactAtBytes?: number;
	/** The same, when the database is closed. */
	compactAtCloseBytes?: number;
	/** Whether more than one request has come since this was last asked: a sync must then hold up nobody. */
	servesOthers: () => boolean;
	/** Told when a snapshot could not be made; nothing is lost by it, for the log stays. */
	onCompactionError: (cause: unknown) => void;
	/**
	 * Told when files turn out to be damaged after a start that trusted its index, or memory does not take in what is on
	 * disk; only another start can mend either.
	 */
	onDamage: (cause: Error) => void;
}

/** A file or its disk said no; nothing of a change was kept. */
export class StorageError extends Error {
	constructor(cause: unknown, message = "The change could not be written to disk, so nothing was changed.") {
		super(message, { cause });
		this.name = "StorageError";
	}
}

/** The database as a change or a query sees it. */
export type Transaction = Queries;

interface Job {
	run: (database: Queries) => Promise<unknown>;
	resolve: (value: never) => void;
	reject: (reason: unknown) => void;
}

/** A change that is made and not yet on disk. */
interface Done {
	job: Job;
	value: unknown;
	changes: Changes;
}

/** What there is once SQLite runs. */
interface Opened extends LoadedSqlite {
	memory: MemoryDatabase;
	database: Queries;
	log: ChangeLog;
	generation: number;
	/** Looked up when it changes rather than after each group. */
	snapshotBytes: number;
}

export class DurableDatabase {
	readonly #options: DurableOptions;
	readonly #notices: Notice[] = [];
	readonly #trustsIndex: boolean;
	readonly #writes: Job[] = [];
	readonly #reads: Job[] = [];
	#index: IndexFile | undefined;
	#opened: Opened | undefined;
	#working: Promise<void> | undefined;
	#compaction: Promise<void> | undefined;
	/** Why nothing is accepted any more: it is closed, or memory lacks what is on disk. */
	#ended: Error | undefined;

	static async open(options: DurableOptions): Promise<DurableDatabase> {
		const { directory } = options;
		for (const name of readdirSync(directory)) if (isAbandoned(name)) rmSync(join(directory, name));
		const database = new DurableDatabase(options, IndexFile.read(directory, schemaVersion, options.version));
		if (!database.#trustsIndex) await database.#open();
		return database;
	}

	private constructor(options: DurableOptions, index: IndexFile | undefined) {
		this.#options = options;
		this.#index = index;
		this.#trustsIndex = index !== undefined;
	}

	/** What a person has to know about how the data was found. */
	get notices(): readonly Notice[] {
		return this.#notices;
	}

	/** What was in memory at the last stop, once; undefined where that has to be read by queries. */
	takeIndex(): IndexFile | undefined {
		const index = this.#index;
		this.#index = undefined;
		return index;
	}

	/**
	 * Runs a change alone and to its end; answers when it is on disk. A change that throws leaves nothing behind.
	 * @throws StorageError when the log can't be written.
	 */
	write<Result>(run: (database: Queries) => Promise<Result>): Promise<Result> {
		return this.#enqueue(this.#writes, run);
	}

	/** Runs a query that changes nothing. */
	read<Result>(run: (database: Queries) => Promise<Result>): Promise<Result> {
		return this.#enqueue(this.#reads, run);
	}

	/**
	 * Waits for what was asked for, then closes. Nothing may be asked for afterwards.
	 * @param indexed tells what is in memory, for the next start.
	 */
	async close(indexed?: () => Indexed): Promise<void> {
		await this.#settled();
		const opened = this.#opened;
		// The next start then has little to replay.
		if (opened !== undefined && opened.log.length >= (this.#options.compactAtCloseBytes ?? 1 << 18)) {
			this.#startCompaction(opened);
			// Meanwhile somebody may still have changed something.
			await this.#settled();
		}
		this.#ended ??= new Error("The database is closed.");
		// Whatever was never opened is as its index says.
		if (opened === undefined) return;
		this.#opened = undefined;
		opened.log.close();
		opened.memory.close();
		if (indexed === undefined) return;
		// What was answered last has to be in memory too, and whoever was answered takes it in only now.
		await new Promise(setImmediate);
		IndexFile.write(this.#options.directory, schemaVersion, this.#options.version, indexed());
	}

	/** Fulfils at a moment when nothing is being written: a log that is closed under a line would cut it off. */
	async #settled(): Promise<void> {
		while (this.#working !== undefined || this.#compaction !== undefined) {
			await this.#working;
			await this.#compaction;
		}
	}

	/** Settles when no snapshot is being made. */
	async compacted(): Promise<void> {
		await this.#compaction;
	}

	#enqueue<Result>(queue: Job[], run: (database: Queries) => Promise<Result>): Promise<Result> {
		return new Promise<Result>((resolve, reject) => {
			queue.push({ run, resolve, reject });
			this.#working ??= this.#work();
		});
	}

	async #work(): Promise<void> {
		// What arrives in the same turn shares the group.
		await Promise.resolve();
		while (this.#reads.length + this.#writes.length > 0) {
			const opened = this.#opened ?? (await this.#openForJobs());
			if (opened === undefined) continue;
			for (const job of this.#reads.splice(0)) await this.#read(opened, job);
			if (this.#writes.length > 0) await this.#writeGroup(opened, this.#writes.splice(0));
		}
		// In the same turn as the last look at the queues, or a job could fall between them.
		this.#working = undefined;
	}

	/** undefined: nobody's job can be done. The next one tries again. */
	async #openForJobs(): Promise<Opened | undefined> {
		try {
			return await this.#open();
		} catch (cause) {
			const error = new StorageError(
				cause,
				"The token database could not be opened, so nothing was changed.",
			);
			for (const job of [...this.#reads.splice(0), ...this.#writes.splice(0)]) job.reject(error);
			return undefined;
		}
	}

	async #open(): Promise<Opened> {
		if (this.#ended !== undefined) throw this.#ended;
		const { directory, loadSqlite, onDamage } = this.#options;
		if (this.#trustsIndex) refuseDamage(directory, onDamage);
		const { recover } = await import("./recovery.ts");
		const loaded = await loadSqlite();
		const { memory, database, position, notices } = await recover(loaded.sqlJs, directory);
		this.#notices.push(...notices);
		const log = openLog(directory, position);
		const { generation } = position;
		const snapshotBytes = newestSnapshotBytes(directory);
		this.#opened = { ...loaded, memory, database, log, generation, snapshotBytes };
		return this.#opened;
	}

	async #read({ database }: Opened, job: Job): Promise<void> {
		try {
			job.resolve((await job.run(database)) as never);
		} catch (error) {
			job.reject(error);
		}
	}

	async #writeGroup(opened: Opened, jobs: Job[]): Promise<void> {
		const { memory, database, log } = opened;
		memory.execute("begin");
		const done: Done[] = [];
		for (const job of jobs) {
			const { unsaved } = database.settings;
			try {
				done.push({ job, ...(await this.#record(opened, job)) });
			} catch (error) {
				takeBack(opened, done, unsaved);
				job.reject(error);
			}
		}
		try {
			const changes = [...done.flatMap((each) => each.changes), ...saveSettings(opened)];
			const others = this.#options.servesOthers() || jobs.length > 1 ? "served" : "none";
			if (changes.length > 0) await log.append(changes, others);
		} catch (cause) {
			rollBack(opened);
			for (const { job } of done) job.reject(new StorageError(cause));
			return;
		}
		for (const { job, value } of done) job.resolve(value as never);
		// Once it is on disk it counts, and whoever waits goes first. Nobody reads before it is in memory, too.
		await new Promise(setImmediate);
		try {
			memory.execute("commit");
		} catch (cause) {
			return this.#giveUp(
				new Error("Memory lacks what is on disk; only another start can mend that.", { cause }),
			);
		}
		this.#compactWhenLong(opened);
	}

	#giveUp(damage: Error): void {
		this.#ended = damage;
		this.#opened = undefined;
		this.#options.onDamage(damage);
	}

	async #record({ memory, database }: Opened, job: Job): Promise<{ value: unknown; changes: Changes }> {
		memory.startRecording();
		try {
			const value = await job.run(database);
			return { value, changes: memory.stopRecording() };
		} catch (error) {
			memory.stopRecording();
			throw error;
		}
	}

	#compactWhenLong(opened: Opened): void {
		const longest = Math.max(this.#options.compactAtBytes ?? 1 << 22, opened.snapshotBytes / 2);
		if (this.#compaction === undefined && opened.log.length >= longest) this.#startCompaction(opened);
	}

	#startCompaction(opened: Opened): void {
		this.#compaction = this.#compact(opened)
			.catch(this.#options.onCompactionError)
			.finally(() => {
				opened.snapshotBytes = newestSnapshotBytes(this.#options.directory);
				this.#compaction = undefined;
			});
	}

	/** Turns to a new log and lets a thread make a snapshot of all the ones before. */
	async #compact(opened: Opened): Promise<void> {
		const { directory, workerPath } = this.#options;
		const { wasm, generation } = opened;
		const next = openLog(directory, { generation: generation + 1, length: 0 });
		const before = opened.log;
		opened.log = next;
		opened.generation = generation + 1;
		before.close();
		const { Worker } = await import("node:worker_threads");
		const worker = new Worker(workerPath, { workerData: { directory, generation, wasm } });
		await new Promise<void>((resolve, reject) => {
			worker.once("error", reject);
			worker.once("exit", (code) =>
				code === 0 ? resolve() : reject(new Error(`The thread ended with ${code}.`)),
			);
		});
	}
}

function rollBack({ memory, database }: Opened, unsaved: ReadonlyMap<string, string> = new Map()): void {
	memory.execute("rollback");
	database.settings.rollBack(unsaved);
}

/** What that did, for the log. */
function saveSettings({ memory, database }: Opened): Changes {
	memory.startRecording();
	database.settings.save();
	return memory.stopRecording();
}

/** Leaves the group as its other changes made it. To do those again is rare, and a savepoint for each would not be. */
function takeBack(opened: Opened, done: readonly Done[], unsaved: ReadonlyMap<string, string>): void {
	rollBack(opened, unsaved);
	opened.memory.execute("begin");
	for (const { changes } of done) for (const change of changes) opened.memory.apply(change);
}

/** What a crash has left half-written. A lock may be written at this moment, by one that is about to find this one. */
function isAbandoned(name: string): boolean {
	return name.endsWith(".tmp") && !name.startsWith("lock-");
}

function newestSnapshotBytes(directory: string): number {
	const newest = listSnapshots(directory)[0];
	return newest === undefined ? 0 : sizeOf(newest.path);
}

function openLog(directory: string, position: LogPosition): ChangeLog {
	const log = new ChangeLog(logPath(directory, position.generation), position.length);
	syncDirectory(directory);
	return log;
}

/** The index was trusted before the snapshot was read. What is in memory may then be more than what can be saved. */
function refuseDamage(directory: string, onDamage: (cause: Error) => void): void {
	const newest = listSnapshots(directory)[0];
	if (newest !== undefined && readSnapshot(newest) !== undefined) return;
	IndexFile.remove(directory);
	const damage = new Error("The token database is damaged; only another start can save what is left of it.");
	onDamage(damage);
	throw damage;
}
