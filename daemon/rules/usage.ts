/** What a token is used for, counted in memory: the one part of it that changes without a new version. */
import type { RefusalReason, VerifyQuery } from "../contract.ts";
import type { Usage } from "../store/tokens.ts";
import { countedNames, type KeptDay, keptAddresses, sumOfDays, type UsageIncrement } from "../store/usage.ts";

const dayMilliseconds = 86_400_000;
/** No permission is longer, so nothing longer is held by anyone. */
const longestName = 200;

export class TokenUsage {
	readonly tokenId: string;
	readonly totals: Usage;
	/** Since the last `take`, oldest first. */
	#days: KeptDay[] = [];
	#dayEnd = 0;
	/** What was asked the last times, and how often: a service asks the same again and again. */
	#asked: VerifyQuery | undefined;
	#askedCount = 0;

	constructor(tokenId: string, totals: Usage = { useCount: 0, lastUsed: 0, lastUsedAddress: null }) {
		this.tokenId = tokenId;
		this.totals = totals;
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
		this.totals.useCount++;
		this.totals.lastUsed = now;
		if (address !== undefined) this.totals.lastUsedAddress = address;
	}

	countRefusal(reason: RefusalReason, now: number): void {
		countIn(this.#today(now).refusals, reason);
	}

	/** What has come in since the last time; it counts as written until it is given back. */
	take(): UsageIncrement {
		const last = this.#days.at(-1);
		if (last !== undefined) this.#askAnother(undefined, last);
		const days = this.#days;
		this.#days = [];
		this.#dayEnd = 0;
		return { tokenId: this.tokenId, totals: { ...this.totals }, days };
	}

	/** Takes back what could not be written. */
	giveBack(increment: UsageIncrement): void {
		const later = this.#days;
		this.#days = increment.days.map((day) => {
			const same = later.find((other) => other.day === day.day);
			return same === undefined ? day : sumOfDays(day, same);
		});
		for (const day of later) if (!this.#days.some((known) => known.day === day.day)) this.#days.push(day);
		this.#dayEnd = 0;
	}

	/** Counts what was asked until now, for the day on which it was. */
	#askAnother(asked: VerifyQuery | undefined, day: KeptDay): void {
		const { permissions = [], anyPermissions = [] } = this.#asked ?? {};
		for (const permission of permissions) countIn(day.permissions, permission, this.#askedCount);
		for (const permission of anyPermissions) countIn(day.permissions, permission, this.#askedCount);
		this.#asked = asked;
		this.#askedCount = 0;
	}

	#today(now: number): KeptDay {
		const last = this.#days.at(-1);
		if (now < this.#dayEnd && last !== undefined) return last;
		if (last !== undefined) this.#askAnother(undefined, last);
		const name = new Date(now).toISOString().slice(0, 10);
		this.#dayEnd = (Math.floor(now / dayMilliseconds) + 1) * dayMilliseconds;
		if (last?.day === name) return last;
		const day: KeptDay = {
			tokenId: this.tokenId,
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

function countOverlap(day: KeptDay, successorId: string, address: string): void {
	if (day.overlapSuccessorId !== successorId) {
		day.overlapSuccessorId = successorId;
		day.overlapAddresses = {};
	}
	countIn(day.overlapAddresses, address);
}

function countIn(counts: Record<string, number>, name: string, more = 1): void {
	const known = Object.hasOwn(counts, name) ? counts[name] : undefined;
	if (known !== undefined) counts[name] = known + more;
	else if (name.length <= longestName && Object.keys(counts).length < countedNames) counts[name] = more;
}
