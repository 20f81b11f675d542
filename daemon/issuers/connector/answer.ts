/** An answer of a system: its JSON, and what it says in words. */
import type { Connector, Outcome } from "../../contract.ts";
import type { Reply } from "./exchange.ts";
import { meets, valueAt } from "./pointer.ts";

export interface Answer extends Reply {
	readonly url: URL;
	/** The parsed body; undefined if it is empty or no JSON. */
	readonly body: unknown;
}

export function answerOf(reply: Reply, url: URL): Answer {
	return { ...reply, url, body: parsed(reply.text) };
}

/** Numbers that JavaScript can't represent stay text: ids of 64 bits. */
function parsed(text: string): unknown {
	const keepLong = (_: string, value: unknown, context?: { source?: string }) =>
		typeof value === "number" && Number.isInteger(value) && !Number.isSafeInteger(value)
			? (context?.source ?? value)
			: value;
	try {
		return JSON.parse(text, keepLong) as unknown;
	} catch (error) {
		// A RangeError: nested so deeply that it is no answer of an API.
		if (error instanceof SyntaxError || error instanceof RangeError) return undefined;
		throw error;
	}
}

export function isAnswer(outcome: Outcome, answer: Answer): boolean {
	const { status, body } = answer;
	if (typeof outcome === "number") return outcome === status && !isHtml(answer);
	// A condition says something about JSON: without any, it is not met.
	return outcome.status === status && body !== undefined && meets(body, outcome);
}

/** A page for people: of a proxy, or of another server. */
export function isHtml({ body, headers }: Answer): boolean {
	return body === undefined && /^\s*text\/html\b/i.test(headers["content-type"] ?? "");
}

/** The text of an answer that is no JSON, and says so. */
export function plainText({ body, headers, text }: Answer): string | undefined {
	const isPlain = body === undefined && /^\s*text\/plain\b/i.test(headers["content-type"] ?? "");
	return isPlain && text.trim() !== "" ? text.trim() : undefined;
}

export function isSlashRedirect({ status, headers }: Reply, url: URL): boolean {
	if (![301, 302, 307, 308].includes(status)) return false;
	const target = URL.parse(headers.location ?? "", url.href);
	return target?.origin === url.origin && target.pathname === `${url.pathname}/`;
}

/** The texts of an error that is a string, a list or an object of them. */
function stringsIn(value: unknown, depth = 4): string[] {
	if (typeof value === "string") return value === "" ? [] : [value];
	if (typeof value !== "object" || value === null || depth === 0) return [];
	return Object.values(value)
		.slice(0, 10)
		.flatMap((item) => stringsIn(item, depth - 1));
}

/** Where most systems have it. */
const usualErrors = [
	"/error/message",
	"/message",
	"/error_description",
	"/detail",
	"/errors",
	"/error",
	"/title",
];

/** The error's text, from the first pointer that finds one. */
export function errorText({ error = usualErrors }: Connector, body: unknown): string | undefined {
	for (const pointer of error) {
		const text = stringsIn(valueAt(body, pointer)).join("; ").trim();
		if (text !== "") return text;
	}
	return undefined;
}

/** The seconds to wait after a refusal for too many requests. @param now milliseconds since the epoch. */
export function waitAfter({ limit }: Connector, { headers }: Answer, now: number): number {
	const { seconds, otherwise = 30 } = limit ?? {};
	const own = seconds === undefined ? undefined : headers[seconds.toLowerCase()];
	for (const value of [own, headers["retry-after"]]) {
		const text = Array.isArray(value) ? value[0] : value;
		if (text === undefined) continue;
		const wait = /^\d+$/.test(text) ? Number(text) : Math.ceil((Date.parse(text) - now) / 1000);
		if (wait >= 0) return Math.min(Math.max(wait, 1), 86_400);
	}
	return otherwise;
}
