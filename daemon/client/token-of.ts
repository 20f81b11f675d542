/** Which token each request came with. No other code, and no header, can put one there. */

import type { Incoming } from "./incoming.ts";
import type { VerifiedToken } from "./verification.ts";

const tokens = new WeakMap<Incoming, VerifiedToken>();

/** @internal */
export function rememberToken(request: Incoming, token: VerifiedToken): void {
	tokens.set(request, token);
}

/**
 * The token that `requireToken` or `verifyRequest` let pass with this request.
 * @throws Error where neither has, so that no token was checked.
 */
export function tokenOf(request: Incoming): VerifiedToken {
	const token = tokens.get(request);
	if (token === undefined)
		throw new Error("Neither requireToken nor verifyRequest has let this request pass.");
	return token;
}
