/**
 * The report of an incident as Markdown: what happened to which token and line, and what remains to be done. It is made
 * to be shared: it contains no secret, and names from other sources are escaped. Knows no VS Code.
 */

import * as l10n from "@vscode/l10n";
import { type IncidentReport, successorsToPlace, type TokenRecord } from "../../daemon/contract.ts";
import { isTokensmith } from "../daemon/qualified-ids.ts";
import { dateInWords } from "../tokens/time-left.ts";
import { isUseSeen, lastUse, notKnown, worksUntil } from "../tokens/token-facts.ts";
import { escaped, inCode, table } from "./markdown.ts";
import { stepInWords } from "./next-steps.ts";
import { type SystemFacts, successorAt, systemParts, systemSteps } from "./system-facts.ts";

/** `dead`: it holds a revoked secret and was not to be changed. */
type LineFate = "replaced" | "unsaved" | "not-saved" | "refused" | "dead";

export interface IncidentLine {
	tokenId: string;
	/** `.env:3 (API_TOKEN)` */
	words: string;
	fate: LineFate;
	/** Why it was not changed. */
	why?: string;
}

export interface IncidentFacts {
	report: Omit<IncidentReport, "successors"> & { successors: readonly TokenRecord[] };
	/** What happened to the tokens of connected systems. */
	systems: readonly SystemFacts[];
	lines: readonly IncidentLine[];
	/** Tokens of the same lineages that still work. */
	stillWorking: readonly TokenRecord[];
	/** The tokens that were to be revoked and were not, and why. */
	left?: { tokens: readonly TokenRecord[]; why: string };
	/** The ids of successors whose secrets could not be stored. */
	notStored: ReadonlySet<string>;
	search: "done" | "restricted";
}

/** The facts with tokens that are named by where they are, too: two authorities may each have one of the name. */
export function namedByPlace(
	facts: IncidentFacts,
	placeOf: (token: TokenRecord) => string | undefined,
): IncidentFacts {
	const named = (token: TokenRecord): TokenRecord => {
		const place = placeOf(token);
		return place === undefined ? token : { ...token, name: `${token.name} (${place})` };
	};
	const { report, stillWorking, left } = facts;
	return {
		...facts,
		report: {
			...report,
			revoked: report.revoked.map((one) => ({ ...one, token: named(one.token) })),
			successors: report.successors.map(named),
		},
		stillWorking: stillWorking.map(named),
		...(left && { left: { ...left, tokens: left.tokens.map(named) } }),
	};
}

export function incidentMarkdown(facts: IncidentFacts): string {
	const { report } = facts;
	const now = Date.parse(report.date);
	return [
		`# ${l10n.t("Incident of {0}", dateInWords(report.date))}`,
		`${l10n.t("Reason: {0}", escaped(report.reason))}  \n${l10n.t("Number: {0}", `\`${report.id}\``)}`,
		...revokedParts(facts, now),
		...leftParts(facts),
		...systemParts(facts.systems),
		...stillWorkingParts(facts),
		...successorParts(facts),
		...lineParts(facts),
		`## ${l10n.t("What remains to be done")}`,
		remainingSteps(facts)
			.map((step) => `- [ ] ${step}`)
			.join("\n"),
	]
		.map((part) => `${part}\n`)
		.join("\n");
}

/** Those that the daemon has revoked: the others are in the section about their systems. */
function revokedParts({ report, systems }: IncidentFacts, now: number): string[] {
	if (report.revoked.length === 0 && systems.length > 0) return [];
	return [
		`## ${l10n.t("What happened")}`,
		happened(report),
		table(
			[l10n.t("Token"), l10n.t("Secret"), l10n.t("Last used"), l10n.t("Used in the last hour")],
			report.revoked.map(({ token, usedInLastHour }) => [
				escaped(token.name),
				inCode(token.partialToken),
				escaped(lastUse(token, now)),
				usedInLastHour ? `**${l10n.t("yes")}**` : isUseSeen(token) ? l10n.t("no") : notKnown(),
			]),
		),
	];
}

function happened({ revoked, successors }: IncidentFacts["report"]): string {
	const marked = revoked.filter(({ token }) => isOnlyMarked(token)).length;
	return [
		...deadInWords(revoked.length - marked),
		...markedInWords(marked),
		...madeInWords(successors.length),
	].join(" ");
}

function deadInWords(count: number): string[] {
	if (count === 0) return [];
	return count === 1
		? [l10n.t("1 token was revoked. Programs that use it are refused.")]
		: [l10n.t("{0} tokens were revoked. Programs that use them are refused.", count)];
}

/** Of those that the daemon revoked itself: a token whose system is not connected, or no longer. Only that can end it. */
export function isOnlyMarked({ issuer }: TokenRecord): boolean {
	return !isTokensmith(issuer);
}

export function markedInWords(count: number): string[] {
	if (count === 0) return [];
	return count === 1
		? [l10n.t("1 token is only marked as revoked: it works until its own system revokes it.")]
		: [
				l10n.t(
					"{0} tokens are only marked as revoked: they work until their own systems revoke them.",
					count,
				),
			];
}

function madeInWords(count: number): string[] {
	if (count === 0) return [];
	return count === 1
		? [l10n.t("1 successor was created with the same settings.")]
		: [l10n.t("{0} successors were created with the same settings.", count)];
}

function leftParts({ left }: IncidentFacts): string[] {
	if (left === undefined) return [];
	const what =
		left.tokens.length === 1
			? l10n.t("1 more token was not revoked and may still work.")
			: l10n.t("{0} more tokens were not revoked and may still work.", left.tokens.length);
	const rows = left.tokens.map(({ name, partialToken }) => `- ${escaped(name)} ${inCode(partialToken)}`);
	return [`**${what}** ${escaped(left.why)}`, rows.join("\n")];
}

function stillWorkingParts({ stillWorking }: IncidentFacts): string[] {
	if (stillWorking.length === 0) return [];
	const rows = stillWorking.map((token) => {
		const named = `${escaped(token.name)} ${inCode(token.partialToken)}`;
		return `- ${l10n.t("Still works: {0}", worksUntil(named, token))}`;
	});
	return [rows.join("\n")];
}

function expiryWords({ expiry, expiryKnown }: TokenRecord): string {
	if (expiry !== null) return dateInWords(expiry);
	return expiryKnown ? l10n.t("never") : notKnown();
}

/** Of both kinds of tokens. */
function successorsOf({ report, systems }: IncidentFacts): TokenRecord[] {
	return [...report.successors, ...systems.flatMap((one) => successorAt(one)?.record ?? [])];
}

function successorParts(facts: IncidentFacts): string[] {
	const successors = successorsOf(facts);
	const { notStored } = facts;
	if (successors.length === 0) return [];
	const rows = successors.map((successor) => [
		escaped(successor.name),
		inCode(successor.partialToken),
		expiryWords(successor),
		notStored.has(successor.id) ? `**${l10n.t("not stored")}**` : l10n.t("in SecretStorage"),
	]);
	return [
		`## ${l10n.t("Successors")}`,
		table([l10n.t("Token"), l10n.t("Secret"), l10n.t("Expires"), l10n.t("Stored")], rows),
	];
}

function lineParts({ report, systems, lines, search }: IncidentFacts): string[] {
	const heading = `## ${l10n.t("Lines of env files")}`;
	if (search === "restricted")
		return [heading, l10n.t("Env files were not searched: the workspace is in Restricted Mode.")];
	if (lines.length === 0)
		return [heading, l10n.t("No env file in the workspace contained the secret of a revoked token.")];
	const ended = [...report.revoked, ...systems].map(({ token }) => token);
	const names = new Map(ended.map(({ id, name }) => [id, name]));
	const rows = lines.map(({ tokenId, words, fate, why }) => [
		inCode(words),
		escaped(names.get(tokenId) ?? ""),
		why === undefined ? fateInWords[fate]() : `${fateInWords[fate]()}: ${escaped(why)}`,
	]);
	return [heading, table([l10n.t("Line"), l10n.t("Token"), l10n.t("Now")], rows)];
}

const fateInWords: Record<LineFate, () => string> = {
	replaced: () => l10n.t("contains the successor's secret"),
	unsaved: () =>
		l10n.t(
			"contains the successor's secret in its editor; the file on disk has the revoked one until it is saved",
		),
	"not-saved": () =>
		l10n.t("could not be saved: its editor has the successor's secret, the file on disk the revoked one"),
	refused: () => l10n.t("**contains the revoked secret**"),
	dead: () => l10n.t("**contains the revoked secret**"),
};

function remainingSteps(facts: IncidentFacts): string[] {
	const { report, lines, notStored, left } = facts;
	const dead = lines.filter(({ fate }) => fate !== "replaced");
	const lost = successorsOf(facts).filter(({ id }) => notStored.has(id));
	return [
		...(left === undefined
			? []
			: [l10n.t("Revoke the tokens that may still work: start another incident with them.")]),
		...systemSteps(facts.systems),
		...dead.map(({ words }) => l10n.t("Fix {0}.", inCode(words))),
		...lost.map(({ name }) =>
			l10n.t("Rotate the successor of {0}: its secret was not stored.", escaped(name)),
		),
		...(lines.some(({ fate }) => fate === "replaced")
			? [
					l10n.t(
						"Restart programs that were started with an old secret: terminals, debugging, services, containers.",
					),
				]
			: []),
		...report.nextSteps
			.filter((step) => step !== successorsToPlace || !haveLines(facts))
			.map((step) => escaped(stepInWords(step))),
	];
}

/** Whether each successor belongs to a line here: lines that do not hold it yet are steps of their own. */
function haveLines(facts: IncidentFacts): boolean {
	const { report, systems, lines } = facts;
	const next = new Map(report.revoked.map(({ token }) => [token.id, token.successorId]));
	for (const one of systems) next.set(one.token.id, successorAt(one)?.record.id ?? null);
	const placed = new Set<string>(lines.map(({ tokenId }) => tokenId));
	// The line of a token that was rotated before belongs to the last token of its lineage.
	for (const id of placed) placed.add(next.get(id) ?? id);
	return successorsOf(facts).every(({ id }) => placed.has(id));
}
