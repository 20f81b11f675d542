/**
 * The smallest edits that set the values of keys in an env file's text, or that comment lines out. Pure. Invariant: an
 * edit is made only if `dotenv`, Node, a shell's `source` and `docker --env-file` all read the value back unchanged, as
 * far as each of them could read that line before, and every other line reads as before. Anything else is refused with
 * a reason.
 */
import { parseEnv as parseAsNode } from "node:util";
import * as l10n from "@vscode/l10n";
import { type EnvEntry, endOfLine, hasConflictMarkers, isEnvKey, parseEnv, type Quote } from "./env-text.ts";

export interface EnvEdit {
	readonly start: number;
	readonly end: number;
	readonly newText: string;
}

export type EnvRefusalReason =
	| "key-invalid"
	| "value-not-representable"
	| "value-needs-quotes"
	| "conflict-markers"
	| "line-hidden";

/** Why no edit was made. `detail` tells the user what to do; it never contains a value. */
export interface EnvRefusal {
	readonly reason: EnvRefusalReason;
	readonly detail: string;
}

/** The edit that adds a line after the last one, with the text's own line ending. */
export function appendLine(text: string, line: string): EnvEdit {
	const lineEnding = text[text.lastIndexOf("\n") - 1] === "\r" ? "\r\n" : "\n";
	const complete = text === "" || text === "\uFEFF" || text.endsWith("\n");
	const newText = `${complete ? "" : lineEnding}${line}${lineEnding}`;
	return { start: text.length, end: text.length, newText };
}

export function applyEdit(text: string, edit: EnvEdit): string {
	return text.slice(0, edit.start) + edit.newText + text.slice(edit.end);
}

/** Sets the key's value on the line in effect, or on a new last line. */
export function setValue(text: string, key: string, value: string): EnvEdit | EnvRefusal {
	if (!isEnvKey(key)) {
		const detail = l10n.t(
			"'{0}' is not a valid variable name. Use letters, digits and underscores, not starting with a digit.",
			key,
		);
		return { reason: "key-invalid", detail };
	}
	const entry = parseEnv(text).findLast((candidate) => candidate.key === key);
	const edit = planEdit(text, { key, value, entry });
	return "reason" in edit ? edit : (findHider(applyEdit(text, edit), key, value) ?? edit);
}

/**
 * Sets the value of this one line, even if a later line of the same key takes precedence. Does not check whether
 * readers get this value back.
 */
function setEntry(text: string, entry: EnvEntry, value: string): EnvEdit | EnvRefusal {
	return planEdit(text, { key: entry.key, value, entry });
}

/** @property entry one of the entries that `parseEnv` returns for the same text. */
export interface EntryChange {
	readonly entry: EnvEntry;
	readonly value: string;
}

/** Sets the value of each line. The edits do not overlap and are in text order. */
export function setEntries(text: string, changes: readonly EntryChange[]): EnvEdit[] | EnvRefusal {
	const edits: EnvEdit[] = [];
	for (const { entry, value } of inOrder(changes)) {
		const edit = setEntry(text, entry, value);
		if ("reason" in edit) return edit;
		edits.push(edit);
	}
	const values = new Map(changes.map(({ entry, value }) => [entry.start, value]));
	const wanted = parseEnv(text).map(({ key, start, value }) => [key, values.get(start) ?? value] as const);
	const changed = applyEdits(text, edits);
	if (!readsAs(changed, wanted)) return ambiguous();
	for (const { entry, value } of changes) {
		const isCounting = parseEnv(text).findLast(({ key }) => key === entry.key)?.start === entry.start;
		const refusal = isCounting ? findHider(changed, entry.key, value) : undefined;
		if (refusal) return refusal;
	}
	return edits;
}

/** Comments out each of the lines, so that no program reads them. */
export function commentEntries(text: string, entries: readonly EnvEntry[]): EnvEdit[] | EnvRefusal {
	if (hasConflictMarkers(text)) return conflict();
	const starts = new Set(entries.map(({ start }) => start));
	const rest = parseEnv(text).filter(({ start }) => !starts.has(start));
	const lines = new Set(entries.flatMap((entry) => linesOf(text, entry)));
	const edits = [...lines].sort((one, other) => one - other).map((at) => insertion(at, "# "));
	const wanted = rest.map(({ key, value }) => [key, value] as const);
	return readsAs(applyEdits(text, edits), wanted) ? edits : ambiguous();
}

/** Applies the edits together: every offset refers to the given text. */
export function applyEdits(text: string, edits: readonly EnvEdit[]): string {
	return [...edits].sort((one, other) => other.start - one.start).reduce(applyEdit, text);
}

function inOrder(changes: readonly EntryChange[]): EntryChange[] {
	return [...changes].sort((one, other) => one.entry.start - other.entry.start);
}

/** Offsets at which the entry's lines begin, after leading whitespace. */
function linesOf(text: string, { keyStart, end }: EnvEntry): number[] {
	const lineEnds = /\r\n?|\n/g;
	const before = text.slice(0, keyStart);
	const start =
		Math.max(before.lastIndexOf("\n"), before.lastIndexOf("\r"), before.lastIndexOf("\uFEFF")) + 1;
	const starts = [start];
	for (const { index, 0: ending } of text.slice(start, end).matchAll(lineEnds))
		starts.push(start + index + ending.length);
	return starts.map((at) => at + (/^[^\S\r\n]*/.exec(text.slice(at))?.[0].length ?? 0));
}

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
}

function planEdit(text: string, { key, value, entry }: Wish): EnvEdit | EnvRefusal {
	const refusal = refuse(text, value);
	if (refusal) return refusal;
	const written = write(value, entry);
	if (written === undefined) return needsQuotes(key, value);
	return entry ? replace(text, entry, written) : appendLine(text, `${key}=${written}`);
}

function refuse(text: string, value: string): EnvRefusal | undefined {
	if (/[\p{Cc}\u2028\u2029\uFEFF]/u.test(value) || !value.isWellFormed()) {
		const detail = l10n.t(
			"The value contains a line break or another character that an env file cannot represent.",
		);
		return { reason: "value-not-representable", detail };
	}
	return hasConflictMarkers(text) ? conflict() : undefined;
}

function conflict(): EnvRefusal {
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
function write(value: string, entry: EnvEntry | undefined): string | undefined {
	const exported = entry?.exported ?? false;
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
	if (quote === '"') return !/["\\$`]/.test(value);
	// A tilde at the start or after a colon is a home directory; braces are expanded in a command's words.
	if (/(?:^|[:=])~/.test(value) || (exported && value.includes("{"))) return false;
	return /^[\p{L}\p{N}_@%+=:,./^!?*[\]{}~-]*$/u.test(value);
}

function replace(text: string, entry: EnvEntry, written: string): EnvEdit {
	const lineEnd = endOfLine(text, entry.end);
	if (written === "") return { start: entry.start, end: entry.end, newText: "" };
	// Docker counts trailing whitespace as part of an unquoted value.
	const isLast = entry.quote === "" && text.slice(entry.end, lineEnd).trim() === "";
	const end = isLast ? lineEnd : entry.end;
	// A shell treats a number sign as the start of a comment only after whitespace.
	return { start: entry.start, end, newText: text[end] === "#" ? `${written} ` : written };
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
	if (entry?.value === value && (asNode[key] === value || !nodeReads(text, entry))) return undefined;
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

/** Whether Node can parse a line of this form by itself. It cannot parse `KEY: value`, or a tab after `export`. */
function nodeReads(text: string, entry: EnvEntry): boolean {
	const line = text.slice(text.lastIndexOf("\n", entry.keyStart) + 1, endOfLine(text, entry.end));
	return parseAsNode(line.replace(/^\uFEFF/, ""))[entry.key] === entry.value;
}
