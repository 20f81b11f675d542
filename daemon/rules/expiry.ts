/** Expiries by the rules of a profile. The clock is passed in. */
import { UTCDateMini } from "@date-fns/utc/date/mini";
import { add } from "date-fns/add";
import type { CalendarDuration, Profile } from "../contract.ts";

/** `from` plus a calendar distance in UTC: the same time of day, clamped to the last day of a shorter month. */
export function addDuration(from: Date, distance: CalendarDuration): Date {
	const { days = 0, months = 0, years = 0 } = distance;
	// A UTC date: with others, date-fns calculates in the machine's time zone and its daylight saving time.
	return new Date(add(new UTCDateMini(from), { days, months, years }).getTime());
}

/** The expiry of a token whose request names none. */
export function defaultExpiry(rules: Profile["expiry"], now: Date): string | null {
	return rules.default === null ? null : addDuration(now, rules.default).toISOString();
}

/** Why an expiry (null: never) is not allowed; undefined for an allowed one. */
export function expiryProblem(
	expiry: string | null,
	rules: Profile["expiry"],
	now: Date,
): string | undefined {
	if (expiry === null)
		return rules.never ? undefined : "must be given; a token that never expires is not allowed here";
	if (expiry <= now.toISOString()) return `must be in the future; ${expiry} has passed`;
	const latest = rules.maximum === null ? undefined : addDuration(now, rules.maximum).toISOString();
	if (latest !== undefined && expiry > latest) {
		return `must not be later than the maximum, which today is ${latest}`;
	}
	return undefined;
}
