/** The store of several daemons: one PostgreSQL. */
import type pg from "pg";
import type { AuditEvent, UsageDay } from "../../contract.ts";
import type { TokenStatus } from "../../facts.ts";
import {
	type ChainEnd,
	type Committed,
	type ListFilter,
	type ListPage,
	type Missed,
	type Position,
	type Store,
	type StoredDay,
	type StoredToken,
	storedTokenFrom,
	type Transaction,
	type VerifiableToken,
	VersionConflict,
} from "../store.ts";
import { AuditQueries } from "./audit-queries.ts";
import { ChangesSince } from "./changes-since.ts";
import { type DatabaseSettings, linkToPrimary, targetsOf } from "./connect.ts";
import { endedTokens } from "./ended-tokens.ts";
import { requireUsable } from "./pooler.ts";
import { Readers } from "./readers.ts";
import { Replica, type ReplicaOptions } from "./replica.ts";
import { bytesOf, hashFrom, storedTokenAsJson, verifiableAsJson } from "./rows.ts";
import { lastChangeOf, migrate, requireLease } from "./schema.ts";
import { chainEnd } from "./turn.ts";
import { VerifiableReads } from "./verifiable-reads.ts";
import { Writer } from "./writer.ts";

export interface PostgresOptions
	extends DatabaseSettings,
		Pick<
			ReplicaOptions,
			| "version"
			| "leaseMilliseconds"
			| "staleMilliseconds"
			| "hasBarrier"
			| "usesWrittenUntil"
			| "onTrouble"
			| "onRecovered"
			| "onLost"
		> {}

/** So long a verification waits for its token at most. */
const verificationMilliseconds = 5000;

export class PostgresStore implements Store {
	readonly notices = [];
	readonly replica: Replica;
	readonly #leaseMilliseconds: number;
	readonly #targets: pg.ClientConfig[];
	readonly #readers: Readers;
	readonly #writer: Writer;
	readonly #verifiable = new VerifiableReads((hashes) => this.#readVerifiable(hashes));
	readonly #audit = new AuditQueries((text, values) => this.#read(text, values));
	/** Queries of an outage are broken off once: later ones fail when they connect. */
	#hasAbandoned = false;
	/** The number of the last change before it was opened. */
	#openedAt = 0;
	#listener: (committed: Committed, position: Position) => void = () => {};

	/** @throws StorageError in words, where the database can't be used. */
	static async open(options: PostgresOptions): Promise<PostgresStore> {
		const targets = targetsOf(options.url);
		const store = new PostgresStore(options, targets);
		try {
			await store.#connect(options);
		} catch (error) {
			await store.close();
			throw error;
		}
		return store;
	}

	/** The connection that brings the tables to this version goes on as that of the replica. */
	async #connect({ leaseMilliseconds, directUrl }: PostgresOptions): Promise<void> {
		// A connection takes as long as many queries: the other one is opened meanwhile, if it is known where.
		if (this.#targets.length === 1) this.#readers.connectAhead();
		const link = await linkToPrimary(this.#targets, leaseMilliseconds);
		try {
			await requireUsable(link, this.#targets, directUrl);
			if (directUrl === undefined) this.replica.use(link);
			else this.replica.connectAhead();
			this.#openedAt =
				(await lastChangeOf(link, leaseMilliseconds)) ?? (await this.#migrate(leaseMilliseconds));
			if (directUrl !== undefined) link.close();
		} catch (error) {
			link.close();
			throw error;
		}
	}

	/** Answers the number of the last change. */
	async #migrate(leaseMilliseconds: number): Promise<number> {
		// A script may take longer than the replica's connection would wait.
		const link = await linkToPrimary(this.#targets);
		try {
			return await migrate(link, leaseMilliseconds);
		} finally {
			link.close();
		}
	}

	private constructor(options: PostgresOptions, targets: pg.ClientConfig[]) {
		this.#leaseMilliseconds = options.leaseMilliseconds;
		this.#targets = targets;
		this.#readers = new Readers(options.poolSize, () => this.#target());
		this.replica = new Replica({
			...options,
			targets: options.directUrl === undefined ? targets : targetsOf(options.directUrl),
			apply: (committed, position) => {
				this.#writer.follow(committed);
				this.#listener(committed, position);
			},
			onTrouble: (error) => {
				// With an address of its own, the replica's connection says nothing about those of the readers.
				if (options.directUrl === undefined && !this.#hasAbandoned) this.#readers.abandon();
				this.#hasAbandoned = true;
				options.onTrouble(error);
			},
			onRecovered: () => {
				this.#hasAbandoned = false;
				options.onRecovered?.();
			},
		});
		this.#writer = new Writer({
			connect: async () => this.replica.requireSameHistory(await linkToPrimary(this.#targets)),
			replica: this.replica.id,
			others: (link) => this.replica.others(link),
			settle: (change) => this.replica.settle(change),
		});
	}

	/** How many queries have read. */
	get readCount(): number {
		return this.#readers.count;
	}

	async examined(): ReturnType<Store["examined"]> {
		return [];
	}

	async write<Result>(run: (transaction: Transaction) => Promise<Result>): Promise<Result> {
		try {
			return await this.#writer.write(run);
		} catch (error) {
			// Another replica changed it: what is remembered has to be of after that.
			if (error instanceof VersionConflict) await this.replica.catchUp();
			throw error;
		}
	}

	onCommitted(listener: (committed: Committed, position: Position) => void): void {
		this.#listener = listener;
	}

	position(): Position {
		return this.replica.applied;
	}

	async replay(from: Position, deliver: (missed: Missed[] | undefined) => void): Promise<void> {
		// Another replica may have told of it before this one has read it.
		await this.replica.catchUp();
		const changes = new ChangesSince(from, (text, values) => this.#read(text, values));
		// What is applied while they are read has to be read too.
		do await changes.read();
		while (changes.isBehind(this.replica.applied));
		deliver(changes.missedUpTo(this.replica.applied));
	}

	async follow(): Promise<void> {
		await this.replica.join(this.#openedAt);
		// One with another lease that started in the same moment may not have seen this one; from here on, each does.
		requireLease(await this.setting("leaseMilliseconds"), this.#leaseMilliseconds);
	}

	coming(digest: string): Promise<void> | undefined {
		return this.replica.coming(digest);
	}

	isCurrent(): boolean {
		return this.replica.isCurrent();
	}

	staleSeconds(): number | undefined {
		return this.replica.staleSeconds();
	}

	verifiable(hash: string): Promise<VerifiableToken | undefined> {
		return this.#verifiable.read(hash);
	}

	async foreignHashes(): Promise<string[]> {
		const rows = await this.#read<{ hash: Buffer }>(`select "hash" from "tokens" where "issuer" <> 'local'`);
		return rows.map(({ hash }) => hashFrom(hash));
	}

	async token(id: string): ReturnType<Store["token"]> {
		const [found] = await this.tokens([id]);
		return found;
	}

	tokens(ids: readonly string[]): Promise<StoredToken[]> {
		return this.#tokens(`select ${storedTokenAsJson} as "json" from "tokens" where "id" = any($1)`, [ids]);
	}

	tokensByHash(hashes: readonly string[]): Promise<StoredToken[]> {
		return this.#tokens(`select ${storedTokenAsJson} as "json" from "tokens" where "hash" = any($1)`, [
			hashes.map(bytesOf),
		]);
	}

	async idsByHash(hashes: readonly string[]): Promise<Map<string, string>> {
		const rows = await this.#read<{ hash: Buffer; id: string }>(
			`select "hash", "id" from "tokens" where "hash" = any($1)`,
			[hashes.map(bytesOf)],
		);
		return new Map(rows.map(({ hash, id }) => [hashFrom(hash), id]));
	}

	async list(filter: ListFilter, page: ListPage, now: string): Promise<StoredToken[]> {
		const { listTokensBy } = await import("./kysely.ts");
		// Their texts are many, and so they are not prepared.
		const query = (text: string, values: readonly unknown[]) =>
			this.#readers.query({ text, values: [...values] });
		return listTokensBy(query, filter, page, now);
	}

	async countByStatus(now: string): Promise<Map<TokenStatus, number>> {
		const { statusColumn } = await import("../token-pages.ts");
		const rows = await this.#read<{ status: TokenStatus; count: string }>(
			`select ${statusColumn("$1::timestamptz")} as "status", count(*) as "count" from "tokens" group by 1`,
			[now],
		);
		return new Map(rows.map(({ status, count }) => [status, Number(count)]));
	}

	async endedTokens(before: string, most: number): ReturnType<Store["endedTokens"]> {
		const rows = await this.#read<{ json: string; count: string }>(endedTokens, [before, most]);
		return { tokens: rows.map(({ json }) => storedTokenFrom(json)), count: Number(rows[0]?.count ?? 0) };
	}

	grants(): ReturnType<Store["grants"]> {
		return this.#read(
			`select "resource", "tokens"."id" as "tokenId" from "tokens", unnest("resources") as "resource"
				where "resources" <> '{}' and "revokedDate" is null order by "resource" collate "C", "creationDate", "id"`,
		);
	}

	quietOverlaps(now: string): Promise<StoredToken[]> {
		return this.#tokens(
			`select ${storedTokenAsJson} as "json" from "tokens" where "quietSeconds" is not null and "retiresDate" > $1
				and ("expiry" is null or "expiry" > $1) and "revokedDate" is null`,
			[now],
		);
	}

	async setting(name: string): Promise<unknown> {
		const [row] = await this.#read<{ value: string }>(`select "value" from "settings" where "name" = $1`, [
			name,
		]);
		return row === undefined ? undefined : JSON.parse(row.value);
	}

	async settings(names: readonly string[]): Promise<Map<string, unknown>> {
		const rows = await this.#read<{ name: string; value: string }>(
			`select "name", "value" from "settings" where "name" = any($1)`,
			[names],
		);
		const found = new Map(rows.map(({ name, value }) => [name, JSON.parse(value)]));
		return new Map(names.map((name) => [name, found.get(name)]));
	}

	listEvents(...asked: Parameters<Store["listEvents"]>): Promise<AuditEvent[]> {
		return this.#audit.list(...asked);
	}

	allEvents(): AsyncIterable<AuditEvent> {
		return this.#audit.all();
	}

	async chainEnds(): Promise<{ tail: ChainEnd; head: ChainEnd }> {
		const ends = await this.settings(["auditTail", "auditHead"]);
		return { tail: chainEnd(ends.get("auditTail")), head: chainEnd(ends.get("auditHead")) };
	}

	lastEventBefore(date: string): Promise<ChainEnd | undefined> {
		return this.#audit.lastBefore(date);
	}

	async usage(filter: Parameters<Store["usage"]>[0]): Promise<UsageDay[]> {
		const rows = await this.#read<{ json: string; successorId: string | null }>(
			`select row_to_json("usage")::text as "json", "tokens"."successorId" from "usage"
				left join "tokens" on "tokens"."id" = "usage"."tokenId"
				where ($1::text is null or "tokenId" = $1) and ($2::text is null or "day" >= $2)
				and ($3::text is null or "day" <= $3) order by "day", "tokenId"`,
			[filter.tokenId, filter.from, filter.to],
		);
		return rows.map(({ json, successorId }) => {
			const { overlapSuccessorId, ...day }: StoredDay = JSON.parse(json);
			return overlapSuccessorId === successorId ? day : { ...day, overlapAddresses: {} };
		});
	}

	async usageDays(): Promise<string[]> {
		const rows = await this.#read<{ day: string }>('select distinct "day" from "usage" order by "day"');
		return rows.map(({ day }) => day);
	}

	async permissionCounts(since: string): ReturnType<Store["permissionCounts"]> {
		const rows = await this.#read<{ name: string; count: string; lastDay: string }>(
			`select "asked"."key" as "name", sum("asked"."value"::bigint) as "count", max("day") as "lastDay"
				from "usage", json_each_text("usage"."permissions") as "asked" where "day" >= $1
				group by "asked"."key" order by "count" desc, "asked"."key" collate "C" limit 1000`,
			[since],
		);
		return rows.map(({ name, count, lastDay }) => ({ name, count: Number(count), lastDay }));
	}

	/** The value that the first replica has set, which is told to no other one as a change. */
	async settledOnce(name: string, makeValue: () => unknown): Promise<unknown> {
		const known = await this.setting(name);
		if (known !== undefined) return known;
		await this.#read(`insert into "settings" values ($1, $2) on conflict ("name") do nothing`, [
			name,
			JSON.stringify(makeValue()),
		]);
		return this.setting(name);
	}

	/** The ids of those that have a lease. */
	async livingReplicas(): Promise<string[]> {
		const rows = await this.#read<{ id: string }>(
			`select "id" from "replicas" where "leaseUntil" > clock_timestamp()`,
		);
		return rows.map(({ id }) => id);
	}

	/** Every use before this time is written, whichever replica has seen it; milliseconds since the epoch. */
	async usesKnownUntil(): Promise<number> {
		const [row] = await this.#read<{ until: number | null }>(
			`select extract(epoch from min("usesWrittenUntil"))::float8 * 1000 as "until" from "replicas"
				where "leaseUntil" > clock_timestamp()`,
		);
		return Math.floor(row?.until ?? 0);
	}

	/** Of the changes that replicas read, those of a day are kept, and the newest. */
	async purgeChanges(): Promise<void> {
		await this.#read(
			`delete from "changes" where "date" < clock_timestamp() - interval '1 day'
				and "number" < (select max("number") from "changes")`,
		);
		await this.#read(`delete from "replicas" where "leaseUntil" < clock_timestamp() - interval '1 minute'`);
	}

	async close(): Promise<void> {
		await this.#writer.close();
		await this.replica.leave();
		await this.#readers.close();
	}

	async #readVerifiable(hashes: readonly string[]): Promise<Map<string, VerifiableToken>> {
		const rows = await this.#read<{ json: string }>(
			`select ${verifiableAsJson} as "json" from "tokens" where "hash" = any($1) and "issuer" = 'local'`,
			[hashes.map(bytesOf)],
			verificationMilliseconds,
		);
		return new Map(
			rows.map(({ json }) => {
				const token: VerifiableToken = JSON.parse(json);
				return [token.hash, token];
			}),
		);
	}

	async #tokens(text: string, values: unknown[]): Promise<StoredToken[]> {
		return (await this.#read<{ json: string }>(text, values)).map(({ json }) => storedTokenFrom(json));
	}

	/** The host that takes changes, as the replica has found it. */
	#target(): pg.ClientConfig {
		const found = this.replica.target;
		// With an address of its own, the replica says nothing about the pooler's.
		return (found !== undefined && this.#targets.includes(found) ? found : this.#targets[0]) ?? {};
	}

	/** @throws StoreUnreachable */
	#read<Row extends pg.QueryResultRow>(
		text: string,
		values: readonly unknown[] = [],
		patience?: number,
	): Promise<Row[]> {
		return this.#readers.prepared<Row>(text, values, patience);
	}
}
