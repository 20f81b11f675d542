/**
 * Parses the response of a failed call: a status line, a `WWW-Authenticate` header (RFC 6750), a problem (RFC 9457), or
 * any of them in curl's output, even on a single line. Knows no VS Code.
 */
import { STATUS_CODES } from "node:http";
import { type ProblemCode, problemStatus, type RefusalReason } from "../../daemon/contract.ts";
import { isWebPage } from "../connections/pasted-secret.ts";

export interface FailedCall {
	readonly status: number | undefined;
	/** Whether the response is from Tokensmith: its realm, or one of its codes. */
	readonly isOurs: boolean;
	readonly code: ProblemCode | undefined;
	/** Why the verification failed. */
	readonly reason: RefusalReason | undefined;
	/** Permissions or resources. */
	readonly missing: readonly string[];
	/** The response's own explanation. */
	readonly detail: string | undefined;
	/** The error code of RFC 6750 section 3.1. */
	readonly bearerError: string | undefined;
}

const reasonOfCode: Partial<Record<ProblemCode, RefusalReason>> = {
	"token-malformed": "malformed",
	"token-unknown": "unknown",
	"token-revoked": "revoked",
	"token-disabled": "disabled",
	"token-in-doubt": "in-doubt",
	"token-expired": "expired",
	"address-not-allowed": "address",
	"permission-missing": "permission",
	"resource-not-granted": "resource",
};

/** undefined: the text contains no failed call. */
export function readFailedCall(text: string): FailedCall | undefined {
	const body = readBody(text);
	const challenge = readChallenge(text);
	const code =
		typeof body?.code === "string" && Object.hasOwn(problemStatus, body.code) ? body.code : undefined;
	const page = readErrorPage(text);
	const bearerError = bearerErrorOf(body, challenge);
	const status =
		statusOf(text, body, code as ProblemCode | undefined) ??
		page?.status ??
		(bearerError === undefined ? undefined : bearerStatus[bearerError]) ??
		(challenge === undefined ? undefined : 401);
	const isTold = code !== undefined || challenge !== undefined || bearerError !== undefined;
	if (!isTold && (status === undefined || status < 400)) return undefined;
	return {
		...{ status, code: code as ProblemCode | undefined },
		isOurs: code !== undefined || challenge?.realm === "tokensmith",
		reason: reasonOf(body, code as ProblemCode | undefined, challenge),
		missing: missingOf(body, challenge),
		detail: detailOf(body, challenge) ?? page?.title,
		bearerError,
	};
}

/** The error codes of RFC 6750 section 3.1 with their status, for a text without a status line. */
const bearerStatus: Readonly<Record<string, number>> = {
	invalid_request: 400,
	invalid_token: 401,
	insufficient_scope: 403,
};

/** From the header, or from a body that repeats it. */
function bearerErrorOf(
	body: Record<string, unknown> | undefined,
	challenge: Record<string, string> | undefined,
): string | undefined {
	if (challenge?.error !== undefined) return challenge.error;
	const error = body?.error;
	return typeof error === "string" && Object.hasOwn(bearerStatus, error) ? error : undefined;
}

function statusOf(
	text: string,
	body: Record<string, unknown> | undefined,
	code: ProblemCode | undefined,
): number | undefined {
	// The last status counts: earlier ones may come from a proxy.
	const line = [...text.matchAll(/\bHTTP\/\d(?:\.\d)?\s+(\d{3})/g)].at(-1)?.[1];
	if (line !== undefined) return Number(line);
	const shapes = [
		/^\s*([45]\d\d)\s*(?:$|[A-Z])/,
		/\bstatus(?:[ _]?code)?["':= ]{1,5}([45]\d\d)\b/i,
		/\b(?:error|code|returned|answered|failed with)[: ]{1,3}([45]\d\d)\b/i,
		/\b(401|403) (?:Unauthorized|Forbidden)\b/i,
	];
	for (const shape of shapes) {
		const found = shape.exec(text)?.[1];
		if (found !== undefined) return Number(found);
	}
	if (code !== undefined) return problemStatus[code];
	return typeof body?.status === "number" ? body.status : undefined;
}

/** The first JSON object in the text. */
function readBody(text: string): Record<string, unknown> | undefined {
	const start = text.indexOf("{");
	const end = text.lastIndexOf("}");
	if (start === -1 || end < start) return undefined;
	try {
		const body: unknown = JSON.parse(text.slice(start, end + 1));
		return typeof body === "object" && body !== null ? { ...body } : undefined;
	} catch (error) {
		// Not every text with braces is JSON. The parser's message would quote it.
		if (error instanceof SyntaxError) return undefined;
		throw error;
	}
}

function readChallenge(text: string): Record<string, string> | undefined {
	const found =
		/(?:www-authenticate:[ \t]*|^[ \t]*)(bearer|basic)\b(\s+\w+="[^"]*"(?:\s*,\s*\w+="[^"]*")*)?/im.exec(
			text,
		);
	if (found === null || (!/www-authenticate/i.test(found[0]) && found[2] === undefined)) return undefined;
	const parts = [...(found[2] ?? "").matchAll(/(\w+)="([^"]*)"/g)];
	return Object.fromEntries(parts.map(([, name = "", value = ""]) => [name.toLowerCase(), value]));
}

interface ErrorPage {
	readonly status: number | undefined;
	readonly title: string | undefined;
}

/** The page that a proxy or a service answers with instead of JSON. Its title or its heading tells the status. */
function readErrorPage(text: string): ErrorPage | undefined {
	if (!isWebPage(text)) return undefined;
	const [title, ...headings] = ["title", "h1", "h2"].map((tag) => elementText(text, tag));
	const told = [title, ...headings].filter((words) => words !== undefined);
	const [status] = told.map(statusInTitle).filter((found) => found !== undefined);
	return { status, title: told[0] };
}

function elementText(page: string, tag: string): string | undefined {
	const start = new RegExp(`<${tag}(?:\\s[^<>]{0,1000})?>`, "i").exec(page);
	if (start === null) return undefined;
	const content = page.slice(start.index + start[0].length, start.index + start[0].length + 1000);
	const end = content.search(new RegExp(`</${tag}`, "i"));
	const words = (end === -1 ? content : content.slice(0, end)).replace(/<[^<>]*>/g, " ").replace(/\s+/g, " ");
	return words.trim() === "" ? undefined : words.trim().slice(0, 200);
}

/** Words that servers write without the number. */
const titleWords: readonly (readonly [status: number, words: RegExp])[] = [
	[401, /\b(?:unauthori[sz]ed|authori[sz]ation required|authentication required)\b/i],
	[403, /\b(?:access denied|permission denied|request blocked)\b/i],
	[429, /\b(?:rate limit|too many requests)/i],
	[503, /\b(?:temporarily unavailable|down for maintenance|maintenance mode)\b/i],
];

function statusInTitle(title: string): number | undefined {
	const number = /(?<![\d.,:/-])([45]\d\d)(?![\d.,:/-]?\d)/.exec(title)?.[1];
	if (number !== undefined && STATUS_CODES[number] !== undefined) return Number(number);
	const named = Object.entries(STATUS_CODES).find(
		([code, words = ""]) => /^[45]/.test(code) && title.toLowerCase().includes(words.toLowerCase()),
	);
	return named === undefined ? titleWords.find(([, words]) => words.test(title))?.[0] : Number(named[0]);
}

const reasons: readonly string[] = Object.values(reasonOfCode);

function reasonOf(
	body: Record<string, unknown> | undefined,
	code: ProblemCode | undefined,
	challenge: Record<string, string> | undefined,
): RefusalReason | undefined {
	if (typeof body?.reason === "string" && reasons.includes(body.reason)) return body.reason as RefusalReason;
	if (code !== undefined) return reasonOfCode[code];
	// Other services name only the scope, which is sent if a permission is missing.
	if (bearerErrorOf(body, challenge) === "insufficient_scope" && scopesOf(body, challenge).length > 0)
		return "permission";
	return undefined;
}

function missingOf(
	body: Record<string, unknown> | undefined,
	challenge: Record<string, string> | undefined,
): string[] {
	if (Array.isArray(body?.missing)) return body.missing.filter((one) => typeof one === "string").slice(0, 50);
	return scopesOf(body, challenge);
}

/** From the header, or from a body that repeats it. */
function scopesOf(
	body: Record<string, unknown> | undefined,
	challenge: Record<string, string> | undefined,
): string[] {
	const scope = challenge?.scope ?? body?.scope;
	return typeof scope === "string"
		? scope
				.split(" ")
				.filter((one) => one !== "")
				.slice(0, 50)
		: [];
}

function detailOf(
	body: Record<string, unknown> | undefined,
	challenge: Record<string, string> | undefined,
): string | undefined {
	const texts = [
		body?.detail,
		body?.error_description,
		body?.message,
		challenge?.error_description,
		body?.error,
	];
	return texts.find((text) => typeof text === "string" && text !== "") as string | undefined;
}
