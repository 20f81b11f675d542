/**
 * The tokens from a list and later events, in any order: of two records of a token the higher version wins. Statuses
 * are computed for a given time. Knows no daemon and no clock.
 */
import { statusOf, type TokenRecord } from "../../daemon/contract.ts";

export class TokenList {
	readonly #records = new Map<string, TokenRecord>();
	readonly #deleted = new Set<string>();

	add(record: TokenRecord): void {
		if (this.#deleted.has(record.id)) return;
		const known = this.#records.get(record.id);
		// Also an equal version: counting a use makes no new one.
		if (known === undefined || record.version >= known.version) this.#records.set(record.id, record);
	}

	/** For good: a list that was requested before may still contain the token. */
	delete(id: string): void {
		this.#deleted.add(id);
		this.#records.delete(id);
	}

	get size(): number {
		return this.#records.size;
	}

	/** In the order in which they were first added. `now` in milliseconds since the epoch. */
	at(now: number): TokenRecord[] {
		return Array.from(this.#records.values(), (record) => ({ ...record, status: statusOf(record, now) }));
	}

	/** When, after `now`, the next status changes by itself, in milliseconds since the epoch; Infinity: never. */
	nextChange(now: number): number {
		let next = Number.POSITIVE_INFINITY;
		for (const { expiry, retiresDate } of this.#records.values()) {
			for (const date of [expiry, retiresDate]) {
				const time = date === null ? Number.NaN : Date.parse(date);
				if (time > now && time < next) next = time;
			}
		}
		return next;
	}
}
