/**
 * Reads and changes an env file in JSON: `{ "KEY": "value" }`, with comments if it has any. Pure. Invariant: an edit is made
 * only if the text is JSON before and after it, and every other value stays.
 */
import * as l10n from "@vscode/l10n";
import { createScanner, type Node, type ParseError, parseTree } from "jsonc-parser";
import { applyEdits, type EnvEdit, type EnvRefusal } from "./env-edit.ts";
import { lineAt, lineStarts } from "./text-lines.ts";

/** Members of `SyntaxKind`, which exists only at the time of compilation. */
const tokenKinds = {
	colon: 6,
	string: 10,
	lineComment: 12,
	blockComment: 13,
	lineBreak: 14,
	trivia: 15,
	end: 17,
};

/** Stands for the key of a value that has none. */
export const withoutKey = "…";

/** A property of the outermost object, which programs read. */
export interface JsonEntry {
	readonly key: string;
	/** As text, whatever its type. */
	readonly value: string;
	/** Counted from 1. */
	readonly line: number;
	/** Offsets of the value with its quotes. */
	readonly start: number;
	readonly end: number;
}

export interface JsonScalar extends JsonEntry {
	/** Whether it is within a comment. */
	readonly commented: boolean;
}

/** Every value at any depth, and all that is no JSON, in text order. `key` is that of the property around it. */
export function jsonScalars(text: string): JsonScalar[] {
	const starts = lineStarts(text);
	const tokens = tokensOf(text);
	let key = withoutKey;
	return tokens.flatMap(({ kind, value, start, end }, index): JsonScalar[] => {
		if (kind === tokenKinds.string && tokens[index + 1]?.kind === tokenKinds.colon) {
			key = value;
			return [];
		}
		if (isStructure(kind)) return [];
		const line = lineAt(starts, start) + 1;
		if (isComment(kind)) return [{ key, value, line, start, end, commented: true }];
		const isString = kind === tokenKinds.string;
		const inset = isString ? 1 : 0;
		const isClosed = isString && end - start > 1 && text[end - 1] === text[start];
		return [{ key, value, line, start: start + inset, end: end - Number(isClosed), commented: false }];
	});
}

/** Braces, brackets, comma and colon. */
const isStructure = (kind: number) => kind >= 1 && kind <= tokenKinds.colon;
const isComment = (kind: number) => kind === tokenKinds.lineComment || kind === tokenKinds.blockComment;
const isBlank = (kind: number) => kind === tokenKinds.lineBreak || kind === tokenKinds.trivia;

interface Token {
	kind: number;
	value: string;
	start: number;
	end: number;
}

function tokensOf(text: string): Token[] {
	const scanner = createScanner(withoutMark(text), false);
	const tokens: Token[] = [];
	for (let kind: number = scanner.scan(); kind !== tokenKinds.end; kind = scanner.scan()) {
		if (isBlank(kind)) continue;
		const start = scanner.getTokenOffset();
		tokens.push({ kind, value: scanner.getTokenValue(), start, end: start + scanner.getTokenLength() });
	}
	return tokens;
}

/**
 * What a string of JSON means, for its text between the quotes, and where each of the characters starts in it, with the end
 * as the last.
 */
export function unescaped(raw: string): { text: string; offsets: number[] } {
	let text = "";
	const offsets: number[] = [];
	for (const { 0: found, index } of raw.matchAll(/\\u[0-9A-Fa-f]{4}|\\[\s\S]|[\s\S]/g)) {
		text += found.length > 1 ? meaningOf(found) : found;
		offsets.push(index);
	}
	return { text, offsets: [...offsets, raw.length] };
}

/** RFC 8259 section 7 */
function meaningOf(sequence: string): string {
	if (sequence.length > 2) return String.fromCharCode(Number.parseInt(sequence.slice(2), 16));
	const [, letter = ""] = sequence;
	return { b: "\b", f: "\f", n: "\n", r: "\r", t: "\t" }[letter] ?? letter;
}

/** The properties of the outermost object. Of a key that occurs twice, the last counts. */
export function jsonEntries(text: string): JsonEntry[] {
	const starts = lineStarts(text);
	return (parsed(text)?.children ?? []).flatMap(({ children: [name, value] = [] }) => {
		if (name === undefined || value === undefined) return [];
		const [start, end] = [value.offset, value.offset + value.length];
		const raw = typeof value.value === "string" ? value.value : text.slice(start, end);
		return [{ key: String(name.value), value: raw, line: lineAt(starts, name.offset) + 1, start, end }];
	});
}

/** Sets the key's value where it is, or in a property behind the last one. */
export function setJsonValue(text: string, key: string, value: string): EnvEdit | EnvRefusal {
	if (text.trim() === "") return { start: 0, end: text.length, newText: `{\n  ${property(key, value)}\n}\n` };
	const root = parsed(text);
	if (root === undefined) return notJson();
	const entry = jsonEntries(text).findLast((candidate) => candidate.key === key);
	if (entry === undefined) return checked(text, addition(text, root, property(key, value)));
	if (/^[[{]/.test(text.slice(entry.start, entry.end))) return notText(key);
	return checked(text, { start: entry.start, end: entry.end, newText: JSON.stringify(value) });
}

/** Replaces parts of values. @property value is written as JSON writes it within quotes */
export function replaceInJson(
	text: string,
	changes: readonly { start: number; end: number; value: string }[],
): EnvEdit[] | EnvRefusal {
	if (parsed(text) === undefined) return notJson();
	const edits = changes.map(({ start, end, value }) => ({
		...{ start, end },
		newText: JSON.stringify(value).slice(1, -1),
	}));
	return parsed(applyEdits(text, edits)) === undefined ? notJson() : edits;
}

/** undefined: it is no JSON, or no object. */
function parsed(text: string): Node | undefined {
	const errors: ParseError[] = [];
	const root = parseTree(withoutMark(text), errors, { allowTrailingComma: true, disallowComments: false });
	return root?.type === "object" && errors.length === 0 ? root : undefined;
}

const withoutMark = (text: string) => text.replace(/^\uFEFF/, " ");

function property(key: string, value: string): string {
	return `${JSON.stringify(key)}: ${JSON.stringify(value)}`;
}

function addition(text: string, { offset, length, children = [] }: Node, newProperty: string): EnvEdit {
	const last = children.at(-1);
	if (last !== undefined) {
		const before = text.slice(0, last.offset);
		const between = before.slice(before.trimEnd().length);
		const end = last.offset + last.length;
		return { start: end, end, newText: `,${between === "" ? " " : between}${newProperty}` };
	}
	const lineEnding = text.includes("\r\n") ? "\r\n" : "\n";
	const inside = text.slice(offset + 1, offset + length - 1);
	const end = offset + length - 1;
	// What is in an empty object can only be a comment, which may need its line's end.
	const newText = `${inside.trimEnd() === inside ? lineEnding : ""}  ${newProperty}${lineEnding}`;
	return { start: end, end, newText };
}

/** JSON as before, with one value more or another one. */
function checked(text: string, edit: EnvEdit): EnvEdit | EnvRefusal {
	return parsed(applyEdits(text, [edit])) === undefined ? notJson() : edit;
}

function notJson(): EnvRefusal {
	const detail = l10n.t("The file is not a JSON object. Correct it, save, then try again.");
	return { reason: "not-json", detail };
}

function notText(key: string): EnvRefusal {
	const detail = l10n.t("The value of {0} is not a text, but an object or a list. Choose another key.", key);
	return { reason: "not-json", detail };
}
