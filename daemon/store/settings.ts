/** What is kept by name: what the person has set, and the ends of the audit's chain. Values are JSON. */
import { CompiledQuery, type Kysely } from "kysely";
import type { DurableDatabase } from "./durable.ts";
import { insertRow } from "./insert.ts";
import type { Tables } from "./schema.ts";

/** undefined: never kept. */
export async function loadSetting(query: Kysely<Tables>, name: string): Promise<unknown> {
	// Asked at each change, so its text is not built anew.
	const select = CompiledQuery.raw('select "value" from "settings" where "name" = ?', [name]);
	const { rows } = await query.executeQuery<Tables["settings"]>(select);
	return rows[0] === undefined ? undefined : JSON.parse(rows[0].value);
}

export function readSetting(database: DurableDatabase, name: string): Promise<unknown> {
	return database.read((query) => loadSetting(query, name));
}

export async function saveSetting(query: Kysely<Tables>, name: string, setting: unknown): Promise<void> {
	await insertRow(query, "settings", { name, value: JSON.stringify(setting) }, ["name"]);
}
