/** How an overlap ends before its time, or never was: pure, with the clock passed in. */
import { endOf } from "../facts.ts";
import type { Token } from "../store/tokens.ts";
import { refuseElsewhere } from "./issuer.ts";
import { changed, type Doing, refuseRevoked, revoke } from "./lifecycle.ts";
import { RuleError } from "./rule-error.ts";

/** Who uses a token now and then gets so long to come back after the daemon was away. */
const longestReturnMilliseconds = 600_000;

/**
 * The token as it was before its rotation, and its successor, revoked.
 * @throws RuleError `issuer-elsewhere`, `token-dead`, `not-rotated` or `already-rotated`
 */
export function undoRotation(
	token: Token,
	successorOf: (id: string) => Token,
	doing: Doing,
): { token: Token; successor: Token } {
	refuseOutsideOverlap(token, doing.now);
	const successor = successorOf(token.successorId ?? "");
	if (successor.successorId !== null) {
		throw new RuleError(
			"already-rotated",
			`The successor was rotated itself; undo that first, its id is ${successor.id}.`,
		);
	}
	if (doing.caller?.id === successor.id) {
		throw new RuleError(
			"own-token",
			"This would revoke the token that you are using; use another one, or its predecessor.",
		);
	}
	return {
		token: changed(token, { retiresDate: null, quietSeconds: null, successorId: null }, doing),
		successor: revoke(successor, "Its rotation was undone.", doing),
	};
}

/** @throws RuleError `issuer-elsewhere`, `token-dead` or `not-rotated` */
export function endOverlap(token: Token, doing: Doing): Token {
	refuseOutsideOverlap(token, doing.now);
	return changed(token, { retiresDate: doing.now.toISOString() }, doing);
}

/**
 * When an overlap ends if nobody uses the token any more; Infinity: at its deadline. In milliseconds, as `lastUsed` is
 * and `since`, when the daemon began to listen.
 */
export function quietEnd(token: Token, lastUsed: number, since: number): number {
	if (token.quietSeconds === null) return Infinity;
	const quiet = token.quietSeconds * 1000;
	// The last change is the rotation, or one after which somebody may have to come back, as an enable.
	const silence = Math.max(Date.parse(token.lastModifiedDate), lastUsed) + quiet;
	// Nobody could use it while no daemon listened, so that silence alone says nothing.
	return Math.max(silence, since + Math.min(quiet, longestReturnMilliseconds));
}

/** A disabled one may be in its overlap too. */
function refuseOutsideOverlap(token: Token, now: Date): void {
	refuseElsewhere(token);
	refuseRevoked(token);
	if (token.successorId === null) {
		throw new RuleError("not-rotated", "The token was not rotated, or that was undone.");
	}
	if (endOf(token) <= now.getTime()) {
		throw new RuleError("not-rotated", "The overlap is over; the token's successor is what works now.");
	}
}
