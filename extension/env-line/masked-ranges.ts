/**
 * Which parts of a text are not for everybody's eyes. Pure. Invariant: rather too much than too little: what cannot be
 * read as a line, such as the rest of a key over several lines, is masked too.
 */
import { envValues, lineAt, lineStarts } from "../env/env-values.ts";
import { isTokenByItself } from "../env/token-like.ts";

export interface MaskedRange {
	readonly start: number;
	readonly end: number;
}

/** In an env file: every value, also of commented lines, and every token in a comment. In the text's order. */
export function maskedInEnvFile(text: string): MaskedRange[] {
	const values = envValues(text)
		.filter(({ start, end }) => start < end)
		.map(({ start, end }) => ({ start, end: endForEyes(text, start, end) }));
	const others = [...tokensIn(text), ...oddLines(text, values)];
	return withoutCovered([...values, ...others]);
}

/** In any other text: words that are tokens by themselves. */
export function maskedInText(text: string): MaskedRange[] {
	return text.length > longestText ? [] : tokensIn(text);
}

const longestText = 500_000;

/**
 * A reader ends a bare value at a number sign and reads a quote that is never closed as a part of it; whoever wrote
 * the line may have meant all of it.
 */
function endForEyes(text: string, start: number, end: number): number {
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

/** Lines that are neither an assignment nor a comment, if a secret could stand in them. */
function oddLines(text: string, values: readonly MaskedRange[]): MaskedRange[] {
	const starts = lineStarts(text);
	const taken = new Set(values.flatMap(({ start, end }) => linesBetween(starts, start, end)));
	return starts.flatMap((start, line) => {
		const content = text.slice(start, starts[line + 1]).trimEnd();
		const odd = /^\s*(?!#|<{7}|={7}|>{7})\S*\S{16}/.test(content);
		const inset = content.length - content.trimStart().length;
		return odd && !taken.has(line) ? [{ start: start + inset, end: start + content.length }] : [];
	});
}

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
