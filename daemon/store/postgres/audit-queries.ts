/** Audit events, as they are read: filtered, all in order, and the one before a date. */
import type pg from "pg";
import type { AuditEvent } from "../../contract.ts";
import type { AuditFilter, ChainEnd } from "../store.ts";

type Read = <Row extends pg.QueryResultRow>(text: string, values: readonly unknown[]) => Promise<Row[]>;

const eventsAtOnce = 500;

export class AuditQueries {
	readonly #read: Read;

	constructor(read: Read) {
		this.#read = read;
	}

	async list(
		filter: AuditFilter,
		page: { limit: number; before?: number | undefined },
	): Promise<AuditEvent[]> {
		const rows = await this.#read<{ event: string }>(
			`select "event" from "auditEvents"
				where ($1::text is null or "tokenId" = $1) and ($2::text is null or "action" = $2)
				and ($3::text is null or "actorId" = $3 or "actorName" = $3)
				and ($4::timestamptz is null or "date" >= $4) and ($5::timestamptz is null or "date" <= $5)
				and ($6::bigint is null or "sequence" < $6) order by "sequence" desc limit $7`,
			[filter.tokenId, filter.action, filter.actor, filter.since, filter.until, page.before, page.limit],
		);
		return rows.map(({ event }) => JSON.parse(event));
	}

	async *all(): AsyncIterable<AuditEvent> {
		for (let last = 0; ; ) {
			const rows = await this.#read<{ sequence: string; event: string }>(
				`select "sequence", "event" from "auditEvents" where "sequence" > $1 order by "sequence" limit ${eventsAtOnce}`,
				[last],
			);
			for (const { event } of rows) yield JSON.parse(event);
			if (rows.length < eventsAtOnce) return;
			last = Number(rows.at(-1)?.sequence);
		}
	}

	async lastBefore(date: string): Promise<ChainEnd | undefined> {
		const [row] = await this.#read<{ event: string }>(
			`select "event" from "auditEvents" where "sequence" < coalesce(
				(select min("sequence") from "auditEvents" where "date" >= $1), 9223372036854775807)
				order by "sequence" desc limit 1`,
			[date],
		);
		if (row === undefined) return undefined;
		const { sequence, hash }: AuditEvent = JSON.parse(row.event);
		return { sequence, hash };
	}
}
