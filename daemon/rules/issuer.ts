/** Who decides whether a token is good: this daemon, or another system whose token is only recorded here. */
import type { Token } from "../store/tokens.ts";
import { RuleError } from "./rule-error.ts";

export function isIssuedHere({ issuer }: Pick<Token, "issuer">): boolean {
	return issuer === "local";
}

/** @throws RuleError `issuer-elsewhere` */
export function refuseElsewhere(token: Token): void {
	if (isIssuedHere(token)) return;
	const detail = `Only its issuer, ${token.issuer}, can do this to the token; change it there, and the record here.`;
	throw new RuleError("issuer-elsewhere", detail);
}
