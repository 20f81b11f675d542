/**
 * Finds the permissions that a service's code checks: `requireToken({ permission: "…" })`, and `?permission=…` in
 * addresses. Reads text as it is, in any language. Knows no VS Code.
 */
import { maximumPermissionLength, permissionCharacters } from "../../daemon/contract.ts";

export interface FoundPermission {
	name: string;
	/** Counted from 1. */
	line: number;
}

/** How much of a call's text is read for its options. */
const optionsLength = 600;

/** The permissions in their order, each at its first place only. In time that grows with the text's length alone. */
export function permissionsIn(text: string): FoundPermission[] {
	const found = [...inCalls(text), ...inQueries(text)].sort((one, other) => one.at - other.at);
	const lines = new LineCounter(text);
	const first = new Map<string, number>();
	for (const { name, at } of found)
		if (!first.has(name) && isPermission(name)) first.set(name, lines.lineAt(at));
	return [...first].map(([name, line]) => ({ name, line }));
}

interface Match {
	name: string;
	at: number;
}

function* inCalls(text: string): Iterable<Match> {
	const call = /\brequireToken\s*\(/g;
	while (call.exec(text) !== null) {
		const start = call.lastIndex;
		const options = callPart(text.slice(start, start + optionsLength));
		yield* inOptions(options, start);
		// A call within these options was read with them.
		call.lastIndex += options.length;
	}
}

function* inOptions(options: string, start: number): Iterable<Match> {
	for (const option of options.matchAll(/\bpermission\s*:\s*(["'`])([^"'`\n]*)\1/g))
		yield { name: option[2] ?? "", at: start + option.index };
	for (const list of options.matchAll(/\b(?:permissions|anyPermissions)\s*:\s*\[([^\]]*)\]/g))
		for (const item of (list[1] ?? "").matchAll(/(["'`])([^"'`\n]*)\1/g))
			yield { name: item[2] ?? "", at: start + list.index };
}

/** Up to the parenthesis that ends the call. */
function callPart(text: string): string {
	let depth = 1;
	for (let at = 0; at < text.length; at++) {
		if (text[at] === "(") depth++;
		if (text[at] === ")" && --depth === 0) return text.slice(0, at);
	}
	return text;
}

function* inQueries(text: string): Iterable<Match> {
	for (const query of text.matchAll(
		/[?&](?:permission|anyPermission)=([^&#\s"'`<>()[\]{}$,;|\\]+)(?=(.?))/g,
	)) {
		const [, value = "", next = ""] = query;
		// What follows makes it another name at run time.
		if (next === "$" || next === "{") continue;
		yield { name: decoded(value.replace(/(?<![.:])[.:]+$/, "")), at: query.index };
	}
}

function decoded(text: string): string {
	try {
		return decodeURIComponent(text);
	} catch (error) {
		if (error instanceof URIError) return "";
		throw error;
	}
}

/** Placeholders such as `…` and `%s`, and wildcards, are no names of permissions. */
function isPermission(name: string): boolean {
	if (name.length > maximumPermissionLength || !permissionCharacters.test(name)) return false;
	return /[a-z]/i.test(name) && !/[*%$<>{}]/.test(name);
}

/** Reads the text once, for places that are asked for in their order. */
class LineCounter {
	readonly #text: string;
	#line = 1;
	#next: number;

	constructor(text: string) {
		this.#text = text;
		this.#next = text.indexOf("\n");
	}

	lineAt(at: number): number {
		for (; this.#next !== -1 && this.#next < at; this.#line++)
			this.#next = this.#text.indexOf("\n", this.#next + 1);
		return this.#line;
	}
}
