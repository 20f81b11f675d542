/**
 * Parses the expiry that the user types or picks, and describes it in words, so that a mistake is shown while it is
 * typed. The daemon validates it again. Knows no VS Code.
 */
import { UTCDate } from "@date-fns/utc";
import * as l10n from "@vscode/l10n";
import { add } from "date-fns/add";
import type { CalendarDuration, Profile } from "../../daemon/contract.ts";
import { amountAfterIn, amountInWords, listInWords } from "../language.ts";
import { dateInWords, timeUntil } from "../tokens/time-left.ts";
import type { ReadDateWords } from "./date-words.ts";

/** A duration counts from the creation, not from the choice. */
export type ExpiryChoice =
	| { kind: "after"; duration: CalendarDuration }
	| { kind: "at"; instant: string }
	| { kind: "never" };

type ParsedExpiry = { ok: true; instant: Date } | { ok: false; problem: string };

const day = 86_400_000;

/** Counted in UTC, as the daemon counts: the same time of day, clamped to the last day of a shorter month. */
export function addDuration(start: Date, duration: CalendarDuration): Date {
	const { days = 0, months = 0, years = 0 } = duration;
	return new Date(add(new UTCDate(start), { days, months, years }).getTime());
}

/** `30 days`, `2 months`, `1 year and 6 months`. */
export function durationInWords(duration: CalendarDuration, inWords = amountInWords): string {
	const parts = (["year", "month", "day"] as const).flatMap((unit) => {
		const count = duration[`${unit}s`];
		return count === undefined ? [] : [inWords(count, unit)];
	});
	return listInWords(parts);
}

/** `ownEnd`: when this editor's token of a server expires, which can create no token that lasts longer. */
export type ExpiryRules = Profile["expiry"] & { readonly ownEnd?: string };

interface ExpiryPreset {
	duration: CalendarDuration;
	words: string;
	end: Date;
	isDefault: boolean;
}

/** The profile's presets that its maximum allows, its default among them, shortest first. */
export function expiryPresets(expiry: ExpiryRules, now: Date): ExpiryPreset[] {
	const byWords = new Map<string, ExpiryPreset>();
	const standard = expiry.default === null ? undefined : durationInWords(expiry.default);
	for (const duration of [...expiry.presets, ...(expiry.default === null ? [] : [expiry.default])]) {
		const words = durationInWords(duration);
		byWords.set(words, { duration, words, end: addDuration(now, duration), isDefault: words === standard });
	}
	const latest = latestExpiry(expiry, now);
	return [...byWords.values()]
		.filter((preset) => latest === undefined || preset.end <= latest)
		.sort((one, other) => one.end.getTime() - other.end.getTime());
}

/** The last moment that the profile and the editor's own token allow; undefined: they allow any. */
export function latestExpiry({ maximum, ownEnd }: ExpiryRules, now: Date): Date | undefined {
	const latest = maximum === null ? undefined : addDuration(now, maximum);
	const end = ownEnd === undefined ? undefined : new Date(ownEnd);
	if (latest === undefined || end === undefined) return latest ?? end;
	return latest < end ? latest : end;
}

/**
 * Parses an exact date (the end of that day), a date and time, or a distance such as `10 days`.
 * @param readWords for other words; none by default.
 */
export function parseExpiry(
	text: string,
	expiry: ExpiryRules,
	now: Date,
	readWords: ReadDateWords = () => undefined,
): ParsedExpiry {
	const input = text.trim();
	const read = readDistance(input, now) ?? readDate(input, now) ?? readInWords(input, now, readWords);
	if (read === undefined)
		return no(l10n.t("Write a date like 2027-01-31 or 31 March, a time like tomorrow 14:00, or 10 days."));
	if (Number.isNaN(read.getTime())) return no(l10n.t("{0} is not a valid date.", input));
	if (read <= now) return no(l10n.t("{0} is in the past.", dateInWords(read)));
	const latest = latestExpiry(expiry, now);
	if (latest !== undefined && read > latest) return no(tooLate(expiry, latest, now));
	// RFC 3339 has years of four digits.
	if (read.getUTCFullYear() > 9999) return no(l10n.t("{0} is not a valid date.", input));
	return { ok: true, instant: read };
}

function tooLate({ maximum }: ExpiryRules, latest: Date, now: Date): string {
	return maximum === null || addDuration(now, maximum) > latest
		? l10n.t("At most until {0}, when your own token of the server expires.", dateInWords(latest))
		: l10n.t("At most {0} from now: until {1}.", durationInWords(maximum), dateInWords(latest));
}

const no = (problem: string): ParsedExpiry => ({ ok: false, problem });

/** A time zone is written as in other dates; the parser of words knows ambiguous ones. */
function readInWords(input: string, now: Date, readWords: ReadDateWords): Date | undefined {
	const zone = /:\d{2}\s*(Z|UTC|[+-]\d{2}:?\d{2})$/i.exec(input)?.[1];
	const words = readWords(zone === undefined ? input : input.slice(0, -zone.length), now);
	if (words === undefined || (zone !== undefined && words.kind === "instant")) return undefined;
	if (words.kind === "instant") return words.instant;
	return instantOf(words.date, words.time ?? endOfDay, zone);
}

const endOfDay = [23, 59, 0];

/** `10 days`, `in 2 weeks`, `36h`, `in 45 Tagen`. */
function readDistance(input: string, now: Date): Date | undefined {
	const match = distancePattern.exec(input);
	if (match === null) return undefined;
	const count = Number(match[1]);
	const unit = match[2]?.toLowerCase() ?? "";
	if (unit.startsWith("mo")) return addDuration(now, { months: count });
	if (/^[yj]/.test(unit)) return addDuration(now, { years: count });
	const lengths: Record<string, number> = {
		m: 60_000,
		h: 3_600_000,
		s: 3_600_000,
		d: day,
		t: day,
		w: 7 * day,
	};
	return new Date(now.getTime() + count * (lengths[unit.charAt(0)] ?? 0));
}

const datePattern =
	/^(?:(today|tomorrow)|(\d{4})-(\d{1,2})-(\d{1,2}))(?:(?:\s+|T|,\s*)(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?\s*(Z|UTC|[+-]\d{2}:?\d{2})?)?$/i;

const distancePattern =
	/^(?:in\s+)?(\d{1,5})\s*(min(?:utes?|uten?)?|h(?:ours?)?|stunden?|d(?:ays?)?|tage?n?|w(?:eeks?)?|wochen?|months?|monate?n?|y(?:ears?)?|jahre?n?)$/i;

/** A date without a time is the end of that day; a time without a zone is in the user's own. */
function readDate(input: string, now: Date): Date | undefined {
	const match = datePattern.exec(input);
	if (match === null) return undefined;
	const [, word, year, month, dayOfMonth, hours, minutes, seconds, zone] = match;
	const date = word === undefined ? [Number(year), Number(month), Number(dayOfMonth)] : dayFrom(word, now);
	const time = hours === undefined ? endOfDay : [Number(hours), Number(minutes), Number(seconds ?? 0)];
	return instantOf(date, time, zone);
}

function dayFrom(word: string, now: Date): number[] {
	const offset = word.toLowerCase() === "tomorrow" ? 1 : 0;
	const date = new Date(now.getFullYear(), now.getMonth(), now.getDate() + offset);
	return [date.getFullYear(), date.getMonth() + 1, date.getDate()];
}

/** An invalid Date for a day or time that does not exist: `Date` itself would turn 31 February into a day in March. */
function instantOf(date: readonly number[], time: readonly number[], zone: string | undefined): Date {
	const [year = 0, month = 0, dayOfMonth = 0] = date;
	const [hours = 0, minutes = 0, seconds = 0] = time;
	const utc = new Date(Date.UTC(year, month - 1, dayOfMonth, hours, minutes, seconds));
	const exists = utc.getUTCMonth() === month - 1 && utc.getUTCDate() === dayOfMonth;
	// `Date` takes the years 0 to 99 for those of the 20th century.
	if (!exists || year < 100 || hours > 23 || minutes > 59 || seconds > 59) return new Date(Number.NaN);
	if (zone === undefined) return new Date(year, month - 1, dayOfMonth, hours, minutes, seconds);
	return new Date(utc.getTime() - zoneOffset(zone));
}

function zoneOffset(zone: string): number {
	const match = /^([+-])(\d{2}):?(\d{2})$/.exec(zone);
	if (match === null) return 0;
	const [hours, minutes] = [Number(match[2]), Number(match[3])];
	if (hours > 23 || minutes > 59) return Number.NaN;
	const offset = (hours * 60 + minutes) * 60_000;
	return match[1] === "-" ? -offset : offset;
}

/** How the input was understood: `Sat, 31 Jan 2027, 14:00 CET, in 70 days`. */
export function expiryEcho(instant: Date, now: Date): string {
	// The date is shown without seconds. Those that have passed since the user typed "20 hours" must not make that 19.
	const minute = new Date(now).setSeconds(0, 0);
	return `${dateInWords(instant)}, ${timeUntil(instant.getTime(), minute)}`;
}

/** The value for the daemon, as of the creation. */
export function expiryInstant(choice: ExpiryChoice, now: Date): string | null {
	if (choice.kind === "never") return null;
	return choice.kind === "at" ? choice.instant : addDuration(now, choice.duration).toISOString();
}

/** A choice as the summary shows it. */
export function expiryInWords(choice: ExpiryChoice, now: Date): string {
	if (choice.kind === "never") return l10n.t("Never");
	if (choice.kind === "at") return expiryEcho(new Date(choice.instant), now);
	return l10n.t(
		"In {0}: {1}",
		durationInWords(choice.duration, amountAfterIn),
		dateInWords(addDuration(now, choice.duration)),
	);
}
