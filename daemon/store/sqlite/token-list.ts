/** Pages of tokens. A page reads its rows in the order of an index, so that its cost does not grow with the number of tokens. */
import { type ExpressionBuilder, type RawBuilder, sql } from "kysely";
import type { TokenStatus } from "../../facts.ts";
import type { ListFilter, ListPage, SortColumn, StoredToken } from "../store.ts";
import type { Connection } from "./connection.ts";
import type { Tables } from "./schema.ts";
import { storedTokenAsJson, storedTokenFrom } from "./token-queries.ts";

type Where = ExpressionBuilder<Tables, "tokens">;
type Condition = ReturnType<Where["and"]> | RawBuilder<boolean>;

/** Of one kind of rows: those with a value in the sorted column, or those without, which come last. */
interface Part {
	condition: RawBuilder<boolean> | undefined;
	order: (SortColumn | "id")[];
}

/** @param now RFC 3339. */
export async function listTokens(
	connection: Connection,
	filter: ListFilter,
	page: ListPage,
	now: string,
): Promise<StoredToken[]> {
	let rows: StoredToken[] = [];
	for (const part of partsAfter(page)) {
		const limit = page.limit < 0 ? page.limit : page.limit - rows.length;
		if (limit === 0) break;
		rows = rows.concat(await readPart(connection, filter, part, { ...page, limit }, now));
	}
	return rows;
}

async function readPart(
	{ kysely }: Connection,
	filter: ListFilter,
	{ condition, order }: Part,
	{ limit, direction }: ListPage,
	now: string,
): Promise<StoredToken[]> {
	let query = kysely
		.selectFrom("tokens")
		.select(sql<string>`${sql.raw(storedTokenAsJson)}`.as("json"))
		.where((where) => where.and(conditionsOf(filter, where, now)))
		.limit(limit);
	if (condition !== undefined) query = query.where(condition);
	for (const column of order) query = query.orderBy(column, direction);
	return (await query.execute()).map(({ json }) => storedTokenFrom(json));
}

function partsAfter({ sort, direction, after }: ListPage): Part[] {
	const beyond = sql.raw(direction === "asc" ? ">" : "<");
	const [value, id] = after ?? [undefined, undefined];
	const valued: Part = {
		condition: and([
			...(isAlwaysSet(sort) ? [] : [hasValue(sort)]),
			...(value === undefined ? [] : [sql`(${sql.ref(sort)}, "id") ${beyond} (${value}, ${id})`]),
		]),
		order: [sort, "id"],
	};
	if (isAlwaysSet(sort)) return [valued];
	const empty: Part = {
		condition: and([hasNoValue(sort), ...(value === null ? [sql<boolean>`"id" ${beyond} ${id}`] : [])]),
		order: ["id"],
	};
	return value === null ? [empty] : [valued, empty];
}

function isAlwaysSet(sort: SortColumn): boolean {
	return sort === "creationDate" || sort === "name";
}

function hasValue(sort: SortColumn): RawBuilder<boolean> {
	return sort === "lastUsed" ? sql`"lastUsed" > 0` : sql`${sql.ref(sort)} is not null`;
}

function hasNoValue(sort: SortColumn): RawBuilder<boolean> {
	return sort === "lastUsed" ? sql`"lastUsed" = 0` : sql`${sql.ref(sort)} is null`;
}

function and(conditions: readonly RawBuilder<unknown>[]): RawBuilder<boolean> | undefined {
	return conditions.length === 0 ? undefined : sql`${sql.join(conditions, sql` and `)}`;
}

/** Every filter of the contract has its condition here, or this file does not compile. */
const conditions = {
	status: (status, where, now) => hasStatus(where, status, now),
	issuer: (issuer, where) => where("issuer", "=", issuer),
	profile: (profile, where) => where("profile", "=", profile),
	connection: (id, where) => where("connectionId", "=", id),
	q: (text, where) => where.or([contains("name", text), contains("description", text)]),
	tag: (tag) => listHolds("tags", tag),
	resource: (resource) => sql`"resources" <> '[]' and ${listHolds("resources", resource)}`,
	expiresBefore: (date, where) => where("expiry", "<", date),
	unusedSince: (date, where) => where("lastUsed", "<", Date.parse(date)),
	ids: (ids) => sql`"id" in (select "value" from json_each(${JSON.stringify(ids)}))`,
} satisfies {
	[Name in keyof ListFilter]-?: (
		value: NonNullable<ListFilter[Name]>,
		where: Where,
		now: string,
	) => Condition;
};

/** @throws Error for a filter without a condition: to pass it over would select every token. */
function conditionsOf(filter: ListFilter, where: Where, now: string): Condition[] {
	return Object.entries(filter)
		.filter(([, value]) => value !== undefined)
		.map(([name, value]) => {
			if (!Object.hasOwn(conditions, name)) throw new Error(`No condition implements the filter ${name}.`);
			const condition = conditions[name as keyof typeof conditions];
			return condition(value as never, where, now);
		});
}

function contains(column: "name" | "description", text: string): RawBuilder<boolean> {
	return sql`${sql.ref(column)} like ${`%${text.replace(/[\\%_]/g, "\\$&")}%`} escape '\\'`;
}

function listHolds(column: "tags" | "resources", item: string): RawBuilder<boolean> {
	return sql`exists (select 1 from json_each(${sql.ref(column)}) where "value" = ${item})`;
}

/** The same as `statusOf` in the contract, as a condition. */
function hasStatus(where: Where, status: TokenStatus, now: string): Condition {
	const revoked = where("revokedDate", "is not", null);
	const doubted = where("inDoubtDate", "is not", null);
	const disabled = where("disabledDate", "is not", null);
	const ended = where.or([where("expiry", "<=", now), where("retiresDate", "<=", now)]);
	const alive = where.not(where.fn.coalesce(ended, where.lit(false)));
	const usable = [where.not(revoked), where.not(doubted), where.not(disabled)];
	switch (status) {
		case "revoked":
			return revoked;
		case "in-doubt":
			return where.and([where.not(revoked), doubted]);
		case "disabled":
			return where.and([where.not(revoked), where.not(doubted), disabled]);
		case "expired":
			return where.and([...usable, ended]);
		case "retiring":
			return where.and([...usable, alive, where("retiresDate", "is not", null)]);
		case "active":
			return where.and([...usable, alive, where("retiresDate", "is", null)]);
	}
}

/** @param now RFC 3339. */
export async function countByStatus(connection: Connection, now: string): Promise<Map<TokenStatus, number>> {
	const ended = `("expiry" <= ?1 or "retiresDate" <= ?1)`;
	const rows = connection.memory.all(
		`select case when "revokedDate" is not null then 'revoked' when "inDoubtDate" is not null then 'in-doubt'
			when "disabledDate" is not null then 'disabled' when ${ended} then 'expired' when "retiresDate" is not null then 'retiring' else 'active' end as "status",
			count(*) as "count" from "tokens" group by 1`,
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
