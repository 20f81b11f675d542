/** What is kept by name: what the person has set, and the ends of the audit's chain. Values are JSON. */
import type { DurableDatabase, Transaction } from "./durable.ts";
import { insertRow } from "./insert.ts";

/** undefined: never kept. */
export async function loadSetting(query: Transaction, name: string): Promise<unknown> {
	let text = query.settings.get(name);
	if (text === undefined) {
		const row = query.memory.first('select "value" from "settings" where "name" = ?', [name]);
		if (row === undefined) return undefined;
		text = String(row.value);
		query.settings.set(name, text);
	}
	return JSON.parse(text);
}

export function readSetting(database: DurableDatabase, name: string): Promise<unknown> {
	return database.read((query) => loadSetting(query, name));
}

export async function saveSetting(query: Transaction, name: string, setting: unknown): Promise<void> {
	const value = JSON.stringify(setting);
	await insertRow(query, "settings", { name, value }, ["name"]);
	query.settings.set(name, value);
}
