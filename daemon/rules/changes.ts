/**
 * The one way in which anything changes: tokens and what is told of them go to disk together, and only then count, for
 * every verification and every listener.
 */
import type { AuditEvent, ServerEvents, UserInfo } from "../contract.ts";
import type { DurableDatabase, Transaction } from "../store/durable.ts";
import { insertToken, type Token, updateToken, VersionConflict } from "../store/tokens.ts";
import { changeOf, type Happening, record } from "./audit.ts";
import type { TokenViews } from "./token-views.ts";
import type { TokenIndex } from "./verify.ts";

/** What is told is made only where somebody listens. */
export type Notify = <Name extends keyof ServerEvents>(name: Name, data: () => ServerEvents[Name]) => void;

/** A token as it was and as it is to be. */
export interface TokenChange {
	action: AuditEvent["action"];
	before: Token | undefined;
	after: Token;
}

export interface ChangesOptions {
	database: DurableDatabase;
	index: TokenIndex;
	tokens: TokenViews;
	/** Milliseconds since the epoch. */
	now: () => number;
	/** Told of every change that is on disk. */
	notify: Notify;
	/** Looks at each token in the transaction that is to keep it, and throws when it must not be. */
	check: (query: Transaction, change: TokenChange) => Promise<void>;
}

export class Changes {
	readonly #options: ChangesOptions;

	constructor(options: ChangesOptions) {
		this.#options = options;
	}

	/**
	 * Writes the tokens with an audit event each, and those that are added.
	 * @throws VersionConflict when somebody else has changed one of them meanwhile.
	 */
	async write(
		actor: UserInfo,
		changes: readonly TokenChange[],
		more: readonly Happening[] = [],
	): Promise<void> {
		const happenings = changes.map(({ action, before, after }) => changeOf(action, actor, before, after));
		const events = await this.#keep([...more, ...happenings], async (query) => {
			for (const change of changes) {
				await this.#options.check(query, change);
				if (change.before === undefined) await insertToken(query, change.after);
				else await updateToken(query, change.after);
			}
		});
		// First of all: a revoked token must be refused even where telling of it fails.
		for (const { after } of changes) this.#options.index.put(after);
		for (const event of events) this.#options.notify("audit", () => event);
		for (const { before, after } of changes) {
			const change = before === undefined ? "created" : after.revokedDate === null ? "changed" : "revoked";
			this.#options.notify("token", () => ({ change, token: this.#options.tokens.get(after.id) }));
		}
	}

	/** Writes audit events and, in the same transaction, what they tell of. */
	async tell(happenings: readonly Happening[], write: (query: Transaction) => Promise<void>): Promise<void> {
		const events = await this.#keep(happenings, write);
		for (const event of events) this.#options.notify("audit", () => event);
	}

	async #keep(
		happenings: readonly Happening[],
		write: (query: Transaction) => Promise<void>,
	): Promise<AuditEvent[]> {
		const date = new Date(this.#options.now()).toISOString();
		return this.#options.database.write(async (query) => {
			await write(query);
			return record(query, date, happenings);
		});
	}

	/** Somebody else may have changed a token between the look and the write; then all is looked at again. */
	async retrying<Result>(attempt: () => Promise<Result>): Promise<Result> {
		for (;;) {
			try {
				return await attempt();
			} catch (error) {
				if (!(error instanceof VersionConflict)) throw error;
			}
		}
	}
}
