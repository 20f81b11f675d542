/** The database in memory as queries and changes use it: Kysely to build queries, `memory` for those that run at every change. */
import { Kysely, SqliteDialect } from "kysely";
import type { AuditEvent } from "../../contract.ts";
import type { Committed } from "../store.ts";
import type { MemoryDatabase } from "./memory-database.ts";
import type { Tables } from "./schema.ts";
import { Settings } from "./settings.ts";

export class Connection {
	readonly memory: MemoryDatabase;
	readonly kysely: Kysely<Tables>;
	readonly settings: Settings;
	/** Of the change that is running. */
	tokens: Committed["tokens"][number][] = [];
	events: AuditEvent[] = [];
	changedSettings = new Map<string, unknown>();
	/** The sequence up to which the audit was purged. */
	purgedTo: number | undefined;
	/** The hashes of the tokens that the group of changes under way has touched. Those of local tokens never change. */
	readonly touched = new Set<string>();

	constructor(memory: MemoryDatabase) {
		this.memory = memory;
		this.kysely = new Kysely({ dialect: new SqliteDialect({ database: memory }) });
		this.settings = new Settings(memory);
	}

	/** Of a change: a token that is created, changed or deleted. */
	noteToken(changed: Committed["tokens"][number]): void {
		this.tokens.push(changed);
		this.touched.add(changed.stored.token.hash);
	}

	/** From here on, what changes is recorded until `stopRecording`. */
	startRecording(): void {
		this.memory.startRecording();
		this.tokens = [];
		this.events = [];
		this.changedSettings = new Map();
		this.purgedTo = undefined;
	}

	stopRecording(): Recorded {
		const committed = { tokens: this.tokens, events: this.events, settings: this.changedSettings };
		return { statements: this.memory.stopRecording(), committed, purgedTo: this.purgedTo };
	}
}

/** What a change did, as the log and as listeners need it. */
export interface Recorded {
	statements: ReturnType<MemoryDatabase["stopRecording"]>;
	committed: Committed;
	purgedTo: number | undefined;
}
