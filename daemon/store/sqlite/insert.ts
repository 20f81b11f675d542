/**
 * Inserts whose text Kysely compiles once per table: to compile one costs more than to run it. All rows of a table have the
 * same columns.
 */
import type { Insertable } from "kysely";
import type { Connection } from "./connection.ts";
import type { Tables } from "./schema.ts";

interface Compiled {
	sql: string;
	columns: readonly string[];
}

/** By table and, for an upsert, the columns of its conflict. */
const compiled = new Map<string, Compiled>();

export async function insertRow<Table extends keyof Tables>(
	connection: Connection,
	table: Table,
	row: Insertable<Tables[Table]>,
	conflictColumns: readonly (keyof Tables[Table] & string)[] = [],
): Promise<void> {
	const name = `${table} ${conflictColumns}`;
	let known = compiled.get(name);
	if (known === undefined) {
		known = await compile(connection, table, row, conflictColumns);
		compiled.set(name, known);
	}
	const values = row as Readonly<Record<string, unknown>>;
	connection.memory.run(
		known.sql,
		known.columns.map((column) => values[column]),
	);
}

async function compile<Table extends keyof Tables>(
	connection: Connection,
	table: Table,
	row: Insertable<Tables[Table]>,
	conflictColumns: readonly string[],
): Promise<Compiled> {
	const columns = Object.keys(row);
	const values = await withTextFromBytes(connection, table, row);
	const insert = connection.kysely.insertInto(table as keyof Tables).values(values as never);
	if (conflictColumns.length === 0) return { sql: insert.compile().sql, columns };
	const upsert = insert.onConflict((conflict) =>
		conflict
			.columns(conflictColumns as never)
			.doUpdateSet(
				(where) =>
					Object.fromEntries(
						columns.map((column) => [column, where.ref(`excluded.${column}` as never)]),
					) as never,
			),
	);
	return { sql: upsert.compile().sql, columns };
}

/** The row with each text written as `textFromBytes`. */
async function withTextFromBytes(connection: Connection, table: string, row: object): Promise<object> {
	const { sql } = await import("kysely");
	const columns = [...connection.memory.prepare("select name, type from pragma_table_info(?)").all([table])];
	const texts = new Set(
		(columns as { name: string; type: string }[])
			.filter(({ type }) => type.toLowerCase() === "text")
			.map(({ name }) => name),
	);
	return Object.fromEntries(
		Object.entries(row).map(([name, value]) => [name, texts.has(name) ? sql`cast(${value} as text)` : value]),
	);
}
