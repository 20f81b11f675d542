/**
 * One replica's turn to change the database: a transaction under the lock of all replicas. What is sent at once with its begin,
 * before the database has answered that, counts only inside of it (`isInTurn`).
 */
import type pg from "pg";
import type { ChainEnd } from "../store.ts";
import type { Link } from "./connect.ts";
import { locks } from "./schema.ts";

/** A condition for statements that are sent at once: outside of a transaction, a write would count by itself. */
export const isInTurn = `current_setting('tokensmith.turn', true) = 'taken'`;

/** Whatever the database's default is: each statement has to see what was committed before it got the lock. */
const beginTurn = `begin isolation level read committed; select pg_advisory_xact_lock(${locks.changes}), set_config('tokensmith.turn', 'taken', true);
	select "value" from "settings" where "name" = 'auditHead'`;

export class Turn {
	/** Resolves with the end of the audit chain, as it stays until the commit, when the lock is held. */
	readonly taken: Promise<ChainEnd>;
	#head: ChainEnd | undefined;
	readonly #expected: ChainEnd | undefined;
	/** The end of the chain that this turn goes by without having read it. */
	guess: ChainEnd | undefined;
	/** What `taken` was rejected with. */
	failure: unknown;

	/** @param expected what the end of the chain will be, if that is likely. */
	constructor(link: Link, expected?: ChainEnd) {
		this.#expected = expected;
		this.taken = this.#begin(link);
		this.taken.catch((error) => {
			this.failure = error;
		});
	}

	/** As it is; as it is expected while that is not known. */
	chainHead(): Promise<ChainEnd> {
		if (this.#head !== undefined || this.#expected === undefined) return this.taken;
		this.guess = this.#expected;
		return Promise.resolve(this.#expected);
	}

	async #begin(link: Link): Promise<ChainEnd> {
		const results = (await link.query(beginTurn)) as unknown as pg.QueryResult[];
		const value = results[2]?.rows[0]?.value;
		this.#head = chainEnd(value === undefined ? undefined : JSON.parse(value));
		return this.#head;
	}
}

/**
 * What a replica expects the end of the audit chain to be. While another one changes something in the same moment, it can't
 * know: then it expects nothing until it would have been right again.
 */
export class ExpectedEnd {
	#known: ChainEnd | undefined;
	#wasRight = true;

	get guess(): ChainEnd | undefined {
		return this.#wasRight ? this.#known : undefined;
	}

	/** @param end after a change that was committed. */
	follow(end: ChainEnd): void {
		if (this.#known === undefined || end.sequence > this.#known.sequence) this.#known = end;
	}

	/** @param end as it was read under the lock. */
	compare(end: ChainEnd): void {
		this.#wasRight = end.hash !== "" && end.hash === this.#known?.hash;
		this.#known = end;
	}
}

/** The start of a chain without events. */
const chainStart: ChainEnd = { sequence: 0, hash: "" };

export function chainEnd(stored: unknown): ChainEnd {
	return (stored as ChainEnd | undefined) ?? chainStart;
}
