/** Writes changes of tokens together with their audit events. What is committed takes effect in `Authority`'s listener. */
import type { AuditEvent, ServerEvents, UserInfo } from "../contract.ts";
import {
	type Store,
	type StoredToken,
	type Token,
	type Transaction,
	VersionConflict,
} from "../store/store.ts";
import { changeOf, type NewAuditEvent, record } from "./audit.ts";

/** The data is made only when a client listens. @param id what a listener sends to go on after the event. */
export type Notify = <Name extends keyof ServerEvents>(
	name: Name,
	data: () => ServerEvents[Name],
	id?: string,
) => void;

/** A token before and after a change. */
export interface TokenChange {
	action: AuditEvent["action"];
	before: StoredToken | undefined;
	after: Token;
}

export type Attempt = "first" | "repeated";

export interface ChangesDeps {
	store: Pick<Store, "write">;
	/** Milliseconds since the epoch. */
	now: () => number;
	/** Checks each token in the transaction that stores it. @throws RuleError when it must not be stored. */
	check: (transaction: Transaction, change: TokenChange) => Promise<void>;
}

export class Changes {
	readonly #deps: ChangesDeps;

	constructor(deps: ChangesDeps) {
		this.#deps = deps;
	}

	/**
	 * Writes the tokens with an audit event each, and further events.
	 * @throws VersionConflict when another change of one of them was committed first.
	 */
	async write(
		actor: UserInfo,
		changes: readonly TokenChange[],
		more: readonly NewAuditEvent[] = [],
	): Promise<void> {
		const events = changes.map(({ action, before, after }) => changeOf(action, actor, before?.token, after));
		await this.writeAudit([...more, ...events], async (transaction) => {
			for (const change of changes) {
				await this.#deps.check(transaction, change);
				if (change.before === undefined) await transaction.insertToken(change.after);
				else await transaction.updateToken(change.after, change.before.usage);
			}
		});
	}

	/** Writes audit events and, in the same transaction, what they are about. */
	async writeAudit(
		events: readonly NewAuditEvent[],
		write: (transaction: Transaction) => Promise<void> = async () => {},
	): Promise<void> {
		const date = new Date(this.#deps.now()).toISOString();
		await this.#deps.store.write(async (transaction) => {
			await write(transaction);
			await record(transaction, date, events);
		});
	}

	/**
	 * Resolves when all that was read before counts everywhere: another daemon may be making that change in this moment. To be called
	 * before an answer says that there is nothing left to change.
	 */
	async confirm(): Promise<void> {
		await this.#deps.store.write(async () => {});
	}

	/** Runs it again when another change of a token was committed between its read and its write. */
	async retrying<Result>(run: (attempt: Attempt) => Promise<Result>): Promise<Result> {
		for (let attempt: Attempt = "first"; ; attempt = "repeated") {
			try {
				return await run(attempt);
			} catch (error) {
				if (!(error instanceof VersionConflict)) throw error;
			}
		}
	}
}
