/**
 * What an incident can do about the chosen tokens: those that are only noted are marked as revoked, and get no successor.
 * Knows no VS Code.
 */
import * as l10n from "@vscode/l10n";
import type { TokenRecord } from "../../daemon/contract.ts";
import { countInWords, isNoted } from "../tokens/token-facts.ts";

interface Confirmation {
	/** To be typed. The count is part of it, so that the user notices how many tokens it is about. */
	phrase: string;
	prompt: string;
}

/** @param lines how many lines contain their secrets. */
export function confirmationOf(tokens: readonly TokenRecord[], lines: number): Confirmation {
	const marked = tokens.filter(isNoted).length;
	const phrase = marked === tokens.length ? l10n.t("mark {0}", marked) : l10n.t("revoke {0}", tokens.length);
	const where = l10n.t("Lines in the env files here that contain them: {0}.", lines);
	return { phrase, prompt: `${effectInWords(phrase, tokens.length - marked, marked)} ${where}` };
}

function effectInWords(phrase: string, ended: number, marked: number): string {
	if (marked === 0)
		return l10n.t("Type {0} to revoke {1} at once. This cannot be undone.", phrase, countInWords(ended));
	if (ended > 0)
		return l10n.t(
			"Type {0} to revoke {1} at once and mark {2} as revoked, which only another system can revoke. This cannot be undone.",
			phrase,
			countInWords(ended),
			countInWords(marked),
		);
	return marked === 1
		? l10n.t("Type {0} to mark 1 token as revoked: only its system can revoke it.", phrase)
		: l10n.t("Type {0} to mark {1} tokens as revoked: only their systems can revoke them.", phrase, marked);
}
