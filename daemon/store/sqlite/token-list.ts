/** Lists of tokens on SQLite. */
import { type Kysely, sql } from "kysely";
import type { TokenStatus } from "../../facts.ts";
import { type ListFilter, type ListPage, type StoredToken, storedTokenFrom } from "../store.ts";
import {
	containing,
	type PagedTables,
	listTokens as pageOf,
	type Sql,
	statusColumn,
} from "../token-pages.ts";
import type { Connection } from "./connection.ts";
import { storedTokenAsJson } from "./token-queries.ts";

const dialect: Sql = {
	storedToken: storedTokenAsJson,
	holds: (column, item) => {
		const holds = sql<boolean>`exists (select 1 from json_each(${sql.ref(column)}) where "value" = ${item})`;
		// Named for its index.
		return column === "resources" ? sql`"resources" <> '[]' and ${holds}` : holds;
	},
	isOneOf: (ids) => sql`"id" in (select "value" from json_each(${JSON.stringify(ids)}))`,
	// For SQLite a pattern ends at the character NUL, which no stored text has, so that all that is before it would do.
	contains: (column, text) =>
		text.includes("\0") ? sql`0` : sql`${sql.ref(column)} like ${containing(text)} escape '\\'`,
};

/** @param now RFC 3339. */
export function listTokens(
	{ kysely }: Connection,
	filter: ListFilter,
	page: ListPage,
	now: string,
): Promise<StoredToken[]> {
	return pageOf({ kysely: kysely as unknown as Kysely<PagedTables>, sql: dialect }, filter, page, now);
}

/** @param now RFC 3339. */
export async function countByStatus(connection: Connection, now: string): Promise<Map<TokenStatus, number>> {
	const rows = connection.memory.all(
		`select ${statusColumn("?1")} as "status", count(*) as "count" from "tokens" group by 1`,
		[now],
	);
	return new Map([...rows].map(({ status, count }) => [status as TokenStatus, Number(count)]));
}

export async function grants(connection: Connection): Promise<{ resource: string; tokenId: string }[]> {
	const rows = connection.memory.all(
		`select "resource"."value" as "resource", "tokens"."id" as "tokenId"
			from "tokens", json_each("tokens"."resources") as "resource"
			where "tokens"."resources" <> '[]' and "tokens"."revokedDate" is null order by 1, "tokens"."creationDate", 2`,
		[],
	);
	return [...rows] as unknown as { resource: string; tokenId: string }[];
}

/** @param now RFC 3339. */
export async function quietOverlaps(connection: Connection, now: string): Promise<StoredToken[]> {
	const rows = connection.memory.all(
		`select ${storedTokenAsJson} as "json" from "tokens"
			where "quietSeconds" is not null and "retiresDate" > ?1 and ("expiry" is null or "expiry" > ?1)
			and "revokedDate" is null`,
		[now],
	);
	return [...rows].map(({ json }) => storedTokenFrom(json));
}
