/** Pages of tokens by Kysely, over a function that runs one query: it builds the text, and knows nothing of connections. */
import {
	type CompiledQuery,
	type DatabaseConnection,
	type Driver,
	Kysely,
	PostgresAdapter,
	PostgresIntrospector,
	PostgresQueryCompiler,
	sql,
} from "kysely";
import type { ListFilter, ListPage, StoredToken } from "../store.ts";
import { containing, listTokens, type PagedTables, type Sql } from "../token-pages.ts";
import { storedTokenAsJson } from "./rows.ts";

type Query = (text: string, values: readonly unknown[]) => Promise<Record<string, unknown>[]>;

const dialect: Sql = {
	storedToken: storedTokenAsJson,
	// Named for its index.
	holds: (column, item) =>
		sql<boolean>`${sql.ref(column)} <> '{}' and ${sql.ref(column)} @> array[${item}]::text[]`,
	isOneOf: (ids) => sql<boolean>`"id" = any(${ids})`,
	contains: (column, text) => sql<boolean>`${sql.ref(column)} ilike ${containing(text)}`,
};

/** @param now RFC 3339. */
export function listTokensBy(
	query: Query,
	filter: ListFilter,
	page: ListPage,
	now: string,
): Promise<StoredToken[]> {
	return listTokens({ kysely: kyselyOver<PagedTables>(query), sql: dialect }, filter, page, now);
}

function kyselyOver<Tables>(query: Query): Kysely<Tables> {
	return new Kysely<Tables>({
		dialect: {
			createAdapter: () => new PostgresAdapter(),
			createDriver: () => new QueryDriver(query),
			createIntrospector: (database) => new PostgresIntrospector(database),
			createQueryCompiler: () => new PostgresQueryCompiler(),
		},
	});
}

/** For single queries; transactions are the writer's. */
class QueryDriver implements Driver {
	readonly #connection: DatabaseConnection;

	constructor(query: Query) {
		this.#connection = {
			async executeQuery<Row>({ sql, parameters }: CompiledQuery) {
				return { rows: (await query(sql, parameters)) as Row[] };
			},
			streamQuery() {
				throw new Error("Pages are read whole.");
			},
		};
	}

	async init(): Promise<void> {}

	async acquireConnection(): Promise<DatabaseConnection> {
		return this.#connection;
	}

	async beginTransaction(): Promise<void> {
		throw new Error("Changes are made by the writer.");
	}

	async commitTransaction(): Promise<void> {}

	async rollbackTransaction(): Promise<void> {}

	async releaseConnection(): Promise<void> {}

	async destroy(): Promise<void> {}
}
