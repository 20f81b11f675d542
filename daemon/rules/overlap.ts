/** How an overlap ends early, or a rotation is undone: pure, with the clock passed in. */
import { endOf } from "../facts.ts";
import type { Token } from "../store/store.ts";
import { isIssuedHere, refuseElsewhere } from "./issued-here.ts";
import { type ActionContext, changed, refuseRevoked } from "./lifecycle.ts";
import { RuleError } from "./rule-error.ts";

/** After a time without a daemon, a service that uses a token now and then gets so long to use it again. */
const longestReturnMilliseconds = 600_000;

/**
 * The token as it was before its rotation. Its successor is then to be revoked.
 * @param successor undefined: there is none.
 * @throws RuleError `issuer-elsewhere`, `token-dead`, `not-rotated` or `already-rotated`
 */
export function undoRotation(token: Token, successor: Token | undefined, context: ActionContext): Token {
	refuseOutsideOverlap(token, context.now);
	if (successor === undefined) throw notRotated();
	if (successor.successorId !== null) {
		throw new RuleError(
			"already-rotated",
			`The successor was rotated itself; undo that first, its id is ${successor.id}.`,
		);
	}
	if (context.caller?.id === successor.id) {
		throw new RuleError(
			"own-token",
			"This would revoke the token that you are using; use another one, or its predecessor.",
		);
	}
	return changed(token, { retiresDate: null, quietSeconds: null, successorId: null }, context);
}

/** @throws RuleError `issuer-elsewhere`, `token-dead` or `not-rotated` */
export function endOverlap(token: Token, context: ActionContext): Token {
	refuseOutsideOverlap(token, context.now);
	return changed(token, { retiresDate: context.now.toISOString() }, context);
}

/**
 * When an overlap ends if the token is not used again; Infinity: at its deadline. In milliseconds, like `lastUsed` and
 * `since`, when the daemon began to listen.
 */
export function quietEnd(token: Token, lastUsed: number, since: number): number {
	if (token.quietSeconds === null) return Infinity;
	const quiet = token.quietSeconds * 1000;
	// The last change is the rotation, or one after which a service may have to return, such as an enable.
	const silence = Math.max(Date.parse(token.lastModifiedDate), lastUsed) + quiet;
	// While no daemon listened the token could not be used, so that silence alone does not count.
	return Math.max(silence, since + Math.min(quiet, longestReturnMilliseconds));
}

/** A disabled token can be in its overlap too. */
function refuseOutsideOverlap(token: Token, now: Date): void {
	const isHere = isIssuedHere(token);
	if (!isHere && token.connectionId === null) refuseElsewhere(token);
	refuseRevoked(token);
	if (token.successorId === null) {
		throw notRotated();
	}
	// At another system the token works until it is deleted there.
	const end = endOf(isHere ? token : { ...token, retiresDate: null });
	if (end <= now.getTime()) {
		throw new RuleError("not-rotated", "The overlap has ended; only the token's successor still works.");
	}
}

function notRotated(): RuleError {
	return new RuleError("not-rotated", "The token was not rotated, or its rotation was undone.");
}
