/**
 * Which tokens there are, as queries: all of them, or the page of a list. Apart from what is kept of one token, for these
 * are built of Kysely's parts, and a start that finds an index loads no Kysely before its first answer.
 */
import { type ExpressionBuilder, type Kysely, type RawBuilder, sql } from "kysely";
import type { TokenStatus } from "../facts.ts";
import type { DurableDatabase } from "./durable.ts";
import type { Tables, TokenRow } from "./schema.ts";
import { splitUsage, type Token, type Usage } from "./tokens.ts";

/** Where a list goes on: behind the token with this value of the sorted column and this id. */
export type ListPosition = readonly [value: string | number | null, id: string];

export interface ListFilter {
	status?: TokenStatus | undefined;
	issuer?: string | undefined;
	profile?: string | undefined;
	q?: string | undefined;
	tag?: string | undefined;
	resource?: string | undefined;
	expiresBefore?: string | undefined;
	unusedSince?: string | undefined;
}

export type SortColumn = "creationDate" | "expiry" | "name" | "lastUsed";

export interface ListPage {
	sort: SortColumn;
	direction: "asc" | "desc";
	limit: number;
	after?: ListPosition | undefined;
}

/** All tokens with their usage, some thousand at a time. */
export async function* allTokens(database: DurableDatabase): AsyncIterable<{ token: Token; usage: Usage }[]> {
	let after = 0;
	for (;;) {
		const slice = await database.read((query) => readSlice(query, after));
		if (slice.tokens.length === 0) return;
		yield slice.tokens;
		after = slice.last;
	}
}

const sliceRows = 5000;

/** Every column, and whether it stands as JSON text: lists are read and written whole, only memory searches them. */
const columns: Record<keyof TokenRow, "plain" | "json"> = {
	id: "plain",
	hash: "plain",
	version: "plain",
	creationDate: "plain",
	lastModifiedDate: "plain",
	createdUserInfo: "json",
	lastModifiedUserInfo: "json",
	userId: "plain",
	userName: "plain",
	name: "plain",
	description: "plain",
	issuer: "plain",
	profile: "plain",
	partialToken: "plain",
	expiry: "plain",
	permissions: "json",
	resources: "json",
	allowedAddresses: "json",
	defaultSource: "plain",
	tags: "json",
	disabledDate: "plain",
	revokedDate: "plain",
	revokedReason: "plain",
	retiresDate: "plain",
	quietSeconds: "plain",
	predecessorId: "plain",
	successorId: "plain",
	useCount: "plain",
	lastUsed: "plain",
	lastUsedAddress: "plain",
};

/** As one text: to ask SQLite for each column of each row takes five times as long. */
async function readSlice(query: Kysely<Tables>, after: number) {
	const members = Object.entries(columns).map(([name, form]) => {
		const value = form === "json" ? sql`json(${sql.ref(name)})` : sql.ref(name);
		return sql`${sql.lit(name)}, ${value}`;
	});
	const { rows } = await sql<{ last: number | null; lines: string | null }>`
		select max(position) as last, group_concat(line, char(10)) as lines from (
			select rowid as position, json_object(${sql.join(members)}) as line
			from tokens where rowid > ${after} order by rowid limit ${sliceRows})`.execute(query);
	const lines = rows[0]?.lines ?? "";
	const tokens = lines === "" ? [] : lines.split("\n").map((line) => splitUsage(JSON.parse(line)));
	return { tokens, last: rows[0]?.last ?? 0 };
}

/** The ids of one page, in order. `now`: RFC 3339. */
export async function listTokens(
	database: DurableDatabase,
	filter: ListFilter,
	page: ListPage,
	now: string,
): Promise<string[]> {
	const rows = await database.read((query) => listQuery(query, filter, page, now).execute());
	return rows.map((row) => row.id);
}

type Where = ExpressionBuilder<Tables, "tokens">;

function listQuery(database: Kysely<Tables>, filter: ListFilter, page: ListPage, now: string) {
	const column = sortExpression(page.sort);
	let query = database
		.selectFrom("tokens")
		.select("id")
		.where((where) => where.and(conditions(where, filter, now)))
		// Those that never end or were never used come last, whatever the direction.
		.orderBy(sql`${column} is null`)
		.orderBy(column, page.direction)
		.orderBy("id", page.direction)
		.limit(page.limit);
	if (page.after !== undefined) query = query.where(isAfter(column, page.after, page.direction));
	return query;
}

function sortExpression(sort: SortColumn): RawBuilder<string | number | null> {
	return sort === "lastUsed" ? sql`nullif("lastUsed", 0)` : sql.ref(sort);
}

function isAfter(
	column: RawBuilder<unknown>,
	[value, id]: ListPosition,
	direction: "asc" | "desc",
): RawBuilder<boolean> {
	const beyond = sql.raw(direction === "asc" ? ">" : "<");
	if (value === null) return sql`(${column} is null and "id" ${beyond} ${id})`;
	return sql`(${column} is null or ${column} ${beyond} ${value} or (${column} = ${value} and "id" ${beyond} ${id}))`;
}

function conditions(where: Where, filter: ListFilter, now: string) {
	const { status, issuer, profile, q, tag, resource, expiresBefore, unusedSince } = filter;
	return [
		...(status === undefined ? [] : [hasStatus(where, status, now)]),
		...(issuer === undefined ? [] : [where("issuer", "=", issuer)]),
		...(profile === undefined ? [] : [where("profile", "=", profile)]),
		...(q === undefined ? [] : [where.or([contains("name", q), contains("description", q)])]),
		...(tag === undefined ? [] : [listHolds("tags", tag)]),
		...(resource === undefined ? [] : [listHolds("resources", resource)]),
		...(expiresBefore === undefined ? [] : [where("expiry", "<", expiresBefore)]),
		...(unusedSince === undefined ? [] : [where("lastUsed", "<", Date.parse(unusedSince))]),
	];
}

function contains(column: "name" | "description", text: string): RawBuilder<boolean> {
	return sql`${sql.ref(column)} like ${`%${text.replace(/[\\%_]/g, "\\$&")}%`} escape '\\'`;
}

function listHolds(column: "tags" | "resources", item: string): RawBuilder<boolean> {
	return sql`exists (select 1 from json_each(${sql.ref(column)}) where value = ${item})`;
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
