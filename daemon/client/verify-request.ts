/**
 * The check of a request's token for everything that answers with a Fetch `Response`: Hono, Next, Fastify, Koa, Bun, Deno.
 * The body of the request is left unread.
 */

import { Guard, type GuardOptions } from "./guard.ts";
import { type Incoming, isIncoming } from "./incoming.ts";
import { rememberToken } from "./token-of.ts";
import type { VerifiedToken } from "./verification.ts";

export interface VerifyRequestOptions<Asking extends Incoming = Request> extends GuardOptions<Asking> {
	/**
	 * The caller's address, or a function of the request. By default that of the connection, where the request tells it.
	 * A Fetch `Request` does not: then a token that is limited to addresses is refused.
	 */
	address?: string | ((request: Asking) => string | undefined);
}

/** Either the token, or the response to answer the request with. */
export type VerifiedRequest =
	| { readonly token: VerifiedToken; readonly response: undefined }
	| { readonly token: undefined; readonly response: Response };

/**
 * The token of a request, if the daemon accepts it for what the options require. Else a response, which has to be
 * returned: the daemon's 401 or 403, 400 for two tokens, 503 when the daemon can't be reached, 500 when the requirement
 * could not be determined from the request.
 * @throws TypeError for options that can't be meant, for example a permission that is undefined, or a daemon without identity.
 */
export async function verifyRequest<Asking extends Incoming = Request>(
	request: Asking,
	options: VerifyRequestOptions<Asking> = {},
): Promise<VerifiedRequest> {
	if (!isIncoming(request)) throw new TypeError("verifyRequest takes a Request, or a request of node:http.");
	const verdict = await new Guard(options).judge(request);
	if (!verdict.pass) {
		const { status, headers, body } = verdict;
		return { token: undefined, response: new Response(body, { status, headers }) };
	}
	rememberToken(request, verdict.token);
	return { token: verdict.token, response: undefined };
}
