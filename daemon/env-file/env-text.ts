/** Parses the text of an env file as `dotenv` does, and suggests keys. Pure. */

export type Quote = "" | "'" | '"' | "`";

/** A line that sets a key, parsed as `dotenv` parses it. */
export interface EnvEntry {
	readonly key: string;
	readonly value: string;
	/** Line of the key, counted from 1. */
	readonly line: number;
	/** Offset of the key. */
	readonly keyStart: number;
	/** Offset behind the separator; what comes before `start` is blank. */
	readonly from: number;
	/** The raw value, including its quotes, is `text.slice(start, end)`. */
	readonly start: number;
	readonly end: number;
	readonly quote: Quote;
	/** The line consists of `KEY=` and the raw value only, the one form that Docker reads. */
	readonly plain: boolean;
	/** A shell runs `export` as a command and expands braces in its arguments. */
	readonly exported: boolean;
}

/** Marks a file that tells the keys of env files: an example, or the `.env.schema` of varlock. */
const exampleMark = /[._-](?:example|sample|template|dist|schema)(?=[._-]|$)/i;

/** Whether this is the name of an example or schema, which is committed and therefore never contains a secret. */
export function isExample(name: string): boolean {
	return exampleMark.test(`.${name}`);
}

/** The name of the env file that an example describes: `.env.local` for `.env.local.example`. */
export function nameWithoutExample(name: string): string {
	return name.replace(exampleMark, "");
}

/** A name that every shell accepts for a variable (POSIX, Base Definitions 3.216). */
export function isEnvKey(text: string): boolean {
	return /^[A-Za-z_][A-Za-z0-9_]*$/.test(text);
}

/** Every line that `dotenv` would read, in file order. If a key occurs twice, the last line takes precedence. */
export function parseEnv(text: string): EnvEntry[] {
	const entries: EnvEntry[] = [];
	// Sticky, and each alternative starts with a different character, so a line is scanned a bounded number of times.
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

/** The value in effect, or undefined if the key has no line. */
export function envValue(text: string, key: string): string | undefined {
	return parseEnv(text).findLast((entry) => entry.key === key)?.value;
}

/** The example's keys that are missing or empty in the text, in the example's order. */
export function missingKeys(text: string, exampleText: string): string[] {
	const values = new Map(parseEnv(text).map((entry) => [entry.key, entry.value]));
	const keys = new Set(parseEnv(exampleText).map((entry) => entry.key));
	return [...keys].filter((key) => isEnvKey(key) && !values.get(key));
}

/**
 * Keys to suggest for a token with this name: keys that lack a secret first, the best match first, then one derived
 * from the name, then other empty keys, except those that clearly hold no secret, such as an address.
 */
export function keySuggestions(name: string, text: string, exampleText: string): string[] {
	const made = keyFromName(name);
	const words = made.split("_").filter((word) => word.length > 2 && !/^(?:API|TOKEN|KEY|SECRET)$/.test(word));
	const isNamed = (key: string) => words.some((word) => key.toUpperCase().includes(word));
	const isSecret = (key: string) => /(?:TOKEN|KEY|SECRET|PASSWORD|CREDENTIALS?)$/i.test(key);
	const missing = [...missingKeys(text, exampleText), ...missingKeys(text, text)];
	const waiting = [...new Set(missing)].filter((key) => !holdsNoSecret(key));
	waiting.sort((one, other) => Number(isNamed(other)) - Number(isNamed(one)));
	return [...new Set([...waiting.filter(isSecret), made, ...waiting.filter((key) => !isSecret(key))])];
}

/** Whether the key's name indicates something other than a secret: an address, a port, a runtime option. */
export function holdsNoSecret(key: string): boolean {
	if (/TOKEN|KEY|SECRET|PASSWORD|CREDENTIAL|AUTH/i.test(key)) return false;
	return /(?:^|_)(?:UR[IL]|ENDPOINT|HOST|HOSTNAME|DOMAIN|PORT|ENV|DEBUG|LEVEL|TIMEOUT|REGION|LANG|TZ)$/i.test(
		key,
	);
}

/** Whether the text contains merge conflict markers: a value written now would be lost with the discarded side. */
export function hasConflictMarkers(text: string): boolean {
	return /^(?:<{7}(?!<)|>{7}(?!>)|={7}\r?$)/m.test(text);
}

/** Whether the line is one of the marks that Git puts around a conflict. */
export function isConflictMarker(line: string): boolean {
	return /^(?:<{7}(?!<)|>{7}(?!>)|={7}\s*$)/.test(line);
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
	return { key, value, line, keyStart, from, ...raw, quote, plain, exported: exported !== undefined };
}

/**
 * The extent of a quoted value, which may span several lines. As in `dotenv`, a quote closes the value only if nothing
 * but a comment follows, and a quote after a backslash only if no other quote does.
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

export function endOfLine(text: string, from: number): number {
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
