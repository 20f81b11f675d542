/** Which token expires next, for the status bar. Knows no VS Code. */
import * as l10n from "@vscode/l10n";
import { endOf, type TokenRecord } from "../../daemon/contract.ts";
import { plainText } from "../display-text.ts";
import { needsAttention, soonestFirst, timeLeftBriefly, urgencyOf } from "./time-left.ts";

const day = 86_400_000;

export interface NearestExpiry {
	/** All that need attention. */
	readonly tokens: readonly TokenRecord[];
	/** `long-expired`: nothing has expired lately or is near. */
	readonly kind: "in-doubt" | "expired" | "urgent" | "near" | "long-expired";
	/** `12 days: orders-api`: the name last, since VS Code cuts the end where there is too little room. */
	readonly text: string;
}

/**
 * The tokens that the badge and the status bar count, which are those of the groups Expired, Expires Soon and In Doubt;
 * soonest to end first. Rotated, disabled and revoked tokens do not count.
 */
export function needingAttention(
	tokens: readonly TokenRecord[],
	distances: readonly number[],
	now: number,
): TokenRecord[] {
	return tokens.filter((token) => needsAttention(urgencyOf(token, distances, now))).sort(soonestFirst);
}

/** undefined: no token needs attention. What expired before the longest of the distances (in days) is named last. */
export function nearestExpiry(
	tokens: readonly TokenRecord[],
	distances: readonly number[],
	now: number,
): NearestExpiry | undefined {
	const counted = needingAttention(tokens, distances, now);
	const {
		doubted = [],
		expired = [],
		coming: [next] = [],
	} = Object.groupBy(counted, (token) => {
		if (token.inDoubtDate !== null) return "doubted";
		return endOf(token) <= now ? "expired" : "coming";
	});
	const longAgo = now - Math.max(0, ...distances) * day;
	const isLate = expired.every((token) => endOf(token) < longAgo);
	if (doubted.length > 0) return { tokens: counted, kind: "in-doubt", text: doubtInWords(doubted) };
	if (next !== undefined && isLate) return { tokens: counted, ...nextInWords(next, distances, now) };
	if (expired.length === 0) return undefined;
	return { tokens: counted, kind: isLate ? "long-expired" : "expired", text: expiredInWords(expired) };
}

function doubtInWords([first, ...more]: readonly TokenRecord[]): string {
	if (more.length > 0) return l10n.t("{0} tokens in doubt", more.length + 1);
	return first === undefined ? "" : l10n.t("In doubt: {0}", nameOf(first));
}

function nextInWords(next: TokenRecord, distances: readonly number[], now: number) {
	const kind = urgencyOf(next, distances, now) === "urgent" ? ("urgent" as const) : ("near" as const);
	return { kind, text: l10n.t("{0}: {1}", timeLeftBriefly(next, now), nameOf(next)) };
}

function expiredInWords([first, ...more]: readonly TokenRecord[]): string {
	if (more.length > 0) return l10n.t("{0} tokens expired", more.length + 1);
	return first === undefined ? "" : l10n.t("Expired: {0}", nameOf(first));
}

function nameOf({ name }: TokenRecord): string {
	return plainText(name);
}
