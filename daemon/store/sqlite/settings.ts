/**
 * Values by name, as JSON: the policy, the user's profiles and the ends of the audit chain. A group of changes writes each
 * name once, since every change moves the head of the chain.
 */
import { type MemoryDatabase, textFromBytes } from "./memory-database.ts";

/** JSON texts by name. */
type Texts = ReadonlyMap<string, string>;

export class Settings {
	readonly #memory: MemoryDatabase;
	/** Read or written since the last rollback. */
	readonly #saved = new Map<string, string>();
	/** Set by the group of changes that is under way. */
	#unsaved = new Map<string, string>();

	constructor(memory: MemoryDatabase) {
		this.#memory = memory;
	}

	/** For `rollBack`. */
	get unsaved(): Texts {
		return new Map(this.#unsaved);
	}

	/** undefined: never set. */
	get(name: string): unknown {
		const text = this.#unsaved.get(name) ?? this.#saved.get(name) ?? this.#read(name);
		return text === undefined ? undefined : JSON.parse(text);
	}

	set(name: string, value: unknown): void {
		this.#unsaved.set(name, JSON.stringify(value));
	}

	/** Writes the unsaved values to the database. */
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

	/** After a rollback of the database, to the point where these values were not saved yet. */
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
