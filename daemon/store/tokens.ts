/** What the daemon keeps, as queries: tokens, their usage and the policy. Knows no rule. */
import type { ExpressionBuilder, Kysely } from "kysely";
import type { Policy, TokenRecord, TokenStatus } from "../contract.ts";
import type { DurableDatabase } from "./durable.ts";
import type { Tables, TokenRow } from "./schema.ts";

/** A token as it is kept. Immutable: a change makes another one with a higher version. Never holds the secret, only its hash. */
export interface Token
	extends Readonly<Omit<TokenRecord, "status" | "lastUsedDate" | "lastUsedAddress" | "useCount">> {
	readonly hash: string;
}

/** How much a token was used. */
export interface Usage {
	useCount: number;
	/** Milliseconds since the epoch; 0: never used. */
	lastUsed: number;
	lastUsedAddress: string | null;
}

/** Where a list goes on: behind the token with this creation and id. */
export type ListPosition = readonly [creationDate: string, id: string];

export interface ListFilter {
	status?: TokenStatus | undefined;
	q?: string | undefined;
	limit: number;
	after?: ListPosition | undefined;
}

export class TokenStore {
	readonly #database: DurableDatabase;

	constructor(database: DurableDatabase) {
		this.#database = database;
	}

	async *all(): AsyncIterable<{ token: Token; usage: Usage }> {
		const rows = await this.#database.read((database) => database.selectFrom("tokens").selectAll().execute());
		for (const row of rows) yield fromRow(row);
	}

	/** @throws StorageError when the disk says no; nothing was kept then. */
	async insert(token: Token): Promise<void> {
		await this.#database.write((database) => database.insertInto("tokens").values(toRow(token)).execute());
	}

	/** Replaces the version before; answers whether it was still there. */
	update(token: Token): Promise<boolean> {
		return this.#database.write(async (database) => {
			const result = await database
				.updateTable("tokens")
				.set(toRow(token))
				.where("id", "=", token.id)
				.where("version", "=", token.version - 1)
				.executeTakeFirst();
			return result.numUpdatedRows === 1n;
		});
	}

	/** Newest first; the ids, at most `limit` of them. `now`: RFC 3339. */
	async list(filter: ListFilter, now: string): Promise<string[]> {
		const rows = await this.#database.read((database) => listQuery(database, filter, now).execute());
		return rows.map((row) => row.id);
	}

	async saveUsage(used: readonly { id: string; usage: Readonly<Usage> }[]): Promise<void> {
		await this.#database.write(async (database) => {
			for (const { id, usage } of used) {
				await database.updateTable("tokens").set(usage).where("id", "=", id).execute();
			}
		});
	}

	async policy(): Promise<unknown> {
		const row = await this.#database.read((database) =>
			database.selectFrom("settings").select("value").where("name", "=", "policy").executeTakeFirst(),
		);
		return row === undefined ? undefined : JSON.parse(row.value);
	}

	async savePolicy(policy: Policy): Promise<void> {
		const value = JSON.stringify(policy);
		await this.#database.write((database) =>
			database
				.insertInto("settings")
				.values({ name: "policy", value })
				.onConflict((conflict) => conflict.column("name").doUpdateSet({ value }))
				.execute(),
		);
	}
}

function listQuery(database: Kysely<Tables>, filter: ListFilter, now: string) {
	let query = database
		.selectFrom("tokens")
		.select("id")
		.orderBy("creationDate", "desc")
		.orderBy("id", "desc")
		.limit(filter.limit);
	const { status, q, after } = filter;
	if (status !== undefined) query = query.where((where) => hasStatus(where, status, now));
	if (q !== undefined) {
		const pattern = `%${q.replace(/[\\%_]/g, "\\$&")}%`;
		query = query.where((where) =>
			where.or((["name", "description"] as const).map((column) => like(where, column, pattern))),
		);
	}
	if (after !== undefined) {
		query = query.where((where) =>
			where.or([
				where("creationDate", "<", after[0]),
				where.and([where("creationDate", "=", after[0]), where("id", "<", after[1])]),
			]),
		);
	}
	return query;
}

type Where = ExpressionBuilder<Tables, "tokens">;

function like(where: Where, column: "name" | "description", pattern: string) {
	return where(where.fn<number>("like", [where.val(pattern), where.ref(column), where.val("\\")]), "=", 1);
}

/** The same as `statusOf` in the contract, as a condition. */
function hasStatus(where: Where, status: TokenStatus, now: string) {
	const revoked = where("revokedDate", "is not", null);
	const disabled = where("disabledDate", "is not", null);
	const ended = where.or([where("expiry", "<=", now), where("retiresDate", "<=", now)]);
	const alive = where.not(where.fn.coalesce(ended, where.lit(false)));
	const usable = [where.not(revoked), where.not(disabled)];
	switch (status) {
		case "revoked":
			return revoked;
		case "disabled":
			return where.and([where.not(revoked), disabled]);
		case "expired":
			return where.and([...usable, ended]);
		case "retiring":
			return where.and([...usable, alive, where("retiresDate", "is not", null)]);
		case "active":
			return where.and([...usable, alive, where("retiresDate", "is", null)]);
	}
}

function toRow(token: Token): Omit<TokenRow, keyof Usage> {
	return {
		...token,
		createdUserInfo: JSON.stringify(token.createdUserInfo),
		lastModifiedUserInfo: JSON.stringify(token.lastModifiedUserInfo),
		permissions: JSON.stringify(token.permissions),
		resources: JSON.stringify(token.resources),
		allowedAddresses: JSON.stringify(token.allowedAddresses),
		tags: JSON.stringify(token.tags),
	};
}

function fromRow(row: TokenRow): { token: Token; usage: Usage } {
	const { useCount, lastUsed, lastUsedAddress, ...kept } = row;
	const token = {
		...kept,
		createdUserInfo: JSON.parse(row.createdUserInfo),
		lastModifiedUserInfo: JSON.parse(row.lastModifiedUserInfo),
		permissions: JSON.parse(row.permissions),
		resources: JSON.parse(row.resources),
		allowedAddresses: JSON.parse(row.allowedAddresses),
		tags: JSON.parse(row.tags),
	};
	return { token, usage: { useCount, lastUsed, lastUsedAddress } };
}
