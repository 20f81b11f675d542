/**
 * The headers of every answer. With them a web page can neither show an answer in a frame, nor run or embed it, so that it
 * can't tell the daemon from a closed port.
 */
import type { ServerResponse } from "node:http";

export const guardHeaders = {
	"X-Content-Type-Options": "nosniff",
	"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
	"Cross-Origin-Resource-Policy": "same-origin",
} as const;

export const rawGuardHeaders: readonly string[] = Object.entries(guardHeaders).flat();

export function guard(response: ServerResponse): void {
	for (const [name, value] of Object.entries(guardHeaders)) response.setHeader(name, value);
}
