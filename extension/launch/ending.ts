/** Which of the tokens that are about to be used will not see the next day. Knows no VS Code. */
import { endOf, statusOf, type TokenRecord } from "../../daemon/contract.ts";

const day = 24 * 3600 * 1000;

/** What does not work first, then what ends soonest; nothing that has more than a day left. */
export function endingSoon(tokens: readonly TokenRecord[], now: number): TokenRecord[] {
	const rank = (token: TokenRecord) => (works(token, now) ? endOf(token) : 0);
	return [...new Set(tokens)]
		.filter((token) => !works(token, now) || endOf(token) - now <= day)
		.toSorted((one, other) => rank(one) - rank(other));
}

export function works(token: TokenRecord, now: number): boolean {
	const status = statusOf(token, now);
	return status === "active" || status === "retiring";
}
