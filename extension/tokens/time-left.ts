/** When a token ends, in words, and how urgent that is. Derived from a record and the given time. Knows no VS Code. */
import * as l10n from "@vscode/l10n";
import { endOf, statusOf, type TokenRecord } from "../../daemon/contract.ts";
import { amountInWords, distanceInWords, kept, type Unit } from "../language.ts";

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

/** The dates that end a token. */
type TokenDates = Pick<
	TokenRecord,
	"expiry" | "retiresDate" | "disabledDate" | "inDoubtDate" | "revokedDate"
>;

/**
 * `12 days left`, `expires in 3 hours`, `expired 2 days ago`, `no expiry`. The closer the end, the finer the unit;
 * hours and minutes are rounded down, so that no more time is shown than is left.
 */
export function timeLeft(dates: Pick<TokenRecord, "expiry" | "retiresDate">, now: number): string {
	const end = endOf(dates);
	if (end === Number.POSITIVE_INFINITY) return l10n.t("no expiry");
	const left = end - now;
	if (left <= 0) return expiredSince(-left);
	if (left < minute) return l10n.t("expires in less than a minute");
	const { count, unit } = roundly(left);
	if (left < 2 * day) return l10n.t("expires {0}", distanceInWords(count, unit));
	return l10n.t("{0} left", amountInWords(count, unit));
}

/** The same for a narrow list, where an amount is enough: `12 days`, `20 hours`. */
export function timeLeftBriefly(dates: Pick<TokenRecord, "expiry" | "retiresDate">, now: number): string {
	const left = endOf(dates) - now;
	if (left < minute || left === Number.POSITIVE_INFINITY) return timeLeft(dates, now);
	const { count, unit } = roundly(left);
	return amountInWords(count, unit);
}

/** `19 hours left`, also when the end is near. */
export function amountLeft(dates: Pick<TokenRecord, "expiry" | "retiresDate">, now: number): string {
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

/**
 * `urgent` is within the nearest warning distance, `soon` within the one after it, `calm` is further away. A rotated
 * token is `retiring` and then `rotated`: its end is intended.
 */
export type Urgency =
	| ("revoked" | "in-doubt" | "disabled" | "rotated" | "retiring")
	| ("expired" | "urgent" | "soon" | "calm" | "never");

export function urgencyOf(dates: TokenDates, warningDays: readonly number[], now: number): Urgency {
	const status = statusOf(dates, now);
	if (status === "expired" && dates.retiresDate !== null) return "rotated";
	if (status !== "active") return status;
	const end = endOf(dates);
	if (end === Number.POSITIVE_INFINITY) return "never";
	const [nearest = 0, second = 0] = warningDays.toSorted((a, b) => a - b);
	const left = end - now;
	if (left <= nearest * day) return "urgent";
	return left <= second * day ? "soon" : "calm";
}

/** Whether the token needs an action of the user: it is in the group Expired, Expires Soon or In Doubt. */
export function needsAttention(urgency: Urgency): boolean {
	return ["expired", "urgent", "soon", "in-doubt"].includes(urgency);
}

/** The order of the list: soonest end first, tokens without an end last, then by name. */
export function soonestFirst(
	one: Pick<TokenRecord, "expiry" | "retiresDate" | "name">,
	other: Pick<TokenRecord, "expiry" | "retiresDate" | "name">,
): number {
	const [first, second] = [endOf(one), endOf(other)];
	return first === second ? one.name.localeCompare(other.name) : first - second;
}

/** `Sat, 31 Jan 2026, 14:00 CET`, by default in the user's own time zone. */
export function dateInWords(date: number | string | Date, timeZone?: string): string {
	const style = {
		...({ weekday: "short", day: "numeric", month: "short", year: "numeric" } as const),
		...({ hour: "2-digit", minute: "2-digit", timeZoneName: "short" } as const),
		...(timeZone === undefined ? {} : { timeZone }),
	};
	const format = kept(`date ${timeZone}`, (language) => new Intl.DateTimeFormat(language, style));
	return format.format(new Date(date));
}
