/**
 * The headers of every answer. With them a web page can neither show an answer in a frame, nor run or embed it, so that it
 * can't tell the daemon from a closed port.
 */
import type { IncomingMessage, ServerResponse } from "node:http";

export const guardHeaders = {
	"X-Content-Type-Options": "nosniff",
	"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
	"Cross-Origin-Resource-Policy": "same-origin",
} as const;

/** Chromium tells a page of an answer that refuses its frame by `frame-ancestors`, and not of one that does so by this. */
const frameGuardHeaders = {
	...guardHeaders,
	"Content-Security-Policy": "default-src 'none'",
	"X-Frame-Options": "DENY",
} as const;

export const rawGuardHeaders: readonly string[] = Object.entries(guardHeaders).flat();

const frames = new Set(["iframe", "frame", "fencedframe", "object", "embed"]);

export function guardsOf({ headers }: IncomingMessage): Readonly<Record<string, string>> {
	return frames.has(String(headers["sec-fetch-dest"])) ? frameGuardHeaders : guardHeaders;
}

export function guard(response: ServerResponse): void {
	for (const [name, value] of Object.entries(guardsOf(response.req))) response.setHeader(name, value);
}
