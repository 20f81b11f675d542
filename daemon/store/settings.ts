/**
 * What is kept by name: what the person has set, and the ends of the audit's chain. Values are JSON. What changes of them
 * send to the database is one statement a name for each group of changes, for every change moves the chain's head.
 */
import { type MemoryDatabase, textFromBytes } from "./sqlite.ts";

/** JSON texts by name. */
type Texts = ReadonlyMap<string, string>;

export class Settings {
	readonly #memory: MemoryDatabase;
	/** Those that were read or written since the last time that anything was rolled back. */
	readonly #saved = new Map<string, string>();
	/** Set by the group of changes that is under way. */
	#unsaved = new Map<string, string>();

	constructor(memory: MemoryDatabase) {
		this.#memory = memory;
	}

	/** To be given to `rollBack`. */
	get unsaved(): Texts {
		return new Map(this.#unsaved);
	}

	/** undefined: never kept. */
	get(name: string): unknown {
		const text = this.#unsaved.get(name) ?? this.#saved.get(name) ?? this.#read(name);
		return text === undefined ? undefined : JSON.parse(text);
	}

	set(name: string, value: unknown): void {
		this.#unsaved.set(name, JSON.stringify(value));
	}

	/** Sends what is unsaved to the database. */
	save(): void {
		for (const [name, text] of this.#unsaved) {
			this.#memory.run(
				`insert into "settings" ("name", "value") values (${textFromBytes}, ${textFromBytes})
					on conflict ("name") do update set "value" = excluded."value"`,
				[name, text],
			);
			this.#saved.set(name, text);
		}
		this.#unsaved.clear();
	}

	/** The database has been rolled back, to where this was not saved yet. */
	rollBack(unsaved: Texts): void {
		this.#saved.clear();
		this.#unsaved = new Map(unsaved);
	}

	#read(name: string): string | undefined {
		const row = this.#memory.first('select "value" from "settings" where "name" = ?', [name]);
		if (row === undefined) return undefined;
		const text = String(row.value);
		this.#saved.set(name, text);
		return text;
	}
}
