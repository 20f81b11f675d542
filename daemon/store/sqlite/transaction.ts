/** One transaction on SQLite. What it changes is recorded by its connection. */
import type { AuditEvent } from "../../contract.ts";
import type { ChainEnd, StoredToken, Token, Transaction, Usage, UsageIncrement } from "../store.ts";
import { chainEnd } from "./audit-files.ts";
import type { Connection } from "./connection.ts";
import {
	deleteTokens,
	findTokens,
	insertToken,
	isHashKnown,
	isNameTaken,
	isRemoteIdKnown,
	updateToken,
} from "./token-queries.ts";
import { addUsage, purgeUsage } from "./usage-queries.ts";

export class SqliteTransaction implements Transaction {
	readonly #connection: Connection;

	constructor(connection: Connection) {
		this.#connection = connection;
	}

	async token(id: string): Promise<StoredToken | undefined> {
		const [found] = findTokens(this.#connection, "id", [id]);
		return found;
	}

	/** Everything is in memory. */
	async expect(): Promise<void> {}

	insertToken(token: Token, usage?: Usage): Promise<void> {
		return insertToken(this.#connection, token, usage);
	}

	updateToken(token: Token, usage: Usage, replacedVersion?: number): Promise<void> {
		return updateToken(this.#connection, token, usage, replacedVersion);
	}

	deleteTokens(tokens: readonly StoredToken[]): Promise<void> {
		return deleteTokens(this.#connection, tokens);
	}

	isNameTaken(taken: { profile: string; name: string; exceptId: string }): Promise<boolean> {
		return isNameTaken(this.#connection, taken);
	}

	isHashKnown(hash: string): Promise<boolean> {
		return isHashKnown(this.#connection, hash);
	}

	isRemoteIdKnown(known: { connectionId: string; remoteId: string }): Promise<boolean> {
		return isRemoteIdKnown(this.#connection, known);
	}

	async setting(name: string): Promise<unknown> {
		return this.#connection.settings.get(name);
	}

	async setSetting(name: string, value: unknown): Promise<void> {
		this.#connection.settings.set(name, value);
		this.#connection.changedSettings.set(name, value);
	}

	addUsage(increments: readonly UsageIncrement[]): Promise<void> {
		return addUsage(this.#connection, increments);
	}

	purgeUsage(before: string): Promise<void> {
		return purgeUsage(this.#connection, before);
	}

	async chainHead(): Promise<ChainEnd> {
		return chainEnd(this.#connection.settings, "auditHead");
	}

	async appendEvents(events: readonly AuditEvent[]): Promise<void> {
		for (const event of events) this.#connection.events.push(event);
		const last = events.at(-1);
		if (last === undefined) return;
		this.#connection.settings.set("auditHead", { sequence: last.sequence, hash: last.hash });
	}

	/** The events are skipped from here on; their files are removed when the transaction is committed. */
	async purgeEvents(last: ChainEnd): Promise<number> {
		const { sequence } = chainEnd(this.#connection.settings, "auditTail");
		if (last.sequence <= sequence) return 0;
		this.#connection.settings.set("auditTail", last);
		this.#connection.purgedTo = last.sequence;
		return last.sequence - sequence;
	}
}
