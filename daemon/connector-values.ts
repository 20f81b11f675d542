/** Checks the templates in the values of a connector, and its directives: names, formats, fields that belong together. */
import type { Issue } from "./connector-parts.ts";
import { placeholdersOf, templateIssue, templateText } from "./connector-text.ts";

/** The keys by which an object in a body is more than itself. */
const directives = {
	each: ["each", "split", "as"],
	join: ["join", "with"],
	has: ["has", "in"],
	value: ["value", "otherwise"],
	object: ["object", "split", "as"],
	literal: ["literal"],
};

export function valueIssues(path: (string | number)[], value: unknown, known: readonly string[]): Issue[] {
	if (typeof value === "string") return templateIssues(path, value, known);
	if (typeof value !== "object" || value === null) return [];
	const entries = Object.entries(value);
	const directive = directiveOf(value);
	const isPart = directive !== undefined && !Array.isArray(value);
	if (directive === "literal") return [];
	return [
		...(isPart ? directiveIssues(path, directive, Object.keys(value)) : []),
		...entries.flatMap(([key, item]) => {
			const at = [...path, Array.isArray(value) ? Number(key) : key];
			const isEntry = (directive === "each" || directive === "object") && key === "as";
			return [
				...(Array.isArray(value) ? [] : templateIssues(at, key, known)),
				...valueIssues(at, item, isEntry ? [...known, "item", "1", "2", "3", "4", "5"] : known),
			];
		}),
	];
}

/**
 * `{ each, as }`, `{ object, as }`, `{ join, with }`, `{ has, in }` and `{ value, otherwise }`: both keys together make the
 * directive. An object whose only key is `literal` is one too.
 */
export function directiveOf(value: object): keyof typeof directives | undefined {
	const has = (key: string) => Object.hasOwn(value, key);
	if (has("each") && has("as")) return "each";
	if (has("object") && has("as")) return "object";
	if (has("join") && has("with")) return "join";
	if (has("literal") && Object.keys(value).length === 1) return "literal";
	if (has("has") && has("in")) return "has";
	return has("value") && has("otherwise") ? "value" : undefined;
}

function directiveIssues(
	path: (string | number)[],
	directive: keyof typeof directives,
	keys: string[],
): Issue[] {
	const unknown = keys.filter((key) => !directives[directive].includes(key));
	return unknown.length === 0 ? [] : [{ path, message: `has unknown fields: ${unknown.join(", ")}` }];
}

export function templatesIn(
	path: (string | number)[],
	value: unknown,
): [path: (string | number)[], text: string][] {
	if (typeof value === "string") return [[path, value]];
	if (typeof value !== "object" || value === null) return [];
	return Object.entries(value).flatMap(([key, item]) => templatesIn([...path, key], item));
}

export function templateIssues(path: (string | number)[], text: string, known: readonly string[]): Issue[] {
	const message = templateIssue(text);
	return message === undefined ? unknownNames(path, placeholdersOf(text), known) : [{ path, message }];
}

export function unknownNames(
	path: (string | number)[],
	used: readonly { readonly name: string }[],
	known: readonly string[],
): Issue[] {
	const unknown = used.find(({ name }) => !known.includes(name));
	if (unknown === undefined) return [];
	const others = known.length === 0 ? "no name is" : `known are ${known.join(", ")}`;
	const message = `uses {${unknown.name}}, which is not known here; ${others}`;
	return [{ path, message }];
}

export const namesIn = (value: unknown) => placeholdersOf(templateText(value)).map(({ name }) => name);
