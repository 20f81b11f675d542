/**
 * Reads dates in words, English and German: `31 March`, `tomorrow 9:00`, `nächsten Freitag um 17 Uhr`. Strict: the whole text
 * has to be one date whose day is stated. Knows no VS Code.
 */
import type { Chrono, ParsedResult } from "chrono-node";

/** A day without a time has no `time`. Local to the user. */
export type DateWords =
	| {
			kind: "day";
			date: [year: number, month: number, day: number];
			time: [hours: number, minutes: number] | undefined;
	  }
	/** From now on: `in two months`. */
	| { kind: "instant"; instant: Date };

export type ReadDateWords = (text: string, now: Date) => DateWords | undefined;

/** The parsers are loaded when they are first needed: they would slow down the start. */
export async function loadDateWords(): Promise<ReadDateWords> {
	const [english, german] = await Promise.all([import("chrono-node/en"), import("chrono-node/de")]);
	return (text, now) => readWith([english.casual, german.casual], text, now);
}

/** `5/6/2026` has two meanings; the others name the past. */
const refused = /\d\/\d|\b(?:last|past|previous|ago|letzte[nrsm]?|vorige[nrsm]?|vergangene[nrsm]?|vor)\b/i;

/** English and German order the numbers of `5.6.2026` differently; dots are German. */
const dotted = /\d\.\s*\d/;

function readWith(
	[english, german]: readonly [Chrono, Chrono],
	text: string,
	now: Date,
): DateWords | undefined {
	const input = withClock(text.trim().replace(/\s+/g, " "));
	if (input.length > 60 || refused.test(input)) return undefined;
	for (const parser of dotted.test(input) ? [german] : [english, german]) {
		const read = parser === german ? withOrdinal(input) : input;
		const [found, ...more] = parser.parse(read, now, { forwardDate: true });
		const words = found === undefined || more.length > 0 ? undefined : wordsOf(found, read);
		if (words !== undefined) return words;
	}
	return undefined;
}

/** The parser needs the dot of `31. März`. */
function withOrdinal(text: string): string {
	return text.replace(/\b(\d{1,2}) (?=jan|feb|mär|apr|mai|jun|jul|aug|sep|okt|nov|dez)/i, "$1. ");
}

/** The parser takes the hour of `31. März 14 Uhr` for a year. */
function withClock(text: string): string {
	return text.replace(
		/(?: um)? (\d{1,2})(?:[:.](\d{2}))? Uhr$/i,
		(_, hours: string, minutes = "00") => ` um ${hours}:${minutes}`,
	);
}

function wordsOf({ text, start, end }: ParsedResult, input: string): DateWords | undefined {
	if (end || start.isCertain("timezoneOffset") || !covers(text, input)) return undefined;
	if (!start.isCertain("day") && !start.isCertain("weekday"))
		return start.tags().has("result/relativeDate") ? { kind: "instant", instant: start.date() } : undefined;
	const part = (name: "year" | "month" | "day" | "hour" | "minute") => start.get(name) ?? 0;
	return {
		kind: "day",
		date: [part("year"), part("month"), part("day")],
		time: start.isCertain("hour") ? [part("hour"), part("minute")] : undefined,
	};
}

/** Up to a word that may come before a date. */
function covers(found: string, input: string): boolean {
	const rest = input.replace(found, "").trim();
	return rest === "" || /^(?:on|by|until|till|the|am|bis|bis zum|zum|den)$/i.test(rest);
}
