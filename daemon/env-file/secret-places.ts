/**
 * Every place of an env file's text where a secret could be: whole values, and the parts of them that a token can be: by the
 * format of our own secrets, and what stands between separators. Pure, and linear in the text's length.
 */
import { isWellFormed } from "../rules/secret.ts";
import type { EnvForm } from "./env-form.ts";
import type { EnvEntry } from "./env-text.ts";
import { commentParts, type EnvValue, envValues } from "./env-values.ts";
import { unescaped } from "./json-text.ts";
import { lineAt, lineStarts } from "./text-lines.ts";

export interface SecretPlace {
	readonly key: string;
	/** Counted from 1. */
	readonly line: number;
	/** Offsets of the secret's own characters. */
	readonly start: number;
	readonly end: number;
	/** What could be the secret. */
	readonly secret: string;
	/** No program reads it. */
	readonly commented: boolean;
	readonly part: "whole" | "piece";
	/** The line, if it is one that `dotenv` reads, and the secret is its whole value. */
	readonly entry?: EnvEntry;
}

/** No token is shorter. */
const shortest = 12;

/** In text order, the longer first. */
export function secretPlaces(text: string, form: EnvForm): SecretPlace[] {
	const values = envValues(text, form);
	const places = values.flatMap((value) => placesIn(text, value, form));
	// In the other forms, a comment is a value.
	const isParsed = form === "env" || form === "shell";
	const comments = isParsed ? commentParts(text, values).flatMap((part) => piecesIn(part)) : [];
	const starts = lineStarts(text);
	// The value of a key can begin on a later line.
	return distinct([...places, ...comments])
		.map((place) => ({ ...place, line: lineAt(starts, place.start) + 1 }))
		.sort((one, other) => one.start - other.start || other.end - one.end);
}

/** What stands directly behind a value without quotes belongs to a comment for some programs only. */
function distinct(places: readonly SecretPlace[]): SecretPlace[] {
	const spans = new Map<number, SecretPlace>();
	for (const place of places) {
		const span = place.start * maximumLength + place.end;
		if (!spans.has(span)) spans.set(span, place);
	}
	return [...spans.values()];
}

function placesIn(text: string, value: EnvValue, form: EnvForm): SecretPlace[] {
	const { key, line, start, end, commented, entry } = value;
	const common = { key, line, commented };
	const isWhole = value.value.length >= shortest;
	const whole: SecretPlace[] = isWhole
		? [{ ...common, start, end, secret: value.value, part: "whole", ...(entry && { entry }) }]
		: [];
	// A shell and Docker take a number sign without a blank before it for a part of the value.
	const rest = entry?.quote === "" ? (/^#\S*/.exec(text.slice(end))?.[0] ?? "") : "";
	const raw = text.slice(start, end) + rest;
	const isEscaped = form === "json" && raw.includes("\\");
	const pieces = isEscaped ? piecesOfJson(raw, value) : piecesIn({ ...value, value: raw });
	return [
		...whole,
		...pieces.filter((piece) => !whole.some(({ secret }) => coversAll(value, piece, secret))),
	];
}

const coversAll = ({ start, end }: EnvValue, piece: SecretPlace, secret: string) =>
	piece.start === start && piece.end === end && piece.secret === secret;

/** @param value as it is in the text */
function piecesIn({ key, line, start, commented, value }: EnvValue): SecretPlace[] {
	return piecesOf(value).map((piece) => ({
		...{ key, line, commented, part: "piece" },
		start: start + piece.start,
		end: start + piece.end,
		secret: value.slice(piece.start, piece.end),
	}));
}

/** What is written with escapes too: PHP writes `\/`, and .NET `\u002B`. */
function piecesOfJson(raw: string, value: EnvValue): SecretPlace[] {
	const { text, offsets } = unescaped(raw);
	const asRead = piecesIn({ ...value, value: text }).map((piece) => ({
		...piece,
		start: value.start + (offsets[piece.start - value.start] ?? 0),
		end: value.start + (offsets[piece.end - value.start] ?? raw.length),
	}));
	return distinct([...asRead, ...piecesIn({ ...value, value: raw })]);
}

export interface Span {
	readonly start: number;
	readonly end: number;
}

const quotesAndBlanks = /[\s"'`]+/g;
const listSeparators = /[\s"'`,;]+/g;
/** With what a shell writes before a default, `${KEY:-secret}`, and all that is not ASCII, as typographic quotes are. */
const separators = /(?::[-+]|[^\0-\x7f]|[\s"'`,;@&?#|<>(){}[\]\\^$!*%])+/g;
/** An escape sequence, as `\n` at the end of a quoted value, or a character of an address in its encoded form. */
const withEscapes =
	/(?:\\(?:u[0-9A-Fa-f]{4}|[\s\S])|%[0-9A-Fa-f]{2}|[^\0-\x7f]|[\s"'`,;@&?#|<>(){}[\]\\^$!*%])+/g;
/** Tokens can contain these, too. */
const inner = /[:=/]/g;
/** With more of them, only the parts next to each other are considered. */
const mostInner = 8;

/** For one number of the two offsets of a part. */
const maximumLength = 2 ** 24;

/** Distinct, at least as long as the shortest token. */
export function piecesOf(raw: string): Span[] {
	if (raw.length < shortest) return [];
	if (/^[\w.-]*$/.test(raw)) return ownSecrets(raw);
	const outer = /[\s"'`,;]/.test(raw)
		? [quotesAndBlanks, listSeparators].flatMap((separator) => between(raw, separator))
		: [{ start: 0, end: raw.length }];
	const words = [separators, ...(/[\\%]/.test(raw) ? [withEscapes] : [])].flatMap((separator) =>
		between(raw, separator),
	);
	const parts = words.flatMap((word) => partsOf(raw, word));
	const all = [...outer, ...parts, ...ownSecrets(raw)].filter(({ start, end }) => end - start >= shortest);
	return [...new Map(all.map((span) => [span.start * maximumLength + span.end, span])).values()];
}

function between(
	text: string,
	separator: RegExp,
	{ start, end }: Span = { start: 0, end: text.length },
): Span[] {
	const spans: Span[] = [];
	let from = start;
	for (const { index, 0: found } of text.slice(start, end).matchAll(separator)) {
		spans.push({ start: from, end: start + index });
		from = start + index + found.length;
	}
	return [...spans, { start: from, end }].filter((span) => span.start < span.end);
}

/** `user:secret` and `key=secret`, and what several parts of them make together. */
function partsOf(text: string, word: Span): Span[] {
	if (word.end - word.start < shortest) return [];
	const parts = between(text, inner, word);
	if (parts.length > mostInner) return [word, ...parts];
	const ends = [
		...new Set([...parts.flatMap(({ end }) => [end, ...endsBehind(text, end, word.end)]), word.end]),
	];
	const starts = [...new Set([word.start, ...parts.map(({ start }) => start)])];
	return starts.flatMap((start) => ends.filter((end) => end > start).map((end) => ({ start, end })));
}

/** With the padding of Base64, and without the full stop or hyphen that follows a secret in prose. */
function endsBehind(text: string, end: number, last: number): number[] {
	const padding = /^={1,2}/.exec(text.slice(end, Math.min(last, end + 2)))?.[0].length ?? 0;
	const after = /[.-]{1,3}$/.exec(text.slice(Math.max(0, end - 3), end))?.[0].length ?? 0;
	return [...(padding > 0 ? [end + padding] : []), ...(after > 0 ? [end - after] : [])];
}

/** Anywhere: what surrounds a secret may consist of the same characters. */
export function ownSecrets(text: string): Span[] {
	return [...text.matchAll(/_(?=[0-9A-Za-z]{38})/g)].flatMap(({ index }) =>
		Array.from({ length: 9 }, (_, at) => ({ start: index - at - 2, end: index + 39 })).filter(
			({ start, end }) => start >= 0 && isWellFormed(text.slice(start, end)),
		),
	);
}
