/**
 * Reads the text of a manifest or of a profile file that it names. Bounded, throws nothing, and says for each mistake
 * where it is. The words never repeat the text, which may hold anything.
 */
import { createScanner, findNodeAtLocation, type Node, type ParseError, parseTree } from "jsonc-parser";
import type * as z from "zod";
import { type Profile, profile } from "../contract.ts";
import { fieldWords } from "../field-words.ts";
import { largestManifestBytes, type Manifest, manifest } from "./manifest.ts";

/** A mistake in a file, in words that read on from the name of the field. */
export interface FileMistake {
	/** An RFC 6901 JSON pointer; empty: the whole file. */
	readonly pointer: string;
	readonly detail: string;
	/** Where it is in the text. */
	readonly start: number;
	readonly end: number;
}

export type FileRead<Value> = { ok: true; value: Value } | { ok: false; mistakes: FileMistake[] };

/** Deeper than any schema here. */
const deepest = 24;
/** More than a user reads at once. */
const mostMistakes = 20;

export const readManifest = (text: string): FileRead<Manifest> => readJson(text, manifest);
export const readProfile = (text: string): FileRead<Profile> => readJson(text, profile);

/** The mistakes in one line, for a message. */
export function mistakesInWords(mistakes: readonly FileMistake[]): string {
	return `${mistakes.map(({ pointer, detail }) => `${pointer || "the file"} ${detail}`).join("; ")}.`;
}

function readJson<Value>(content: string, schema: z.ZodType<Value>): FileRead<Value> {
	const text = content.replace(/^\uFEFF/, "");
	// A character takes at least one byte.
	if (text.length > largestManifestBytes) return wrong(whole("is larger than 64 KiB"));
	if (depthOf(text) > deepest) return wrong(whole(`is nested more than ${deepest} levels deep`));
	if (text.trim() === "") return wrong(whole("is empty"));
	const errors: ParseError[] = [];
	const tree = parseTree(text, errors, { disallowComments: true, allowEmptyContent: false });
	const [error] = errors;
	if (error !== undefined || tree === undefined) return wrong(syntaxMistake(text, error));
	const parsed = schema.safeParse(JSON.parse(text), { error: fieldWords });
	if (parsed.success) return { ok: true, value: parsed.data };
	const issues = parsed.error.issues.flatMap(unfold).slice(0, mostMistakes);
	return wrong(...issues.map((issue) => mistakeAt(tree, issue)));
}

const wrong = (...mistakes: FileMistake[]): { ok: false; mistakes: FileMistake[] } => ({
	ok: false,
	mistakes,
});

const whole = (detail: string): FileMistake => ({ pointer: "", detail, start: 0, end: 1 });

function syntaxMistake(text: string, error: ParseError | undefined): FileMistake {
	const start = Math.min(error?.offset ?? 0, text.length);
	const line = text.slice(0, start).split("\n").length;
	const detail = `is not valid JSON: line ${line} can't be read`;
	return { pointer: "", detail, start, end: start + Math.max(error?.length ?? 1, 1) };
}

/**
 * How deep the parser would follow the text, valid or not. Counted without recursion and in one pass, with the parser's own
 * tokens: a bracket that closes nothing closes nothing here either.
 */
function depthOf(text: string): number {
	const expected: string[] = [];
	const scanner = createScanner(text, true);
	let most = 0;
	for (scanner.scan(); scanner.getTokenOffset() < text.length; scanner.scan()) {
		const sign = text[scanner.getTokenOffset()];
		if (sign === "[" || sign === "{") most = Math.max(most, expected.push(sign === "[" ? "]" : "}"));
		else if (sign === expected.at(-1)) expected.pop();
	}
	return most;
}

interface Issue {
	path: readonly PropertyKey[];
	detail: string;
}

/** One issue for each unknown field, and for a union those of the form that was meant. */
function unfold(issue: z.core.$ZodIssue): Issue[] {
	if (issue.code === "unrecognized_keys")
		return issue.keys.map((key) => ({ path: [...issue.path, key], detail: "is not a known field" }));
	if (issue.code === "invalid_union") {
		const meant = issue.errors.find((branch) => !branch.some(({ path, code }) => isOtherType(path, code)));
		if (meant !== undefined)
			return meant.flatMap((inner) => unfold({ ...inner, path: [...issue.path, ...inner.path] }));
	}
	return [{ path: issue.path, detail: issue.message }];
}

const isOtherType = (path: readonly PropertyKey[], code: string | undefined) =>
	path.length === 0 && code === "invalid_type";

/** Where the field is; a missing one is shown at the object that lacks it. */
function mistakeAt(tree: Node, { path, detail }: Issue): FileMistake {
	const pointer = path.map((part) => `/${escaped(String(part))}`).join("");
	const node = nodeAt(tree, path);
	const at = node.parent?.type === "property" ? (node.parent.children?.[0] ?? node) : node;
	return { pointer, detail, start: at.offset, end: at.offset + Math.min(at.length, 1000) };
}

function nodeAt(tree: Node, path: readonly PropertyKey[]): Node {
	for (let length = path.length; length > 0; length -= 1) {
		const node = findNodeAtLocation(tree, path.slice(0, length) as (string | number)[]);
		if (node !== undefined) return node;
	}
	return tree;
}

/** RFC 6901 section 3, without characters that a message can't show. */
function escaped(part: string): string {
	const shown = part.slice(0, 100).replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, "\uFFFD");
	return shown.replaceAll("~", "~0").replaceAll("/", "~1");
}
