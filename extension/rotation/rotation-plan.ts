/**
 * The user's choices for a rotation: the overlap, when it ends, and the successor's expiry, limited by the token's
 * dates, its profile and the policy. The daemon validates them again. Knows no VS Code.
 */
import * as l10n from "@vscode/l10n";
import { endOf, type RotateTokenRequest, type TokenRecord } from "../../daemon/contract.ts";
import {
	addDuration,
	type ExpiryChoice,
	type ExpiryRules,
	expiryInstant,
	latestExpiry,
} from "../create/expiry-input.ts";
import { amountInWords } from "../language.ts";
import { dateInWords } from "../tokens/time-left.ts";
import { isUseSeen } from "../tokens/token-facts.ts";

/** How long the predecessor keeps working. `until-expiry`: as long as without the rotation. */
export type Overlap = { kind: "for"; seconds: number } | { kind: "until-expiry" } | { kind: "none" };

export interface RotationPlan {
	overlap: Overlap;
	/** The overlap ends early once the predecessor was not used for this time; null: only at its deadline. */
	quietSeconds: number | null;
	/** `same`: the same lifetime as the predecessor. */
	expiry: ExpiryChoice | "same";
}

/** The limits of an overlap. */
export interface Limits {
	token: Pick<TokenRecord, "expiry" | "retiresDate" | "creationDate" | "issuer">;
	/** By policy. */
	maximumOverlapSeconds: number;
}

const minute = 60;
const hour = 60 * minute;
const day = 24 * hour;

const usualOverlaps = [hour, day, 3 * day, 7 * day, 30 * day];
const usualQuiet = [15 * minute, hour, day, 3 * day];

/** For the difference to the daemon's clock, so that an overlap until the expiry does not exceed it. */
const marginSeconds = 5;

/** Even `none` needs an overlap until all lines are replaced, so that a failure can be undone in that time. */
const bridgeSeconds = day;

/** Shortest first. `none` is always among them; for a token that no longer works it is the only one. */
export function overlapChoices(limits: Limits, now: Date): Overlap[] {
	const left = secondsLeft(limits, now);
	const most = Math.min(limits.maximumOverlapSeconds, left);
	if (most <= 0) return [{ kind: "none" }];
	const usual = usualOverlaps.filter((seconds) => seconds <= most);
	const longest =
		left <= limits.maximumOverlapSeconds || usual.includes(most) ? [] : [limits.maximumOverlapSeconds];
	return [
		...[...usual, ...longest].map((seconds): Overlap => ({ kind: "for", seconds })),
		...(left <= limits.maximumOverlapSeconds ? [{ kind: "until-expiry" } as const] : []),
		{ kind: "none" },
	];
}

/** A day if possible, else the longest choice. */
export function usualOverlap(choices: readonly Overlap[]): Overlap {
	const oneDay = choices.find((choice) => choice.kind === "for" && choice.seconds === day);
	return oneDay ?? choices.findLast(({ kind }) => kind !== "none") ?? { kind: "none" };
}

/** In seconds, shorter than the overlap itself. None where uses are unseen: the deadline alone ends the overlap there. */
export function quietChoices(overlap: Overlap, limits: Limits, now: Date): number[] {
	if (!isUseSeen(limits.token)) return [];
	const seconds = overlapSeconds(overlap, limits, now);
	return usualQuiet.filter((quiet) => quiet < seconds);
}

/** The latest end of the predecessor; undefined: at once. */
export function overlapEnd(overlap: Overlap, limits: Limits, now: Date): Date | undefined {
	const seconds = overlapSeconds(overlap, limits, now);
	return seconds === 0 ? undefined : new Date(now.getTime() + seconds * 1000);
}

/** The expiry of a successor with the same lifetime; null: never. Computed as the daemon does. */
export function sameExpiry(
	token: Pick<TokenRecord, "expiry" | "creationDate">,
	rules: ExpiryRules,
	now: Date,
): Date | null {
	const latest = latestExpiry(rules, now);
	if (token.expiry === null && rules.never) return null;
	const same = sameLifetime(token, rules, now);
	return latest !== undefined && (same === null || latest < same) ? latest : same;
}

function sameLifetime(
	token: Pick<TokenRecord, "expiry" | "creationDate">,
	rules: ExpiryRules,
	now: Date,
): Date | null {
	if (token.expiry !== null)
		return new Date(now.getTime() + Date.parse(token.expiry) - Date.parse(token.creationDate));
	return rules.default === null ? null : addDuration(now, rules.default);
}

/** For the daemon. `none` becomes a short overlap, which is ended when all lines are replaced. */
export function requestFor(plan: RotationPlan, limits: Limits, now: Date): RotateTokenRequest {
	const { overlap, quietSeconds, expiry } = plan;
	const bridge = Math.min(bridgeSeconds, limits.maximumOverlapSeconds, secondsLeft(limits, now));
	const seconds = overlap.kind === "none" ? Math.max(0, bridge) : overlapSeconds(overlap, limits, now);
	return {
		overlapSeconds: seconds,
		...(quietSeconds !== null && overlap.kind !== "none" && { quietSeconds }),
		...(expiry !== "same" && { expiry: expiryInstant(expiry, now) }),
	};
}

/** The label, and what it means. */
export function overlapInWords(overlap: Overlap, limits: Limits, now: Date): [short: string, long: string] {
	const end = overlapEnd(overlap, limits, now);
	if (overlap.kind === "none" || end === undefined)
		return [
			l10n.t({ message: "None", comment: ["An overlap"] }),
			l10n.t("the old secret is refused as soon as all lines are replaced"),
		];
	const until = l10n.t("until {0}", dateInWords(end));
	if (overlap.kind === "for") return [secondsInWords(overlap.seconds), until];
	return [l10n.t("As long as it would have worked"), until];
}

export function quietInWords(quietSeconds: number | null): string {
	if (quietSeconds === null) return l10n.t("At its deadline");
	return l10n.t("Earlier, when the old secret was not used for {0}", secondsInWords(quietSeconds));
}

/** `15 minutes`, `3 days`. */
function secondsInWords(seconds: number): string {
	if (seconds % day === 0) return amountInWords(seconds / day, "day");
	if (seconds % hour === 0) return amountInWords(seconds / hour, "hour");
	return amountInWords(Math.round(seconds / minute), "minute");
}

function overlapSeconds(overlap: Overlap, limits: Limits, now: Date): number {
	const most = Math.max(0, Math.min(limits.maximumOverlapSeconds, secondsLeft(limits, now)));
	if (overlap.kind === "none") return 0;
	return overlap.kind === "until-expiry" ? most : Math.min(overlap.seconds, most);
}

function secondsLeft({ token }: Limits, now: Date): number {
	return Math.floor((endOf(token) - now.getTime()) / 1000) - marginSeconds;
}
