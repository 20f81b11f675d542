/** The tokens as the Token Overview shows them, and their changes since the last message to it. Knows no VS Code. */
import * as l10n from "@vscode/l10n";
import { endOf, type TokenRecord, type UsageDay } from "../../daemon/contract.ts";
import { plainText } from "../display-text.ts";
import type { RowAction } from "../tokens/row-actions.ts";
import { dateInWords, timeSince, urgencyOf } from "../tokens/time-left.ts";
import { isUseSeen, notKnown, permissionsInWords, stateInWords } from "../tokens/token-facts.ts";
import type { OverviewToken, UsageCount } from "./overview-message.ts";

interface OverviewFacts {
	now: number;
	warningDays: readonly number[];
	linesOf(id: string): readonly { words: string }[];
	actionsFor(token: TokenRecord): RowAction[];
	/** The name of the server that has it; empty: this machine. */
	serverOf(id: string): string;
}

export function overviewToken(
	token: TokenRecord,
	{ now, warningDays, linesOf, actionsFor, serverOf }: OverviewFacts,
): OverviewToken {
	const urgency = urgencyOf(token, warningDays, now);
	const end = endOf(token);
	const isEndless = end === Number.POSITIVE_INFINITY;
	const { lastUsedDate } = token;
	return {
		id: token.id,
		name: plainText(token.name),
		server: plainText(serverOf(token.id)),
		urgency,
		state: stateInWords(token, urgency, now),
		end: isEndless ? null : end,
		endWords: isEndless ? endlessInWords(token) : dateInWords(end),
		lastUsed: lastUsedDate === null ? null : Date.parse(lastUsedDate),
		lastUsedWords: lastUseInWords(token, now),
		uses: token.useCount,
		use: isUseSeen(token) ? "seen" : "unseen",
		permissions: plainText(permissionsInWords(token)),
		lines: linesOf(token.id).map(({ words }) => plainText(words)),
		can: actionsFor(token),
	};
}

function endlessInWords(token: TokenRecord): string {
	return token.expiryKnown ? l10n.t("Never") : notKnown();
}

function lastUseInWords(token: TokenRecord, now: number): string {
	if (token.lastUsedDate !== null) return timeSince(token.lastUsedDate, now);
	return isUseSeen(token) ? l10n.t("Never") : notKnown();
}

const ownPauseMilliseconds = 60_000;

/**
 * Which tokens' use is asked for now. To ask a server is a use of this editor's own token there, of which the next event
 * tells: without a pause, each answer would lead to the next question.
 */
export class UsagePace {
	readonly #asked = new Map<string, number>();

	isDue(id: string, { isOwn, now }: { isOwn: boolean; now: number }): boolean {
		if (!isOwn) return true;
		if (now - (this.#asked.get(id) ?? Number.NEGATIVE_INFINITY) < ownPauseMilliseconds) return false;
		this.#asked.set(id, now);
		return true;
	}

	forget(): void {
		this.#asked.clear();
	}
}

export function usageCounts(days: readonly UsageDay[]): UsageCount[] {
	return days.map(({ day, verifications, refusals }) => ({
		day,
		accepted: verifications,
		refused: Object.values(refusals).reduce((sum, count) => sum + count, 0),
	}));
}

/** The tokens as last sent to a page, so that only changes are sent. */
export class SentTokens {
	#sent = new Map<string, string>();

	/** For a new page, which has no tokens yet. */
	forget(): void {
		this.#sent.clear();
	}

	changesTo(tokens: readonly OverviewToken[]): { changed: OverviewToken[]; removed: string[] } {
		const now = new Map(tokens.map((token) => [token.id, JSON.stringify(token)]));
		const changed = tokens.filter(({ id }) => now.get(id) !== this.#sent.get(id));
		const removed = [...this.#sent.keys()].filter((id) => !now.has(id));
		this.#sent = now;
		return { changed, removed };
	}
}
