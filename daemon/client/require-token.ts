/**
 * The middleware that lets a request pass only with a good token, for Express, `node:http` and `node:http2`. Unless the
 * daemon accepts the token, the handler is never called.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Http2ServerResponse } from "node:http2";
import { Guard, type GuardOptions, type Refusal } from "./guard.ts";
import { isOfNode, isPreflight, type NodeRequest } from "./incoming.ts";
import { rememberToken } from "./token-of.ts";
import type { VerifiedToken } from "./verification.ts";

declare global {
	namespace Express {
		interface Request {
			/** The token that `requireToken` let pass. */
			token?: VerifiedToken | undefined;
		}
	}
}

/** What the middleware reads from a request and puts on it. */
export type GuardedRequest = IncomingMessage & {
	token?: VerifiedToken | undefined;
	/** Express knows which proxies the service trusts. */
	ip?: string | undefined;
};

export interface RequireTokenOptions<Asking extends NodeRequest = NodeRequest> extends GuardOptions<Asking> {
	/** The caller's address; by default Express's `request.ip`, else the socket's. */
	address?: (request: Asking) => string | undefined;
	/**
	 * What becomes of a CORS preflight, which never has a token. "pass": the handler is called for it, without a token, and
	 * has to answer it. By default it is refused as any request without a token.
	 */
	preflight?: "refuse" | "pass";
}

/**
 * Calls `next`, without arguments, if the token is valid; else answers the request itself: with the daemon's 401 or 403,
 * 503 when the daemon can't be reached, 500 when the options are wrong. Resolves when `next` does, or when answered.
 */
export type TokenMiddleware<Asking extends NodeRequest = NodeRequest> = (
	request: Asking,
	response: ServerResponse | Http2ServerResponse,
	next: () => unknown,
) => Promise<void>;

/** @throws TypeError for options that can't be meant, for example a permission that is undefined, or a daemon without identity. */
export function requireToken<Asking extends NodeRequest = NodeRequest>(
	options: RequireTokenOptions<Asking> = {},
): TokenMiddleware<Asking> {
	const guard = new Guard(options);
	const passesPreflights = isChosen(options.preflight);
	return async (request, response, next) => {
		if (!isOfNode(request)) throw new TypeError(otherRequest);
		if (passesPreflights && isPreflight(request)) {
			await next();
			return;
		}
		const verdict = await guard.judge(request);
		if (!verdict.pass) return send(response as ServerResponse, verdict);
		(request as { token?: VerifiedToken }).token = verdict.token;
		rememberToken(request, verdict.token);
		await next();
	};
}

const otherRequest =
	"requireToken takes the request and the response of node:http. In Fastify, Koa, Hono and Next, call verifyRequest.";

function isChosen(preflight: "refuse" | "pass" = "refuse"): boolean {
	if (preflight === "refuse" || preflight === "pass") return preflight === "pass";
	throw new TypeError('preflight must be "refuse" or "pass".');
}

function send(response: ServerResponse, { status, headers, body }: Refusal): void {
	response.statusCode = status;
	for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
	response.setHeader("Content-Length", Buffer.byteLength(body));
	response.end(body);
}
