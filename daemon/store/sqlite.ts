/**
 * sql.js as Kysely's SQLite: a database in memory, made from an image and turned into one. What changes rows can be
 * recorded, statement by statement, so that the redo log holds just what a replay needs.
 */
import type { SqliteDatabase, SqliteStatement } from "kysely";
import initSqlJs, { type Database, type SqlJsStatic, type SqlValue, type Statement } from "sql.js";

export type { SqlJsStatic } from "sql.js";

const cacheKibibytes = 16_384;

/**
 * What a statement writes for each of its parameters that holds text, to be given that as bytes: to hand SQLite a text
 * of some length takes sql.js longer than SQLite takes for all the rest.
 */
export const textFromBytes = "cast(? as text)";

/** One statement that changed rows, with its parameters. */
export type Change = readonly [sql: string, parameters: readonly SqlValue[]];

/** @param wasm SQLite, compiled from sql.js's `sql-wasm.wasm`. */
export async function loadSqlJs(wasm: Promise<WebAssembly.Module>): Promise<SqlJsStatic> {
	// With nothing else to wait for, Node stops to wait for the compiler's optional work too, some 65 ms.
	const alive = setInterval(() => {}, 1000);
	try {
		const compiled = await wasm;
		return await initSqlJs({
			instantiateWasm(imports: WebAssembly.Imports, receive: (instance: WebAssembly.Instance) => void) {
				const instance = new WebAssembly.Instance(compiled, imports);
				receive(instance);
				return instance.exports;
			},
		} as EmscriptenModule);
	} finally {
		clearInterval(alive);
	}
}

export class MemoryDatabase implements SqliteDatabase {
	readonly #database: Database;
	/** Prepared once: the daemon's queries are few, and preparing costs more than running. */
	readonly #statements = new Map<string, Statement>();
	readonly #takesBytes = new WeakSet<Statement>();
	/** Asked for once too, for SQLite tells them anew for each row. */
	readonly #columns = new WeakMap<Statement, string[]>();
	#recording: Change[] | undefined;

	constructor(sqlJs: SqlJsStatic, image?: Uint8Array) {
		this.#database = new sqlJs.Database(image);
		// Durability is the log's: SQLite need not write what it keeps in memory a second time to roll it back.
		this.#database.run("pragma journal_mode = memory; pragma synchronous = off; pragma temp_store = memory");
		// Nobody else has the file, so it need not be looked at again for each change, nor read for each page of an index.
		this.#database.run(`pragma locking_mode = exclusive; pragma cache_size = -${cacheKibibytes}`);
	}

	/** Runs a statement that belongs to no query, such as one of a transaction. Never recorded. */
	execute(sql: string): void {
		this.#statement(sql).run();
	}

	apply(change: Change): void {
		this.#run(change);
	}

	/** From here on, statements that change rows are kept until `stopRecording`. */
	startRecording(): void {
		this.#recording = [];
	}

	stopRecording(): Change[] {
		const recorded = this.#recording ?? [];
		this.#recording = undefined;
		return recorded;
	}

	/** The whole database as SQLite's file format. Throws inside a transaction. */
	export(): Uint8Array {
		return this.#database.export();
	}

	prepare(sql: string): SqliteStatement {
		const reader = /^\s*(select|with|pragma)\b/i.test(sql);
		return {
			reader,
			all: (parameters) => [...this.#rows(sql, parameters)],
			iterate: (parameters) => this.#rows(sql, parameters),
			run: (parameters) => this.run(sql, parameters),
		};
	}

	/** The first row that a query answers. */
	first(sql: string, parameters: readonly unknown[]): Record<string, SqlValue> | undefined {
		const [row] = this.#rows(sql, parameters);
		return row;
	}

	close(): void {
		this.#database.close();
	}

	/** Runs a statement that changes rows. */
	run(sql: string, parameters: readonly unknown[]): { changes: number; lastInsertRowid: number } {
		const change: Change = [sql, parameters as readonly SqlValue[]];
		this.#run(change);
		this.#recording?.push(change);
		return { changes: this.#database.getRowsModified(), lastInsertRowid: 0 };
	}

	#run([sql, parameters]: Change): void {
		const statement = this.#statement(sql);
		statement.run(this.#takesBytes.has(statement) ? parameters.map(bytesOf) : [...parameters]);
	}

	*#rows(sql: string, parameters: readonly unknown[]): IterableIterator<Record<string, SqlValue>> {
		const statement = this.#statement(sql);
		try {
			statement.bind(parameters as SqlValue[]);
			while (statement.step()) yield this.#rowOf(statement);
		} finally {
			statement.reset();
		}
	}

	#rowOf(statement: Statement): Record<string, SqlValue> {
		let columns = this.#columns.get(statement);
		if (columns === undefined) {
			columns = statement.getColumnNames();
			this.#columns.set(statement, columns);
		}
		const row: Record<string, SqlValue> = {};
		for (const [index, value] of statement.get().entries()) row[columns[index] ?? index] = value;
		return row;
	}

	#statement(sql: string): Statement {
		let statement = this.#statements.get(sql);
		if (statement === undefined) {
			// Lists with filters make many texts; a bound keeps the memory small.
			if (this.#statements.size >= 200) this.#forgetStatements();
			statement = this.#database.prepare(sql);
			if (sql.includes(textFromBytes)) this.#takesBytes.add(statement);
			this.#statements.set(sql, statement);
		}
		return statement;
	}

	#forgetStatements(): void {
		for (const statement of this.#statements.values()) statement.free();
		this.#statements.clear();
	}
}

function bytesOf(value: SqlValue): SqlValue {
	return typeof value === "string" ? Buffer.from(value) : value;
}
