/**
 * What a person reads of a program's output: its text without control sequences, line breaks and characters that take no
 * space. Pure, and linear in the output's length.
 */

/** What a terminal carries out within a sequence, which goes on behind it. */
const control = "[\\0-\\x17\\x19\\x1c-\\x1f\\x7f]";
/** What ends a sequence early: CAN, SUB, and the next sequence. */
const cancel = "[\\x18\\x1a]|(?=\\x1b)";
/** ECMA-48: CSI, strings such as OSC, and other sequences. A string of this length is no string, but a stray ESC. */
const longestString = 4096;
const string = `(?:\\x1b[\\]PX^_]|[\\x90\\x98\\x9d-\\x9f])[^\\x07\\x18\\x1a\\x1b\\x9c]{0,${longestString}}`;
const csi = `(?:\\x1b${control}*\\[|\\x9b)(?:[ -?]|${control})*`;
const plain = `\\x1b(?:[ -/]|${control})*`;
const sequence = `${string}(?:\\x07|\\x1b\\\\|\\x9c|${cancel})|${csi}(?:[@-~]|${cancel})|${plain}(?:[0-~]|${cancel})`;
/** The last one: half of a character that is cut in two. */
const openSequence = `${string}\\x1b?$|${csi}$|${plain}$|[\\ud800-\\udbff]$`;
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
