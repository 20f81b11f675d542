/** The words of any text that a token could be or be a part of. Pure, and linear in the text's length. */

import { piecesOf, type Span } from "./secret-places.ts";

/** No token is shorter. */
export const shortestWord = 16;

/** What a token is made of. */
const word = "[\\w.+/=~:-]+";
/** What stands before a token and ends with a letter or digit: a colour in a log, `\n` in a program, `%3D` in an address. */
const escapes = [
	"(?:\\x1b|\\\\(?:u001b|x1b|033|e))\\[[\\d;]*[A-Za-z]",
	"\\\\{1,8}(?:u[0-9A-Fa-f]{4}|x[0-9A-Fa-f]{2}|[a-z])",
	"%[0-9A-Fa-f]{2}",
];
const words = new RegExp(word, "g");
const wordsBehindEscapes = new RegExp(`(?:${escapes.join("|")})(${word})`, "gi");

/** Every word, and those behind an escape sequence without it. */
export function tokenWords(text: string): { word: string; index: number }[] {
	const plain = [...text.matchAll(words)].map(({ 0: word, index }) => ({ word, index }));
	const others = [...text.matchAll(wordsBehindEscapes)].map(({ 0: whole, 1: word = "", index }) => ({
		word,
		index: index + whole.length - word.length,
	}));
	// A minimum within the pattern would overflow the stack at a word of millions of characters.
	return [...plain, ...others].filter(({ word }) => word.length >= shortestWord);
}

/** The parts of a text that a token could be, without the punctuation around it in prose and in markup. */
export function tokenSpans(text: string): Span[] {
	return partsOf(text).flatMap(({ start, end }) => {
		const part = text.slice(start, end);
		const starts = new Set([start, start + (/^[-+.:=~/_]{1,20}/.exec(part)?.[0].length ?? 0)]);
		const ends = new Set([end, end - (/[-+.:=~/_]{1,20}$/.exec(part)?.[0].length ?? 0)]);
		return [...starts].flatMap((from) => [...ends].map((to) => ({ start: from, end: to })));
	});
}

/** A plus sign is a blank in a form, and the first character of a line in a patch. */
function partsOf(text: string): Span[] {
	const whole = [{ start: 0, end: text.length }, ...piecesOf(text)];
	if (!/[+~]/.test(text)) return whole;
	const words = [...text.matchAll(/[^+~]+/g)].filter(([word]) => word.length >= shortestWord);
	const between = words.flatMap(({ 0: word, index }) =>
		[{ start: 0, end: word.length }, ...piecesOf(word)].map(({ start, end }) => ({
			start: index + start,
			end: index + end,
		})),
	);
	return [...whole, ...between];
}
