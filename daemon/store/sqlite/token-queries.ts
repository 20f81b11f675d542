/** Single tokens: reads, inserts and updates. Lists are in `token-list.ts`. */
import {
	type StoredToken,
	storedFields,
	storedTokenFrom,
	type Token,
	type Usage,
	unused,
	type VerifiableToken,
	VersionConflict,
	verifiableFields,
} from "../store.ts";
import type { Connection } from "./connection.ts";
import type { Indexed } from "./index-file.ts";
import { insertRow } from "./insert.ts";
import { jsonColumns, type TokenRow } from "./schema.ts";

/** A row as one JSON text: to read each of its columns from SQLite takes five times as long. */
export function rowAsJson(columns: readonly (keyof TokenRow)[], table = '"tokens"'): string {
	const members = columns.map((name) => {
		const column = `${table}."${name}"`;
		return `'${name}', ${jsonColumns.has(name) ? `json(${column})` : column}`;
	});
	return `json_object(${members.join(", ")})`;
}

/** Every column of a token must be read. */
type MissingFields = Exclude<keyof TokenRow, (typeof storedFields)[number]>;
const allFields: [MissingFields] extends [never] ? typeof storedFields : MissingFields = storedFields;

export const storedTokenAsJson = rowAsJson(allFields);
export const verifiableAsJson = rowAsJson(verifiableFields);

export function findVerifiable({ memory }: Connection, hash: string): VerifiableToken | undefined {
	const row = memory.first(
		`select ${verifiableAsJson} as "json" from "tokens" where "hash" = ? and "issuer" = 'local'`,
		[hash],
	);
	return row === undefined ? undefined : JSON.parse(String(row.json));
}

export function foreignHashes({ memory }: Connection): string[] {
	return [...memory.all(`select "hash" from "tokens" where "issuer" <> 'local'`)].map((row) =>
		String(row.hash),
	);
}

/** @param values ids or hashes; those that no token has are left out. */
export function findTokens(
	{ memory }: Connection,
	column: "id" | "hash",
	values: readonly string[],
): StoredToken[] {
	const rows = memory.all(
		`select ${storedTokenAsJson} as "json" from "tokens" where "${column}" in (select "value" from json_each(?))`,
		[JSON.stringify(values)],
	);
	return [...rows].map(({ json }) => storedTokenFrom(json));
}

export function idsByHash({ memory }: Connection, hashes: readonly string[]): Map<string, string> {
	const rows = memory.all(
		'select "hash", "id" from "tokens" where "hash" in (select "value" from json_each(?))',
		[JSON.stringify(hashes)],
	);
	return new Map([...rows].map(({ hash, id }) => [String(hash), String(id)]));
}

export async function insertToken(
	connection: Connection,
	token: Token,
	{ useCount, lastUsed, lastUsedAddress }: Usage = unused,
): Promise<void> {
	const usage = { useCount, lastUsed, lastUsedAddress };
	await insertRow(connection, "tokens", { ...toRow(token), ...usage });
	connection.noteToken({ change: "created", stored: { token, usage } });
}

/** Replaces a version. @throws VersionConflict when that is no longer the current one. */
export async function updateToken(
	connection: Connection,
	token: Token,
	usage: Usage,
	replacedVersion = token.version - 1,
): Promise<void> {
	const result = await connection.kysely
		.updateTable("tokens")
		.set(toRow(token))
		.where("id", "=", token.id)
		.where("version", "=", replacedVersion)
		.executeTakeFirst();
	if (result.numUpdatedRows !== 1n) throw new VersionConflict();
	const change = token.revokedDate === null ? "changed" : "revoked";
	connection.noteToken({ change, stored: { token, usage } });
}

/** @throws VersionConflict when one of them has changed since it was read. */
export async function deleteTokens(connection: Connection, tokens: readonly StoredToken[]): Promise<void> {
	const { memory } = connection;
	for (const stored of tokens) {
		const { id, version } = stored.token;
		const { changes } = memory.run('delete from "tokens" where "id" = ? and "version" = ?', [id, version]);
		if (changes !== 1) throw new VersionConflict();
		memory.run('delete from "usage" where "tokenId" = ?', [id]);
		connection.noteToken({ change: "deleted", stored });
	}
}

export async function isNameTaken(
	{ kysely }: Connection,
	taken: { profile: string; name: string; exceptId: string },
): Promise<boolean> {
	const row = await kysely
		.selectFrom("tokens")
		.select("id")
		.where("profile", "=", taken.profile)
		.where("name", "=", taken.name)
		.where("id", "!=", taken.exceptId)
		.where("revokedDate", "is", null)
		.where("issuer", "=", "local")
		// To its owner, a rotated token and its successor are one token.
		.where("successorId", "is", null)
		.executeTakeFirst();
	return row !== undefined;
}

export async function isHashKnown({ memory }: Connection, hash: string): Promise<boolean> {
	return memory.first('select 1 from "tokens" where "hash" = ?', [hash]) !== undefined;
}

export async function isRemoteIdKnown(
	{ memory }: Connection,
	{ connectionId, remoteId }: { connectionId: string; remoteId: string },
): Promise<boolean> {
	// The issuer is named for its index.
	const query = `select 1 from "tokens" where "issuer" <> 'local' and "connectionId" = ? and "remoteId" = ?
		and "revokedDate" is null limit 1`;
	return memory.first(query, [connectionId, remoteId]) !== undefined;
}

/** What the next start needs for verifications; undefined: there are more tokens than that. */
export function indexedTokens(connection: Connection, mostTokens: number): Indexed | undefined {
	const { memory } = connection;
	const count = memory.first('select count(*) as "count" from "tokens"', [])?.count;
	if (Number(count) > mostTokens) return undefined;
	const settings = memory.all('select "name", "value" from "settings"');
	const tokens = memory.all(
		`select "hash", ${verifiableAsJson} as "json" from "tokens" where "issuer" = 'local'`,
	);
	return {
		settings: Object.fromEntries([...settings].map(({ name, value }) => [name, JSON.parse(String(value))])),
		foreign: foreignHashes(connection),
		rows: [...tokens].map(({ hash, json }) => [String(hash), String(json)] as const),
	};
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
		options: JSON.stringify(token.options),
	};
}
