/**
 * How many requests an address may send while no valid credentials come from it. An address from which they came lately is
 * not limited, so that strangers who call a service, whose requests it passes on, can't keep its other callers out.
 */
import QuickLRU from "quick-lru";
import { networkOf } from "../rules/address.ts";

/** At least so many addresses are remembered, at most twice as many. */
const rememberedAddresses = 20_000;
const minute = 60_000;
/** After its last valid request, an address is not limited for so long. */
const knownMilliseconds = 10 * minute;

interface Entry {
	/** When the address may send a whole minute's requests at once again. */
	freeAt: number;
	knownUntil: number;
}

export class StrangerLimit {
	readonly #entries = new QuickLRU<string, Entry>({ maxSize: rememberedAddresses });
	readonly #interval: number;
	readonly #clock: () => number;
	/** How many requests were refused. */
	refused = 0;

	/** @param clock in milliseconds; no change of the time moves it. */
	constructor(requestsPerMinute: number, clock = () => performance.now()) {
		this.#interval = minute / requestsPerMinute;
		this.#clock = clock;
	}

	/**
	 * Counts a request.
	 * @param isKnown whether it has valid credentials, as far as that is known without work; asked only over the limit.
	 * @returns seconds until the next one is answered; undefined: this one is
	 */
	admit(address: string, isKnown: () => boolean = () => false): number | undefined {
		const now = this.#clock();
		const entry = this.#entryOf(address);
		if (entry.knownUntil > now) return undefined;
		const freeAt = Math.max(entry.freeAt, now) + this.#interval;
		const wait = freeAt - now - minute;
		// As it is computed, the sum of a minute's intervals may be a little more than a minute.
		if (wait > 1e-3) {
			if (isKnown()) {
				this.know(address);
				return undefined;
			}
			this.refused++;
			return Math.ceil(wait / 1000);
		}
		entry.freeAt = freeAt;
		return undefined;
	}

	/** To be called for an authenticated request. */
	know(address: string): void {
		this.#entryOf(address).knownUntil = this.#clock() + knownMilliseconds;
	}

	#entryOf(address: string): Entry {
		const network = networkOf(address);
		let entry = this.#entries.get(network);
		if (entry === undefined) {
			entry = { freeAt: 0, knownUntil: 0 };
			this.#entries.set(network, entry);
		}
		return entry;
	}
}
