/** The effects of a revocation in sentences: lines, last use, lineage. Knows no VS Code. */
import * as l10n from "@vscode/l10n";
import type { TokenRecord } from "../../daemon/contract.ts";
import { plainText, quoted } from "../display-text.ts";
import { works } from "./lineage.ts";
import { lastUse, worksUntil } from "./token-facts.ts";

/** Where a revocation takes effect: `guided` there, by the user's own hands; `elsewhere` not at all. */
export type Reach = "here" | "at-system" | "guided" | "elsewhere";

/** A token with the lines and the tokens that a revocation affects. */
export interface Impact {
	token: TokenRecord;
	reach: Reach;
	/** The name of the connection of a token of another system. */
	system: string;
	lines: readonly { readonly words: string }[];
	predecessor: TokenRecord | undefined;
	successor: TokenRecord | undefined;
}

/** Whether env files were searched. */
type Search = "done" | "restricted";

/** A longer dialog would hide its buttons. */
const mostListed = 12;

/** @param relatives tokens of the same lineages that are not chosen and still work. */
export function impactInWords(
	impacts: readonly Impact[],
	relatives: readonly TokenRecord[],
	search: Search,
	now: number,
): string {
	const [only] = impacts;
	const parts =
		impacts.length === 1 && only !== undefined
			? [useInWords(only.token, now), ...lineageInWords(only, now)]
			: listed(impacts, now);
	return [
		...effectInWords(impacts),
		...linesInWords(impacts, search),
		...parts,
		...relativesInWords(relatives),
		...reachesInWords(impacts),
	].join("\n\n");
}

/** What is only marked as revoked keeps working, so nothing is said of its programs. */
function effectInWords(impacts: readonly Impact[]): string[] {
	const ending = impacts.filter(isEnding);
	if (ending.length === 0) return [];
	if (impacts.length === 1)
		return [l10n.t("Programs that use it are refused from the next request on. This cannot be undone.")];
	if (ending.length === impacts.length)
		return [l10n.t("Programs that use them are refused from the next request on. This cannot be undone.")];
	return [
		l10n.t(
			"Programs that use {0} are refused from the next request on. This cannot be undone.",
			shortened(ending.map(({ token }) => quoted(token.name))).join(", "),
		),
	];
}

function isEnding({ reach }: Impact): boolean {
	return reach !== "elsewhere";
}

function reachesInWords(impacts: readonly Impact[]): string[] {
	const named = (reach: Reach) =>
		impacts
			.filter((one) => one.reach === reach)
			.map(({ token, system }) => (system === "" ? quoted(token.name) : `${quoted(token.name)} (${system})`))
			.join(", ");
	const [called, guided, elsewhere] = [named("at-system"), named("guided"), named("elsewhere")];
	return [
		...(called === "" ? [] : [l10n.t("Deleted at its system: {0}.", called)]),
		...(guided === "" ? [] : [l10n.t("You delete it at its system, step by step: {0}.", guided)]),
		...(elsewhere === ""
			? []
			: [
					l10n.t(
						"Only its system can revoke it, and it works until then; here it is only marked as revoked: {0}.",
						elsewhere,
					),
				]),
	];
}

function linesInWords(impacts: readonly Impact[], search: Search): string[] {
	const isOne = impacts.length === 1;
	if (search === "restricted")
		return [
			isOne
				? l10n.t("In Restricted Mode, env files were not searched for its secret.")
				: l10n.t("In Restricted Mode, env files were not searched for their secrets."),
		];
	const breaking = impacts.filter(isEnding).flatMap(({ lines }) => lines);
	const kept = impacts.filter((one) => !isEnding(one)).flatMap(({ lines }) => lines);
	if (breaking.length + kept.length === 0)
		return [
			isOne
				? l10n.t("No env file in this workspace contains its secret.")
				: l10n.t("No env file in this workspace contains their secrets."),
		];
	return [
		...listUnder(
			isOne
				? l10n.t("Programs that read its secret from these lines will break:")
				: l10n.t("Programs that read their secrets from these lines will break:"),
			breaking,
		),
		...listUnder(
			isOne
				? l10n.t("These lines contain its secret:")
				: l10n.t("These lines contain secrets that are only marked as revoked:"),
			kept,
		),
	];
}

function listUnder(heading: string, lines: Impact["lines"]): string[] {
	if (lines.length === 0) return [];
	return [[heading, ...shortList(lines.map(({ words }) => plainText(words)))].join("\n")];
}

function useInWords(token: TokenRecord, now: number): string {
	return l10n.t("Last used: {0}.", lastUse(token, now));
}

function listed(impacts: readonly Impact[], now: number): string[] {
	const rows = impacts.map(({ token, lines }) => {
		const use = lastUse(token, now);
		return lines.length === 1
			? l10n.t("{0}: 1 line, last used: {1}", quoted(token.name), use)
			: l10n.t("{0}: {1} lines, last used: {2}", quoted(token.name), lines.length, use);
	});
	return [shortList(rows).join("\n")];
}

function lineageInWords({ token, predecessor, successor }: Impact, now: number): string[] {
	return [
		...(successor !== undefined && works(successor, now)
			? [l10n.t("Its successor keeps working; you can write the successor's secret to the lines first.")]
			: []),
		...(predecessor !== undefined && predecessor.successorId === token.id && works(predecessor, now)
			? [l10n.t("To return to its predecessor, undo the rotation instead.")]
			: []),
	];
}

/** With partial tokens, since tokens of a lineage have the same name. */
function relativesInWords(relatives: readonly TokenRecord[]): string[] {
	if (relatives.length === 0) return [];
	const rows = relatives.map((token) =>
		worksUntil(`${quoted(token.name)} ${plainText(token.partialToken)}`, token),
	);
	return [
		[
			l10n.t("These secrets of the same lineage keep working unless you revoke them too:"),
			...shortList(rows),
		].join("\n"),
	];
}

function shortList(rows: readonly string[]): string[] {
	return shortened(rows).map((row) => `•  ${row}`);
}

function shortened(rows: readonly string[]): string[] {
	const left = rows.length - mostListed;
	return [...rows.slice(0, mostListed), ...(left > 0 ? [l10n.t("and {0} more", left)] : [])];
}
