/**
 * Which time to believe for what can't be undone: deleting audit events, usage and ended tokens. A clock that jumps far
 * ahead is believed only after it has run on for days. Pure.
 */
import type { Notice } from "../contract.ts";

/** The setting that holds what was seen of the clock. */
export const seenTimeSetting = "seenTime";

/** RFC 3339. */
export interface SeenTime {
	/** The last time that was believed. */
	date: string;
	/** A later time that is not believed yet: when it was last seen, and on how many further days. */
	ahead?: { date: string; days: number };
}

const day = 86_400_000;
/** A daemon is often not used for so long. */
const ordinaryGap = 3 * day;
/** So far from the last time, the clock is probably wrong. */
const tellingGap = 45 * day;
/** A clock is believed when it was seen on so many days more. */
const neededDays = 7;

/** @param now milliseconds since the epoch. @returns what to store, and until when time has passed for certain. */
export function judgeTime(seen: SeenTime | undefined, now: number): { seen: SeenTime; trusted: number } {
	if (seen === undefined) return believed(now);
	const last = Date.parse(seen.date);
	// A clock that was set back deletes nothing.
	if (now < last) return { seen, trusted: now };
	if (now - last <= ordinaryGap) return believed(now);
	const ahead = aheadOf(seen.ahead, now);
	return ahead.days >= neededDays ? believed(now) : { seen: { ...seen, ahead }, trusted: last };
}

function believed(now: number): { seen: SeenTime; trusted: number } {
	return { seen: { date: new Date(now).toISOString() }, trusted: now };
}

function aheadOf(known: SeenTime["ahead"], now: number): NonNullable<SeenTime["ahead"]> {
	const passed = known === undefined ? Infinity : now - Date.parse(known.date);
	if (known === undefined || passed < 0 || passed > ordinaryGap)
		return { date: new Date(now).toISOString(), days: 0 };
	return passed < day ? known : { date: new Date(now).toISOString(), days: known.days + 1 };
}

/** What the user must know when the clock has jumped. */
export function clockNotices(seen: SeenTime | undefined, now: number): Notice[] {
	const gap = seen === undefined ? 0 : now - Date.parse(seen.date);
	if (Math.abs(gap) <= tellingGap) return [];
	const days = Math.round(Math.abs(gap) / day);
	const direction = gap > 0 ? "later" : "earlier";
	const detail = `This machine's clock is ${days} days ${direction} than when the daemon last ran. Check it: tokens expire by it. If it is right, nothing needs to be done; old audit events are kept until it was seen on ${neededDays} more days.`;
	return [{ code: "clock-odd", detail }];
}
