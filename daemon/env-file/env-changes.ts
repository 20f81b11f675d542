/**
 * The smallest edits that set the values of keys in an env file's text, or that comment lines out. Pure. Invariant: an
 * edit is made only if `dotenv`, Node, a shell's `source` and `docker --env-file` all read the value back unchanged, as
 * far as each of them could read that line before, and every other line reads as before. Anything else is refused with
 * a reason.
 */
import { parseEnv as parseAsNode } from "node:util";
import * as l10n from "@vscode/l10n";
import { applyEdit, applyEdits, type EnvEdit, type EnvRefusal } from "./env-edit.ts";
import { type EnvEntry, endOfLine, hasConflictMarkers, isEnvKey, parseEnv, type Quote } from "./env-text.ts";
import { replacePiece } from "./piece-change.ts";
import { endsJoined, isJoined, isReadable, joinedLineEnds } from "./shell-lines.ts";
import { findFurtherCommand, findNeededLine, findShellReading, joined, openLine } from "./shell-refusals.ts";

/** The edit that adds a line after the last one, with the text's own line ending. */
export function appendLine(text: string, line: string): EnvEdit {
	// For a shell, a carriage return at the end of a line is part of the value.
	const lineEnding = text.includes("\r\n") && !/(?<!\r)\n/.test(text) ? "\r\n" : "\n";
	// A shell and Node.js do not read a line that begins with a byte order mark.
	const complete = text === "" || text.endsWith("\n");
	const ended = complete ? text : text + lineEnding;
	// A shell joins the next line to one that ends with a backslash, and systemd to such a comment too; an empty one adds
	// nothing to it.
	const apart = endsJoined(ended) || /(?<!\\)(?:\\\\)*\\\n$/.test(ended) ? lineEnding : "";
	return {
		start: text.length,
		end: text.length,
		newText: `${ended.slice(text.length)}${apart}${line}${lineEnding}`,
	};
}

/** Sets the key's value on the line in effect, or on a new last line, which a shell script exports. */
export function setValue(
	text: string,
	key: string,
	value: string,
	form: "env" | "shell" = "env",
): EnvEdit | EnvRefusal {
	if (!isEnvKey(key)) {
		const detail = l10n.t(
			"'{0}' is not a valid variable name. Use letters, digits and underscores, not starting with a digit.",
			key,
		);
		return { reason: "key-invalid", detail };
	}
	const entry = parseEnv(text).findLast((candidate) => candidate.key === key);
	const edit = planEdit(text, { key, value, entry, form });
	if ("reason" in edit) return edit;
	const open = entry === undefined ? openLine(text, key) : undefined;
	const changed = applyEdit(text, edit);
	if (!isReadable(changed) && isReadable(text)) return ambiguous();
	const refusal = open ?? findHider(changed, key, value) ?? findShellReading(changed, key);
	return refusal ?? (entry && findFurtherCommand(text, entry)) ?? edit;
}

/**
 * Sets the value of this one line, even if a later line of the same key takes precedence. Does not check whether
 * readers get this value back.
 */
function setEntry(text: string, entry: EnvEntry, value: string): EnvEdit | EnvRefusal {
	// In backticks, a shell can't have read the value that is replaced: it runs what they contain.
	const isKept = entry.quote === "`" && isSafeIn("`", value, false);
	if (isKept && refuse(text, value) === undefined) return replace(text, entry, `\`${value}\``);
	return planEdit(text, { key: entry.key, value, entry });
}

/** @property entry one of the entries that `parseEnv` returns for the same text. */
export interface EntryChange {
	readonly entry: EnvEntry;
	readonly value: string;
}

/** A part of a value, or of a line that `dotenv` does not read. */
export interface PieceChange {
	readonly start: number;
	readonly end: number;
	readonly value: string;
}

/** Sets the value of each line, or of a part of it. The edits do not overlap and are in text order. */
export function setEntries(
	text: string,
	changes: readonly (EntryChange | PieceChange)[],
): EnvEdit[] | EnvRefusal {
	const whole = changes.filter((change) => "entry" in change);
	const pieces = changes.filter((change): change is PieceChange => !("entry" in change));
	const edits: EnvEdit[] = [];
	for (const change of inOrder(changes)) {
		const edit = "entry" in change ? setEntry(text, change.entry, change.value) : setPiece(text, change);
		if ("reason" in edit) return edit;
		edits.push(edit);
	}
	const changed = applyEdits(text, edits);
	if (!readsWith(changed, text, { whole, pieces })) return ambiguous();
	if (!isReadable(changed) && isReadable(text)) return ambiguous();
	for (const { entry, value } of whole) {
		const isCounting = parseEnv(text).findLast(({ key }) => key === entry.key)?.start === entry.start;
		const hider = isCounting ? findHider(changed, entry.key, value) : undefined;
		const refusal = hider ?? (isJoined(text, entry.keyStart) ? joined(text, entry) : undefined);
		if (refusal) return refusal;
	}
	return edits;
}

function setPiece(text: string, change: PieceChange): EnvEdit | EnvRefusal {
	return refuse(text, change.value) ?? replacePiece(text, change);
}

/** Whether every entry reads as before, apart from the changes. */
function readsWith(
	changed: string,
	text: string,
	{ whole, pieces }: { whole: readonly EntryChange[]; pieces: readonly PieceChange[] },
): boolean {
	const values = new Map(whole.map(({ entry, value }) => [entry.start, value]));
	const before = parseEnv(text);
	const after = parseEnv(changed);
	return (
		before.length === after.length &&
		after.every((entry, index) => {
			const old = before[index];
			if (old === undefined || entry.key !== old.key) return false;
			const value = values.get(old.start);
			if (value !== undefined) return entry.value === value;
			const inside = pieces.filter(({ start, end }) => old.start <= start && end <= old.end);
			return changed.slice(entry.start, entry.end) === withPieces(text, old, inside);
		})
	);
}

function withPieces(text: string, { start, end }: EnvEntry, pieces: readonly PieceChange[]): string {
	const edits = pieces.map((piece) => ({
		start: piece.start - start,
		end: piece.end - start,
		newText: piece.value,
	}));
	return applyEdits(text.slice(start, end), edits);
}

/** Comments out each of the lines, so that no program reads them. */
export function commentEntries(text: string, entries: readonly EnvEntry[]): EnvEdit[] | EnvRefusal {
	if (hasConflictMarkers(text)) return conflict();
	const lineEnds = joinedLineEnds(text);
	const inJoined = entries.find(
		({ keyStart, end }) => isJoined(text, keyStart) || lineEnds.has(endOfLine(text, end)),
	);
	if (inJoined !== undefined) return joined(text, inJoined);
	const starts = new Set(entries.map(({ start }) => start));
	const rest = parseEnv(text).filter(({ start }) => !starts.has(start));
	const lines = new Set(entries.flatMap((entry) => linesOf(text, entry)));
	const edits = [...lines].sort((one, other) => one - other).map((at) => insertion(at, "# "));
	const wanted = rest.map(({ key, value }) => [key, value] as const);
	const changed = applyEdits(text, edits);
	if (!readsAs(changed, wanted)) return ambiguous();
	return findNeededLine(text, changed, entries) ?? edits;
}

function inOrder<Change extends EntryChange | PieceChange>(changes: readonly Change[]): Change[] {
	const startOf = (change: EntryChange | PieceChange) =>
		"entry" in change ? change.entry.start : change.start;
	return [...changes].sort((one, other) => startOf(one) - startOf(other));
}

/** Offsets at which the entry's lines begin, after blanks that every reader skips. */
function linesOf(text: string, { keyStart, end }: EnvEntry): number[] {
	const lineEnds = /\r\n?|\n/g;
	const before = text.slice(0, keyStart);
	const start = Math.max(before.lastIndexOf("\n") + 1, before.lastIndexOf("\r") + 1, markLength(text));
	const starts = [start];
	for (const { index, 0: ending } of text.slice(start, end).matchAll(lineEnds))
		starts.push(start + index + ending.length);
	return starts.map((at) => at + (/^[ \t]*/.exec(text.slice(at))?.[0].length ?? 0));
}

/** A byte order mark stays the first character. */
const markLength = (text: string) => (text.startsWith("\uFEFF") ? 1 : 0);

function insertion(at: number, newText: string): EnvEdit {
	return { start: at, end: at, newText };
}

function readsAs(text: string, wanted: readonly (readonly [key: string, value: string])[]): boolean {
	const entries = parseEnv(text);
	return (
		entries.length === wanted.length &&
		entries.every(({ key, value }, index) => key === wanted[index]?.[0] && value === wanted[index]?.[1])
	);
}

function ambiguous(): EnvRefusal {
	const detail = l10n.t(
		"A quote in the file is not closed, so the change would merge lines. Close the quote, save, then try again.",
	);
	return { reason: "line-hidden", detail };
}

interface Wish {
	key: string;
	value: string;
	/** The line to change; undefined: add a new one. */
	entry: EnvEntry | undefined;
	form?: "env" | "shell";
}

function planEdit(text: string, { key, value, entry, form = "env" }: Wish): EnvEdit | EnvRefusal {
	const refusal = refuse(text, value);
	if (refusal) return refusal;
	const exports = form === "shell";
	const written = write(value, entry, entry?.exported ?? exports);
	if (written === undefined) return needsQuotes(key, value);
	if (entry !== undefined) return replace(text, entry, written);
	return appendLine(text, `${exports ? "export " : ""}${key}=${written}`);
}

function refuse(text: string, value: string): EnvRefusal | undefined {
	if (/[\p{Cc}\u2028\u2029\uFEFF]/u.test(value) || !value.isWellFormed()) {
		const detail = l10n.t(
			"The value contains a line break or another character that an env file cannot represent.",
		);
		return { reason: "value-not-representable", detail };
	}
	if (text.includes("\0")) {
		const detail = l10n.t(
			"The file contains a NUL character, where some programs stop reading. Remove it, then try again.",
		);
		return { reason: "not-text", detail };
	}
	return hasConflictMarkers(text) ? conflict() : undefined;
}

export function conflict(): EnvRefusal {
	const detail = l10n.t(
		"The file contains merge conflict markers. Resolve the conflict, save, then try again.",
	);
	return { reason: "conflict-markers", detail };
}

function needsQuotes(key: string, value: string): EnvRefusal {
	if (!isSafeIn("'", value, false) && !isSafeIn('"', value, false)) {
		const detail = l10n.t(
			"The value combines quotes, backslashes or dollar signs in a way that env file parsers read differently.",
		);
		return { reason: "value-not-representable", detail };
	}
	const detail = l10n.t(
		"The value must be quoted, but 'docker --env-file' would treat the quotes as part of it. If Docker does not read this file, add the line {0}='' yourself, then try again.",
		key,
	);
	return { reason: "value-needs-quotes", detail };
}

/** The first safe way to write the value on this line. Existing quotes are kept if possible. */
function write(value: string, entry: EnvEntry | undefined, exported: boolean): string | undefined {
	const quote = quotesFor(entry).find((candidate) => isSafeIn(candidate, value, exported));
	return quote === undefined ? undefined : quote + value + quote;
}

function quotesFor(entry: EnvEntry | undefined): Quote[] {
	if (entry === undefined) return [""];
	if (entry.quote === "'") return ["'", '"'];
	if (entry.quote === '"') return ['"', "'"];
	// A shell executes text in backticks, so they are never kept. Docker cannot read a line that is not plain anyway.
	return entry.quote === "`" || !entry.plain ? ["", "'", '"'] : [""];
}

/** Whether a shell, `dotenv` and Node all read the value back from these quotes. */
function isSafeIn(quote: Quote, value: string, exported: boolean): boolean {
	// A backslash before the closing quote escapes it for dotenv, and only for dotenv.
	if (quote === "'") return !value.includes("'") && !value.endsWith("\\");
	if (quote === '"' || quote === "`") return !/["\\$`]/.test(value);
	// A tilde at the start or after a colon is a home directory; braces are expanded in a command's words.
	// For zsh, an equals sign at the start asks for the place of a command.
	if (/^=|(?:^|[:=])~/.test(value) || (exported && value.includes("{"))) return false;
	return /^[\p{L}\p{N}_@%+=:,./^!?*[\]{}~-]*$/u.test(value);
}

function replace(text: string, entry: EnvEntry, written: string): EnvEdit {
	const lineEnd = endOfLine(text, entry.end);
	const start = startOf(text, entry);
	if (written === "") return { start, end: entry.end, newText: "" };
	// Docker counts trailing whitespace as part of an unquoted value.
	const isLast = entry.quote === "" && text.slice(entry.end, lineEnd).trim() === "";
	const end = isLast ? lineEnd : entry.end;
	// A shell treats a number sign as the start of a comment only after whitespace.
	return { start, end, newText: text[end] === "#" ? `${written} ` : written };
}

/** Only `dotenv` skips blanks such as a no-break space: for others they are part of the value. */
function startOf(text: string, { from, start }: EnvEntry): number {
	return /^[ \t\r\n]*$/.test(text.slice(from, start)) ? start : from;
}

/**
 * The line above that hides the written value from a reader: it has an open quote, or its value continues on the next
 * line.
 */
function findHider(text: string, key: string, value: string): EnvRefusal | undefined {
	const entries = parseEnv(text);
	const entry = entries.findLast((candidate) => candidate.key === key);
	// Node does not strip a byte order mark.
	const asNode = parseAsNode(text.replace(/^\uFEFF/, ""));
	if (entry?.value === value && (asNode[key] === value || !nodeReads(text, entry)))
		return findEarlierReading(text, entry, asNode[key]);
	const above = entries.filter((candidate) => candidate.start < (entry?.start ?? text.length));
	const hider = above.findLast((candidate) => asNode[candidate.key] !== candidate.value) ?? above.at(-1);
	const detail =
		hider === undefined
			? l10n.t(
					"A line above hides {0} from programs that read this file: it has an unclosed quote, or only whitespace after its separator. Correct that line, then try again.",
					key,
				)
			: l10n.t(
					"Line {0} ({1}) hides {2} from programs that read this file: it has an unclosed quote, or only whitespace after its separator. Correct that line, then try again.",
					hider.line,
					hider.key,
					key,
				);
	return { reason: "line-hidden", detail };
}

/** An earlier line that keeps its value in effect for programs that can't read the form of the last one. */
function findEarlierReading(
	text: string,
	entry: EnvEntry,
	forNode: string | undefined,
): EnvRefusal | undefined {
	const same = parseEnv(text).filter(({ key, start }) => key === entry.key && start < entry.start);
	const isForShell = ({ key, keyStart, from, start }: EnvEntry) =>
		from === start && text[keyStart + key.length] === "=" && text[keyStart - 1] !== "\uFEFF";
	const hasOtherForNode = forNode !== undefined && forNode !== entry.value;
	const isReadElsewhere = hasOtherForNode || (!isForShell(entry) && same.some(isForShell));
	const earlier = isReadElsewhere ? (same.findLast(isForShell) ?? same.at(-1)) : undefined;
	if (earlier === undefined) return undefined;
	const detail = l10n.t(
		"Some programs read {0} from line {1}, and others from line {2}. Remove one of these lines, then try again.",
		entry.key,
		earlier.line,
		entry.line,
	);
	return { reason: "line-hidden", detail };
}

/** Whether Node can parse a line of this form by itself. It cannot parse `KEY: value`, or a tab after `export`. */
function nodeReads(text: string, entry: EnvEntry): boolean {
	const line = text.slice(text.lastIndexOf("\n", entry.keyStart) + 1, endOfLine(text, entry.end));
	return parseAsNode(line.replace(/^\uFEFF/, ""))[entry.key] === entry.value;
}
