/** Numbers, dates and lists in words: in VS Code's display language, and in English on the command line. */
import * as l10n from "@vscode/l10n";

/** Creating a format is slow, and a list of thousands of tokens uses each of them thousands of times. */
const formats = new Map<string, Format>();

type Format = Intl.NumberFormat | Intl.RelativeTimeFormat | Intl.ListFormat | Intl.DateTimeFormat;

/** The locale for dates and numbers: that of the display language, which may differ from the machine's. */
export function locale(): string {
	return l10n.t({ message: "en-GB", comment: ["The locale that dates and numbers are written in (BCP 47)"] });
}

export type Unit = "minute" | "hour" | "day" | "week" | "month" | "year";

/** `12 days`, `1 hour`. */
export function amountInWords(count: number, unit: Unit): string {
	const style = { style: "unit", unit, unitDisplay: "long" } as const;
	return kept(`${unit}s`, (language) => new Intl.NumberFormat(language, style)).format(count);
}

/** As after "in" and "within", where German has another case: `6 months`, `6 Monaten`. */
export function amountAfterIn(count: number, unit: Unit): string {
	const parts = relative().formatToParts(count, unit);
	const first = parts.findIndex(({ type }) => type !== "literal");
	return parts
		.slice(first)
		.map(({ value }) => value)
		.join("");
}

/** Relative to now: `in 3 hours`; a negative count gives `3 hours ago`. */
export function distanceInWords(count: number, unit: Unit): string {
	return relative().format(count, unit);
}

function relative(): Intl.RelativeTimeFormat {
	return kept("distance", (language) => new Intl.RelativeTimeFormat(language));
}

/** `a, b and c`. */
export function listInWords(items: readonly string[]): string {
	return kept("list", (language) => new Intl.ListFormat(language)).format(items);
}

/** The cached format with that name in the display language, created on first use. */
export function kept<Kind extends Format>(name: string, make: (language: string) => Kind): Kind {
	const language = locale();
	const key = `${name} ${language}`;
	const format = (formats.get(key) as Kind | undefined) ?? make(language);
	formats.set(key, format);
	return format;
}
