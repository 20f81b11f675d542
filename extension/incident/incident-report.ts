/**
 * The report of an incident as Markdown: what happened to which token and line, and what remains to be done. It is made
 * to be passed on: no secret is in it, and names that others chose are letters and nothing else. Knows no VS Code.
 */
import * as l10n from "@vscode/l10n";
import type { IncidentReport, TokenRecord } from "../../daemon/contract.ts";
import { plainText } from "../display-text.ts";
import { dateInWords } from "../tokens/time-left.ts";
import { lastUse } from "../tokens/token-facts.ts";

/** `dead`: it holds a revoked secret, and was not to be changed. */
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
	lines: readonly IncidentLine[];
	/** The ids of successors whose secrets could be kept nowhere. */
	notKept: ReadonlySet<string>;
	search: "done" | "restricted";
}

export function incidentMarkdown(facts: IncidentFacts): string {
	const { report } = facts;
	const now = Date.parse(report.date);
	return [
		`# ${l10n.t("Incident of {0}", escaped(dateInWords(report.date)))}`,
		`${l10n.t("Reason: {0}", escaped(report.reason))}  \n${l10n.t("Number: {0}", `\`${report.id}\``)}`,
		`## ${l10n.t("What happened")}`,
		happened(report),
		table(
			[l10n.t("Token"), l10n.t("Secret"), l10n.t("Last used"), l10n.t("Used in the last hour")],
			report.revoked.map(({ token, usedInLastHour }) => [
				escaped(token.name),
				escaped(token.partialToken),
				escaped(lastUse(token, now)),
				usedInLastHour ? `**${l10n.t("yes")}**` : l10n.t("no"),
			]),
		),
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

function happened({ revoked, successors }: IncidentFacts["report"]): string {
	const dead =
		revoked.length === 1
			? l10n.t("1 token was revoked. Whatever uses it is refused.")
			: l10n.t("{0} tokens were revoked. Whatever uses them is refused.", revoked.length);
	if (successors.length === 0) return dead;
	const made =
		successors.length === 1
			? l10n.t("1 successor was created with the same settings.")
			: l10n.t("{0} successors were created with the same settings.", successors.length);
	return `${dead} ${made}`;
}

function successorParts({ report: { successors }, notKept }: IncidentFacts): string[] {
	if (successors.length === 0) return [];
	const rows = successors.map(({ id, name, partialToken, expiry }) => [
		escaped(name),
		escaped(partialToken),
		expiry === null ? l10n.t("never") : escaped(dateInWords(expiry)),
		notKept.has(id) ? `**${l10n.t("kept nowhere")}**` : l10n.t("in SecretStorage"),
	]);
	return [
		`## ${l10n.t("Successors")}`,
		table([l10n.t("Token"), l10n.t("Secret"), l10n.t("Expires"), l10n.t("Kept")], rows),
	];
}

function lineParts({ report, lines, search }: IncidentFacts): string[] {
	const heading = `## ${l10n.t("Lines of env files")}`;
	if (search === "restricted")
		return [heading, l10n.t("Env files were not searched: the workspace is in Restricted Mode.")];
	if (lines.length === 0)
		return [heading, l10n.t("No env file of the workspace held the secret of a revoked token.")];
	const names = new Map(report.revoked.map(({ token }) => [token.id, token.name]));
	const rows = lines.map(({ tokenId, words, fate, why }) => [
		escaped(words),
		escaped(names.get(tokenId) ?? ""),
		why === undefined ? fateInWords[fate]() : `${fateInWords[fate]()}: ${escaped(why)}`,
	]);
	return [heading, table([l10n.t("Line"), l10n.t("Token"), l10n.t("Now")], rows)];
}

const fateInWords: Record<LineFate, () => string> = {
	replaced: () => l10n.t("holds the successor's secret"),
	unsaved: () =>
		l10n.t("holds the successor's secret in its editor; the disk has the dead one until it is saved"),
	"not-saved": () =>
		l10n.t("could not be saved: its editor has the successor's secret, the disk the dead one"),
	refused: () => l10n.t("**holds the dead secret**"),
	dead: () => l10n.t("**holds the dead secret**"),
};

function remainingSteps({ report, lines, notKept }: IncidentFacts): string[] {
	const dead = lines.filter(({ fate }) => fate !== "replaced");
	const lost = report.successors.filter(({ id }) => notKept.has(id));
	return [
		...dead.map(({ words }) => l10n.t("Mend {0}.", escaped(words))),
		...lost.map(({ name }) =>
			l10n.t("Rotate the successor of {0}: its secret was kept nowhere.", escaped(name)),
		),
		...(lines.some(({ fate }) => fate === "replaced")
			? [l10n.t("Restart what was started with an old secret: terminals, debugging, services, containers.")]
			: []),
		...report.nextSteps.map(escaped),
	];
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
	const row = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
	return [row(head), row(head.map(() => "---")), ...rows.map(row)].join("\n");
}

/** As letters: nothing of it is a link, a picture, a heading or a cell. */
export function escaped(text: string): string {
	return plainText(text)
		.replace(/[\r\n\u2028\u2029]+/g, " ")
		.replace(/[\\`*_{}[\]<>()#+!|~&]/g, "\\$&");
}
