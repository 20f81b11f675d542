/**
 * What is wrong with a field of a shape, in words that go on after the field's name: `must be a whole number`. Shapes
 * that say it in words of their own keep them. English, as all that the daemon says.
 */
import type { z } from "zod";

type Issue = z.core.$ZodRawIssue;

/** For a schema's `safeParse`, as its `error`. */
export function fieldWords(issue: Issue): string {
	if (issue.code === "invalid_type") return typeWords(issue);
	if (issue.code === "too_small")
		return sizeWords(issue.origin, issue.inclusive === false ? "more than" : "at least", issue.minimum);
	if (issue.code === "too_big")
		return sizeWords(issue.origin, issue.inclusive === false ? "less than" : "at most", issue.maximum);
	if (issue.code === "invalid_value") return `must be ${oneOf(issue.values.map(String))}`;
	if (issue.code === "unrecognized_keys") return `holds what is not known here: ${issue.keys.join(", ")}`;
	if (issue.code === "invalid_union") return "has none of the forms that it can have";
	return "is not written as it must be";
}

const kinds: Record<string, string> = {
	string: "a text",
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
