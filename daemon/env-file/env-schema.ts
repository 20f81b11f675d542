/**
 * The keys that an example of an env file, or the `.env.schema` of varlock, asks for. Pure. Of varlock's decorators
 * (https://varlock.dev/reference/item-decorators) only `@sensitive` and `@required` with their opposites are understood.
 */
import { holdsNoSecret, isEnvKey, parseEnv } from "./env-text.ts";

/** A key that an example or a schema tells. */
export interface SchemaKey {
	readonly key: string;
	/** The example's value, often a placeholder. */
	readonly value: string;
	/** Whether the value is a secret: as decorated, else guessed from the key's name. */
	readonly isSensitive: boolean;
	readonly isRequired: boolean;
	/** The comment above the key, without decorators. */
	readonly description: string;
}

/** In text order; of a key that occurs twice, the last. */
export function schemaKeys(text: string): SchemaKey[] {
	const lines = text.split(/\r\n?|\n/);
	const defaults = decoratorsOf(headerOf(lines));
	const keys = parseEnv(text)
		.filter(({ key }) => isEnvKey(key))
		.map(({ key, value, line }): SchemaKey => {
			const comment = commentAbove(lines, line);
			const own = decoratorsOf(comment);
			return {
				...{ key, value },
				isSensitive: flagOf(own, "sensitive", "public") ?? isSensitiveByDefault(defaults, key),
				isRequired: flagOf(own, "required", "optional") ?? isRequiredByDefault(defaults, value),
				description: descriptionOf(comment),
			};
		});
	return [...new Map(keys.map((entry) => [entry.key, entry])).values()];
}

type Decorators = ReadonlyMap<string, string>;

function isSensitiveByDefault(defaults: Decorators, key: string): boolean {
	return flagOf(defaults, "defaultSensitive", "") ?? !holdsNoSecret(key);
}

/** varlock takes a key with a value for required, and one without for optional. */
function isRequiredByDefault(defaults: Decorators, value: string): boolean {
	return flagOf(defaults, "defaultRequired", "") ?? value !== "";
}

function flagOf(decorators: Decorators, name: string, opposite: string): boolean | undefined {
	const value = decorators.get(name);
	if (value === "" || value === "true") return true;
	if (value === "false") return false;
	return decorators.has(opposite) ? false : undefined;
}

/** The comment at the top of a schema, up to a divider. */
function headerOf(lines: readonly string[]): string[] {
	const end = lines.findIndex((line) => /^\s*#\s*-{3,}/.test(line) || !/^\s*(?:#|$)/.test(line));
	return /^\s*#/.test(lines[end] ?? "") ? lines.slice(0, end) : [];
}

/** @param line of the key, counted from 1 */
function commentAbove(lines: readonly string[], line: number): string[] {
	let start = line - 1;
	while (start > 0 && /^\s*#(?!\s*-{3,})/.test(lines[start - 1] ?? "")) start--;
	return lines.slice(start, line - 1);
}

/** A comment that starts with `@` consists of decorators: `# @required @sensitive=false`. */
function decoratorsOf(comment: readonly string[]): Decorators {
	const found = comment
		.filter(isDecorated)
		.flatMap((line) => [...line.matchAll(/(?<=\s)@([A-Za-z]+)(?:=([^\s#]*))?/g)]);
	return new Map(found.map(([, name = "", value = ""]) => [name, value]));
}

const isDecorated = (line: string) => /^\s*#\s+@/.test(line);

function descriptionOf(comment: readonly string[]): string {
	const words = comment
		.filter((line) => !isDecorated(line))
		.map((line) => line.replace(/^\s*#+\s*/, "").trim());
	return words
		.filter((line) => line !== "")
		.join(" ")
		.slice(0, 300);
}
