/** Which token expires next, for the status bar. Knows no VS Code. */
import * as l10n from "@vscode/l10n";
import { endOf, type TokenRecord } from "../../daemon/contract.ts";
import { plainText, shortenedWithin } from "../display-text.ts";
import { soonestFirst, timeLeftBriefly, urgencyOf } from "./time-left.ts";

const day = 86_400_000;
const longestName = 24;

export interface NearestExpiry {
	/** The soonest to end of all that are near, and of those that have expired lately. */
	readonly tokens: readonly TokenRecord[];
	readonly kind: "expired" | "urgent" | "near";
	/** `orders-api 12 days`. */
	readonly text: string;
}

/**
 * undefined: no token expires soon, and none has expired within the longest of the distances (in days). Rotated, disabled
 * and revoked tokens do not count.
 */
export function nearestExpiry(
	tokens: readonly TokenRecord[],
	distances: readonly number[],
	now: number,
): NearestExpiry | undefined {
	const forgotten = now - Math.max(0, ...distances) * day;
	const isNear = (token: TokenRecord) => {
		const urgency = urgencyOf(token, distances, now);
		return urgency === "urgent" || urgency === "soon" || (urgency === "expired" && endOf(token) >= forgotten);
	};
	const near = tokens.filter(isNear).sort(soonestFirst);
	const [first] = near;
	if (first === undefined) return undefined;
	const expired = near.filter((token) => endOf(token) <= now);
	const name = shortenedWithin(plainText(first.name), longestName);
	if (expired.length > 1)
		return { tokens: near, kind: "expired", text: l10n.t("{0} tokens expired", expired.length) };
	if (expired.length === 1) return { tokens: near, kind: "expired", text: l10n.t("{0} expired", name) };
	const kind = urgencyOf(first, distances, now) === "urgent" ? "urgent" : "near";
	return { tokens: near, kind, text: l10n.t("{0}: {1}", name, timeLeftBriefly(first, now)) };
}
