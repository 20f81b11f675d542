/** The connections that read: to the host that takes changes, as many as the operator allows. */
import pg from "pg";
import { StoreUnreachable } from "../store.ts";
import { wordsFor } from "./connect.ts";

interface Connections {
	pool: pg.Pool;
	target: pg.ClientConfig;
	clients: Set<pg.PoolClient>;
}

/** The database ends a statement of its own accord before: later, the network has gone silent. */
const patienceMilliseconds = 35_000;

export class Readers {
	readonly #poolSize: number;
	readonly #target: () => pg.ClientConfig;
	/** Names of statements by their texts, which are fixed ones. */
	readonly #prepared = new Map<string, string>();
	#connections: Connections | undefined;
	/** How many queries there were. */
	count = 0;

	/** @param target where the database is now */
	constructor(poolSize: number, target: () => pg.ClientConfig) {
		this.#poolSize = poolSize;
		this.#target = target;
	}

	/** Opens one of the connections. */
	connectAhead(): void {
		// The first query says what fails.
		this.#connect().catch(() => undefined);
	}

	/**
	 * By a prepared statement: to plan one takes longer than to run it.
	 * @param patience milliseconds after which it fails
	 * @throws StoreUnreachable
	 */
	prepared<Row extends pg.QueryResultRow>(
		text: string,
		values: readonly unknown[],
		patience?: number,
	): Promise<Row[]> {
		const name = this.#prepared.get(text) ?? `read-${this.#prepared.size}`;
		this.#prepared.set(text, name);
		return this.query<Row>({ name, text, values: [...values] }, patience);
	}

	/** @throws StoreUnreachable */
	async query<Row extends pg.QueryResultRow>(
		query: pg.QueryConfig,
		patience = patienceMilliseconds,
	): Promise<Row[]> {
		this.count++;
		try {
			// The driver's types have it for a connection only.
			const bounded: pg.QueryConfig & { query_timeout: number } = { ...query, query_timeout: patience };
			return (await this.#pool().query<Row>(bounded)).rows;
		} catch (error) {
			if (!(error instanceof pg.DatabaseError)) throw new StoreUnreachable(error, wordsFor(error));
			// No stored text has the character NUL, so no row can match.
			if (error.code === "22021") return [];
			if (/^(08|53|57)/.test(error.code ?? "")) throw new StoreUnreachable(error, wordsFor(error));
			throw error;
		}
	}

	/** Breaks off all queries: on a network that has gone silent they would wait for many minutes. */
	abandon(): void {
		const connections = this.#connections;
		this.#connections = undefined;
		for (const client of connections?.clients ?? []) end(client);
		if (connections !== undefined) end(connections.pool);
	}

	async close(): Promise<void> {
		const connections = this.#connections;
		this.#connections = undefined;
		await connections?.pool.end();
	}

	/** Of an address that can't be read, the driver throws at once. */
	async #connect(): Promise<void> {
		(await this.#pool().connect()).release();
	}

	#pool(): pg.Pool {
		const target = this.#target();
		const known = this.#connections;
		if (known?.target === target) return known.pool;
		if (known !== undefined) end(known.pool);
		const pool = new pg.Pool({ ...target, max: this.#poolSize });
		const clients = new Set<pg.PoolClient>();
		pool.on("error", () => undefined);
		pool.on("connect", (client) => clients.add(client));
		pool.on("remove", (client) => clients.delete(client));
		this.#connections = { pool, target, clients };
		return pool;
	}
}

function end(connections: { end(): unknown }): void {
	Promise.resolve(connections.end()).catch(() => undefined);
}
