/** Finds the overlaps whose predecessor has not been used for as long as its rotation requested. */
import { endOf } from "../facts.ts";
import type { Store, StoredToken } from "../store/store.ts";
import { quietEnd } from "./overlap.ts";
import type { UsageCounts } from "./usage.ts";

/** So long between two checks means that the machine was asleep. */
const sleptMilliseconds = 60_000;

export class QuietOverlaps {
	readonly #store: Pick<Store, "quietOverlaps">;
	readonly #usage: UsageCounts;
	/** When the daemon began to listen, and when it last checked; milliseconds since the epoch. */
	#listening: { since: number; until: number };

	constructor(store: Pick<Store, "quietOverlaps">, usage: UsageCounts, now: number) {
		this.#store = store;
		this.#usage = usage;
		this.#listening = { since: now, until: now };
	}

	/** To be called every few seconds. @param now milliseconds since the epoch. */
	async find(now: number): Promise<StoredToken[]> {
		const slept = now - this.#listening.until > sleptMilliseconds;
		this.#listening = { since: slept ? now : this.#listening.since, until: now };
		const overlaps = await this.#store.quietOverlaps(new Date(now).toISOString());
		return overlaps.filter((stored) => this.isQuiet(stored, now));
	}

	isQuiet({ token, usage }: StoredToken, now: number): boolean {
		const { lastUsed } = this.#usage.totalOf(token.id, usage);
		return endOf(token) > now && quietEnd(token, lastUsed, this.#listening.since) <= now;
	}
}
