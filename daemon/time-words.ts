/** Times as distances in words, the same in VS Code and on the command line. */
import * as l10n from "@vscode/l10n";
import type { TokenRecord } from "./contract.ts";
import { endOf } from "./facts.ts";
import { amountInWords, distanceInWords, type Unit } from "./language.ts";

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

/** The dates that end a token. */
type Ends = Pick<TokenRecord, "expiry" | "expiryKnown" | "retiresDate">;

/**
 * `12 days left`, `expires in 3 hours`, `expired 2 days ago`, `no expiry`, `expiry not known`. The closer the end, the finer the unit;
 * hours and minutes are rounded down, so that no more time is shown than is left.
 */
export function timeLeft(dates: Ends, now: number): string {
	const end = endOf(dates);
	if (end === Number.POSITIVE_INFINITY)
		return dates.expiryKnown ? l10n.t("no expiry") : l10n.t("expiry not known");
	const left = end - now;
	if (left <= 0) return expiredSince(-left);
	if (left < minute) return l10n.t("expires in less than a minute");
	const { count, unit } = roundly(left);
	if (left < 2 * day) return l10n.t("expires {0}", distanceInWords(count, unit));
	return l10n.t("{0} left", amountInWords(count, unit));
}

/** The same for a narrow list, where an amount is enough: `12 days`, `20 hours`. */
export function timeLeftBriefly(dates: Ends, now: number): string {
	const left = endOf(dates) - now;
	if (left < minute || left === Number.POSITIVE_INFINITY) return timeLeft(dates, now);
	const { count, unit } = roundly(left);
	return amountInWords(count, unit);
}

/** `19 hours left`, also when the end is near. */
export function amountLeft(dates: Ends, now: number): string {
	const left = endOf(dates) - now;
	if (left < minute || left === Number.POSITIVE_INFINITY) return timeLeft(dates, now);
	return l10n.t("{0} left", timeLeftBriefly(dates, now));
}

function expiredSince(milliseconds: number): string {
	return milliseconds < minute ? l10n.t("expired just now") : l10n.t("expired {0}", ago(milliseconds));
}

function ago(milliseconds: number): string {
	const { count, unit } = roundly(milliseconds);
	return distanceInWords(-count, unit);
}

function roundly(milliseconds: number): { count: number; unit: Unit } {
	if (milliseconds < 2 * hour) return { count: Math.floor(milliseconds / minute), unit: "minute" };
	if (milliseconds < 2 * day) return { count: Math.floor(milliseconds / hour), unit: "hour" };
	if (milliseconds < 730 * day) return { count: Math.round(milliseconds / day), unit: "day" };
	return { count: Math.floor(milliseconds / (365.25 * day)), unit: "year" };
}

/** `2 days ago`, `just now`. */
export function timeSince(date: string | number, now: number): string {
	const since = now - (typeof date === "number" ? date : Date.parse(date));
	return since < minute ? l10n.t("just now") : ago(since);
}

/** `in 3 hours`. */
export function timeUntil(date: string | number, now: number): string {
	const until = (typeof date === "number" ? date : Date.parse(date)) - now;
	if (until < minute) return l10n.t("in less than a minute");
	const { count, unit } = roundly(until);
	return distanceInWords(count, unit);
}
