/** The audit and the usage, for reading. Old audit events are purged, which is an event too. */
import type { AuditEvent, AuditList, ListAuditQuery, UsageDay, UsageQuery, UserInfo } from "../contract.ts";
import type { Store } from "../store/store.ts";
import { checkChain, record } from "./audit.ts";
import { cursorOf, positionOf } from "./cursor.ts";

const dayMilliseconds = 86_400_000;
/** Few, so that no verification waits long for the rest of the page. */
const exportedAtOnce = 60;

export class Records {
	readonly #store: Store;

	constructor(store: Store) {
		this.#store = store;
	}

	/** @throws RuleError `invalid-request` for a cursor that no list of this query returned. */
	async audit(query: ListAuditQuery): Promise<AuditList> {
		const { limit, cursor, verify, format: _, ...filter } = query;
		const [before] = cursor === undefined ? [] : positionOf(cursor, filter).map(Number);
		const events = await this.#store.listEvents(filter, { limit: limit + 1, before });
		const shown = events.slice(0, limit);
		const last = shown.at(-1);
		const nextCursor = events.length > limit && last !== undefined ? cursorOf([last.sequence], filter) : null;
		const chain = verify === undefined ? {} : { chain: await checkChain(this.#store) };
		return { events: shown, nextCursor, ...chain };
	}

	/** All events of the query, newest first, a page at a time. */
	async *export(query: ListAuditQuery): AsyncIterable<AuditEvent[]> {
		let cursor: string | null | undefined = query.cursor;
		do {
			const page: AuditList = await this.audit({
				...query,
				limit: exportedAtOnce,
				cursor: cursor ?? undefined,
				verify: undefined,
			});
			yield page.events;
			cursor = page.nextCursor;
		} while (cursor !== null);
	}

	usage(query: UsageQuery): Promise<UsageDay[]> {
		return this.#store.usage(query);
	}

	/** Removes the audit events and the usage that are older than so many days. */
	async purge(auditDays: number, now: Date, actor: UserInfo): Promise<void> {
		const before = new Date(now.getTime() - auditDays * dayMilliseconds).toISOString();
		const last = await this.#store.lastEventBefore(before);
		await this.#store.write(async (transaction) => {
			await transaction.purgeUsage(before.slice(0, 10));
			const purged = last === undefined ? 0 : await transaction.purgeEvents(last);
			if (purged === 0) return;
			await record(transaction, now.toISOString(), [
				{ action: "purge", actor, tokenId: null, before: {}, after: { purged, olderThan: before } },
			]);
		});
	}
}
