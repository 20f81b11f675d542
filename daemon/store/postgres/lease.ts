/** How long a replica answers from memory, by its own clocks and by the database's. */
import type { Link } from "./connect.ts";

/** The replica stops so long before its lease ends at the database, for the rates of two clocks differ a little. */
const marginShare = 0.05;

/** A moment by a clock that no change of the time moves, and by the one that a machine's sleep does not stop. */
interface Moment {
	steady: number;
	wall: number;
}

const never: Moment = { steady: Number.NEGATIVE_INFINITY, wall: 0 };

export class Lease {
	#until = never;
	readonly #milliseconds: number;

	/** @param milliseconds of which the database knows */
	constructor(milliseconds: number) {
		this.#milliseconds = milliseconds * (1 - marginShare);
	}

	static now(): Moment {
		return { steady: performance.now(), wall: Date.now() };
	}

	isCurrent(): boolean {
		return performance.now() < this.#until.steady && Date.now() < this.#until.wall;
	}

	/** Whether it has ended longer ago. */
	isOver(milliseconds: number): boolean {
		return (
			performance.now() >= this.#until.steady + milliseconds || Date.now() >= this.#until.wall + milliseconds
		);
	}

	/** Milliseconds since what is known was last certain to be the newest. */
	get age(): number {
		return Math.max(0, performance.now() - this.#until.steady + this.#milliseconds);
	}

	/** @param sent the moment before its renewal was sent. */
	renew(sent: Moment): void {
		this.#until = { steady: sent.steady + this.#milliseconds, wall: sent.wall + this.#milliseconds };
	}

	end(): void {
		this.#until = never;
	}
}

/** Answers the database's time. */
export const renewal = `insert into "replicas" ("id", "name", "version", "leaseUntil", "known", "usesWrittenUntil")
	values ($1, $2, $3, clock_timestamp() + $4 * interval '1 millisecond', $5, to_timestamp($6::float8 / 1000))
	on conflict ("id") do update set "leaseUntil" = excluded."leaseUntil", "known" = excluded."known",
		"usesWrittenUntil" = excluded."usesWrittenUntil"
	returning extract(epoch from clock_timestamp()) * 1000 as "now"`;

/** How many replicas have a lease, and whether this one is the first of them. */
export async function leasesSeenBy(id: string, link: Link): Promise<{ replicas: number; isFirst: boolean }> {
	const { rows } = await link.query({
		name: "look",
		text: `select count(*)::int as "replicas", (array_agg("id" order by "startedDate", "id"))[1] as "first"
			from "replicas" where "leaseUntil" > clock_timestamp()`,
	});
	return { replicas: rows[0]?.replicas ?? 1, isFirst: rows[0]?.first === id };
}
