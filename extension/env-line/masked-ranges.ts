/**
 * Which parts of a text must be masked. Pure. Invariant: rather too much than too little: text that cannot be parsed as
 * a line, such as the rest of a multi-line key, is masked too.
 */
import { type EnvValue, envValues, lineAt, lineStarts } from "../env/env-values.ts";
import { isTokenByItself } from "../env/token-like.ts";

export interface MaskedRange {
	readonly start: number;
	readonly end: number;
}

/**
 * For an env file: every value, including those in commented-out lines, and every token in a comment. In text order.
 */
export function maskedInEnvFile(text: string): MaskedRange[] {
	const entries = envValues(text).filter(({ start, end }) => start < end);
	const values = entries.map(({ start, end }) => ({ start, end: visibleEnd(text, start, end) }));
	const others = [...tokensIn(text), ...oddLines(text, values, linesAfterOpenQuotes(text, entries))];
	return withoutCovered([...values, ...others]);
}

/**
 * What `media/env-values.tmLanguage.json` hides in an env file, possibly more: everything masked, and every word of a
 * comment that could be a token, since a grammar cannot tell a token from a lookalike.
 */
export function hiddenInFirstFrame(text: string): MaskedRange[] {
	const words = [...text.matchAll(/#[^\r\n]*/g)].flatMap(({ 0: comment, index }) =>
		[...comment.matchAll(/(?=[\w.+~-]*\d)[\w.+~-]{20,}=*/g)].map(({ 0: word, index: at }) => ({
			start: index + at,
			end: index + at + word.length,
		})),
	);
	return withoutCovered([...maskedInEnvFile(text), ...words]);
}

/** The parts of the ranges that no other range covers. Both are in text order. */
export function uncovered(ranges: readonly MaskedRange[], others: readonly MaskedRange[]): MaskedRange[] {
	return ranges.flatMap(({ start, end }) => {
		const parts: MaskedRange[] = [];
		let from = start;
		for (const other of others) {
			if (other.end <= from || other.start >= end) continue;
			if (other.start > from) parts.push({ start: from, end: other.start });
			from = other.end;
		}
		return from < end ? [...parts, { start: from, end }] : parts;
	});
}

/** For any other text: words that are tokens by themselves. */
export function maskedInText(text: string): MaskedRange[] {
	return text.length > longestText ? [] : tokensIn(text);
}

const longestText = 500_000;

/**
 * A parser ends an unquoted value at a number sign and reads an unclosed quote as part of it, but the author of the
 * line may have meant all of it.
 */
function visibleEnd(text: string, start: number, end: number): number {
	const isOpen = /['"`]/.test(text[start] ?? "");
	const rest = isOpen ? /[^\r\n]*/y : /(?:#\S*)?/y;
	rest.lastIndex = end;
	return end + (rest.exec(text)?.[0].trimEnd().length ?? 0);
}

function tokensIn(text: string): MaskedRange[] {
	const words = text.matchAll(/[\w.+/=~-]{16,}/g);
	return [...words].flatMap(({ 0: word, index }) => {
		// `KEY=secret` is one word too.
		const from = [0, word.indexOf("=") + 1].find((at) => isTokenByItself(word.slice(at)));
		return from === undefined ? [] : [{ start: index + from, end: index + word.length }];
	});
}

/** Lines that are neither an assignment nor a comment, if they could contain a secret or follow an unclosed quote. */
function oddLines(
	text: string,
	values: readonly MaskedRange[],
	afterQuotes: ReadonlySet<number>,
): MaskedRange[] {
	const starts = lineStarts(text);
	const taken = new Set(values.flatMap(({ start, end }) => linesBetween(starts, start, end)));
	return starts.flatMap((start, line) => {
		const content = text.slice(start, starts[line + 1]).trimEnd();
		const long = /^\s*(?!#|<{7}|={7}|>{7})\S*\S{16}/.test(content) && !taken.has(line);
		const odd = long || (afterQuotes.has(line) && content.trim() !== "");
		const inset = content.length - content.trimStart().length;
		return odd ? [{ start: start + inset, end: start + content.length }] : [];
	});
}

/** An unclosed quote may contain everything up to the next assignment or comment. Lines count from 0. */
function linesAfterOpenQuotes(text: string, entries: readonly EnvValue[]): Set<number> {
	const starts = lineStarts(text);
	const lines = new Set<number>();
	for (const { start, end, commented } of entries) {
		const quote = text[start] ?? "";
		if (commented || !/['"`]/.test(quote) || text.slice(start + 1, end).includes(quote)) continue;
		for (let line = lineAt(starts, end) + 1; line < starts.length; line++) {
			if (startsAnew.test(text.slice(starts[line], starts[line + 1]))) break;
			lines.add(line);
		}
	}
	return lines;
}

/** An equals sign at the end is the padding of a Base64 key. */
const startsAnew = /^\s*(?:#|(?:export\s+)?[A-Za-z_][\w.-]*\s*=(?!=?['"`]?\s*$))/;

function linesBetween(starts: readonly number[], start: number, end: number): number[] {
	const first = lineAt(starts, start);
	return Array.from({ length: lineAt(starts, end) - first + 1 }, (_, index) => first + index);
}

function withoutCovered(ranges: readonly MaskedRange[]): MaskedRange[] {
	const sorted = ranges.toSorted((one, other) => one.start - other.start || other.end - one.end);
	let covered = -1;
	return sorted.filter(({ end }) => {
		if (end <= covered) return false;
		covered = end;
		return true;
	});
}
