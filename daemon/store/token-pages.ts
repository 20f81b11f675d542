/**
 * Pages of tokens, in SQL of any kind. A page reads its rows in the order of an index, so that its cost does not grow with the
 * number of tokens.
 */
import { type ExpressionBuilder, type Kysely, type RawBuilder, sql } from "kysely";
import type { TokenStatus } from "../facts.ts";
import {
	type ListFilter,
	type ListPage,
	type SortColumn,
	type StoredToken,
	storedTokenFrom,
} from "./store.ts";

/** The columns that a page reads; dates are RFC 3339 to both kinds of database. */
export interface PagedTables {
	tokens: Record<
		"id" | "issuer" | "profile" | "name" | "description" | "tags" | "resources" | "creationDate",
		string
	> &
		Record<
			"connectionId" | "expiry" | "retiresDate" | "disabledDate" | "inDoubtDate" | "revokedDate",
			string | null
		> & { lastUsed: number };
}

/** What the kinds of SQL write differently. */
export interface Sql {
	/** A token with its usage, as JSON text. */
	readonly storedToken: string;
	/** Whether a list, which is no empty one where that is asked, has the item. */
	holds(column: "tags" | "resources", item: string): RawBuilder<boolean>;
	isOneOf(ids: readonly string[]): RawBuilder<boolean>;
	/** Whatever the case of letters in ASCII. `%` and `_` of the text stand for themselves. */
	contains(column: "name" | "description", text: string): RawBuilder<boolean>;
}

type Database = Kysely<PagedTables>;
type Where = ExpressionBuilder<PagedTables, "tokens">;
type Condition = ReturnType<Where["and"]> | RawBuilder<boolean>;

/** Of one kind of rows: those with a value in the sorted column, or those without, which come last. */
interface Part {
	condition: RawBuilder<boolean> | undefined;
	order: (SortColumn | "id")[];
}

/** @param now RFC 3339. */
export async function listTokens(
	on: { kysely: Database; sql: Sql },
	filter: ListFilter,
	page: ListPage,
	now: string,
): Promise<StoredToken[]> {
	let rows: StoredToken[] = [];
	for (const part of partsAfter(page)) {
		const limit = page.limit < 0 ? page.limit : page.limit - rows.length;
		if (limit === 0) break;
		rows = rows.concat(await readPart(on, filter, part, { ...page, limit }, now));
	}
	return rows;
}

async function readPart(
	{ kysely, sql: dialect }: { kysely: Database; sql: Sql },
	filter: ListFilter,
	{ condition, order }: Part,
	{ limit, direction }: ListPage,
	now: string,
): Promise<StoredToken[]> {
	let query = kysely
		.selectFrom("tokens")
		.select(sql<string>`${sql.raw(dialect.storedToken)}`.as("json"))
		.where((where) => where.and(conditionsOf(filter, where, { now, dialect })));
	if (limit >= 0) query = query.limit(limit);
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
	status: (status, where, { now }) => hasStatus(where, status, now),
	issuer: (issuer, where) => where("issuer", "=", issuer),
	profile: (profile, where) => where("profile", "=", profile),
	connection: (id, where) => where("connectionId", "=", id),
	q: (text, where, { dialect }) =>
		where.or([dialect.contains("name", text), dialect.contains("description", text)]),
	tag: (tag, _, { dialect }) => dialect.holds("tags", tag),
	resource: (resource, _, { dialect }) => dialect.holds("resources", resource),
	expiresBefore: (date, where) => where("expiry", "<", date),
	unusedSince: (date, where) => where("lastUsed", "<", Date.parse(date)),
	ids: (ids, _, { dialect }) => dialect.isOneOf(ids),
} satisfies {
	[Name in keyof ListFilter]-?: (
		value: NonNullable<ListFilter[Name]>,
		where: Where,
		present: Present,
	) => Condition;
};

interface Present {
	/** RFC 3339. */
	now: string;
	dialect: Sql;
}

/** @throws Error for a filter without a condition: to pass it over would select every token. */
function conditionsOf(filter: ListFilter, where: Where, present: Present): Condition[] {
	return Object.entries(filter)
		.filter(([, value]) => value !== undefined)
		.map(([name, value]) => {
			if (!Object.hasOwn(conditions, name)) throw new Error(`No condition implements the filter ${name}.`);
			const condition = conditions[name as keyof typeof conditions];
			return condition(value as never, where, present);
		});
}

/** For `like … escape '\'`. */
export function containing(text: string): string {
	return `%${text.replace(/[\\%_]/g, "\\$&")}%`;
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

/** The name of the status, as `statusOf` says it. @param now the place of the parameter. */
export function statusColumn(now: string): string {
	return `case when "revokedDate" is not null then 'revoked' when "inDoubtDate" is not null then 'in-doubt'
		when "disabledDate" is not null then 'disabled' when "expiry" <= ${now} or "retiresDate" <= ${now} then 'expired'
		when "retiresDate" is not null then 'retiring' else 'active' end`;
}
