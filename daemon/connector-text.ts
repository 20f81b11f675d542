/**
 * The strings of a connector: templates, requests, JSON pointers, addresses. Each check answers what is wrong, to read on
 * from the field's name, or undefined. Imports nothing, since the engine uses it too.
 */

/** How a value is written: `{expiry|date}`. */
export const formats = [
	"text",
	"number",
	"boolean",
	"date",
	"whole-seconds",
	"seconds",
	"milliseconds",
	"milliseconds-left",
	"seconds-left",
	"minutes-left",
	"hours-left",
	"days-left",
] as const;
export type Format = (typeof formats)[number];

export interface Placeholder {
	readonly name: string;
	readonly format: string | undefined;
}

const placeholder = /\{([A-Za-z0-9_/][\w/.-]*)(?:\|([a-z-]+))?\}/g;
const expression = /\{([?&]?)([A-Za-z]\w*\*?(?:,[A-Za-z]\w*\*?)*)\}/g;

/** The placeholders of a template, in order. */
export function placeholdersOf(template: string): Placeholder[] {
	return [...template.matchAll(placeholder)].map(([, name = "", format]) => ({ name, format }));
}

/** The one placeholder of which a template consists, so that its value keeps its type. */
export function wholePlaceholder(template: string): Placeholder | undefined {
	const [first] = placeholdersOf(template);
	const isWhole = first !== undefined && /^\{[^{}]*\}$/.test(template);
	return isWhole ? first : undefined;
}

/** Replaces each placeholder. */
export function fillIn(template: string, textOf: (one: Placeholder) => string): string {
	return template.replace(placeholder, (_, name: string, format: string | undefined) =>
		textOf({ name, format }),
	);
}

/** The names in the expressions of a request's URL. */
export function namesInRequest(request: string): string[] {
	return [...request.matchAll(expression)].flatMap(([, , names = ""]) =>
		names.replaceAll("*", "").split(","),
	);
}

/** All names that templates anywhere in the value use. */
export function namesUsed(value: unknown): string[] {
	const text = templateText(value);
	return [...placeholdersOf(text).map(({ name }) => name), ...namesInRequest(text)];
}

/** All templates of a value as one text. A literal is none. */
export function templateText(value: unknown): string {
	const withoutLiterals = (_: string, item: unknown) => (isLiteral(item) ? null : item);
	return JSON.stringify(value, withoutLiterals) ?? "";
}

function isLiteral(value: unknown): value is { literal: unknown } {
	return (
		typeof value === "object" &&
		value !== null &&
		Object.hasOwn(value, "literal") &&
		Object.keys(value).length === 1
	);
}

export function pointerIssue(text: string): string | undefined {
	return /^(?:\/(?:[^~/]|~[01])*)*$/.test(text)
		? undefined
		: "must be a JSON pointer (RFC 6901), for example /data/id, or empty for the whole answer";
}

export function templateIssue(text: string): string | undefined {
	const unknown = placeholdersOf(text).find(
		({ format }) => format !== undefined && !(formats as readonly string[]).includes(format),
	);
	if (unknown !== undefined)
		return `has an unknown format ${unknown.format}; there are ${formats.join(", ")}`;
	return /[{}]/.test(fillIn(text, () => ""))
		? "has a brace that belongs to no placeholder; a placeholder is {name} or {name|format}"
		: undefined;
}

/** Method and path. The path must stay below the connection's base address, whatever is put in. */
export function requestIssue(text: string): string | undefined {
	const [, method, url = ""] = /^([A-Z]+) (.*)$/s.exec(text) ?? [];
	if (method === undefined) return "must be a method and a path, for example GET /tokens/{id}";
	if (!/^(?:GET|POST|PUT|PATCH|DELETE)$/.test(method)) return "must use GET, POST, PUT, PATCH or DELETE";
	if (!url.startsWith("/")) return "must have a path that starts with a slash, without a host";
	return urlIssue(url);
}

function urlIssue(url: string): string | undefined {
	const literal = url.replace(expression, (whole, operator: string, names: string) => {
		if (operator !== "") return "";
		return /[,*]/.test(names) ? whole : "x";
	});
	if (/[{}]/.test(literal)) return "has an expression that is not {name}, {?name,other}, {?list*} or {&name}";
	if (/%(?![0-9A-Fa-f]{2})/.test(literal)) return "has a % that encodes nothing";
	if (/[^A-Za-z0-9\-._~!$&'()*+,;=:@%/?]/.test(literal))
		return "has a character that a path must not have; write it percent-encoded";
	const [path = "", ...queries] = literal.split("?");
	if (queries.length > 1) return "has two question marks";
	if (leavesBase(path)) return "must not have the segments . and .., empty segments or encoded slashes";
	if (/\{[?&]/.test(url.split("?")[0] ?? "") && !/^[^?]*\{\?[^}]*\}/.test(url)) {
		return "must begin its query with ? or {?name}";
	}
	return undefined;
}

/** Whether a path could lead out of its base, also once more decoded. */
export function leavesBase(path: string): boolean {
	if (/%(?:2f|5c|0|1|7f)/i.test(path) || path.includes("\\")) return true;
	const segments = path.replace(/%2e/gi, ".").split("/").slice(1);
	return segments.some(
		(segment, index) =>
			segment === "." || segment === ".." || (segment === "" && index < segments.length - 1),
	);
}

export function headerIssue(text: string): string | undefined {
	if (!/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/.test(text)) return "must be the name of an HTTP header";
	return /^(?:host|content-length|transfer-encoding|connection|accept-encoding|expect|upgrade|te|trailer|keep-alive|proxy-.*)$/i.test(
		text,
	)
		? "is a header that the daemon sets itself"
		: undefined;
}

/** RFC 6265 section 4.1.1. */
export function cookieIssue(text: string): string | undefined {
	return /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/.test(text) ? undefined : "must be the name of a cookie";
}

export function linkIssue(text: string): string | undefined {
	const url = URL.parse(text);
	return url?.protocol === "https:" && url.username === "" && url.password === ""
		? undefined
		: "must be an https address";
}

/** The address of an API. Only https, or a server of this machine. */
export function baseIssue(text: string): string | undefined {
	const [, before = "", host = ""] = /^(https?:\/\/)([^/?#]*)/.exec(text) ?? [];
	if (before === "") return "must be an https address, or null to ask the user";
	if (
		/^[^{}]*\{|\}/.test(host) &&
		!/^(?:\{[A-Za-z]\w*\}\.)+[a-z0-9-]+(?:\.[a-z0-9-]+)+(?::\d+)?$/.test(host)
	) {
		return "may have variables in its host only as whole labels before a fixed domain: {tenant}.example.com";
	}
	return addressIssue(fillIn(text, () => "x"));
}

/** The address of a connection. @param transport `any` where the user chose not to verify the server. */
export function addressIssue(text: string, transport: "https" | "any" = "https"): string | undefined {
	const url = /[\s\\{}]/.test(text) ? null : URL.parse(text);
	if (url === null || !/^https?:$/.test(url.protocol)) return "must be an https address";
	if (url.protocol === "http:" && transport === "https" && !isLoopback(url.hostname))
		return "must be an https address; http is for this machine's own servers only, so enable TLS there, or forward the server to a port of this machine";
	if (url.username !== "" || url.password !== "") return "must not contain a user name or a password";
	if (/[?#]/.test(text)) return "must not have a query or a fragment";
	const path = text.replace(/^https?:\/\/[^/]*/, "");
	return leavesBase(path) ? "must not have the segments . and .., or empty segments" : undefined;
}

export function isLoopback(hostname: string): boolean {
	return /^(?:localhost|.+\.localhost|127(?:\.\d+){3}|\[::1\])$/i.test(hostname);
}

export function patternIssue(text: string): string | undefined {
	try {
		new RegExp(text);
		return undefined;
	} catch (error) {
		if (error instanceof SyntaxError) return "must be a regular expression";
		throw error;
	}
}
