/** What is kept by name: what the person has set, and the ends of the audit's chain. Values are JSON. */
import type { DurableDatabase, Transaction } from "./durable.ts";
import { insertRow } from "./insert.ts";

/** undefined: never kept. */
export async function loadSetting(query: Transaction, name: string): Promise<unknown> {
	const row = query.memory.first('select "value" from "settings" where "name" = ?', [name]);
	return row === undefined ? undefined : JSON.parse(String(row.value));
}

export function readSetting(database: DurableDatabase, name: string): Promise<unknown> {
	return database.read((query) => loadSetting(query, name));
}

export async function saveSetting(query: Transaction, name: string, setting: unknown): Promise<void> {
	await insertRow(query, "settings", { name, value: JSON.stringify(setting) }, ["name"]);
}
