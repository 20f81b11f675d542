/** Tokens as rows, and rows as tokens: dates with milliseconds, hashes as bytes. */
import { type StoredToken, storedFields, type Token, type Usage, verifiableFields } from "../store.ts";
import { isInTurn } from "./turn.ts";

type Column = (typeof storedFields)[number];

const dates: ReadonlySet<Column> = new Set<Column>([
	"creationDate",
	"lastModifiedDate",
	"expiry",
	"retiresDate",
	"disabledDate",
	"inDoubtDate",
	"revokedDate",
]);

const scheme = "sha256:";
/** A hash of another length is that of no known secret. */
const digestBytes = 32;

/** The bytes of a hash: those of its digest, else of its text. */
export function bytesOf(hash: string): Buffer {
	const digest = hash.startsWith(scheme) ? Buffer.from(hash.slice(scheme.length), "hex") : undefined;
	return digest?.length === digestBytes ? digest : Buffer.from(hash);
}

export function hashFrom(bytes: Buffer): string {
	return bytes.length === digestBytes ? scheme + bytes.toString("hex") : bytes.toString();
}

/** A row as one JSON text, which costs less than a value of each column. */
export function rowAsJson(columns: readonly Column[]): string {
	const members = columns.map((name) => `'${name}', ${expressionFor(name)}`);
	return `json_build_object(${members.join(", ")})::text`;
}

function expressionFor(name: Column): string {
	const column = `"tokens"."${name}"`;
	if (dates.has(name)) return dateAsText(column);
	if (name !== "hash") return column;
	return `case when octet_length(${column}) = ${digestBytes} then '${scheme}' || encode(${column}, 'hex')
		else convert_from(${column}, 'UTF8') end`;
}

export function dateAsText(column: string): string {
	return `to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
}

export const storedTokenAsJson = rowAsJson(storedFields);
export const verifiableAsJson = rowAsJson(verifiableFields);

/** In the order of the values. */
const columns = storedFields.map((name) => `"${name}"`);
const places = storedFields.map((name, index) =>
	name === "id" ? `case when ${isInTurn} then $${index + 1} end` : `$${index + 1}`,
);

/** Fails outside of a turn: each row has an id. */
export const insertToken = `insert into "tokens" (${columns.join(", ")}) values (${places.join(", ")})`;

/** Its uses are counted apart. */
const versioned = storedFields.filter(
	(name) => !["id", "useCount", "lastUsed", "lastUsedAddress"].includes(name),
);

/**
 * Fails with SQLSTATE 22012 where there is no row of this version, so that nothing that is sent after it is done, and outside of a
 * turn.
 */
export const updateToken = `with "updated" as (update "tokens" set ${versioned
	.map((name, index) => `"${name}" = $${index + 3}`)
	.join(
		", ",
	)} where "id" = $1 and "version" = $2 and ${isInTurn} returning 1) select 1 / count(*) from "updated"`;

export function insertValues(token: Token, usage: Usage): unknown[] {
	return valuesOf(storedFields, { token, usage });
}

export function updateValues(token: Token, usage: Usage, replacedVersion: number): unknown[] {
	return [token.id, replacedVersion, ...valuesOf(versioned, { token, usage })];
}

function valuesOf(names: readonly Column[], { token, usage }: StoredToken): unknown[] {
	const row: Readonly<Record<Column, unknown>> = { ...token, ...usage };
	return names.map((name) => {
		const value = row[name];
		if (name === "hash") return bytesOf(token.hash);
		const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
		return isObject ? JSON.stringify(value) : value;
	});
}
