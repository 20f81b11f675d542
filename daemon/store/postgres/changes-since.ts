/** What was committed since the last event that a listener has received, from the changes that are kept for the replicas. */
import type { Missed, Position } from "../store.ts";
import { type CommittedPart, committedFrom } from "./committed-text.ts";

type Read = (text: string, values: readonly unknown[]) => Promise<Row[]>;

type Row = Omit<CommittedPart, "batch">;

/** To list all tokens is less than more of them. */
const mostChanges = 500;

export class ChangesSince {
	readonly #from: Position;
	readonly #read: Read;
	#rows: Row[] = [];

	constructor(from: Position, read: Read) {
		this.#from = from;
		this.#read = read;
	}

	/** Reads what has come. */
	async read(): Promise<void> {
		const last = this.#rows.at(-1);
		const rows = await this.#read(
			`select "number", "part", "committed" from "changes" where ("number", "part") > ($1::bigint, $2::int)
				order by "number", "part" limit ${mostChanges + 1}`,
			last === undefined ? [this.#from.change, -1] : [last.number, last.part],
		);
		this.#rows.push(...rows);
	}

	/** Whether there is more to be read. All parts of a change are committed at once. */
	isBehind({ change }: Position): boolean {
		return !this.#isTooMuch && this.#isKnown && change > this.#last;
	}

	/** undefined: the listener has to read anew. */
	missedUpTo(applied: Position): Missed[] | undefined {
		if (this.#isTooMuch || !this.#isKnown || this.#from.change > applied.change) return undefined;
		return this.#rows.flatMap((row) => {
			const position = { change: Number(row.number), part: row.part };
			const known = this.#knownOf(position);
			if (known === "all" || !isWithin(position, applied)) return [];
			return [{ position, committed: committedFrom(row.committed), known }];
		});
	}

	get #isTooMuch(): boolean {
		return this.#rows.length > mostChanges;
	}

	get #last(): number {
		return Number(this.#rows.at(-1)?.number ?? this.#from.change);
	}

	/** Whether the change is kept that the listener knows last, and so all that follow it. Before the first one, nothing was. */
	get #isKnown(): boolean {
		const { change, part = 0 } = this.#from;
		if (change === 0) return this.#rows.length === 0 || this.#rows[0]?.number === "1";
		return this.#rows.some((row) => Number(row.number) === change && row.part === part);
	}

	/** How many events of it the listener knows. */
	#knownOf({ change, part }: { change: number; part: number }): number | "all" {
		const { change: knownChange, part: knownPart = Number.POSITIVE_INFINITY, events } = this.#from;
		if (change > knownChange || part > knownPart) return 0;
		return part === knownPart ? (events ?? "all") : "all";
	}
}

function isWithin(position: { change: number; part: number }, { change, part }: Position): boolean {
	if (position.change !== change) return position.change < change;
	return part === undefined || position.part <= part;
}
