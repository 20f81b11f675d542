/**
 * What a shell does with variables in other ways than `KEY=value` on a line of its own, and where it stops reading. Pure, and
 * linear in the text's length.
 */
import { shellTexts } from "./shell-lines.ts";

/** Where a shell gives a variable a value, takes it away, or lets it have no other or not the one that is assigned. */
export interface ShellChange {
	readonly offset: number;
	readonly kind: "sets" | "locks" | "alters";
}

/** Commands that take assignments, and commands that take names of variables. */
const setting = new Set(["export", "declare", "typeset", "local", "readonly", "let"]);
const naming = new Set(["unset", "read", "for", "select", "mapfile", "readarray", "getopts", "coproc"]);
/** What may stand before a command. */
const leading = new Set(["then", "do", "else", "elif", "if", "while", "until", "!", "time", "command"]);

/** In text order. */
export function shellChanges(text: string, key: string): ShellChange[] {
	return shellTexts(text)
		.flatMap(({ words }) => [...words.matchAll(/[^\n;&|(){}]+/g)])
		.filter(({ 0: statement, index }) =>
			withoutQuotes(text.slice(index, index + statement.length)).includes(key),
		)
		.flatMap(({ 0: statement, index }) => changesIn(wordsIn(text, statement, index), key))
		.toSorted((one, other) => one.offset - other.offset);
}

function wordsIn(text: string, statement: string, index: number): Word[] {
	return [...statement.matchAll(/\S+/g)].map((word) => {
		const offset = index + word.index;
		const raw = withoutQuotes(text.slice(offset, offset + word[0].length));
		return { text: word[0], raw, offset };
	});
}

const withoutQuotes = (word: string) => word.replace(/["'\\]/g, "");

interface Word {
	/** With letters in place of what is quoted. */
	readonly text: string;
	/** Without its quotes. */
	readonly raw: string;
	readonly offset: number;
}

function changesIn(statement: readonly Word[], key: string): ShellChange[] {
	const assigns = (word: string) => word.startsWith(key) && /^(?:\+?=|\[)/.test(word.slice(key.length));
	const isCommand = ({ text }: Word) => !leading.has(text) && !/^\w+(?:\[[^\]]*\])?\+?=/.test(text);
	const at = statement.findIndex(isCommand);
	const command = statement[at]?.text ?? "";
	const before = at === -1 ? statement : statement.slice(0, at);
	const following = at === -1 ? [] : statement.slice(at + 1);
	const takesNames = naming.has(command) || (command === "printf" && following[0]?.text === "-v");
	const set = following.filter(({ raw }) => {
		if (command === "eval") return raw.includes(key);
		return takesNames ? raw === key : setting.has(command) && assigns(raw);
	});
	const named = following.filter(({ raw }) => assigns(raw) || raw === key);
	const effect = effectOf(command, following);
	return [
		...[...before.filter(({ text }) => assigns(text)), ...set].map(({ offset }) => ({
			offset,
			kind: "sets" as const,
		})),
		...(effect === undefined ? [] : named.map(({ offset }) => ({ offset, kind: effect }))),
	];
}

/** What an attribute makes of all later assignments: a number, other letters, or a value of another variable. */
function effectOf(command: string, following: readonly Word[]): "locks" | "alters" | undefined {
	const has = (attribute: RegExp) =>
		/^(?:declare|typeset|local)$/.test(command) && following.some(({ text }) => attribute.test(text));
	if (command === "readonly" || has(/^-\w*r/)) return "locks";
	return has(/^-\w*[aAilnu]/) ? "alters" : undefined;
}

/**
 * Whether a shell does more on the line than to give the variable the value that starts at the offset, so that another
 * value in place of all that `dotenv` reads would end that.
 */
export function doesMore(text: string, start: number): boolean {
	return shellTexts(text).some(({ words }) => {
		const rest = /^[^\s;&|()<>]*([^\n]*)/.exec(words.slice(start))?.[1] ?? "";
		return furtherCommand.test(rest);
	});
}

/** In an address or a connection string, `&name=` and `;name=` are most likely meant as a part of the value. */
const furtherCommand = /\s(?:export\s|[A-Za-z_]\w*\+?=)|;[A-Z_][A-Z0-9_]*=|[;&|]\s+[^\s;&|]/;

/** Whether a shell reads the value that starts at the offset on over further lines, up to a bracket that closes it. */
export function goesOn(text: string, start: number): boolean {
	return shellTexts(text).some(({ words }) => {
		const value = /^[^\n]*/.exec(words.slice(start))?.[0] ?? "";
		const rest = words.slice(start + value.length);
		return (depthOf(value) !== 0 && depthOf(words) === 0) || (/\$\{[^}]*$/.test(value) && rest.includes("}"));
	});
}

function depthOf(words: string): number {
	return words.split("(").length - words.split(")").length;
}

/** Whether a shell finds no command where one must be: in a block, or behind an operator. */
export function lacksCommand(text: string): boolean {
	return shellTexts(text).some(({ words }) => emptyBlock.test(words));
}

const emptyBlock =
	/(?:(?<![^\s;&|(){}])(?:then|do|else|\{)|\()\s+(?:(?:fi|done|else|elif|\})(?![^\s;&|()])|\))|(?:&&|\|[|&]?)\s+$/;

/** The offset of a line that consists of `return` or `exit` and is in no block: a shell reads nothing behind it. */
export function endOfReading(text: string): number | undefined {
	const ends = shellTexts(text).map(({ words }) =>
		[...words.matchAll(/^(?:return|exit)(?:[ \t]+\d*)?[ \t;]*\r?$/gm)]
			.map(({ index }) => index)
			.find((index) => isOutsideOfBlocks(words.slice(0, index))),
	);
	return ends.find((end) => end !== undefined);
}

function isOutsideOfBlocks(words: string): boolean {
	const opened = words.match(/\b(?:if|case|for|while|until|select)\b|[{(]/g)?.length ?? 0;
	const closed = words.match(/\b(?:fi|esac|done)\b|[})]/g)?.length ?? 0;
	return opened <= closed;
}
