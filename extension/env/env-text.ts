/**
 * Env files as text: what `dotenv` would read from one, and the smallest edit that gives a key a value. Pure.
 * Invariant: an edit is only made if `dotenv`, Node, a shell's `source` and `docker --env-file` all read the value
 * back as it was given, as far as each of them could read that line before; everything else is refused, with a reason.
 */
import { parseEnv as parseAsNode } from "node:util";
import * as l10n from "@vscode/l10n";

export type Quote = "" | "'" | '"' | "`";

/** A line that gives a key a value, read as `dotenv` reads it. */
export interface EnvEntry {
	readonly key: string;
	readonly value: string;
	/** The line on which the key stands, counted from 1. */
	readonly line: number;
	/** Where the key starts. */
	readonly keyStart: number;
	/** The raw value, its quotes included, is `text.slice(start, end)`. */
	readonly start: number;
	readonly end: number;
	readonly quote: Quote;
	/** The line is `KEY=` and the raw value and nothing more, the only form that docker reads. */
	readonly plain: boolean;
	/** A shell reads `export` as a command, whose words expand braces. */
	readonly exported: boolean;
}

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

/** Why no edit was made. `detail` says what to do, for a person; it never holds a value. */
export interface EnvRefusal {
	readonly reason: EnvRefusalReason;
	readonly detail: string;
}

/** A name that every shell takes for a variable (POSIX, Base Definitions 3.216). */
export function isEnvKey(text: string): boolean {
	return /^[A-Za-z_][A-Za-z0-9_]*$/.test(text);
}

/** Every line that `dotenv` would read, in the file's order. Of a key that comes twice, the last counts. */
export function parseEnv(text: string): EnvEntry[] {
	const entries: EnvEntry[] = [];
	// Sticky, and each alternative starts with another character: a line is looked at a fixed number of times.
	const head = /(export\s+)?([\w.-]+)(?:\s*=|:(?:\r\n|\s))/y;
	let line = 1;
	let counted = 0;
	for (let at = skip(text, 0, /\s*/y); at < text.length; at = skip(text, at, /\s*/y)) {
		head.lastIndex = at;
		const found = head.exec(text);
		if (!found) {
			at = endOfLine(text, at);
			continue;
		}
		line += countLines(text, counted, at);
		counted = at;
		const entry = readEntry(text, found, line);
		entries.push(entry);
		at = endOfLine(text, entry.end);
	}
	return entries;
}

/** The value that counts, or undefined where the key has no line. */
export function envValue(text: string, key: string): string | undefined {
	return parseEnv(text).findLast((entry) => entry.key === key)?.value;
}

/** The keys that the example has and that are missing or empty in the text, in the example's order. */
export function missingKeys(text: string, exampleText: string): string[] {
	const values = new Map(parseEnv(text).map((entry) => [entry.key, entry.value]));
	const keys = new Set(parseEnv(exampleText).map((entry) => entry.key));
	return [...keys].filter((key) => isEnvKey(key) && !values.get(key));
}

/**
 * Keys to offer for a token of this name: those that wait for a secret first, the likeliest of them first, then one
 * made from the name, then what waits for a value that hardly is a secret, such as an address.
 */
export function keySuggestions(name: string, text: string, exampleText: string): string[] {
	const made = keyFromName(name);
	const words = made.split("_").filter((word) => word.length > 2 && !/^(?:API|TOKEN|KEY|SECRET)$/.test(word));
	const isNamed = (key: string) => words.some((word) => key.toUpperCase().includes(word));
	const isSecret = (key: string) => /(?:TOKEN|KEY|SECRET|PASSWORD|CREDENTIALS?)$/i.test(key);
	const waiting = [...new Set([...missingKeys(text, exampleText), ...missingKeys(text, text)])];
	waiting.sort((one, other) => Number(isNamed(other)) - Number(isNamed(one)));
	return [...new Set([...waiting.filter(isSecret), made, ...waiting.filter((key) => !isSecret(key))])];
}

/** Whether a merge left its markers behind: a value written then would be lost with the side that is thrown away. */
export function hasConflictMarkers(text: string): boolean {
	return /^(?:<{7}(?!<)|>{7}(?!>)|={7}\r?$)/m.test(text);
}

/** Where and how to add a line after the last one, with the text's own line ending. */
export function appendLine(text: string, line: string): EnvEdit {
	const lineEnding = text[text.lastIndexOf("\n") - 1] === "\r" ? "\r\n" : "\n";
	const complete = text === "" || text === "\uFEFF" || text.endsWith("\n");
	const newText = `${complete ? "" : lineEnding}${line}${lineEnding}`;
	return { start: text.length, end: text.length, newText };
}

export function applyEdit(text: string, edit: EnvEdit): string {
	return text.slice(0, edit.start) + edit.newText + text.slice(edit.end);
}

/** Gives the key its value on the line that counts, or on a new last line. */
export function setValue(text: string, key: string, value: string): EnvEdit | EnvRefusal {
	if (!isEnvKey(key)) {
		const detail = l10n.t(
			"'{0}' is no variable name. Use letters, digits and underscores, with no digit first.",
			key,
		);
		return { reason: "key-invalid", detail };
	}
	const entry = parseEnv(text).findLast((candidate) => candidate.key === key);
	const edit = planEdit(text, { key, value, entry });
	return "reason" in edit ? edit : (findHider(applyEdit(text, edit), key, value) ?? edit);
}

/** Gives this one line another value, also if a later line of the same key counts. Who reads it back is not looked at. */
export function setEntry(text: string, entry: EnvEntry, value: string): EnvEdit | EnvRefusal {
	return planEdit(text, { key: entry.key, value, entry });
}

interface Wish {
	key: string;
	value: string;
	/** The line to change; undefined: a new one. */
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
			"The value holds a line break or another character that no line of an env file can carry.",
		);
		return { reason: "value-not-representable", detail };
	}
	if (hasConflictMarkers(text)) {
		const detail = l10n.t(
			"The file still holds the markers of a merge conflict. Resolve it, save, then try again.",
		);
		return { reason: "conflict-markers", detail };
	}
	return undefined;
}

function needsQuotes(key: string, value: string): EnvRefusal {
	if (!isSafeIn("'", value, false) && !isSafeIn('"', value, false)) {
		const detail = l10n.t(
			"The value mixes quotes, backslashes or dollar signs in a way that the readers of env files do not agree on.",
		);
		return { reason: "value-not-representable", detail };
	}
	const detail = l10n.t(
		"The value has to stand in quotes, which 'docker --env-file' would take for a part of it. If docker does not read this file, write the line {0}='' yourself, then try again.",
		key,
	);
	return { reason: "value-needs-quotes", detail };
}

/** The first of the ways to write a value that is safe on this line. Quotes that are there stay if they can. */
function write(value: string, entry: EnvEntry | undefined): string | undefined {
	const exported = entry?.exported ?? false;
	const quote = quotesFor(entry).find((candidate) => isSafeIn(candidate, value, exported));
	return quote === undefined ? undefined : quote + value + quote;
}

function quotesFor(entry: EnvEntry | undefined): Quote[] {
	if (entry === undefined) return [""];
	if (entry.quote === "'") return ["'", '"'];
	if (entry.quote === '"') return ['"', "'"];
	// A shell runs what stands in backticks, so they never stay. Docker cannot read a line that is not plain anyway.
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
	// Docker takes blanks at the line's end for a part of a bare value.
	const isLast = entry.quote === "" && text.slice(entry.end, lineEnd).trim() === "";
	const end = isLast ? lineEnd : entry.end;
	// A shell takes a number sign for a comment only after a blank.
	return { start: entry.start, end, newText: text[end] === "#" ? `${written} ` : written };
}

/** The line above that makes a reader miss what was written: an open quote, or a value that goes on in the next line. */
export function findHider(text: string, key: string, value: string): EnvRefusal | undefined {
	const entries = parseEnv(text);
	const entry = entries.findLast((candidate) => candidate.key === key);
	// Node does not take a byte order mark off.
	const asNode = parseAsNode(text.replace(/^\uFEFF/, ""));
	if (entry?.value === value && (asNode[key] === value || !nodeReads(text, entry))) return undefined;
	const above = entries.filter((candidate) => candidate.start < (entry?.start ?? text.length));
	const hider = above.findLast((candidate) => asNode[candidate.key] !== candidate.value) ?? above.at(-1);
	const detail =
		hider === undefined
			? l10n.t(
					"A line above hides {0} from readers of this file: it has an open quote, or nothing but a blank after its separator. Correct that line, then try again.",
					key,
				)
			: l10n.t(
					"Line {0} ({1}) hides {2} from readers of this file: it has an open quote, or nothing but a blank after its separator. Correct that line, then try again.",
					hider.line,
					hider.key,
					key,
				);
	return { reason: "line-hidden", detail };
}

/** Whether Node knows the line's form when it stands alone. `KEY: value` and a tab after `export` it does not. */
function nodeReads(text: string, entry: EnvEntry): boolean {
	const line = text.slice(text.lastIndexOf("\n", entry.keyStart) + 1, endOfLine(text, entry.end));
	return parseAsNode(line.replace(/^\uFEFF/, ""))[entry.key] === entry.value;
}

function readEntry(text: string, head: RegExpExecArray, line: number): EnvEntry {
	const [whole, exported, key = ""] = head;
	const keyStart = head.index + (exported?.length ?? 0);
	const from = head.index + whole.length;
	const quoted = readQuoted(text, from);
	const raw = quoted ?? readBare(text, from);
	const rest = text.slice(raw.end, endOfLine(text, raw.end));
	const plain = whole === `${key}=` && raw.start === from && rest.trim() === "";
	const { value, quote } = unquote(text.slice(raw.start, raw.end));
	return { key, value, line, keyStart, ...raw, quote, plain, exported: exported !== undefined };
}

/**
 * The extent of a value in quotes, over several lines if need be. As in `dotenv`, only a quote that nothing but a
 * comment follows can close it, and one after a backslash only if no other does.
 */
function readQuoted(text: string, from: number): { start: number; end: number } | undefined {
	const start = skip(text, from, /\s*/y);
	const quote = text[start];
	if (quote !== "'" && quote !== '"' && quote !== "`") return undefined;
	let end: number | undefined;
	for (let close = text.indexOf(quote, start + 1); close !== -1; close = text.indexOf(quote, close + 1)) {
		const next = text[skip(text, close + 1, /[^\S\r\n]*/y)];
		if (next === undefined || next === "\r" || next === "\n" || next === "#") end = close + 1;
		if (text[close - 1] !== "\\") break;
	}
	return end === undefined ? undefined : { start, end };
}

function readBare(text: string, from: number): { start: number; end: number } {
	const stop = skip(text, from, /[^#\r\n]*/y);
	const raw = text.slice(from, stop);
	const start = from + raw.length - raw.trimStart().length;
	if (start < stop) return { start, end: from + raw.trimEnd().length };
	// An empty value starts right after its separator, but `KEY = ` keeps its symmetry.
	const empty = from + Number(raw !== "" && /\s=$/.test(text.slice(from - 2, from)));
	return { start: empty, end: empty };
}

function unquote(raw: string): { value: string; quote: Quote } {
	const text = raw.replace(/\r\n?/g, "\n");
	const first = text[0];
	const quote = text.length > 1 && (first === "'" || first === '"' || first === "`") ? first : "";
	const isQuoted = quote !== "" && text.endsWith(quote);
	const inner = isQuoted ? text.slice(1, -1) : text;
	const value = first === '"' ? inner.replaceAll("\\n", "\n").replaceAll("\\r", "\r") : inner;
	return { value, quote: isQuoted ? quote : "" };
}

function skip(text: string, from: number, sticky: RegExp): number {
	sticky.lastIndex = from;
	sticky.test(text);
	return sticky.lastIndex;
}

function endOfLine(text: string, from: number): number {
	return skip(text, from, /[^\r\n]*/y);
}

function countLines(text: string, from: number, to: number): number {
	return text.slice(from, to).match(/\r\n?|\n/g)?.length ?? 0;
}

function keyFromName(name: string): string {
	const words = name
		.normalize("NFKD")
		.replace(/\p{M}/gu, "")
		.replace(/([a-z0-9])([A-Z])/g, "$1_$2")
		.toUpperCase()
		.replace(/[^A-Z0-9]+/g, "_")
		.replace(/^_|_$/g, "");
	if (words === "") return "API_TOKEN";
	const key = /(?:^|_)(?:TOKEN|KEY|SECRET)$/.test(words) ? words : `${words}_TOKEN`;
	return /^\d/.test(key) ? `_${key}` : key;
}
