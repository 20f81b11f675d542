/**
 * Changes: those of one moment are one transaction of the database, under a lock that all replicas take. So a rule that reads
 * before it writes sees all changes, the audit is one chain, and the numbers of changes are those of their commits.
 */
import { randomUUID } from "node:crypto";
import pg from "pg";
import {
	type ChainEnd,
	ChangeUncertain,
	StorageError,
	StoreUnreachable,
	type Transaction,
} from "../store.ts";
import type { Link } from "./connect.ts";
import { textsOf } from "./replica.ts";
import { locks } from "./schema.ts";
import { chainEnd, PostgresTransaction, type Recorded } from "./transaction.ts";

interface Job {
	run: (transaction: Transaction) => Promise<unknown>;
	resolve: (value: never) => void;
	reject: (reason: unknown) => void;
}

interface Done {
	job: Job;
	value: unknown;
	recorded: Recorded;
}

export interface WriterOptions {
	/** Opens a connection to the host that takes changes. */
	connect: () => Promise<Link>;
	/** Resolves when the change counts everywhere. */
	settle: (number: number) => Promise<void>;
}

/** So that the lock is free for other replicas soon. */
const mostInBatch = 64;

export class Writer {
	readonly #options: WriterOptions;
	#link: Link | undefined;
	readonly #jobs: Job[] = [];
	#working: Promise<void> | undefined;
	readonly #settling = new Set<Promise<void>>();
	#isClosed = false;

	constructor(options: WriterOptions) {
		this.#options = options;
	}

	write<Result>(run: (transaction: Transaction) => Promise<Result>): Promise<Result> {
		if (this.#isClosed) return Promise.reject(new StorageError(new Error("The database is closed.")));
		return new Promise<Result>((resolve, reject) => {
			this.#jobs.push({ run, resolve, reject });
			this.#working ??= this.#work();
		});
	}

	/** Finishes what was requested. */
	async close(): Promise<void> {
		this.#isClosed = true;
		await this.#working;
		await Promise.all(this.#settling);
		await this.#link?.close();
	}

	async #work(): Promise<void> {
		// Changes of the same turn of the event loop share a batch.
		await Promise.resolve();
		while (this.#jobs.length > 0) await this.#writeBatch(this.#jobs.splice(0, mostInBatch));
		this.#working = undefined;
	}

	async #writeBatch(jobs: readonly Job[]): Promise<void> {
		const batch = randomUUID();
		const done: Done[] = [];
		let isCommitting = false;
		try {
			const link = await this.#connected();
			await runAll(link, await begin(link), jobs, done);
			if (done.every(({ recorded }) => isEmpty(recorded))) {
				await link.query("commit");
				answer(done);
				return;
			}
			const number = await announce(link, batch, done);
			isCommitting = true;
			await link.query("commit");
			this.#settle(number, done);
		} catch (cause) {
			if (this.#link?.isOpen) await this.#link.query("rollback").catch(() => undefined);
			const number = isCommitting ? await this.#findOut(batch) : undefined;
			if (number === "unknown") refuse(jobs, new ChangeUncertain(cause));
			else if (number === undefined) refuse(jobs, errorFor(cause));
			else this.#settle(number, done);
		}
	}

	/** Answers when the change counts everywhere; the next batch need not wait for that. */
	#settle(number: number, done: readonly Done[]): void {
		const settling = this.#options.settle(number).then(() => {
			answer(done);
			this.#settling.delete(settling);
		});
		this.#settling.add(settling);
	}

	/** Whether a batch whose commit was not answered was committed: under the lock, since its server may still be at it. */
	async #findOut(batch: string): Promise<number | undefined | "unknown"> {
		try {
			const link = await this.#connected();
			await begin(link);
			const { rows } = await link.query({
				text: 'select "number" from "changes" where "batch" = $1 limit 1',
				values: [batch],
			});
			await link.query("rollback");
			return rows[0] === undefined ? undefined : Number(rows[0].number);
		} catch {
			return "unknown";
		}
	}

	async #connected(): Promise<Link> {
		if (!this.#link?.isOpen) this.#link = await this.#options.connect();
		return this.#link;
	}
}

function answer(done: readonly Done[]): void {
	for (const { job, value } of done) job.resolve(value as never);
}

/** Those that were refused before stay so. */
function refuse(jobs: readonly Job[], error: unknown): void {
	for (const job of jobs) job.reject(error);
}

/** Answers the end of the audit chain, as it stays until the commit. */
async function begin(link: Link): Promise<ChainEnd> {
	const results = (await link.query(
		`begin; select pg_advisory_xact_lock(${locks.changes}); select "value" from "settings" where "name" = 'auditHead'`,
	)) as unknown as pg.QueryResult[];
	const value = results[2]?.rows[0]?.value;
	return chainEnd(value === undefined ? undefined : JSON.parse(value));
}

/** A job that throws is rejected, and leaves nothing behind; one that is alone ends the transaction. */
async function runAll(link: Link, start: ChainEnd, jobs: readonly Job[], done: Done[]): Promise<void> {
	let head = start;
	for (const job of jobs) {
		if (jobs.length > 1) await link.query("savepoint job");
		const transaction = new PostgresTransaction(link, head);
		try {
			const value = await job.run(transaction);
			done.push({ job, value, recorded: transaction.recorded });
			head = await transaction.chainHead();
		} catch (error) {
			if (jobs.length === 1 || !link.isOpen) throw error;
			await link.query("rollback to savepoint job");
			job.reject(errorFor(error));
		}
	}
}

/** The audit events, the number of the change, and its announcement, which the commit sends. */
async function announce(link: Link, batch: string, done: readonly Done[]): Promise<number> {
	const events = done.flatMap(({ recorded }) => recorded.events);
	const last = events.at(-1);
	if (last !== undefined) {
		await link.query({
			name: "append-events",
			text: `with "head" as (
					insert into "settings" values ('auditHead', $8) on conflict ("name") do update set "value" = excluded."value"
				) insert into "auditEvents" select * from unnest($1::bigint[], $2::timestamptz[], $3::text[], $4::text[],
					$5::text[], $6::text[], $7::text[])`,
			values: [
				events.map(({ sequence }) => sequence),
				events.map(({ date }) => date),
				events.map(({ tokenId }) => tokenId),
				events.map(({ action }) => action),
				events.map(({ actor }) => actor.userId),
				events.map(({ actor }) => actor.userName),
				events.map((event) => JSON.stringify(event)),
				JSON.stringify({ sequence: last.sequence, hash: last.hash }),
			],
		});
	}
	const { rows } = await link.query({
		name: "announce",
		text: `with "head" as (
				insert into "settings" values ('changeNumber', '1')
				on conflict ("name") do update set "value" = ("settings"."value"::bigint + 1)::text
				returning "value"::bigint as "number"
			), "written" as (
				insert into "changes" ("number", "part", "batch", "committed")
				select "head"."number", "part"."place" - 1, $1, "part"."text"
				from "head", unnest($2::text[]) with ordinality as "part" ("text", "place")
			) select "number", pg_notify('tokensmith_changes', "number"::text) from "head"`,
		values: [batch, textsOf(done.map(({ recorded }) => recorded))],
	});
	return Number(rows[0]?.number);
}

function isEmpty({ tokens, events, settings }: Recorded): boolean {
	return tokens.length + events.length + settings.size === 0;
}

/** SQLSTATE 53100: the disk is full; 55P03, 57014: it took too long. */
function errorFor(cause: unknown): unknown {
	if (!(cause instanceof pg.DatabaseError)) return cause;
	const { code = "" } = cause;
	if (code === "53100")
		return new StorageError(cause, "The database's disk is full, so nothing was changed.");
	if (code === "55P03" || code === "57014")
		return new StoreUnreachable(cause, "The database is too busy, so nothing was changed.");
	return new StorageError(cause, "The database refused the change, so nothing was changed.");
}
