/** The audit and the usage, for reading. Old audit events are purged, which is an event too. */
import type {
	AuditEvent,
	AuditList,
	ListAuditQuery,
	Notice,
	UsageDay,
	UsageQuery,
	UserInfo,
} from "../contract.ts";
import type { Store } from "../store/store.ts";
import { checkChain, record } from "./audit.ts";
import { clockNotices, judgeTime, type SeenTime, seenTimeSetting } from "./clock.ts";
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

	/** Whether the clock has jumped since the daemon last ran. */
	async clockNotices(now: Date): Promise<Notice[]> {
		return clockNotices(await this.#seenTime(), now.getTime());
	}

	/** Removes the audit events and the usage that are older than so many days, by a clock that can be believed. */
	async purge(auditDays: number, now: Date, actor: UserInfo): Promise<void> {
		const known = await this.#seenTime();
		const { seen, trusted } = judgeTime(known, now.getTime());
		const before = new Date(trusted - auditDays * dayMilliseconds).toISOString();
		const last = await this.#store.lastEventBefore(before);
		await this.#store.write(async (transaction) => {
			if (isNews(known, seen)) await transaction.setSetting(seenTimeSetting, seen);
			await transaction.purgeUsage(before.slice(0, 10));
			const purged = last === undefined ? 0 : await transaction.purgeEvents(last);
			if (purged === 0) return;
			await record(transaction, now.toISOString(), [
				{ action: "purge", actor, tokenId: null, before: {}, after: { purged, olderThan: before } },
			]);
		});
	}

	/** Before the first purge, the newest event tells the time, also when the clock was set back since. */
	async #seenTime(): Promise<SeenTime | undefined> {
		const seen = (await this.#store.setting(seenTimeSetting)) as SeenTime | undefined;
		if (seen !== undefined) return seen;
		const [newest] = await this.#store.listEvents({}, { limit: 1 });
		return newest && { date: newest.date };
	}
}

/** Not each purge writes to the disk. */
function isNews(known: SeenTime | undefined, seen: SeenTime): boolean {
	const isLater =
		known === undefined || Date.parse(seen.date) - Date.parse(known.date) >= dayMilliseconds / 4;
	return isLater || JSON.stringify(known.ahead) !== JSON.stringify(seen.ahead);
}
