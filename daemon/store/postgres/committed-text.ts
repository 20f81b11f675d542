/** What transactions have changed, as texts that other replicas read. */
import type { Committed } from "../store.ts";
import type { Link } from "./connect.ts";

/** A row of the table of changes. */
export interface CommittedPart {
	number: string;
	part: number;
	batch: string;
	committed: string;
}

/** One of those that are read at once. */
export interface NextPart extends CommittedPart {
	/** Whether there are no others after those. */
	isLast: boolean;
}

const mostParts = 100;
/** On a slow network, more would take longer than the connection waits for an answer. */
const mostCharacters = 500_000;

/** The parts after the one with the number and the place: the first, and as many as are not too long together. */
export const nextParts = `select "number", "part", "batch", "committed",
		"count" < ${mostParts} and "count" = count(*) over () as "isLast"
	from (select *, count(*) over () as "count", sum(octet_length("committed")) over "all" as "length",
			row_number() over "all" as "place"
		from (select * from "changes" where ("number", "part") > ($1, $2) order by "number", "part" limit ${mostParts})
			as "next" window "all" as (order by "number", "part")) as "measured"
	where "length" <= ${mostCharacters} or "place" = 1 order by "number", "part"`;

/** Whether the database has this very change. */
export async function isKept(link: Link, number: number, batch: string): Promise<boolean> {
	const { rows } = await link.query({
		text: `select "number" from "changes" where "number" = $1 and "batch" = $2 limit 1`,
		values: [number, batch],
	});
	return rows.length > 0;
}

/** As it is written by `textsOf`. */
export function committedFrom(text: string): Committed {
	const { tokens, events, settings } = JSON.parse(text) as Omit<Committed, "settings"> & {
		settings: [string, unknown][];
	};
	return { tokens, events, settings: new Map(settings) };
}

const itemsInPart = 500;
const noSettings: Committed["settings"] = new Map();

/** What a group of transactions changed, in parts of a bounded length, which every replica receives one by one. */
export function partsOf(committed: readonly Committed[]): Committed[] {
	return committed.flatMap(({ tokens, events, settings }) => {
		const parts = Math.max(1, Math.ceil(Math.max(tokens.length, events.length) / itemsInPart));
		return Array.from({ length: parts }, (_, index) => {
			const part = <Item>(items: readonly Item[]) =>
				items.slice(index * itemsInPart, (index + 1) * itemsInPart);
			return { tokens: part(tokens), events: part(events), settings: index === 0 ? settings : noSettings };
		});
	});
}

/** The parts as texts. */
export function textsOf(committed: readonly Committed[]): string[] {
	return partsOf(committed).map((part) => JSON.stringify({ ...part, settings: [...part.settings] }));
}
