/** The tokens as the Token Overview shows them, and what has changed of them since it was told last. Knows no VS Code. */
import * as l10n from "@vscode/l10n";
import { endOf, type TokenRecord, type UsageDay } from "../../daemon/contract.ts";
import { plainText } from "../display-text.ts";
import { dateInWords, timeSince, urgencyOf } from "../tokens/time-left.ts";
import { stateInWords } from "../tokens/token-facts.ts";
import type { OverviewToken, UsageCount } from "./overview-message.ts";

interface OverviewFacts {
	now: number;
	warningDays: readonly number[];
	linesOf(id: string): readonly { words: string }[];
}

export function overviewToken(
	token: TokenRecord,
	{ now, warningDays, linesOf }: OverviewFacts,
): OverviewToken {
	const urgency = urgencyOf(token, warningDays, now);
	const end = endOf(token);
	const isEndless = end === Number.POSITIVE_INFINITY;
	const { lastUsedDate } = token;
	return {
		id: token.id,
		name: plainText(token.name),
		urgency,
		state: stateInWords(token, urgency, now),
		end: isEndless ? null : end,
		endWords: isEndless ? l10n.t("Never") : dateInWords(end),
		lastUsed: lastUsedDate === null ? null : Date.parse(lastUsedDate),
		lastUsedWords: lastUsedDate === null ? l10n.t("Never") : timeSince(lastUsedDate, now),
		uses: token.useCount,
		permissions: plainText(token.permissions.join(", ")),
		lines: linesOf(token.id).map(({ words }) => plainText(words)),
	};
}

export function usageCounts(days: readonly UsageDay[]): UsageCount[] {
	return days.map(({ day, verifications, refusals }) => ({
		day,
		accepted: verifications,
		refused: Object.values(refusals).reduce((sum, count) => sum + count, 0),
	}));
}

/** What a page has been told, so that only the rest has to be. */
export class ToldTokens {
	#told = new Map<string, string>();

	/** The page knows nothing any more. */
	forget(): void {
		this.#told.clear();
	}

	changesTo(tokens: readonly OverviewToken[]): { changed: OverviewToken[]; removed: string[] } {
		const now = new Map(tokens.map((token) => [token.id, JSON.stringify(token)]));
		const changed = tokens.filter(({ id }) => now.get(id) !== this.#told.get(id));
		const removed = [...this.#told.keys()].filter((id) => !now.has(id));
		this.#told = now;
		return { changed, removed };
	}
}
