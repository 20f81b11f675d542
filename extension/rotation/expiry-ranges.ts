/** Which tokens expire within which time, for a rotation of all of them. Knows no VS Code. */
import * as l10n from "@vscode/l10n";
import { endOf, statusOf, type TokenRecord } from "../../daemon/contract.ts";
import { amountAfterIn } from "../language.ts";
import { soonestFirst } from "../tokens/time-left.ts";

export interface Range {
	words: string;
	/** In milliseconds since the epoch. */
	until: number;
	tokens: readonly TokenRecord[];
}

const dayMilliseconds = 86_400_000;

/** The shortest first, and only those that contain more tokens than the one before. */
export function rangesOf(tokens: readonly TokenRecord[], now: Date): Range[] {
	const inDays = (days: number) => ({
		words: l10n.t("Within {0}", amountAfterIn(days, "day")),
		until: now.getTime() + days * dayMilliseconds,
	});
	const monthsEnd = new Date(now.getFullYear(), now.getMonth() + 1, 1).getTime();
	const ranges = [...[1, 7, 30, 90, 365].map(inDays), { words: l10n.t("This month"), until: monthsEnd }]
		.sort((one, other) => one.until - other.until)
		.map((range) => ({ ...range, tokens: expiringUntil(tokens, range.until, now) }));
	return ranges.filter((range, index) => range.tokens.length > (ranges[index - 1]?.tokens.length ?? 0));
}

/** Those that are active and not rotated yet. */
function expiringUntil(tokens: readonly TokenRecord[], until: number, now: Date): TokenRecord[] {
	return tokens
		.filter((token) => {
			const isCurrent = token.successorId === null && statusOf(token, now.getTime()) === "active";
			return isCurrent && endOf(token) <= until;
		})
		.toSorted(soonestFirst);
}
