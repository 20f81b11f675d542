/**
 * How a shell reads an env file: which lines it takes for part of the one above, after a backslash at the end of a line and
 * within quotes, and which variables it changes in other ways than `KEY=value`. Pure, and linear in the text's length.
 */
import { lineAt, lineStarts } from "./text-lines.ts";

/** What a shell reads as one piece (POSIX, Shell Command Language 2.2), and what it skips. */
const pieces = [
	"\\\\[\\s\\S]",
	"'[^']*'",
	'"[^"\\\\]*(?:\\\\[\\s\\S][^"\\\\]*)*"',
	"`[^`\\\\]*(?:\\\\[\\s\\S][^`\\\\]*)*`",
	"(?<![^\\s;&|(])#[^\\n]*",
	"(?<!<)<<-?[ \\t]*[\"'\\\\]?([A-Za-z_]\\w*)",
	"(['\"`])",
];
const piece = new RegExp(pieces.join("|"), "g");
/** As bash and zsh read it, but dash does not: `$'it\\'s'`. */
const pieceWithEscapes = new RegExp(["\\$'[^'\\\\]*(?:\\\\[\\s\\S][^'\\\\]*)*'", ...pieces].join("|"), "g");

interface ShellText {
	/** Offsets of the line ends at which the shell does not begin a new line. */
	readonly joined: ReadonlySet<number>;
	/** The text as long as before, with letters in place of what is quoted, and blanks in place of comments and documents. */
	readonly words: string;
}

/** As the different shells read the text that can. */
function shellTexts(text: string): ShellText[] {
	const forms = text.includes("$'") ? [piece, pieceWithEscapes] : [piece];
	return forms.map((form) => readAsShell(text, form)).filter((read) => read !== undefined);
}

/** undefined: a shell can't read the text. */
function readAsShell(text: string, piece: RegExp): ShellText | undefined {
	const joined = new Set<number>();
	let words = "";
	piece.lastIndex = 0;
	for (let found = piece.exec(text); found !== null; found = piece.exec(text)) {
		const [whole, terminator, open] = found;
		if (open !== undefined) return undefined;
		words += text.slice(words.length, found.index) + filler(whole).repeat(whole.length);
		if (terminator === undefined) addLineEnds(joined, whole, found.index);
		else {
			piece.lastIndex = skipDocument(text, piece.lastIndex, terminator, joined);
			words += text.slice(words.length, piece.lastIndex).replace(/.+/g, (line) => " ".repeat(line.length));
		}
	}
	return { joined, words: words + text.slice(words.length) };
}

/** Nothing is left of a comment, and of a backslash with the line end behind it. */
const filler = (whole: string) => (whole.startsWith("#") || whole === "\\\n" ? " " : "q");

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

/** Where a shell gives a variable a value, takes it away, or lets it have no other. */
export interface ShellChange {
	readonly offset: number;
	readonly kind: "sets" | "locks";
}

/** Commands that take assignments, and commands that take names of variables. */
const setting = new Set(["export", "declare", "typeset", "local", "readonly", "let", "eval"]);
const naming = new Set(["unset", "read", "for", "mapfile", "readarray"]);
/** What may stand before a command. */
const leading = new Set(["then", "do", "else", "elif", "if", "while", "until", "!", "time", "command"]);

/** In text order. */
export function shellChanges(text: string, key: string): ShellChange[] {
	return shellTexts(text)
		.flatMap(({ words }) => [...words.matchAll(/[^\n;&|(){}]+/g)])
		.filter(([statement]) => statement.includes(key))
		.flatMap(({ 0: statement, index }) => changesIn(wordsIn(statement, index), key))
		.toSorted((one, other) => one.offset - other.offset);
}

function wordsIn(statement: string, index: number): Word[] {
	return [...statement.matchAll(/\S+/g)].map((word) => ({ text: word[0], offset: index + word.index }));
}

interface Word {
	readonly text: string;
	readonly offset: number;
}

function changesIn(statement: readonly Word[], key: string): ShellChange[] {
	const assigns = ({ text }: Word) => text.startsWith(`${key}=`) || text.startsWith(`${key}+=`);
	const isCommand = ({ text }: Word) => !leading.has(text) && !/^\w+\+?=/.test(text);
	const at = statement.findIndex(isCommand);
	const command = statement[at]?.text ?? "";
	const before = at === -1 ? statement : statement.slice(0, at);
	const following = at === -1 ? [] : statement.slice(at + 1);
	const locked = locks(command, following)
		? following.filter((word) => assigns(word) || word.text === key)
		: [];
	const set = following.filter((word) =>
		naming.has(command) ? word.text === key : setting.has(command) && assigns(word),
	);
	return [
		...[...before.filter(assigns), ...set].map(({ offset }) => ({ offset, kind: "sets" as const })),
		...locked.map(({ offset }) => ({ offset, kind: "locks" as const })),
	];
}

function locks(command: string, following: readonly Word[]): boolean {
	if (command === "readonly") return true;
	return /^(?:declare|typeset)$/.test(command) && following.some(({ text }) => /^-\w*r/.test(text));
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
