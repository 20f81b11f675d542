/**
 * What a person reads of a program's output: its text without control sequences, line breaks and characters that take no
 * space. Pure, and linear in the output's length.
 */

/** ECMA-48: CSI, strings such as OSC, and short sequences. A string of this length is no string, but a stray ESC. */
const longestString = 4096;
const string = `(?:\\x1b[\\]PX^_]|[\\x90\\x98\\x9d-\\x9f])[^\\x07\\x1b\\x9c]{0,${longestString}}`;
const csi = "(?:\\x1b\\[|\\x9b)[0-?]*[ -/]*";
/** Of the sequences without a parameter only those that terminals know: after a stray ESC there can be text. */
const short = "\\x1b(?:[#%()*+][0-~]|[0-9=>cDEHMNOZ])";
const sequence = `${string}(?:\\x07|\\x1b\\\\|\\x9c)|${csi}[@-~]|${short}`;
/** The last one: half of a character that is cut in two. */
const openSequence = `${string}\\x1b?$|${csi}$|\\x1b[#%()*+]?$|[\\ud800-\\udbff]$`;
const lineBreak = "(?:\\r\\n?|\\n)[ \\t]*";
/** A character with a backspace, as a manual page prints bold text. */
const struck = "[^\\x1b\\x08]\\x08";
const unseen = "(?!\\t)\\p{Cc}|[\\p{Zl}\\p{Zp}]|\\p{Default_Ignorable_Code_Point}";
const hidden = new RegExp(`(${openSequence})|${sequence}|${struck}|${lineBreak}|${unseen}`, "gu");
const layout = new RegExp(`${sequence}|${lineBreak}`, "gu");

export interface PrintedText {
	readonly text: string;
	/** The output's offset of each of the text's characters. */
	readonly offsets: readonly number[];
	/** Where a control sequence starts that is not complete; else the output's length. */
	readonly complete: number;
}

export function printedText(output: string): PrintedText {
	const offsets: number[] = [];
	let text = "";
	let at = 0;
	let complete = output.length;
	const take = (end: number) => {
		text += output.slice(at, end);
		for (let offset = at; offset < end; offset++) offsets.push(offset);
	};
	for (const { 0: found, 1: open, index } of output.matchAll(hidden)) {
		take(index);
		at = index + found.length;
		if (open !== undefined) complete = index;
	}
	take(output.length);
	return { text, offsets, complete };
}

/** The output's control sequences and line breaks, without its text. */
export function layoutOf(output: string): string {
	return (output.match(layout) ?? []).join("");
}
