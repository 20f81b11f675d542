/**
 * The values in an env file's text, including those in commented-out lines and in lines that only some programs read, and
 * their positions. Pure: knows no files and no tokens. Refuses nothing: of a line that cannot be parsed, all is the value.
 */
import type { EnvForm } from "./env-form.ts";
import { type EnvEntry, isConflictMarker, parseEnv } from "./env-text.ts";
import { jsonScalars, withoutKey } from "./json-text.ts";
import { headOf } from "./line-head.ts";
import { lineAt, lineStarts, linesBetween, lineText } from "./text-lines.ts";

export interface EnvValue {
	/** Of a line without a key, the key above it, or `withoutKey`. */
	readonly key: string;
	readonly value: string;
	/** Counted from 1. */
	readonly line: number;
	/** Offsets of the value without its quotes. */
	readonly start: number;
	readonly end: number;
	/** `# KEY=value`: no program reads it. */
	readonly commented: boolean;
	/** As `dotenv` reads the line; undefined: it does not. */
	readonly entry?: EnvEntry;
}

/** In text order. A key that occurs twice is listed twice. */
export function envValues(text: string, form: EnvForm): EnvValue[] {
	if (form === "json") return jsonScalars(text);
	if (form === "other") return allLines(text);
	const entries = parseEnv(text);
	const values = entries.map((entry) => envValueOf(entry));
	const others = otherLines(text, entries);
	return [...values, ...commentedValues(text, entries), ...others].sort(
		(one, other) => one.start - other.start,
	);
}

function commentedValues(text: string, entries: readonly EnvEntry[]): EnvValue[] {
	const starts = lineStarts(text);
	const values: EnvValue[] = [];
	let next = 0;
	for (const comment of text.matchAll(/^[^\S\r\n]*#(?:#|[^\S\r\n])*(?=[^#\s])([^\r\n]*)/gm)) {
		// A line within quotes is not a comment.
		while ((entries[next]?.end ?? Number.POSITIVE_INFINITY) <= comment.index) next += 1;
		if ((entries[next]?.start ?? Number.POSITIVE_INFINITY) <= comment.index) continue;
		const [whole, body = ""] = comment;
		const offset = comment.index + whole.length - body.length;
		const line = lineAt(starts, offset) + 1;
		const [entry] = parseEnv(body);
		const head = headOf(body);
		if (entry !== undefined) {
			const { entry: _, ...value } = envValueOf(entry, offset);
			values.push({ ...value, line, commented: true });
		} else if (head !== undefined) {
			const span = inner(text, offset + head.end, offset + body.trimEnd().length);
			values.push({ ...span, key: head.key, line, commented: true });
		}
	}
	return values;
}

/** What else is in comments, in a form with lines of `KEY=value`: the text between its values and behind the last of a line. */
export function commentParts(text: string, values: readonly EnvValue[]): EnvValue[] {
	const starts = lineStarts(text);
	const keys = new Map(values.map(({ key, end }) => [lineAt(starts, end), key]));
	const parts: EnvValue[] = [];
	const comment = /#[^\r\n]*/g;
	let next = 0;
	for (let found = comment.exec(text); found !== null; found = comment.exec(text)) {
		while ((values[next]?.end ?? Number.POSITIVE_INFINITY) <= found.index) next += 1;
		const { start, end } = values[next] ?? { start: text.length, end: text.length };
		const from = found.index;
		const to = Math.min(from + found[0].length, Math.max(start, from));
		const line = lineAt(starts, from);
		const key = keys.get(line) ?? withoutKey;
		if (from < to)
			parts.push({ key, value: text.slice(from, to), line: line + 1, start: from, end: to, commented: true });
		// What follows a value in the same comment has no number sign of its own.
		if (start < from + found[0].length) comment.lastIndex = end;
	}
	return parts;
}

function envValueOf(entry: EnvEntry, offset = 0): EnvValue {
	const { key, value, line, start, end, quote } = entry;
	const inset = quote === "" ? 0 : 1;
	const span = { start: offset + start + inset, end: offset + end - inset };
	return { ...span, key, value, line, commented: false, entry };
}

/** The lines that `dotenv` skips although they are neither blank nor a comment. */
function otherLines(text: string, entries: readonly EnvEntry[]): EnvValue[] {
	const starts = lineStarts(text);
	const taken = new Set(entries.flatMap(({ keyStart, end }) => linesBetween(starts, keyStart, end)));
	const keys = new Map(entries.map(({ line, key }) => [line - 1, key]));
	let key = withoutKey;
	return starts.flatMap((start, index) => {
		key = keys.get(index) ?? key;
		const content = lineText(text, starts, index);
		if (taken.has(index) || /^\s*(?:#|$)/.test(content) || isConflictMarker(content)) return [];
		const head = headOf(content);
		key = head?.key ?? key;
		return [
			lineValue(text, { key, start, content, from: head?.end ?? 0, line: index + 1, commented: false }),
		];
	});
}

interface Line {
	key: string;
	start: number;
	content: string;
	/** Where the value starts within the content. */
	from: number;
	line: number;
	commented: boolean;
}

function lineValue(text: string, { start, content, from, ...rest }: Line): EnvValue {
	const inset = content.length - content.trimStart().length;
	const span = inner(text, start + Math.max(from, inset), start + content.trimEnd().length);
	return { key: rest.key, line: rest.line, commented: rest.commented, ...span };
}

/** Without quotes around it, and what may follow them. */
function inner(text: string, start: number, end: number): Pick<EnvValue, "value" | "start" | "end"> {
	const raw = text.slice(start, Math.max(start, end));
	const quoted = /^(["'`])(.*)\1[ \t]*[;,]?$/s.exec(raw);
	const [, quote = "", content = raw] = quoted ?? [];
	const at = start + quote.length;
	return { value: content, start: at, end: at + content.length };
}

/** What keeps a value open beyond its line: a quote, or the indentation of a block in YAML. */
type Open = { readonly closer: string } | { readonly indent: number };

/** An indented `[name]` is no section, but a list in YAML. */
const isStructure = (content: string) =>
	/^(?:[[\]{}(),;\s]*|---|\.\.\.)$/.test(content.trim()) ||
	/^\[{1,2}[A-Za-z_][\w."'-]*\]{1,2}$/.test(content.trimEnd());

/** Every line of a text whose form is not parsed. */
function allLines(text: string): EnvValue[] {
	const starts = lineStarts(text);
	let key = withoutKey;
	let open: Open | undefined;
	return starts.flatMap((start, index) => {
		const content = lineText(text, starts, index);
		open = open !== undefined && "indent" in open && endsBlock(content, open.indent) ? undefined : open;
		const comment =
			open === undefined ? /^\s*(?:#|\/\/|--|;|rem\b)\s*/i.exec(content)?.[0].length : undefined;
		const head = open === undefined ? headOf(content.slice(comment ?? 0)) : undefined;
		key = head?.key ?? key;
		const from = (comment ?? 0) + (head?.end ?? 0);
		const isInner = open !== undefined;
		open = isInner ? stillOpen(content, open) : comment === undefined ? openedBy(content, from) : undefined;
		if (content.trim() === "" || (!isInner && isStructure(content))) return [];
		return [
			lineValue(text, { key, start, content, from, line: index + 1, commented: comment !== undefined }),
		];
	});
}

function endsBlock(content: string, indent: number): boolean {
	return content.trim() !== "" && content.length - content.trimStart().length <= indent;
}

function stillOpen(content: string, open: Open | undefined): Open | undefined {
	return open !== undefined && "closer" in open && content.includes(open.closer) ? undefined : open;
}

function openedBy(content: string, from: number): Open | undefined {
	const value = content.slice(from).replace(/\\./g, "  ").trim();
	if (/^[|>][+-]?\d?[+-]?(?:\s+#.*)?$/.test(value))
		return { indent: content.length - content.trimStart().length };
	const [, here, triple, quote] = /^(?:@(["'])|("""|''')|(["'`]))/.exec(value) ?? [];
	if (here !== undefined) return { closer: `${here}@` };
	const opener = triple ?? quote;
	return opener === undefined || value.includes(opener, opener.length) ? undefined : { closer: opener };
}
