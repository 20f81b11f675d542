/**
 * Decides which tokens need a notice now: once at each of the set distances before the expiry, and once after it; and
 * words the notice. Knows no VS Code, no files and no clock.
 */
import * as l10n from "@vscode/l10n";
import { endOf, type TokenRecord } from "../../daemon/contract.ts";
import { quoted } from "../display-text.ts";
import { listInWords } from "../language.ts";
import { timeSince, timeUntil } from "../tokens/time-left.ts";

const day = 86_400_000;

/** In days before the expiry. */
type Distance = number | "expired";

/** `key`: the claim to make. `snooze`: the claim of a snooze that is over, if there is one. */
export interface DueNotice {
	readonly token: TokenRecord;
	readonly key: string;
	readonly snooze?: string;
}

interface NoticeFacts {
	now: number;
	/** In days. */
	distances: readonly number[];
	/** The existing claims. */
	claimed: ReadonlySet<string>;
}

/** The soonest to end first. */
export function dueNotices(tokens: readonly TokenRecord[], facts: NoticeFacts): DueNotice[] {
	const snoozes = overdueSnoozes(facts);
	return tokens
		.filter(needsNotice)
		.flatMap((token): DueNotice[] => {
			const key = noticeKey(token, facts);
			const snooze = snoozes.get(token.id);
			if (key !== undefined && !facts.claimed.has(key)) return [{ token, key, ...(snooze && { snooze }) }];
			return snooze === undefined ? [] : [{ token, key: snooze, snooze }];
		})
		.sort((one, other) => endOf(one.token) - endOf(other.token));
}

/** The expiry that a window has seen last, by token. */
export type SeenExpiries = Map<string, string | null>;

/** The user who renews a token for 20 days knows that it ends in 20 days; its last day deserves a notice even then. */
export function isJustRenewed(
	{ id, expiry }: Pick<TokenRecord, "id" | "expiry">,
	seen: SeenExpiries,
	now: number,
): boolean {
	const before = seen.get(id);
	return before !== undefined && before !== expiry && Date.parse(expiry ?? "") - now > day;
}

/** The claim that repeats the notice at `until`. */
export function snoozeKey(id: string, until: number): string {
	return `${id}~snooze~${until}`;
}

/** Once an hour for each token. */
export function deadUseKey(id: string, now: number): string {
	return `${id}~used~${Math.floor(now / 3_600_000)}`;
}

/** Once for each token: an overlap ends only once. */
export function overlapKey(id: string): string {
	return `${id}~overlap`;
}

/** The claims of tokens that need no more notices. */
export function staleClaims(
	claimed: ReadonlySet<string>,
	tokens: readonly TokenRecord[],
	now: number,
): string[] {
	const known = new Map(tokens.map((token) => [token.id, token]));
	return [...claimed].filter((key) => {
		const [id = "", kind, when] = key.split("~");
		const token = known.get(id);
		if (kind === "overlap") return token === undefined;
		if (kind === "used") return token === undefined || Number(when) < Math.floor(now / 3_600_000) - 1;
		return token === undefined || !needsNotice(token);
	});
}

/** When the next notice comes without a snooze: days before the expiry, or when it has expired; undefined: never. */
export function nextDistance(
	token: TokenRecord,
	{ now, distances }: Omit<NoticeFacts, "claimed">,
): Distance | undefined {
	const left = endOf(token) - now;
	if (left <= 0) return undefined;
	return (
		distances.filter((distance) => distance * day < left).sort((one, other) => other - one)[0] ?? "expired"
	);
}

interface NoticeWords {
	text: string;
	tone: "information" | "warning";
}

/** One sentence for all of them. */
export function noticeInWords(due: readonly TokenRecord[], now: number): NoticeWords {
	const [first] = due;
	const isPressing = due.some((token) => endOf(token) - now < 2 * day);
	const tone = isPressing ? "warning" : "information";
	if (due.length === 1 && first !== undefined) return { text: ofOne(first, now), tone };
	const named = due.slice(0, mostNamed).map((token) => `${quoted(token.name)} (${when(token, now)})`);
	const more = due.length - mostNamed;
	if (more === 1) named.push(l10n.t("one more"));
	if (more > 1) named.push(l10n.t("{0} more", more));
	return { text: ofSeveral(due, listInWords(named), now), tone };
}

const mostNamed = 3;

function ofOne(token: TokenRecord, now: number): string {
	const name = quoted(token.name);
	const end = endOf(token);
	return end > now
		? l10n.t("The API token {0} expires {1}.", name, timeUntil(end, now))
		: l10n.t("The API token {0} expired {1}.", name, timeSince(end, now));
}

function ofSeveral(due: readonly TokenRecord[], named: string, now: number): string {
	const expired = due.filter((token) => endOf(token) <= now).length;
	if (expired === 0) return l10n.t("{0} API tokens expire soon: {1}.", due.length, named);
	if (expired === due.length) return l10n.t("{0} API tokens have expired: {1}.", due.length, named);
	return l10n.t("{0} API tokens expire soon or have expired: {1}.", due.length, named);
}

function when(token: TokenRecord, now: number): string {
	const end = endOf(token);
	return end > now ? timeUntil(end, now) : timeSince(end, now);
}

/** A token that was revoked, disabled or rotated on purpose needs no notice. */
function needsNotice({ revokedDate, disabledDate, retiresDate, expiry }: TokenRecord): boolean {
	return revokedDate === null && disabledDate === null && retiresDate === null && expiry !== null;
}

/** The expiry is part of the key, so a token with a new expiry gets a new notice. */
function noticeKey(token: TokenRecord, { now, distances }: NoticeFacts): string | undefined {
	const end = endOf(token);
	const distance = distanceOf(end - now, distances);
	if (distance === undefined) return undefined;
	// The user who creates a token for 30 days knows that it ends in 30 days; its last day deserves a notice even then.
	const created = Date.parse(token.creationDate);
	const isNews = distance === "expired" || created < end - distance * day || end - created <= day;
	return isNews ? `${token.id}~${distance}~${end}` : undefined;
}

function distanceOf(left: number, distances: readonly number[]): Distance | undefined {
	if (left <= 0) return "expired";
	return distances.filter((distance) => left <= distance * day).sort((one, other) => one - other)[0];
}

/** The snoozes that are over, by token. */
function overdueSnoozes({ claimed, now }: NoticeFacts): Map<string, string> {
	const overdue = new Map<string, string>();
	for (const key of claimed) {
		const [id = "", kind, until] = key.split("~");
		if (kind === "snooze" && Number(until) <= now) overdue.set(id, key);
	}
	return overdue;
}
