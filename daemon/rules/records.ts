/** What was recorded, for who may read it: the audit and the usage. Old audit events are purged, which is an event too. */
import type { AuditEvent, AuditList, ListAuditQuery, UsageDay, UsageQuery, UserInfo } from "../contract.ts";
import { listEvents, purgeEvents } from "../store/audit.ts";
import type { DurableDatabase } from "../store/durable.ts";
import { listUsage, purgeUsage } from "../store/usage.ts";
import { checkChain, record } from "./audit.ts";
import { cursorOf, positionOf } from "./cursor.ts";

const dayMilliseconds = 86_400_000;

export class Records {
	readonly #database: DurableDatabase;

	constructor(database: DurableDatabase) {
		this.#database = database;
	}

	/** @throws RuleError `invalid-request` for a cursor that no list of this query answered. */
	async audit(query: ListAuditQuery): Promise<AuditList> {
		const { limit, cursor, verify, format: _, ...filter } = query;
		const [before] = cursor === undefined ? [] : positionOf(cursor, filter).map(Number);
		const events = await listEvents(this.#database, filter, { limit: limit + 1, before });
		const shown = events.slice(0, limit);
		const last = shown.at(-1);
		const nextCursor = events.length > limit && last !== undefined ? cursorOf([last.sequence], filter) : null;
		const chain = verify === undefined ? {} : { chain: await checkChain(this.#database) };
		return { events: shown, nextCursor, ...chain };
	}

	/** All events of the query, newest first, a page at a time in memory. */
	async *export(query: ListAuditQuery): AsyncIterable<AuditEvent> {
		let cursor: string | null | undefined = query.cursor;
		do {
			const page: AuditList = await this.audit({
				...query,
				limit: 1000,
				cursor: cursor ?? undefined,
				verify: undefined,
			});
			yield* page.events;
			cursor = page.nextCursor;
		} while (cursor !== null);
	}

	usage(query: UsageQuery): Promise<UsageDay[]> {
		return listUsage(this.#database, query);
	}

	/** Takes away the audit events and the usage that are older than so many days. */
	async purge(auditDays: number, now: Date, actor: UserInfo): Promise<void> {
		const before = new Date(now.getTime() - auditDays * dayMilliseconds).toISOString();
		await this.#database.write(async (query) => {
			await purgeUsage(query, before.slice(0, 10));
			const purged = await purgeEvents(query, before);
			if (purged === 0) return;
			await record(query, now.toISOString(), [
				{ action: "purge", actor, tokenId: null, before: {}, after: { purged, olderThan: before } },
			]);
		});
	}
}
