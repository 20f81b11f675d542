/**
 * sql.js as Kysely's SQLite: a database in memory that is loaded from an image and exported as one. Statements that change
 * rows can be recorded, so that the redo log holds just what a replay needs.
 */
import type { SqliteDatabase, SqliteStatement } from "kysely";
import initSqlJs, { type Database, type SqlJsStatic, type SqlValue, type Statement } from "sql.js";

export type { SqlJsStatic } from "sql.js";

const cacheKibibytes = 16_384;
const replayCacheKibibytes = 4096;

/**
 * The placeholder of a parameter that is bound as UTF-8 bytes instead of text: to pass a text of some length to SQLite
 * takes sql.js longer than SQLite takes for all the rest.
 */
export const textFromBytes = "cast(? as text)";

/** One statement that changed rows, with its parameters. */
export type Change = readonly [sql: string, parameters: readonly SqlValue[]];

/** @param wasm SQLite, compiled from sql.js's `sql-wasm.wasm`. */
export async function loadSqlJs(wasm: Promise<WebAssembly.Module>): Promise<SqlJsStatic> {
	// Without an active handle, Node also waits for the compiler's optional work, some 65 ms.
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
	/** Prepared once: the queries are few, and to prepare one costs more than to run it. */
	readonly #statements = new Map<string, Statement>();
	readonly #takesBytes = new WeakSet<Statement>();
	/** Read once per statement: sql.js asks SQLite for them at each row. */
	readonly #columns = new WeakMap<Statement, string[]>();
	#recording: Change[] | undefined;

	constructor(sqlJs: SqlJsStatic, image?: Uint8Array) {
		this.#database = new sqlJs.Database(image);
		// The log makes changes durable: SQLite need not sync, and keeps its own journal in memory.
		this.#database.run("pragma journal_mode = memory; pragma synchronous = off; pragma temp_store = memory");
		// No other process has the file, so SQLite need not check it at each change, nor read each page of an index again.
		this.#database.run(`pragma locking_mode = exclusive; pragma cache_size = -${cacheKibibytes}`);
	}

	/** Runs a statement such as `begin`, which is never recorded. */
	execute(sql: string): void {
		this.#statement(sql).run();
	}

	/**
	 * Until `endReplay`, no change can be rolled back: the journal of a long log, and as large a cache, would stay in
	 * WebAssembly's memory, which never shrinks.
	 */
	beginReplay(): void {
		this.#database.run(`pragma journal_mode = off; pragma cache_size = -${replayCacheKibibytes}`);
	}

	endReplay(): void {
		this.#database.run(`pragma journal_mode = memory; pragma cache_size = -${cacheKibibytes}`);
	}

	apply(change: Change): void {
		this.#run(change);
	}

	/** Records statements that change rows from here until `stopRecording`. */
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

	/** The rows of a query. */
	all(sql: string, parameters: readonly unknown[] = []): IterableIterator<Record<string, SqlValue>> {
		return this.#rows(sql, parameters);
	}

	/** The first row of a query. */
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
			// Lists with filters have many texts; the bound limits the memory.
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
