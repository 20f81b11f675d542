/** What is kept by name: what the person has set, and the ends of the audit's chain. Values are JSON. */
import type { Kysely } from "kysely";
import type { DurableDatabase } from "./durable.ts";
import { insertRow } from "./insert.ts";
import type { Tables } from "./schema.ts";

/** undefined: never kept. */
export async function loadSetting(query: Kysely<Tables>, name: string): Promise<unknown> {
	const row = await query.selectFrom("settings").select("value").where("name", "=", name).executeTakeFirst();
	return row === undefined ? undefined : JSON.parse(row.value);
}

export function readSetting(database: DurableDatabase, name: string): Promise<unknown> {
	return database.read((query) => loadSetting(query, name));
}

export async function saveSetting(query: Kysely<Tables>, name: string, setting: unknown): Promise<void> {
	await insertRow(query, "settings", { name, value: JSON.stringify(setting) }, ["name"]);
}
