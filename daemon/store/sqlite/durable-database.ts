/**
 * A database in memory whose every answered change is on disk. Changes are queued and run in groups: one that fails is
 * rolled back alone, the changes of the others become one line of the log, then the group is answered and committed. When
 * the log fails, the whole group is rolled back. Reads run between groups, so they see only what is durable.
 */
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Notice } from "../../contract.ts";
import { type Committed, StorageError } from "../store.ts";
import type { AuditFiles } from "./audit-files.ts";
import { ChangeLog, createLog, type Urgency } from "./change-log.ts";
import { runCompaction } from "./compaction-child.ts";
import type { Connection } from "./connection.ts";
import { checkAudit, checkSpareSnapshot } from "./file-check.ts";
import { type Done, endsTokens, entryOf, type Job, record, rollBack, takeBack } from "./group.ts";
import { type Indexed, IndexFile } from "./index-file.ts";
import type { SqlJsStatic } from "./memory-database.ts";
import { schemaVersion } from "./schema.ts";
import { defaultCompactAtBytes, isAbandoned, newestSnapshotBytes } from "./snapshot.ts";

export interface DurableOptions {
	/** Called once, when the first query needs it: a start with an index needs none. */
	loadSqlite: () => Promise<SqlJsStatic>;
	directory: string;
	/** Of the program: the index of another version is ignored. */
	version: string;
	/** The script of the compaction process, and SQLite for it. */
	compaction: { script: string; wasm: string };
	/** A snapshot is made when the logs since the last one have at least this length. Bytes. */
	compactAtBytes?: number;
	/** The same, when the database is closed. */
	compactAtCloseBytes?: number;
	/** A stop waits for no snapshot that is larger: it would take a second or longer. */
	quickSnapshotBytes?: number;
	/** With more tokens, an orderly stop writes no index: that would take longer than it saves. */
	indexedTokens?: number;
	/** Whether more than one request has come since the last call: then a sync must not block this thread. */
	servesOthers: () => boolean;
	/** Receives the cause when no snapshot could be made; nothing is lost, since the log is kept. */
	onCompactionError: (cause: unknown) => void;
	/** Receives the cause when a file could not be checked, or one of audit events not be removed: the next time tries again. */
	onAuditError: (cause: unknown) => void;
	/** Called when memory does not accept what is on disk. Only another start can repair that. */
	onDamage: (cause: Error) => void;
}

/** What exists once SQLite runs. */
interface Opened {
	connection: Connection;
	audit: AuditFiles;
	log: ChangeLog;
	generation: number;
	/** The length of the logs between the snapshot and this one. */
	earlierBytes: number;
	/** The length of the logs at the last attempt to make a snapshot; 0 after a success. */
	triedBytes: number;
	/** Of the newest snapshot; read when it changes rather than after each group. */
	snapshotBytes: number;
}

export class DurableDatabase {
	readonly #options: DurableOptions;
	readonly notices: Notice[] = [];
	readonly #writes: Job[] = [];
	readonly #reads: Job[] = [];
	#index: IndexFile | undefined;
	#opened: Opened | undefined;
	#working: Promise<void> | undefined;
	#compaction: { ended: Promise<void>; abandonment: AbortController } | undefined;
	#fileCheck: Promise<void> | undefined;
	#isChanged = false;
	/** While a group of changes runs and is written. */
	#changing: Connection | undefined;
	#listener: (committed: Committed) => void = () => {};
	/** Why nothing is accepted any more: it is closed, or memory lacks what is on disk. */
	#ended: Error | undefined;

	static async open(options: DurableOptions): Promise<DurableDatabase> {
		const { directory } = options;
		for (const name of readdirSync(directory))
			if (isAbandoned(name)) rmSync(join(directory, name), { force: true });
		const database = new DurableDatabase(options, IndexFile.read(directory, schemaVersion, options.version));
		if (database.#index === undefined) await database.#open();
		return database;
	}

	private constructor(options: DurableOptions, index: IndexFile | undefined) {
		this.#options = options;
		this.#index = index;
	}

	/** See `Store.onCommitted`. */
	onCommitted(listener: (committed: Committed) => void): void {
		this.#listener = listener;
	}

	/** The index of the last stop, until SQLite is loaded. */
	get index(): IndexFile | undefined {
		return this.#index;
	}

	/**
	 * Runs a change alone and to its end; resolves when it is on disk. A change that throws leaves nothing behind.
	 * @throws StorageError when the log can't be written.
	 */
	write<Result>(run: (connection: Connection) => Promise<Result>): Promise<Result> {
		return this.#enqueue(this.#writes, run);
	}

	/** Runs a query that changes nothing. */
	read<Result>(run: (connection: Connection) => Promise<Result>): Promise<Result> {
		return this.#enqueue(this.#reads, run);
	}

	/**
	 * Runs a query about the token with the hash alone: beside a long change, at once, where that has not touched it. So a
	 * verification does not wait for a restore.
	 */
	readToken<Result>(hash: string, run: (connection: Connection) => Promise<Result>): Promise<Result> {
		const connection = this.#changing;
		return connection === undefined || connection.touched.has(hash) ? this.read(run) : run(connection);
	}

	/** Opens the database, and checks its files: what is damaged is in `notices` then. */
	async examine(): Promise<void> {
		await this.read(async () => {});
		await this.#fileCheck;
	}

	/** The audit events that are on disk. */
	async audit(): Promise<AuditFiles> {
		await this.read(async () => {});
		if (this.#opened === undefined) throw new StorageError(this.#ended);
		return this.#opened.audit;
	}

	/**
	 * Finishes what was requested, then closes. Nothing is accepted afterwards.
	 * @param indexed makes the index for the next start; undefined: it is too large.
	 */
	async close(indexed: (connection: Connection, mostTokens: number) => Indexed | undefined): Promise<void> {
		await this.#settled();
		const last = this.#opened;
		// The next start then has little to replay.
		if (last !== undefined && last.log.length >= (this.#options.compactAtCloseBytes ?? 1 << 18)) {
			if (last.snapshotBytes + last.log.length <= this.#quickBytes) this.#startCompaction(last);
		}
		while (this.#isBusy) await this.#settled();
		// From here on in one turn, or a change could begin in between.
		this.#ended ??= new Error("The database is closed.");
		const opened = this.#opened;
		// Without SQLite, nothing has changed since the index was written.
		if (opened === undefined) return;
		this.#opened = undefined;
		const { directory, version } = this.#options;
		if (!this.#isChanged && IndexFile.read(directory, schemaVersion, version) !== undefined)
			opened.log.close();
		else opened.log.end(this.#writeIndex(opened, indexed));
		opened.connection.memory.close();
	}

	/** Answers its checksum; null: there is none. */
	#writeIndex(
		{ connection, log }: Opened,
		indexed: (connection: Connection, mostTokens: number) => Indexed | undefined,
	): string | null {
		const { directory, version, indexedTokens = 20_000 } = this.#options;
		const index = indexed(connection, indexedTokens);
		try {
			if (index !== undefined)
				return IndexFile.write(
					directory,
					{ schema: schemaVersion, version, logLines: log.lines, logBytes: log.length },
					index,
				);
		} catch (cause) {
			// On a full disk, the next start does without.
			this.#options.onCompactionError(cause);
		}
		IndexFile.remove(directory);
		return null;
	}

	/** To close a log under a line would cut it off. */
	get #isBusy(): boolean {
		return [this.#working, this.#compaction, this.#fileCheck].some((work) => work !== undefined);
	}

	async #settled(): Promise<void> {
		while (this.#isBusy) {
			await this.#working;
			await this.#fileCheck;
			if ((this.#opened?.snapshotBytes ?? 0) > this.#quickBytes) this.#compaction?.abandonment.abort();
			await this.#compaction?.ended;
		}
	}

	get #quickBytes(): number {
		return this.#options.quickSnapshotBytes ?? 16 << 20;
	}

	/** Resolves when no snapshot is being made. */
	async compacted(): Promise<void> {
		await this.#compaction?.ended;
	}

	#enqueue<Result>(queue: Job[], run: (connection: Connection) => Promise<Result>): Promise<Result> {
		return new Promise<Result>((resolve, reject) => {
			queue.push({ run, resolve, reject });
			this.#working ??= this.#work();
		});
	}

	async #work(): Promise<void> {
		// Changes of the same turn of the event loop share a group.
		await Promise.resolve();
		while (this.#reads.length + this.#writes.length > 0) {
			const opened = this.#opened ?? (await this.#openForJobs());
			if (opened === undefined) continue;
			for (const job of this.#reads.splice(0)) await this.#read(opened, job);
			if (this.#writes.length === 0) continue;
			this.#changing = opened.connection;
			await this.#writeGroup(opened, this.#writes.splice(0));
			this.#changing = undefined;
		}
		// In the same turn as the last look at the queues, or a job could fall between them.
		this.#working = undefined;
	}

	/** undefined: no job can be done. The next one tries again. */
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
		const { directory, loadSqlite } = this.#options;
		const { recover } = await import("./recovery.ts");
		const { connection, audit, position, replayedBytes, notices } = await recover(
			await loadSqlite(),
			directory,
		);
		this.notices.push(...notices);
		const { generation } = position;
		const log = new ChangeLog(directory, generation, position);
		const earlierBytes = Math.max(0, replayedBytes - position.bytes);
		const snapshotBytes = newestSnapshotBytes(directory);
		this.#opened = { connection, audit, log, generation, earlierBytes, triedBytes: 0, snapshotBytes };
		this.#index = undefined;
		this.#fileCheck = this.#checkFiles(this.#opened).finally(() => {
			this.#fileCheck = undefined;
		});
		return this.#opened;
	}

	async #checkFiles(opened: Opened): Promise<void> {
		const { directory, onAuditError } = this.#options;
		const [audit, spare] = await Promise.all(
			[checkAudit(opened.audit), checkSpareSnapshot(directory)].map((check) =>
				check.catch((cause): Notice[] => {
					onAuditError(cause);
					return [];
				}),
			),
		);
		this.notices.push(...(audit ?? []), ...(spare ?? []));
		// So that there are two again.
		if (spare?.length === 1) await this.read(async () => this.#startCompaction(opened)).catch(onAuditError);
	}

	async #read({ connection }: Opened, job: Job): Promise<void> {
		try {
			job.resolve((await job.run(connection)) as never);
		} catch (error) {
			job.reject(error);
		}
	}

	async #writeGroup(opened: Opened, jobs: Job[], urgency: Urgency = "ordinary"): Promise<void> {
		const { connection } = opened;
		connection.memory.execute("begin");
		connection.touched.clear();
		const done: Done[] = [];
		for (const job of jobs) {
			const { unsaved } = connection.settings;
			try {
				done.push({ job, ...(await record(connection, job)) });
			} catch (error) {
				takeBack(connection, done, unsaved);
				job.reject(error);
			}
		}
		try {
			const entry = entryOf(connection, done);
			const others = this.#options.servesOthers() || jobs.length > 1 ? "served" : "none";
			if (entry.statements.length + entry.events.length > 0) {
				// It tells the state after which nothing has changed.
				if (!this.#isChanged) IndexFile.remove(this.#options.directory);
				await opened.log.append(entry, others, urgency);
			}
		} catch (cause) {
			rollBack(connection);
			return this.#refuse(opened, done, urgency, cause);
		}
		this.#isChanged = true;
		for (const each of done) this.#answer(opened, each);
		// The answers go out first. No read runs before the change is in memory, too.
		await new Promise(setImmediate);
		try {
			connection.memory.execute("commit");
		} catch (cause) {
			return this.#giveUp(
				new Error("Memory lacks what is on disk; only another start can repair that.", { cause }),
			);
		}
		this.#compactWhenLong(opened);
	}

	/** Changes that end tokens have the room that is kept for them. */
	async #refuse(opened: Opened, done: readonly Done[], urgency: Urgency, cause: unknown): Promise<void> {
		const urgent = urgency === "ordinary" ? done.filter(({ recorded }) => endsTokens(recorded)) : [];
		for (const each of done) if (!urgent.includes(each)) each.job.reject(new StorageError(cause));
		if (urgent.length > 0)
			await this.#writeGroup(
				opened,
				urgent.map(({ job }) => job),
				"ending",
			);
	}

	#answer({ audit }: Opened, { job, value, recorded, events }: Done): void {
		audit.add(events);
		this.#listener(recorded.committed);
		job.resolve(value as never);
		if (recorded.purgedTo !== undefined) this.#purge(audit, recorded.purgedTo);
	}

	/** The purge is already on disk: a file that can't be removed must not fail it, nor the rest of the group. */
	#purge(audit: AuditFiles, tail: number): void {
		try {
			audit.purge(tail);
		} catch (cause) {
			this.#options.onAuditError(cause);
		}
	}

	#giveUp(damage: Error): void {
		this.#ended = damage;
		this.#opened = undefined;
		this.#options.onDamage(damage);
	}

	#compactWhenLong(opened: Opened): void {
		const longest = this.#options.compactAtBytes ?? defaultCompactAtBytes(opened.snapshotBytes);
		const bytes = opened.earlierBytes + opened.log.length;
		// After a failure, such as a full disk, the next attempt waits for as many changes again.
		if (bytes - opened.triedBytes >= longest) this.#startCompaction(opened);
	}

	/** To be called between groups, since it closes the log. */
	#startCompaction(opened: Opened): void {
		if (this.#compaction !== undefined) return;
		const abandonment = new AbortController();
		const ended = this.#compact(opened, abandonment.signal)
			.catch(this.#options.onCompactionError)
			.finally(() => {
				this.#compaction = undefined;
			});
		this.#compaction = { ended, abandonment };
	}

	/** Begins a new log, and has a process make a snapshot of all logs before it. */
	async #compact(opened: Opened, abandoned: AbortSignal): Promise<void> {
		const { directory, compaction } = this.#options;
		const { generation } = opened;
		const before = opened.log;
		// First, so that a log that can't be opened counts as an attempt, too.
		opened.triedBytes = opened.earlierBytes + before.length;
		const next = new ChangeLog(directory, generation + 1, createLog(directory, generation + 1, before.lines));
		opened.log = next;
		opened.generation = generation + 1;
		opened.earlierBytes += before.length;
		before.close();
		await runCompaction(compaction, { directory, generation, abandoned });
		if (abandoned.aborted) return;
		opened.earlierBytes = 0;
		opened.triedBytes = 0;
		opened.snapshotBytes = newestSnapshotBytes(directory);
		opened.audit.refresh();
	}
}
