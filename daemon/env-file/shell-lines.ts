/**
 * How a shell reads an env file: which lines it takes for part of the one above, after a backslash at the end of a line and
 * within quotes. Pure, and linear in the text's length.
 */
import { lineAt, lineStarts } from "./text-lines.ts";

/** The word that ends a here-document; for a shell, a carriage return is a character like others. */
const documentEnd = "(?:\\\\[^\\n]|'[^'\\n]*'|\"[^\"\\n]*\"|[^ \\t\\n;&|<>()'\"`\\\\])+";

/** What a shell reads as one piece (POSIX, Shell Command Language 2.2), and what it skips. */
const pieces = [
	"\\\\[\\s\\S]",
	"'[^']*'",
	'"[^"\\\\]*(?:\\\\[\\s\\S][^"\\\\]*)*"',
	"`[^`\\\\]*(?:\\\\[\\s\\S][^`\\\\]*)*`",
	"(?<![^\\s;&|(])#[^\\n]*",
	// In an arithmetic expansion, `<<` shifts. In `((1<<2))` it does for some shells only.
	"\\$\\(\\((?:[^()'\"`\\n]|\\([^()'\"`\\n]*\\))*\\)\\)",
	`(?<!<)<<(?!<)-?[ \\t]*(${documentEnd})`,
	"(['\"`])",
];
const piece = new RegExp(pieces.join("|"), "g");
/** As bash and zsh read it, but dash does not: `$'it\\'s'`. */
const pieceWithEscapes = new RegExp(["\\$'[^'\\\\]*(?:\\\\[\\s\\S][^'\\\\]*)*'", ...pieces].join("|"), "g");

export interface ShellText {
	/** Offsets of the line ends at which the shell does not begin a new line. */
	readonly joined: ReadonlySet<number>;
	/** The text as long as before, with letters in place of what is quoted, and blanks in place of comments and documents. */
	readonly words: string;
}

/** As the different shells read the text that can. */
export function shellTexts(text: string): ShellText[] {
	const forms = text.includes("$'") ? [piece, pieceWithEscapes] : [piece];
	return forms.map((form) => readAsShell(text, form)).filter((read) => read !== undefined);
}

/** Whether some shell can read the text: no quote in it is open. */
export function isReadable(text: string): boolean {
	return shellTexts(text).length > 0;
}

/** undefined: a shell can't read the text. */
function readAsShell(text: string, piece: RegExp): ShellText | undefined {
	const joined = new Set<number>();
	let words = "";
	piece.lastIndex = 0;
	for (let found = piece.exec(text); found !== null; found = piece.exec(text)) {
		const [whole, mark, open] = found;
		if (open !== undefined) return undefined;
		words += text.slice(words.length, found.index) + filled(whole);
		if (mark === undefined) addLineEnds(joined, whole, found.index);
		else {
			// What follows on the line of a here-document is no part of it.
			words += /.*/y.exec(text.slice(words.length))?.[0] ?? "";
			piece.lastIndex = skipDocument(text, piece.lastIndex, mark.replace(/["'\\]/g, ""), joined);
			words += text.slice(words.length, piece.lastIndex).replace(/.+/g, (line) => " ".repeat(line.length));
		}
	}
	return { joined, words: words + text.slice(words.length) };
}

/** Nothing is left of a comment, and of a backslash with the line end behind it. */
function filled(whole: string): string {
	return (whole.startsWith("#") || whole === "\\\n" ? " " : "q").repeat(whole.length);
}

/** Offsets of the line ends at which a shell does not begin a new line. */
export function joinedLineEnds(text: string): ReadonlySet<number> {
	return new Set(shellTexts(text).flatMap(({ joined }) => [...joined]));
}

/** Whether a shell that can read the text reads what starts at the offset as part of the line above. */
export function isJoined(text: string, offset: number): boolean {
	const lineEnd = text.lastIndexOf("\n", offset - 1);
	return lineEnd !== -1 && joinedLineEnds(text).has(lineEnd);
}

/** Whether a shell joins a line that would be added to the text to its last line. */
export function endsJoined(text: string): boolean {
	return text.endsWith("\n") && joinedLineEnds(text).has(text.length - 1);
}

/** What ends the last line, if a shell takes lines that would be added to the text for part of it. */
export function openOperator(text: string): { operator: string; line: number } | undefined {
	for (const { words } of shellTexts(text)) {
		// For a shell, a carriage return is a character like others.
		const last = words.replace(/\r\n/g, " q").trimEnd();
		const [operator] = /(?:&&|\|[|&]?)$/.exec(last.slice(-2)) ?? [];
		if (operator !== undefined) return { operator, line: lineAt(lineStarts(text), last.length - 1) + 1 };
	}
	return undefined;
}

function addLineEnds(joined: Set<number>, whole: string, index: number): void {
	for (let at = whole.indexOf("\n"); at !== -1; at = whole.indexOf("\n", at + 1)) joined.add(index + at);
}

/** A here-document ends with a line of its own. */
function skipDocument(text: string, from: number, terminator: string, joined: Set<number>): number {
	let start = text.indexOf("\n", from);
	while (start !== -1) {
		const end = text.indexOf("\n", start + 1);
		const line = text.slice(start + 1, end === -1 ? undefined : end);
		joined.add(start);
		if (end === -1 || line.replace(/^\t+/, "") === terminator) return end === -1 ? text.length : end;
		start = end;
	}
	return text.length;
}
