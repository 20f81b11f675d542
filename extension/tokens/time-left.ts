/** When a token ends, and how urgent that is. Derived from a record and the given time. Knows no VS Code. */
import { endOf, statusOf, type TokenRecord } from "../../daemon/contract.ts";
import { kept } from "../language.ts";

export { amountLeft, timeLeft, timeLeftBriefly, timeSince, timeUntil } from "../../daemon/time-words.ts";

const day = 86_400_000;

/** The dates that end a token. */
type TokenDates = Pick<
	TokenRecord,
	"expiry" | "expiryKnown" | "retiresDate" | "disabledDate" | "inDoubtDate" | "revokedDate"
>;

/**
 * `urgent` is within the nearest warning distance, `soon` within the one after it, `calm` is further away. A rotated
 * token is `retiring` and then `rotated`: its end is intended. Of an `unknown` one, its system does not tell the end.
 */
export type Urgency =
	| ("revoked" | "in-doubt" | "disabled" | "rotated" | "retiring")
	| ("expired" | "urgent" | "soon" | "calm" | "never" | "unknown");

export function urgencyOf(dates: TokenDates, warningDays: readonly number[], now: number): Urgency {
	const status = statusOf(dates, now);
	if (status === "expired" && dates.retiresDate !== null) return "rotated";
	if (status !== "active") return status;
	const end = endOf(dates);
	if (end === Number.POSITIVE_INFINITY) return dates.expiryKnown ? "never" : "unknown";
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
