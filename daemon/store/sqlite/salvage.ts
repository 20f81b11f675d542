/**
 * Saves what damaged files still tell. Lines after a gap are applied, each token as its newest line has it. The index of the
 * last stop counts as a checkpoint: what it knows, no gap before it can hide. Which tokens a lost change may have ended
 * stays in doubt.
 */
import { type AuditFacts, auditFacts } from "./audit-facts.ts";
import type { IndexWitness } from "./index-file.ts";
import { parseJson } from "./log-lines.ts";
import { LogReader } from "./log-reader.ts";
import type { Change, MemoryDatabase } from "./memory-database.ts";
import { type DamagedFiles, generationsOf, type LogRange, noteDamage, type Replayed } from "./replay.ts";

export interface Salvaged extends Pick<Replayed, "generation" | "events" | "damagedLogs" | "damagedCopies"> {
	/** How many changes are missing; undefined: that is not known. */
	lostChanges: number | undefined;
	/** The tokens whose state is known in spite of what is missing; undefined: all of them. */
	known: ReadonlySet<string> | undefined;
}

/** Ends at no number: how many lines are missing is not known. */
interface Gap {
	generation: number;
	end: number;
}

export function salvageLogs(
	memory: MemoryDatabase,
	directory: string,
	range: LogRange,
	index: IndexWitness | undefined,
): Salvaged {
	const salvage = new Salvage(memory, directory, index);
	memory.execute("begin");
	const generations = generationsOf(directory, range);
	if (range.snapshot === undefined) salvage.beginWithout(generations[0] ?? 1);
	const files: DamagedFiles = { damagedLogs: [], damagedCopies: [] };
	for (const generation of generations) {
		const reader = new LogReader(directory, generation, range.isNumbered);
		salvage.readLog(reader, generation);
		noteDamage(files, reader, directory, generation);
	}
	salvage.finish();
	memory.execute("commit");
	return { generation: generations.at(-1) ?? 1, ...files, ...salvage.result };
}

class Salvage {
	readonly #memory: MemoryDatabase;
	readonly #directory: string;
	/** Until it is applied. */
	#index: IndexWitness | undefined;
	readonly #texts = new Map<string, string>();
	readonly #events: string[] = [];
	#lost: number | undefined = 0;
	/** Written by right lines after the last gap; undefined: there is no gap that matters. */
	#known: Set<string> | undefined;
	/** Of the log before. */
	#lines = 0;
	#isEndKnown = true;
	#isStart = true;

	constructor(memory: MemoryDatabase, directory: string, index: IndexWitness | undefined) {
		this.#memory = memory;
		this.#directory = directory;
		this.#index = index;
	}

	get result(): Pick<Salvaged, "events" | "lostChanges" | "known"> {
		return { events: this.#events, lostChanges: this.#lost, known: this.#known };
	}

	/** Without a snapshot, everything before the first log is missing, unless that holds the first changes. */
	beginWithout(generation: number): void {
		this.#gap({ generation, end: 0 }, undefined);
	}

	readLog(reader: LogReader, generation: number): void {
		let expected = 0;
		for (const { number, json } of reader.lines()) {
			const parsed = parseJson(json, this.#texts);
			if (parsed !== undefined && "begin" in parsed) this.#begin(parsed.begin.follows, generation);
			if (number > expected) this.#gap({ generation, end: number }, number - expected);
			this.#reach(generation, number);
			expected = number + 1;
			if (parsed === undefined) this.#gap({ generation, end: expected }, 1);
			else if ("entry" in parsed)
				this.#apply(parsed.entry.statements, parsed.entry.events, { generation, end: expected });
		}
		this.#isStart = false;
		this.#lines = expected;
		this.#isEndKnown = reader.isEndKnown;
		// The numbers of an unreadable last line count, too.
		const lines = Math.max(reader.log.lines, reader.copy.lines);
		if (lines > expected) this.#gap({ generation, end: lines }, lines - expected);
		this.#end = { generation, end: Math.max(lines, expected) };
	}

	#end: Gap = { generation: 0, end: 0 };

	finish(): void {
		const index = this.#index;
		const { generation, end } = this.#end;
		const isBehind = index !== undefined && isBefore({ generation, end }, index);
		if (isBehind || !this.#isEndKnown) this.#gap({ generation, end }, undefined);
		this.#applyIndex();
	}

	/** The log before has so many lines, and those after the last one that was found are missing. */
	#begin(follows: number | "snapshot" | "nothing", generation: number): void {
		if (follows === "nothing" && this.#isStart) {
			this.#known = undefined;
			this.#lost = 0;
		}
		if (typeof follows === "number" && !this.#isStart && follows > this.#lines)
			this.#gap({ generation: generation - 1, end: follows }, follows - Math.max(1, this.#lines));
		// It is the log of a start that did not come to its end, and tells nothing of the one before.
		else if (follows === "snapshot" && !this.#isEndKnown) this.#gap({ generation, end: 0 }, undefined);
		this.#isEndKnown = true;
	}

	/** Applies the index before the first line that comes after it. */
	#reach(generation: number, number: number): void {
		if (this.#index !== undefined && !isBefore({ generation, end: number }, this.#index)) this.#applyIndex();
	}

	#gap(gap: Gap, lost: number | undefined): void {
		this.#lost = lost === undefined || this.#lost === undefined ? undefined : this.#lost + lost;
		// What the index tells is the state before a gap, or after it, when it is applied later.
		if (this.#index !== undefined && isBefore(this.#index, gap)) this.#applyIndex();
		this.#known = new Set();
	}

	#applyIndex(): void {
		const index = this.#index;
		this.#index = undefined;
		if (index === undefined) return;
		new IndexCheckpoint(this.#memory, this.#directory, index, this.#events).apply();
		this.#known = undefined;
	}

	#apply(statements: readonly Change[], events: readonly string[], gap: Gap): void {
		for (const event of events) this.#events.push(event);
		for (const change of statements) {
			const outcome = applyLoosely(this.#memory, change);
			if (outcome === "failed") this.#gap(gap, 1);
			else if (outcome !== undefined) this.#known?.add(outcome);
		}
	}
}

/** Whether a position in the logs comes before another. */
function isBefore(one: Gap, other: Gap): boolean {
	return one.generation < other.generation || (one.generation === other.generation && one.end < other.end);
}

const update = /^update "tokens" set (.+) where "id" = \? and "version" = \?$/;
const removal = /^delete from "tokens" where "id" = \? and "version" = \?$/;
const insert = /^insert into "tokens" \(([^)]+)\) values/;

/** Applies a statement also where the one before it is missing. Answers the id of the token whose whole state it has. */
function applyLoosely(memory: MemoryDatabase, change: Change): string | "failed" | undefined {
	const [sql, parameters] = change;
	try {
		const updated = update.exec(sql)?.[1];
		if (updated !== undefined) return putRow(memory, columnsOf(updated), parameters.slice(0, -2));
		const inserted = insert.exec(sql)?.[1];
		if (inserted !== undefined) return putRow(memory, columnsOf(inserted), parameters);
		if (removal.test(sql)) memory.run('delete from "tokens" where "id" = ?', parameters.slice(0, 1));
		else memory.apply(change);
		return undefined;
	} catch {
		return "failed";
	}
}

function columnsOf(list: string): string[] {
	return [...list.matchAll(/"(\w+)"/g)].map(([, name = ""]) => name);
}

/** Writes a row, and keeps what the columns leave out. Answers its id. */
function putRow(memory: MemoryDatabase, columns: readonly string[], values: readonly unknown[]): string {
	const names = columns.map((name) => `"${name}"`).join(", ");
	const updates = columns.map((name) => `"${name}" = excluded."${name}"`).join(", ");
	memory.run(
		`insert into "tokens" (${names}) values (${columns.map(() => "?").join(", ")}) on conflict ("id") do update set ${updates}`,
		values,
	);
	return String(values[columns.indexOf("id")]);
}

/** Makes the database agree with the index of an orderly stop. */
class IndexCheckpoint {
	readonly #memory: MemoryDatabase;
	readonly #directory: string;
	readonly #index: IndexWitness;
	readonly #events: readonly string[];
	#facts: AuditFacts | undefined;

	constructor(memory: MemoryDatabase, directory: string, index: IndexWitness, events: readonly string[]) {
		this.#memory = memory;
		this.#directory = directory;
		this.#index = index;
		this.#events = events;
	}

	apply(): void {
		const versions = new Map<string, number>();
		for (const { id, version } of this.#memory.all(
			`select "id", "version" from "tokens" where "issuer" = 'local'`,
		))
			versions.set(String(id), Number(version));
		const columns = this.#columns();
		for (const json of this.#index.rows()) {
			const row: Record<string, unknown> = JSON.parse(json);
			const id = String(row.id);
			if (!versions.has(id)) this.#insert(this.#whole(row), columns);
			else if (versions.get(id) !== row.version) this.#update(id, row, columns);
			versions.delete(id);
		}
		for (const id of versions.keys()) this.#memory.run('delete from "tokens" where "id" = ?', [id]);
		for (const [name, value] of Object.entries(this.#index.settings)) this.#setSetting(name, value);
	}

	#columns(): ReadonlySet<string> {
		return new Set(
			[...this.#memory.all(`select "name" from pragma_table_info('tokens')`)].map(({ name }) => String(name)),
		);
	}

	#insert(row: Record<string, unknown>, columns: ReadonlySet<string>): void {
		const { names, values } = cellsOf(row, columns);
		putRow(this.#memory, names, values);
	}

	#update(id: string, row: Record<string, unknown>, columns: ReadonlySet<string>): void {
		const { names, values } = cellsOf(row, columns);
		const updates = names.map((name) => `"${name}" = ?`).join(", ");
		this.#memory.run(`update "tokens" set ${updates} where "id" = ?`, [...values, id]);
	}

	/** With what the index leaves out, as far as the audit tells. */
	#whole(row: Record<string, unknown>): Record<string, unknown> {
		this.#facts ??= auditFacts(this.#directory, this.#events);
		const { fields, actor } = this.#facts.get(String(row.id)) ?? { fields: {}, actor: unknownUser };
		return {
			...{ description: "", profile: "local", partialToken: "", tags: [], options: {} },
			...{ createdUserInfo: actor, lastModifiedUserInfo: actor, lastModifiedDate: row.creationDate },
			...fields,
			...row,
		};
	}

	#setSetting(name: string, value: unknown): void {
		const sql = `insert into "settings" ("name", "value") values (?, ?)
			on conflict ("name") do update set "value" = excluded."value"`;
		this.#memory.run(sql, [name, JSON.stringify(value)]);
	}
}

const unknownUser = { userId: "unknown", userName: "unknown" };

function cellsOf(row: Record<string, unknown>, columns: ReadonlySet<string>) {
	const cells = Object.entries(row).filter(([name]) => columns.has(name));
	const values = cells.map(([, value]) => (isPlain(value) ? value : JSON.stringify(value)));
	return { names: cells.map(([name]) => name), values };
}

function isPlain(value: unknown): boolean {
	return value === null || typeof value !== "object";
}
