/** Durations and dates as command-line arguments. */
import { UTCDateMini } from "@date-fns/utc/date/mini";
import { add } from "date-fns/add";
import type { CalendarDuration } from "../contract.ts";
import { UsageError } from "./usage-error.ts";

const calendarUnits: Record<string, keyof CalendarDuration> = { d: "days", mo: "months", y: "years" };
const secondUnits: Record<string, number> = { s: 1, m: 60, h: 3600, d: 86_400 };

/** `30d`, `6mo`, `1y`, or several: `1y6mo`. */
export function calendarDurationOf(text: string): CalendarDuration {
	if (!/^(?:\d+(?:d|mo|y))+$/.test(text))
		throw new UsageError("--expires-in takes a duration such as 30d, 6mo or 1y.");
	const parts = [...text.matchAll(/(\d+)(d|mo|y)/g)];
	if (new Set(parts.map(([, , unit]) => unit)).size < parts.length)
		throw new UsageError("--expires-in takes each of d, mo and y once, such as 1y6mo.");
	return Object.fromEntries(parts.map(([, count, unit = ""]) => [calendarUnits[unit], Number(count)]));
}

/** The end of such a duration, counted in UTC as the daemon counts. */
export function expiryAfter(text: string, now: Date): string {
	const { days = 0, months = 0, years = 0 } = calendarDurationOf(text);
	return new Date(add(new UTCDateMini(now), { days, months, years }).getTime()).toISOString();
}

/** `90s`, `15m`, `2h`, `7d`; `0` means at once. */
export function secondsOf(option: string, text: string): number {
	const [, count, unit = ""] = /^(\d+)([smhd])$/.exec(text) ?? [];
	if (text === "0") return 0;
	if (count === undefined)
		throw new UsageError(`${option} takes a duration such as 90s, 15m, 2h or 7d, or 0.`);
	return Number(count) * (secondUnits[unit] ?? 1);
}

/** A date in the daemon's form; `never` must be given explicitly. */
export function expiryOf(text: string): string | null {
	return text === "never" ? null : text;
}
