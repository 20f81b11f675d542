/** Audit events as queries. They are only ever added at the end and taken away at the beginning. */
import type { Selectable } from "kysely";
import type { AuditEvent } from "../contract.ts";
import type { DurableDatabase, Transaction } from "./durable.ts";
import { insertRow } from "./insert.ts";
import type { AuditTable } from "./schema.ts";

/** An end of the chain. Both are kept beside the events, so that neither can be cut off unseen. */
export interface ChainEnd {
	sequence: number;
	hash: string;
}

export interface AuditFilter {
	tokenId?: string | undefined;
	action?: AuditEvent["action"] | undefined;
	/** The id or the name of who did it. */
	actor?: string | undefined;
	since?: string | undefined;
	until?: string | undefined;
}

const nothing: ChainEnd = { sequence: 0, hash: "" };

/** What the next event follows on. */
export async function chainHead(query: Transaction): Promise<ChainEnd> {
	return (query.settings.get("auditHead") as ChainEnd | undefined) ?? nothing;
}

/** What the oldest event that is left follows on. */
export async function chainTail(query: Transaction): Promise<ChainEnd> {
	return (query.settings.get("auditTail") as ChainEnd | undefined) ?? nothing;
}

/** Adds events that follow on the head. */
export async function appendEvents(query: Transaction, events: readonly AuditEvent[]): Promise<void> {
	for (const event of events) await insertRow(query, "auditEvents", toRow(event));
	const last = events.at(-1);
	if (last === undefined) return;
	query.settings.set("auditHead", { sequence: last.sequence, hash: last.hash });
}

/** Takes away what is older than the date and answers how many events that were. */
export async function purgeEvents(query: Transaction, before: string): Promise<number> {
	const last = await query
		.selectFrom("auditEvents")
		.select(["sequence", "hash"])
		.where("date", "<", before)
		.orderBy("sequence", "desc")
		.executeTakeFirst();
	if (last === undefined) return 0;
	query.settings.set("auditTail", last);
	const result = await query
		.deleteFrom("auditEvents")
		.where("sequence", "<=", last.sequence)
		.executeTakeFirst();
	return Number(result.numDeletedRows);
}

/** Newest first, those below the sequence `before`. */
export async function listEvents(
	database: DurableDatabase,
	filter: AuditFilter,
	page: { limit: number; before?: number | undefined },
): Promise<AuditEvent[]> {
	const rows = await database.read((query) => {
		let select = query.selectFrom("auditEvents").selectAll().orderBy("sequence", "desc").limit(page.limit);
		const { tokenId, action, actor, since, until } = filter;
		if (page.before !== undefined) select = select.where("sequence", "<", page.before);
		if (tokenId !== undefined) select = select.where("tokenId", "=", tokenId);
		if (action !== undefined) select = select.where("action", "=", action);
		if (since !== undefined) select = select.where("date", ">=", since);
		if (until !== undefined) select = select.where("date", "<=", until);
		if (actor !== undefined) {
			select = select.where((where) =>
				where.or([where("actorId", "=", actor), where("actorName", "=", actor)]),
			);
		}
		return select.execute();
	});
	return rows.map(fromRow);
}

/** All events in order, a bounded number at a time. */
export async function* allEvents(database: DurableDatabase): AsyncIterable<AuditEvent> {
	let after = -1;
	for (;;) {
		const rows = await database.read((query) =>
			query
				.selectFrom("auditEvents")
				.selectAll()
				.where("sequence", ">", after)
				.orderBy("sequence")
				.limit(1000)
				.execute(),
		);
		for (const row of rows) yield fromRow(row);
		const last = rows.at(-1);
		if (last === undefined) return;
		after = last.sequence;
	}
}

function toRow(event: AuditEvent): AuditTable {
	const { actor, before, after, ...rest } = event;
	return {
		...rest,
		actorId: actor.userId,
		actorName: actor.userName,
		before: JSON.stringify(before),
		after: JSON.stringify(after),
	};
}

function fromRow(row: Selectable<AuditTable>): AuditEvent {
	const { actorId, actorName, before, after, action, ...rest } = row;
	return {
		...rest,
		action: action as AuditEvent["action"],
		actor: { userId: actorId, userName: actorName },
		before: JSON.parse(before),
		after: JSON.parse(after),
	};
}
