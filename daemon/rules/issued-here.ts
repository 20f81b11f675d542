/** Which system decides whether a token is valid: this daemon, or another one whose token is only recorded here. */
import type { Token } from "../store/store.ts";
import { RuleError } from "./rule-error.ts";

/** Whether this daemon decides about the token, and not another system. */
export function isIssuedHere({ issuer }: Pick<Token, "issuer">): boolean {
	return issuer === "local";
}

/** @throws RuleError `issuer-elsewhere` */
export function refuseElsewhere(token: Pick<Token, "issuer">): void {
	if (isIssuedHere(token)) return;
	const detail = `Only its issuer, ${token.issuer}, can do this to the token; change it there, and the record here.`;
	throw new RuleError("issuer-elsewhere", detail);
}
