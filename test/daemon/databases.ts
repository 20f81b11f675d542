/** Durable databases over a folder of each test. Their settings stand for whatever is stored. */
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { DurableDatabase, DurableOptions } from "../../daemon/store/sqlite/durable-database.ts";
import { openDatabase, temporaryFolder } from "./harness.ts";

/** To be called in a `describe`. */
export function databasesOfEach(): Databases {
	const databases = new Databases();
	beforeEach(() => databases.begin());
	afterEach(() => databases.end());
	return databases;
}

class Databases {
	folder = "";
	readonly #open: DurableDatabase[] = [];

	begin(): void {
		this.folder = temporaryFolder();
	}

	async end(): Promise<void> {
		for (const database of this.#open.splice(0)) await close(database);
		rmSync(this.folder, { recursive: true });
	}

	/** Also while an earlier one is open, which then is as good as killed. */
	async start(options: Partial<DurableOptions> = {}): Promise<DurableDatabase> {
		const database = await openDatabase(this.folder, options);
		this.#open.push(database);
		return database;
	}

	copyFile(): string {
		return this.logFile().replace("changes-", "copy-");
	}

	/** The newest. */
	logFile(): string {
		const numbers = readdirSync(this.folder).flatMap((name) => /^changes-(\d+)\.log$/.exec(name)?.[1] ?? []);
		return join(this.folder, `changes-${Math.max(...numbers.map(Number))}.log`);
	}
}

export function replaceIn(path: string, text: string, by: string): void {
	writeFileSync(path, readFileSync(path, "latin1").replace(text, by), "latin1");
}

/** What a log holds before the room at its end. */
export function linesOf(path: string): Buffer {
	const bytes = readFileSync(path);
	return bytes.subarray(0, bytes.lastIndexOf("\n") + 1);
}

export function names(count: number): string[] {
	return Array.from({ length: count }, (_, index) => `name-${index}`);
}

export function expected(all: readonly string[], value: string): Record<string, string> {
	return Object.fromEntries(all.map((name) => [name, value]));
}

export function close(database: DurableDatabase): Promise<void> {
	return database.close(() => undefined);
}

export async function insert(database: DurableDatabase, name: string, value: string): Promise<void> {
	await database.write(({ kysely }) => kysely.insertInto("settings").values({ name, value }).execute());
}

export async function set(database: DurableDatabase, name: string, value: string): Promise<void> {
	await database.write(({ kysely }) =>
		kysely
			.insertInto("settings")
			.values({ name, value })
			.onConflict((conflict) => conflict.column("name").doUpdateSet({ value }))
			.execute(),
	);
}

export async function all(database: DurableDatabase): Promise<Record<string, string>> {
	const rows = await database.read(({ kysely }) => kysely.selectFrom("settings").selectAll().execute());
	return Object.fromEntries(rows.map((row) => [row.name, row.value]));
}
