/**
 * Whether a shell reads a line of an env file as a line of its own, or as part of the one above: after a backslash at the
 * end of a line, and within quotes. Pure, and linear in the text's length.
 */

/** What a shell reads as one piece (POSIX, Shell Command Language 2.2), and what it skips. */
const piece = new RegExp(
	[
		"\\\\[\\s\\S]",
		"'[^']*'",
		'"[^"\\\\]*(?:\\\\[\\s\\S][^"\\\\]*)*"',
		"`[^`\\\\]*(?:\\\\[\\s\\S][^`\\\\]*)*`",
		"(?<![^\\s;&|(])#[^\\n]*",
		"(?<!<)<<-?[ \\t]*[\"'\\\\]?([A-Za-z_]\\w*)",
		"(['\"`])",
	].join("|"),
	"g",
);

/** Offsets of the line ends at which the shell does not begin a new line. undefined: a shell can't read the text. */
export function joinedLineEnds(text: string): ReadonlySet<number> | undefined {
	const joined = new Set<number>();
	piece.lastIndex = 0;
	for (let found = piece.exec(text); found !== null; found = piece.exec(text)) {
		const [whole, terminator, open] = found;
		if (open !== undefined) return undefined;
		if (terminator !== undefined) piece.lastIndex = skipDocument(text, piece.lastIndex, terminator, joined);
		else addLineEnds(joined, whole, found.index);
	}
	return joined;
}

/** Whether a shell that can read the text reads what starts at the offset as part of the line above. */
export function isJoined(text: string, offset: number): boolean {
	const lineEnd = text.lastIndexOf("\n", offset - 1);
	return lineEnd !== -1 && (joinedLineEnds(text)?.has(lineEnd) ?? false);
}

/** Whether a shell joins a line that would be added to the text to its last line. */
export function endsJoined(text: string): boolean {
	return text.endsWith("\n") && (joinedLineEnds(text)?.has(text.length - 1) ?? false);
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
