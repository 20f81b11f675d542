/**
 * Where the value of a line starts that is no `KEY=value`: `set -x KEY value`, `setenv KEY value`, `$env:KEY = "value"`,
 * `declare -x KEY=value`, `key: value`. Pure, and linear in the line's length.
 */

export interface LineHead {
	readonly key: string;
	/** Offset of the value within the line. */
	readonly end: number;
}

const command =
	"(?:export|set|setx|setenv|set-env|declare|typeset|local|readonly|env|let|let-env|const|var|final|static|global)";
const key = "([A-Za-z_][\\w.-]*)";
const scope = "(?:(?:env|global|script|process\\.env|os\\.environ|ENV)(?::|\\.|\\[[\"']?))?";
const blank = "[ \\t]";
const patterns = [
	`(?:@?${command}(?:${blank}+-{1,2}[\\w-]+)*${blank}+)?(?:-${blank}+)?["']?\\$?${scope}${key}["']?\\]?${blank}*(?:=|:=|:(?=\\s|$))${blank}*`,
	`@?${command}(?:${blank}+-{1,2}[\\w-]+)*${blank}+["']?${key}["']?${blank}+`,
].map((source) => new RegExp(`^${blank}*${source}`, "i"));

/** undefined: the line has no key of a form that is known. */
export function headOf(line: string): LineHead | undefined {
	const [, word = ""] = /^[\s"'`([{,-]*([A-Za-z0-9]+={1,2})["'`]?[\s,;)\]}]*$/.exec(line) ?? [];
	if (isPaddedBase64(word)) return undefined;
	for (const pattern of patterns) {
		const found = pattern.exec(line);
		if (found?.[1] !== undefined) return { key: found[1], end: found[0].length };
	}
	return undefined;
}

/** Whether a word that could be a key with an empty value is a text in Base64 instead. */
export function isPaddedBase64(word: string): boolean {
	if (word.length < shortestBase64 || word.length % 4 !== 0 || !/^[A-Za-z0-9+/]+={1,2}$/.test(word))
		return false;
	return word.endsWith("==") || [/[a-z]/, /[A-Z]/, /[0-9+/]/].every((kind) => kind.test(word));
}

const shortestBase64 = 16;
