/** Which changes other replicas have read. */
import type pg from "pg";
import type { Link } from "./connect.ts";

/** Another replica with a lease. */
export interface Other {
	id: string;
	/** Milliseconds of its lease. */
	remaining: number;
}

/** Where a replica hears what others have read of its changes. */
export function channelOf(replica: string): string {
	return `tokensmith_${replica}`;
}

export class Acknowledgements {
	/** Numbers of changes, by the ids of replicas. */
	readonly #known = new Map<string, number>();
	readonly #waiting = new Set<() => void>();

	/** @param payload a replica's id, and the number up to which it has read all changes */
	hear(payload: string): void {
		const [id = "", number] = payload.split(" ");
		this.#known.set(id, Math.max(this.#known.get(id) ?? 0, Number(number)));
		for (const look of this.#waiting) look();
	}

	/** The replicas with a lease; what all others had read is forgotten. @param own the id of the one that asks. */
	async others(link: Link, own: string): Promise<Other[]> {
		const { rows } = await link.query<Other & pg.QueryResultRow>({
			name: "others",
			text: `select "id", extract(epoch from "leaseUntil" - clock_timestamp())::float8 * 1000 as "remaining"
				from "replicas" where "leaseUntil" > clock_timestamp() and "id" <> $1`,
			values: [own],
		});
		const ids = new Set(rows.map(({ id }) => id));
		for (const id of this.#known.keys()) if (!ids.has(id)) this.#known.delete(id);
		return rows;
	}

	/** Resolves when the replica has read the change, or its lease is over. */
	wait({ id, remaining }: Other, number: number): Promise<void> {
		return new Promise((resolve) => {
			const end = () => {
				clearTimeout(timer);
				this.#waiting.delete(look);
				resolve();
			};
			const look = () => {
				if ((this.#known.get(id) ?? 0) >= number) end();
			};
			const timer = setTimeout(end, Math.max(0, remaining) + 1);
			this.#waiting.add(look);
			look();
		});
	}
}

/** Resolves with the work, or after so long where that fails or takes longer. */
export function atMost(milliseconds: number, work: Promise<void>): Promise<void> {
	return new Promise((resolve) => {
		const timer = setTimeout(resolve, milliseconds);
		work.then(
			() => {
				clearTimeout(timer);
				resolve();
			},
			() => undefined,
		);
	});
}
