/** What the daemon keeps of tokens, as queries. Knows no rule. */
import type { TokenRecord } from "../contract.ts";
import type { Transaction } from "./durable.ts";
import type { IndexFile } from "./index-file.ts";
import { insertRow } from "./insert.ts";
import type { TokenRow } from "./schema.ts";

/** A token as it is kept. Immutable: a change makes another one with a higher version. Never holds the secret, only its hash. */
export interface Token
	extends Readonly<Omit<TokenRecord, "status" | "lastUsedDate" | "lastUsedAddress" | "useCount">> {
	readonly hash: string;
	/** The name of the user that the token's doings are attributed to. */
	readonly userName: string;
}

/** How much a token was used, in all. */
export interface Usage {
	useCount: number;
	/** Milliseconds since the epoch; 0: never used. */
	lastUsed: number;
	lastUsedAddress: string | null;
}

/** Somebody else has changed the token meanwhile; nothing was written. */
export class VersionConflict extends Error {}

/** A token as it stood when the daemon last stopped. */
export class IndexedTokens {
	readonly #file: IndexFile;

	constructor(file: IndexFile) {
		this.#file = file;
	}

	find(hash: string): { token: Token; usage: Usage } | undefined {
		const row = this.#file.find(hash);
		return row === undefined ? undefined : splitUsage(row as Token & Usage);
	}

	*all(): Iterable<{ token: Token; usage: Usage }> {
		for (const row of this.#file.rows()) yield splitUsage(row as Token & Usage);
	}
}

/** What `IndexedTokens` reads. */
export function* indexedRows(
	entries: Iterable<{ token: Token; usage: Readonly<Usage> }>,
): Iterable<readonly [hash: string, row: object]> {
	for (const { token, usage } of entries) yield [token.hash, { ...token, ...usage }];
}

export async function insertToken(query: Transaction, token: Token): Promise<void> {
	await insertRow(query, "tokens", toRow(token));
}

/** Replaces the version before. @throws VersionConflict when that is not there any more. */
export async function updateToken(query: Transaction, token: Token): Promise<void> {
	const result = await query
		.updateTable("tokens")
		.set(toRow(token))
		.where("id", "=", token.id)
		.where("version", "=", token.version - 1)
		.executeTakeFirst();
	if (result.numUpdatedRows !== 1n) throw new VersionConflict();
}

/** Whether a local token of the profile that is not revoked has the name, other than the one with the id. */
export async function isNameTaken(
	query: Transaction,
	taken: { profile: string; name: string; exceptId: string },
): Promise<boolean> {
	const row = await query
		.selectFrom("tokens")
		.select("id")
		.where("profile", "=", taken.profile)
		.where("name", "=", taken.name)
		.where("id", "!=", taken.exceptId)
		.where("revokedDate", "is", null)
		.where("issuer", "=", "local")
		// A rotated token and its successor are one in its owner's eyes.
		.where("successorId", "is", null)
		.executeTakeFirst();
	return row !== undefined;
}

/** Whether any token has the hash, whoever issued it. */
export async function isHashKnown(query: Transaction, hash: string): Promise<boolean> {
	const row = await query.selectFrom("tokens").select("id").where("hash", "=", hash).executeTakeFirst();
	return row !== undefined;
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

/** A row as it is read, in its two parts. */
export function splitUsage({ useCount, lastUsed, lastUsedAddress, ...token }: Token & Usage): {
	token: Token;
	usage: Usage;
} {
	return { token, usage: { useCount, lastUsed, lastUsedAddress } };
}
