/** Counts the uses of tokens in memory, until they are written: the one part of a token that changes without a new version. */
import type { RefusalReason, VerifyQuery } from "../contract.ts";
import { type StoredDay, type Usage, type UsageIncrement, unused } from "../store/store.ts";
import { addCount, keptAddresses, sumOfDays } from "../store/usage-days.ts";

const dayMilliseconds = 86_400_000;
/** No permission is longer, so no token holds a longer one. */
const longestName = 200;

/** The uses of all tokens since they were last written. */
export class UsageCounts {
	#pending = new Map<string, TokenUsage>();
	/** Being written. */
	#taken: ReadonlyMap<string, UsageIncrement> = new Map();
	/** One write after the other. */
	#saving: Promise<unknown> = Promise.resolve();

	of(tokenId: string): TokenUsage {
		let usage = this.#pending.get(tokenId);
		if (usage === undefined) {
			usage = new TokenUsage(tokenId);
			this.#pending.set(tokenId, usage);
		}
		return usage;
	}

	/** The stored usage of a token and what was not written yet. */
	totalOf(tokenId: string, stored: Usage): Usage {
		const taken = this.#taken.get(tokenId)?.uses ?? unused;
		const pending = this.#pending.get(tokenId)?.uses ?? unused;
		return sumOfUses(sumOfUses(stored, taken), pending);
	}

	/** Has the uses so far written, and answers them; what can't be written is kept for the next time. */
	save(write: (increments: readonly UsageIncrement[]) => Promise<void>): Promise<UsageIncrement[]> {
		const saved = this.#saving.then(() => this.#save(write));
		this.#saving = saved.catch(() => undefined);
		return saved;
	}

	async #save(write: (increments: readonly UsageIncrement[]) => Promise<void>): Promise<UsageIncrement[]> {
		const increments = [...this.#pending.values()].map((usage) => usage.increment());
		if (increments.length === 0) return [];
		this.#taken = new Map(increments.map((increment) => [increment.tokenId, increment]));
		this.#pending = new Map();
		try {
			await write(increments);
		} catch (error) {
			for (const increment of increments) this.of(increment.tokenId).add(increment);
			throw error;
		} finally {
			this.#taken = new Map();
		}
		return increments;
	}
}

function sumOfUses(earlier: Usage, later: Usage): Usage {
	return {
		useCount: earlier.useCount + later.useCount,
		lastUsed: Math.max(earlier.lastUsed, later.lastUsed),
		lastUsedAddress: later.lastUsedAddress ?? earlier.lastUsedAddress,
	};
}

/** The uses of one token. */
export class TokenUsage {
	readonly #tokenId: string;
	#useCount = 0;
	#lastUsed = 0;
	#lastUsedAddress: string | null = null;
	/** Oldest first. */
	#days: StoredDay[] = [];
	#dayEnd = 0;
	/** The last query, and how often it was repeated: a service sends the same one again and again. */
	#asked: VerifyQuery | undefined;
	#askedCount = 0;

	constructor(tokenId: string) {
		this.#tokenId = tokenId;
	}

	get uses(): Usage {
		return {
			useCount: this.#useCount,
			lastUsed: this.#lastUsed,
			lastUsedAddress: this.#lastUsedAddress,
		};
	}

	/** @param successorId of a token in its overlap. */
	countVerification(
		asked: VerifyQuery,
		address: string | undefined,
		now: number,
		successorId: string | null = null,
	): void {
		const day = this.#today(now);
		day.verifications++;
		if (asked !== this.#asked) this.#askAnother(asked, day);
		this.#askedCount++;
		if (address !== undefined && day.addresses[0] !== address) {
			day.addresses = [address, ...day.addresses.filter((one) => one !== address)].slice(0, keptAddresses);
		}
		if (successorId !== null) countOverlap(day, successorId, address ?? "unknown");
		this.#useCount++;
		this.#lastUsed = now;
		if (address !== undefined) this.#lastUsedAddress = address;
	}

	/** @param missing the permissions or resources that the token lacks. */
	countRefusal(
		{ reason, missing = [] }: { reason: RefusalReason; missing?: readonly string[] },
		now: number,
	): void {
		const day = this.#today(now);
		countIn(day.refusals, reason);
		if (reason === "permission") for (const permission of missing) countIn(day.permissions, permission);
	}

	increment(): UsageIncrement {
		const last = this.#days.at(-1);
		if (last !== undefined) this.#askAnother(undefined, last);
		return { tokenId: this.#tokenId, uses: this.uses, days: this.#days };
	}

	/** Adds earlier uses. */
	add({ uses, days }: UsageIncrement): void {
		const sum = sumOfUses(uses, this.uses);
		this.#useCount = sum.useCount;
		this.#lastUsed = sum.lastUsed;
		this.#lastUsedAddress = sum.lastUsedAddress;
		const later = this.#days;
		this.#days = days.map((day) => {
			const same = later.find((other) => other.day === day.day);
			return same === undefined ? day : sumOfDays(day, same);
		});
		for (const day of later) if (!this.#days.some((known) => known.day === day.day)) this.#days.push(day);
		this.#dayEnd = 0;
	}

	/** Counts the repeated query on the day on which it was sent. */
	#askAnother(asked: VerifyQuery | undefined, day: StoredDay): void {
		const { permissions = [], anyPermissions = [] } = this.#asked ?? {};
		for (const permission of permissions) countIn(day.permissions, permission, this.#askedCount);
		for (const permission of anyPermissions) countIn(day.permissions, permission, this.#askedCount);
		this.#asked = asked;
		this.#askedCount = 0;
	}

	#today(now: number): StoredDay {
		const last = this.#days.at(-1);
		if (now < this.#dayEnd && last !== undefined) return last;
		if (last !== undefined) this.#askAnother(undefined, last);
		const name = new Date(now).toISOString().slice(0, 10);
		this.#dayEnd = (Math.floor(now / dayMilliseconds) + 1) * dayMilliseconds;
		if (last?.day === name) return last;
		const day: StoredDay = {
			tokenId: this.#tokenId,
			day: name,
			verifications: 0,
			refusals: {},
			permissions: {},
			addresses: [],
			overlapAddresses: {},
			overlapSuccessorId: null,
		};
		this.#days.push(day);
		return day;
	}
}

function countOverlap(day: StoredDay, successorId: string, address: string): void {
	if (day.overlapSuccessorId !== successorId) {
		day.overlapSuccessorId = successorId;
		day.overlapAddresses = {};
	}
	countIn(day.overlapAddresses, address);
}

function countIn(counts: Record<string, number>, name: string, more = 1): void {
	if (name.length <= longestName) addCount(counts, name, more);
}
