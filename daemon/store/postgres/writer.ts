/**
 * Changes: those of one moment are one transaction of the database, under a lock that all replicas take. So a rule that reads
 * before it writes sees all changes, the audit is one chain, and the numbers of changes are those of their commits. What need not
 * be waited for is sent at once: a change without reads takes one way to the database and back, from its begin to its commit. Its
 * audit events continue the chain from where this replica expects its end; if it has another one by then, all is done again.
 */
import { randomUUID } from "node:crypto";
import pg from "pg";
import {
	ChangeUncertain,
	type Committed,
	StorageError,
	StoreUnreachable,
	type Transaction,
} from "../store.ts";
import type { Other } from "./acknowledgements.ts";
import { announcementOf } from "./announcement.ts";
import { textsOf } from "./committed-text.ts";
import type { Link } from "./connect.ts";
import type { OwnChange } from "./replica.ts";
import { PostgresTransaction } from "./transaction.ts";
import { ExpectedEnd, isInTurn, Turn } from "./turn.ts";

interface Job {
	run: (transaction: Transaction) => Promise<unknown>;
	resolve: (value: never) => void;
	reject: (reason: unknown) => void;
}

/** Where a batch is written. */
interface Place {
	link: Link;
	turn: Turn;
}

interface Done {
	job: Job;
	value: unknown;
	transaction: PostgresTransaction;
}

export interface WriterOptions {
	/** Opens a connection to the host that takes changes. */
	connect: () => Promise<Link>;
	/** The id of this replica, which announcements contain for the acknowledgements. */
	replica: string;
	/** The replicas that have to read a change which was committed before this is sent. */
	others: (link: Link) => Promise<Other[]>;
	/** Resolves when the change counts everywhere. */
	settle: (change: OwnChange) => Promise<void>;
}

/** So that the lock is free for other replicas soon. */
const mostInBatch = 64;

export class Writer {
	readonly #options: WriterOptions;
	#link: Link | undefined;
	readonly #jobs: Job[] = [];
	#working: Promise<void> | undefined;
	readonly #settling = new Set<Promise<void>>();
	readonly #expected = new ExpectedEnd();
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

	/** A change of any replica was applied. */
	follow({ events }: Committed): void {
		const last = events.at(-1);
		if (last !== undefined) this.#expected.follow(last);
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
		const left = new Set(jobs);
		const done: Done[] = [];
		let isCommitting = false;
		let turn: Turn | undefined;
		try {
			const link = await this.#connected();
			turn = this.#begin(link);
			await runAll({ link, turn }, left, done);
			isCommitting = true;
			await this.#commit({ link, turn }, batch, done);
		} catch (cause) {
			if (this.#link?.isOpen) await this.#link.query("rollback").catch(() => undefined);
			if (cause instanceof WrongGuess) return this.#writeBatch([...left]);
			if (turn?.failure instanceof pg.DatabaseError) return this.#refuseAll(left, turn.failure);
			const isUncertain = isCommitting && !(cause instanceof Undone);
			const outcome = isUncertain ? await this.#findOut(batch, done) : "undone";
			if (outcome === "undone") await this.#refuse(left, cause instanceof Undone ? cause.cause : cause);
			else if (outcome === "unknown") refuse(left, new ChangeUncertain(cause));
			else if (outcome.number === undefined) answer(done);
			else this.#settle({ number: outcome.number, batch, committed: committedBy(done) }, done);
		}
	}

	/** One of a batch fails alone: the others are done again. */
	async #refuse(jobs: ReadonlySet<Job>, cause: unknown): Promise<void> {
		if (jobs.size === 1) return refuse(jobs, errorFor(cause));
		// The cause may be one of them alone.
		if (!this.#link?.isOpen) return refuse(jobs, new StoreUnreachable(cause));
		for (const job of jobs) await this.#writeBatch([job]);
	}

	/** Others have the turn for so long that a change which waits behind these would wait for too long. */
	#refuseAll(jobs: ReadonlySet<Job>, cause: unknown): void {
		refuse(new Set([...jobs, ...this.#jobs.splice(0)]), errorFor(cause));
	}

	#begin(link: Link): Turn {
		const turn = new Turn(link, this.#expected.guess);
		turn.taken.then(
			(end) => this.#expected.compare(end),
			() => undefined,
		);
		return turn;
	}

	/** Sends everything at once: a commit after a failure takes all back. @throws Undone, or WrongGuess */
	async #commit({ link, turn }: Place, batch: string, done: readonly Done[]): Promise<void> {
		const committed = announcedBy(done);
		const isEmpty = committed.length === 0;
		const written = done.map(({ transaction }) => transaction.settled());
		const announced = isEmpty ? 0 : announce({ link, turn }, [batch, this.#options.replica], committed);
		const ended = link.query("commit");
		const others = isEmpty ? undefined : this.#options.others(link).catch(() => undefined);
		const results = await Promise.allSettled([turn.taken, ...written, announced]);
		const failure = results.find(({ status }) => status === "rejected") as PromiseRejectedResult | undefined;
		const { command } = await ended;
		if (failure?.reason instanceof WrongGuess) throw failure.reason;
		if (failure !== undefined || command !== "COMMIT") throw new Undone(failure?.reason);
		for (const one of committed) this.follow(one);
		if (isEmpty) answer(done);
		else this.#settle({ number: await announced, batch, committed, others: await others }, done);
	}

	/** Answers when the change counts everywhere; the next batch need not wait for that. */
	#settle(change: OwnChange, done: readonly Done[]): void {
		const settling = this.#options.settle(change).then(() => {
			answer(done);
			this.#settling.delete(settling);
		});
		this.#settling.add(settling);
	}

	/**
	 * Whether a batch whose commit was not answered was committed. Under the lock, since its server may still be at it; where the
	 * batch has not even begun, since it is still on its way, it is refused whenever it arrives.
	 */
	async #findOut(batch: string, done: readonly Done[]): Promise<Outcome> {
		const [counted] = done.flatMap(({ transaction }) => transaction.countedIn ?? []);
		try {
			const link = await this.#connected();
			await this.#begin(link).taken;
			const { rows } = await link.query({ text: lookUp, values: [batch, counted ?? null] });
			await link.query("commit");
			const { number, hasCounted } = rows[0] ?? {};
			if (number !== null) return { number: Number(number) };
			return hasCounted === true ? {} : "undone";
		} catch {
			return "unknown";
		}
	}

	async #connected(): Promise<Link> {
		if (!this.#link?.isOpen) this.#link = await this.#options.connect();
		return this.#link;
	}
}

/** Of a batch that was committed, its number, if it has one: counts of use have none. */
type Outcome = { number?: number } | "undone" | "unknown";

/** The batch is certainly not committed. */
class Undone extends Error {
	constructor(cause: unknown) {
		super("Nothing of the batch was committed.", { cause });
	}
}

/** The chain did not end as was expected, so the batch is not committed. */
class WrongGuess extends Error {}

function answer(done: readonly Done[]): void {
	for (const { job, value } of done) job.resolve(value as never);
}

/** Those that were refused before stay so. */
function refuse(jobs: ReadonlySet<Job>, error: unknown): void {
	for (const job of jobs) job.reject(error);
}

/**
 * Runs the jobs, each of which sees what those before have changed, and moves them from `left` to `done`. One that a rule refuses
 * before it has written anything is rejected; whatever else fails ends the transaction.
 */
async function runAll({ link, turn }: Place, left: Set<Job>, done: Done[]): Promise<void> {
	const jobs = [...left];
	let head = () => turn.chainHead();
	for (const job of jobs) {
		const transaction = new PostgresTransaction(link, turn, head);
		try {
			const value = await job.run(transaction);
			done.push({ job, value, transaction });
			head = () => transaction.chainHead();
		} catch (error) {
			await transaction.settled();
			const isOwn = !transaction.hasWritten && !(error instanceof pg.DatabaseError) && link.isOpen;
			if (jobs.length === 1 || !isOwn) throw error;
			job.reject(error);
			left.delete(job);
		}
	}
}

/** The audit events, the number of the change, and its announcement, which the commit sends. @throws WrongGuess */
async function announce(
	{ link, turn }: Place,
	[batch, replica]: readonly [batch: string, replica: string],
	committed: readonly Committed[],
): Promise<number> {
	const events = committed.flatMap((one) => one.events);
	const last = events.at(-1);
	const announced = link.query({
		name: "announce",
		text: announcement,
		values: [
			batch,
			announcementOf(replica, committed),
			textsOf(committed),
			last === undefined ? null : JSON.stringify({ sequence: last.sequence, hash: last.hash }),
			events.map(({ sequence }) => sequence),
			events.map(({ date }) => date),
			events.map(({ tokenId }) => tokenId),
			events.map(({ action }) => action),
			events.map(({ actor }) => actor.userId),
			events.map(({ actor }) => actor.userName),
			events.map((event) => JSON.stringify(event)),
			turn.guess?.hash,
		],
	});
	const { rows } = await announced.catch((error) => {
		throw turn.guess !== undefined && refusesGuess(error) ? new WrongGuess() : error;
	});
	return Number(rows[0]?.number);
}

/** Fails with SQLSTATE 22012 outside of a turn, where the chain does not end as was expected, and for a batch that was given up. */
const announcement = `with "audit" as (
		insert into "settings" select 'auditHead', $4::text where $4 is not null
		on conflict ("name") do update set "value" = excluded."value"
	), "events" as (
		insert into "auditEvents" select * from unnest($5::bigint[], $6::timestamptz[], $7::text[], $8::text[],
			$9::text[], $10::text[], $11::text[])
	), "head" as (
		insert into "settings" values ('changeNumber', '1')
		on conflict ("name") do update set "value" = ("settings"."value"::bigint + 1)::text
		returning "value"::bigint as "number"
	), "written" as (
		insert into "changes" ("number", "part", "batch", "committed")
		select "head"."number", "part"."place" - 1, $1::uuid, "part"."text"
		from "head", unnest($3::text[]) with ordinality as "part" ("text", "place")
	), "expected" as (
		select ${isInTurn} and ($12::text is null or exists (
			select from "settings" where "name" = 'auditHead' and strpos("value", $12) > 0))
			and not exists (select from "changes" where "batch" = $1::uuid) as "isMet"
	) select "number", pg_notify('tokensmith_changes', "number" || ' ' || $2::text), 1 / "isMet"::int from "head", "expected"`;

/** A batch that is not there is entered below all numbers, where it is read by none but `announcement`. */
const lookUp = `with "found" as (
		select "number" from "changes" where "batch" = $1::uuid limit 1
	), "refused" as (
		insert into "changes" ("number", "part", "batch", "committed")
		select -(extract(epoch from clock_timestamp()) * 1000000)::bigint, 0, $1::uuid, ''
		where not exists (select from "found")
	) select (select "number" from "found"), pg_xact_status($2::text::xid8) = 'committed' as "hasCounted"`;

/** SQLSTATE 22012, or 23505 where the database first finds that there are events of these numbers. */
function refusesGuess(error: unknown): boolean {
	return error instanceof pg.DatabaseError && (error.code === "22012" || error.code === "23505");
}

const nothing: Committed = { tokens: [], events: [], settings: new Map() };

/**
 * One that has only read is announced too: what it has seen may be a change that is not answered yet, since a replica still answers
 * by the state before. What is written without a record, as counts of use, concerns no other replica.
 */
function announcedBy(done: readonly Done[]): Committed[] {
	const committed = committedBy(done);
	if (committed.length > 0 || done.every(({ transaction }) => transaction.hasWritten)) return committed;
	return [nothing];
}

/** Of the transactions that have changed something. */
function committedBy(done: readonly Done[]): Committed[] {
	return done.map(({ transaction }) => transaction.recorded).filter((recorded) => !isEmpty(recorded));
}

function isEmpty({ tokens, events, settings }: Committed): boolean {
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
