/**
 * Validation messages that read on from a field's name: `must be a whole number`. A schema's own messages take
 * precedence. In English, like every text of the daemon.
 */
import type { z } from "zod";

type Issue = z.core.$ZodRawIssue;

/** The `error` option of a schema's `safeParse`. */
export function fieldWords(issue: Issue): string {
	if (issue.code === "invalid_type") return typeWords(issue);
	if (issue.code === "too_small")
		return sizeWords(issue.origin, issue.inclusive === false ? "more than" : "at least", issue.minimum);
	if (issue.code === "too_big")
		return sizeWords(issue.origin, issue.inclusive === false ? "less than" : "at most", issue.maximum);
	if (issue.code === "invalid_value") return `must be ${oneOf(issue.values.map(String))}`;
	if (issue.code === "unrecognized_keys") return `has unknown fields: ${issue.keys.join(", ")}`;
	if (issue.code === "invalid_union") return unionWords(issue);
	return "has the wrong format";
}

/** The reasons of all forms together: `must be a number, or must be an object`. */
function unionWords({ input, errors }: z.core.$ZodRawIssue<z.core.$ZodIssueInvalidUnion>): string {
	if (input === undefined) return "is missing";
	const reasons = errors.flat().filter(({ path }) => path.length === 0);
	const words = [...new Set(reasons.map(({ message }) => message))];
	return words.length === 0 ? "has none of the allowed forms" : words.join(", or ");
}

const kinds: Record<string, string> = {
	string: "a string",
	number: "a number",
	int: "a whole number",
	boolean: "true or false",
	array: "a list",
	object: "an object",
	record: "an object",
};

function typeWords({ input, expected }: Issue & { expected: string }): string {
	return input === undefined ? "is missing" : `must be ${kinds[expected] ?? expected}`;
}

type Bound = "at least" | "more than" | "at most" | "less than";

function sizeWords(origin: string, bound: Bound, count: number | bigint): string {
	if (origin === "array") return `must have ${bound} ${count === 1 ? "1 entry" : `${count} entries`}`;
	if (origin !== "string") return `must be ${bound} ${count}`;
	return bound === "at least" && count === 1
		? "must not be empty"
		: `must be ${bound} ${count} characters long`;
}

function oneOf(values: readonly string[]): string {
	return values.length === 1 ? (values[0] ?? "") : `one of ${values.join(", ")}`;
}
