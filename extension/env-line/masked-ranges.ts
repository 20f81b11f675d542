/**
 * Which parts of a text must be masked. Pure. Invariant: rather too much than too little: text that cannot be parsed as
 * a line, such as the rest of a multi-line key, is masked too.
 */
import type { EnvForm } from "../../daemon/env-file/env-form.ts";
import { type EnvValue, envValues } from "../../daemon/env-file/env-values.ts";
import { isPaddedBase64 } from "../../daemon/env-file/line-head.ts";
import { piecesOf } from "../../daemon/env-file/secret-places.ts";
import { lineAt, lineStarts, linesBetween, lineText } from "../../daemon/env-file/text-lines.ts";
import { shortestWord, tokenSpans, tokenWords } from "../../daemon/env-file/token-words.ts";
import { SecretSearch } from "../env/secret-search.ts";
import { isSecretLike, isTokenByItself } from "../env/token-like.ts";

export interface MaskedRange {
	readonly start: number;
	readonly end: number;
}

/**
 * For an env file: every value, including those in commented-out lines and in lines that only some programs read, and
 * every secret in a comment: what looks like one, and what is part of a value. In text order.
 */
export function maskedInEnvFile(text: string, form: EnvForm): MaskedRange[] {
	const values = envValues(text, form).filter(({ start, end }) => start < end);
	const ranges = values.map(({ start, end, entry, commented }) => ({
		start,
		end: entry !== undefined || commented ? visibleEnd(text, start, end) : end,
	}));
	const comments = secretsInComments(text, form, values);
	const others = [...afterOpenQuotes(text, values), ...keysInPem(text), ...paddedIn(text)];
	return withoutCovered([...ranges, ...tokensIn(text), ...comments, ...others]);
}

/**
 * What `media/env-values.tmLanguage.json` hides in an env file, possibly more: everything masked, every line of another
 * form, and every word of a comment that could be a token, since a grammar cannot tell a token from a lookalike.
 */
export function hiddenInFirstFrame(text: string, form: EnvForm): MaskedRange[] {
	const words = [...text.matchAll(/#[^\r\n]*/g)].flatMap(({ 0: comment, index }) =>
		[...comment.matchAll(/[\w.+~-]+=*/g)]
			.filter(([word]) => word.length >= shortestWord && /\d/.test(word))
			.map(({ 0: word, index: at }) => ({ start: index + at, end: index + at + word.length })),
	);
	return withoutCovered([...maskedInEnvFile(text, form), ...words, ...otherLines(text, form)]);
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

/** For any other text: words that are tokens by themselves. None of a text that would take seconds, at each key. */
export function maskedInText(text: string): MaskedRange[] {
	return text.length > longestText ? [] : withoutCovered(tokensIn(text));
}

const longestText = 10_000_000;

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
	return tokenWords(text).flatMap(({ word, index }) =>
		tokenSpans(word)
			.filter(({ start, end }) => isTokenByItself(word.slice(start, end)))
			.map(({ start, end }) => ({ start: index + start, end: index + end })),
	);
}

/** What looks like a secret, and what is a value of the file or a part of one. */
function secretsInComments(text: string, form: EnvForm, values: readonly EnvValue[]): MaskedRange[] {
	const known = new SecretSearch(values.flatMap(knownParts));
	return [...text.matchAll(form === "json" ? /\/\/[^\r\n]*/g : /#[^\r\n]*/g)].flatMap(
		({ 0: comment, index }) => {
			const alike = tokenSpans(comment).filter(({ start, end }) => isSecretLike(comment.slice(start, end)));
			return [...alike, ...known.cover(comment)].map(({ start, end }) => ({
				start: index + start,
				end: index + end,
			}));
		},
	);
}

/** Of words such as `production`, only those of keys that announce a secret. */
function knownParts({ key, value }: EnvValue): string[] {
	const isTold = /PASS|PWD|SECRET|TOKEN|KEY|CRED|AUTH/i.test(key) || /[^A-Za-z]/.test(value);
	const parts = piecesOf(value).map(({ start, end }) => value.slice(start, end));
	return [
		...(isTold ? [value] : []),
		...parts.filter((part) => /\d/.test(part) && /[A-Za-z]/.test(part)),
	].filter((part) => part.length >= shortestKnown);
}

/** Shorter values occur in ordinary words. */
const shortestKnown = 8;

/**
 * An unclosed quote may contain everything up to the next assignment or comment, even if it looks like one, as the end
 * of a Base64 key does.
 */
function afterOpenQuotes(text: string, values: readonly EnvValue[]): MaskedRange[] {
	const starts = lineStarts(text);
	const lines = new Set<number>();
	for (const { start, end, entry } of values) {
		const quote = text[start] ?? "";
		if (entry === undefined || !/['"`]/.test(quote) || text.slice(start + 1, end).includes(quote)) continue;
		for (let line = lineAt(starts, end) + 1; line < starts.length; line++) {
			if (lines.has(line) || startsAnew.test(lineText(text, starts, line))) break;
			lines.add(line);
		}
	}
	return [...lines].flatMap((line) => wholeLine(text, starts, line));
}

/** RFC 7468: the lines of a key, of which those with padding look like lines of an env file. */
function keysInPem(text: string): MaskedRange[] {
	const starts = lineStarts(text);
	let isKey = false;
	return starts.flatMap((_, line) => {
		const content = lineText(text, starts, line);
		isKey = content.includes("-----BEGIN ") || (isKey && /^[#\s]*[A-Za-z0-9+/]*={0,2}\s*$/.test(content));
		return isKey && !content.includes("-----") ? wholeLine(text, starts, line) : [];
	});
}

/** A line of a longer text in Base64, which a parser takes for a key with an empty value. */
function paddedIn(text: string): MaskedRange[] {
	return [...text.matchAll(/[\w.+/=~-]+/g)]
		.filter(([word]) => isPaddedBase64(word))
		.map(({ 0: word, index }) => ({ start: index, end: index + word.length }));
}

/** An equals sign at the end is the padding of a Base64 key. */
const startsAnew = /^\s*(?:#|(?:export\s+)?[A-Za-z_][\w.-]*\s*=(?!=?['"`]?\s*$))/;

function wholeLine(text: string, starts: readonly number[], line: number): MaskedRange[] {
	const content = lineText(text, starts, line).trimEnd();
	const start = (starts[line] ?? 0) + content.length - content.trimStart().length;
	return content === "" ? [] : [{ start, end: start + content.trimStart().length }];
}

/** The whole lines that no entry of the common form takes up. */
function otherLines(text: string, form: EnvForm): MaskedRange[] {
	const starts = lineStarts(text);
	const others = envValues(text, form).filter(({ entry, commented }) => entry === undefined && !commented);
	const lines = new Set(
		form === "env" || form === "shell"
			? others.flatMap(({ start, end }) => linesBetween(starts, start, end))
			: starts.keys(),
	);
	return [...lines].flatMap((line) => wholeLine(text, starts, line));
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
