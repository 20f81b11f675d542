/** The store of one machine: SQLite in memory, made durable by files in the data directory. */
import type { AuditEvent } from "../../contract.ts";
import type { AuditFilter, ChainEnd, ListFilter, ListPage, Position, Store, Transaction } from "../store.ts";
import { chainEnd } from "./audit-files.ts";
import type { Connection } from "./connection.ts";
import { DurableDatabase, type DurableOptions } from "./durable-database.ts";
import { endedTokens } from "./ended-tokens.ts";
import { findTokens, findVerifiable, foreignHashes, idsByHash, indexedTokens } from "./token-queries.ts";
import { SqliteTransaction } from "./transaction.ts";
import { listUsage, permissionCounts, usageDays } from "./usage-queries.ts";

export class SqliteStore implements Store {
	readonly database: DurableDatabase;

	static async open(options: DurableOptions): Promise<SqliteStore> {
		return new SqliteStore(await DurableDatabase.open(options));
	}

	private constructor(database: DurableDatabase) {
		this.database = database;
	}

	get notices(): Store["notices"] {
		return this.database.notices;
	}

	async examined(): ReturnType<Store["examined"]> {
		await this.database.examine();
		return [...this.database.notices];
	}

	write<Result>(run: (transaction: Transaction) => Promise<Result>): Promise<Result> {
		return this.database.write(async (connection) => run(new SqliteTransaction(connection)));
	}

	onCommitted(listener: Parameters<Store["onCommitted"]>[0]): void {
		this.database.onCommitted(listener);
	}

	/** Its listeners read anew, which takes no time on one machine. */
	position(): undefined {
		return undefined;
	}

	async replay(_from: Position, deliver: (missed: undefined) => void): Promise<void> {
		deliver(undefined);
	}

	/** No other process changes it. */
	async follow(): Promise<void> {}

	coming(): undefined {}

	isCurrent(): boolean {
		return true;
	}

	staleSeconds(): undefined {
		return undefined;
	}

	async verifiable(hash: string): ReturnType<Store["verifiable"]> {
		const { index } = this.database;
		if (index !== undefined) return index.find(hash);
		return this.database.readToken(hash, async (connection) => findVerifiable(connection, hash));
	}

	async foreignHashes(): Promise<string[]> {
		const { index } = this.database;
		if (index !== undefined) return [...index.foreign];
		return this.database.read(async (connection) => foreignHashes(connection));
	}

	async token(id: string): ReturnType<Store["token"]> {
		const [found] = await this.tokens([id]);
		return found;
	}

	tokens(ids: readonly string[]): ReturnType<Store["tokens"]> {
		return this.database.read(async (connection) => findTokens(connection, "id", ids));
	}

	tokensByHash(hashes: readonly string[]): ReturnType<Store["tokensByHash"]> {
		return this.database.read(async (connection) => findTokens(connection, "hash", hashes));
	}

	idsByHash(hashes: readonly string[]): ReturnType<Store["idsByHash"]> {
		return this.database.read(async (connection) => idsByHash(connection, hashes));
	}

	list(filter: ListFilter, page: ListPage, now: string): ReturnType<Store["list"]> {
		return this.#list((lists, connection) => lists.listTokens(connection, filter, page, now));
	}

	countByStatus(now: string): ReturnType<Store["countByStatus"]> {
		return this.#list((lists, connection) => lists.countByStatus(connection, now));
	}

	endedTokens(before: string, most: number): ReturnType<Store["endedTokens"]> {
		return this.database.read(async (connection) => endedTokens(connection, before, most));
	}

	grants(): ReturnType<Store["grants"]> {
		return this.#list((lists, connection) => lists.grants(connection));
	}

	quietOverlaps(now: string): ReturnType<Store["quietOverlaps"]> {
		return this.#list((lists, connection) => lists.quietOverlaps(connection, now));
	}

	async setting(name: string): Promise<unknown> {
		const { index } = this.database;
		if (index !== undefined) return index.settings[name];
		return this.database.read(async ({ settings }) => settings.get(name));
	}

	async settings(names: readonly string[]): Promise<Map<string, unknown>> {
		const values = new Map<string, unknown>();
		for (const name of names) values.set(name, await this.setting(name));
		return values;
	}

	async listEvents(
		filter: AuditFilter,
		page: { limit: number; before?: number | undefined },
	): Promise<AuditEvent[]> {
		const { tail } = await this.chainEnds();
		return (await this.database.audit()).list(filter, { ...page, tail: tail.sequence });
	}

	async *allEvents(): AsyncIterable<AuditEvent> {
		const { tail } = await this.chainEnds();
		yield* (await this.database.audit()).all(tail.sequence);
	}

	chainEnds(): Promise<{ tail: ChainEnd; head: ChainEnd }> {
		return this.database.read(async ({ settings }) => ({
			tail: chainEnd(settings, "auditTail"),
			head: chainEnd(settings, "auditHead"),
		}));
	}

	async lastEventBefore(date: string): Promise<ChainEnd | undefined> {
		const { tail } = await this.chainEnds();
		return (await this.database.audit()).lastBefore(date, tail.sequence);
	}

	usage(filter: Parameters<Store["usage"]>[0]): ReturnType<Store["usage"]> {
		return this.database.read((connection) => listUsage(connection, filter));
	}

	usageDays(): Promise<string[]> {
		return this.database.read(async (connection) => usageDays(connection));
	}

	permissionCounts(since: string): ReturnType<Store["permissionCounts"]> {
		return this.database.read((connection) => permissionCounts(connection, since));
	}

	close(): Promise<void> {
		return this.database.close(indexedTokens);
	}

	/** Lists are built by Kysely, which verifications do not need: it is loaded with the first list. */
	async #list<Result>(run: (lists: TokenLists, connection: Connection) => Promise<Result>): Promise<Result> {
		const lists = await import("./token-list.ts");
		return this.database.read((connection) => run(lists, connection));
	}
}

type TokenLists = typeof import("./token-list.ts");
