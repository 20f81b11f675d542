/** Kysely over a function that runs one query: it builds the text, and knows nothing of connections. */
import {
	type CompiledQuery,
	type DatabaseConnection,
	type Driver,
	Kysely,
	PostgresAdapter,
	PostgresIntrospector,
	PostgresQueryCompiler,
} from "kysely";

type Query = (text: string, values: readonly unknown[]) => Promise<Record<string, unknown>[]>;

export function kyselyOver<Tables>(query: Query): Kysely<Tables> {
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
