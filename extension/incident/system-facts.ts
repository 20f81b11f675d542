/** What happened to the tokens of connected systems in an incident, in words for its report. Knows no VS Code. */
import * as l10n from "@vscode/l10n";
import type { TokenRecord } from "../../daemon/contract.ts";
import { amountInWords } from "../language.ts";
import { escaped, inCode, table } from "./markdown.ts";

/**
 * `dead`, `unconfirmed`, `accepted`, `untested`: revoked, and what the system says of the secret since. `refused`: by the
 * system, or on its behalf. `not-reached`: there was no call, or no answer. `by-hand`: on the system's pages.
 */
type SystemFate = "dead" | "unconfirmed" | "accepted" | "untested" | "refused" | "not-reached" | "by-hand";

export interface SystemFacts {
	token: TokenRecord;
	/** The name of the connection. */
	system: string;
	fate: SystemFate;
	/** Why it is not revoked. */
	why?: string;
	/** How long the system may accept a revoked secret. */
	lagSeconds: number;
	/** The page on which the user revokes it. */
	page?: string;
	/** undefined: none was requested. Without a record: none was created, and why. */
	successor?: Successor | { why: string };
}

interface Successor {
	record: TokenRecord;
	isStored: boolean;
	/** What the system decided otherwise than requested, a sentence each. */
	deviations?: readonly string[];
}

export function isRevoked({ fate }: Pick<SystemFacts, "fate">): boolean {
	return fate !== "refused" && fate !== "not-reached" && fate !== "by-hand";
}

/** Revoked, and its system has not said that it refuses the secret. */
export function isUnconfirmed({ fate }: Pick<SystemFacts, "fate">): boolean {
	return fate === "unconfirmed" || fate === "accepted";
}

export function successorAt({ successor }: SystemFacts): Successor | undefined {
	return successor !== undefined && "record" in successor ? successor : undefined;
}

/** A section of the report. */
export function systemParts(systems: readonly SystemFacts[]): string[] {
	if (systems.length === 0) return [];
	const rows = systems.map((one) => [
		escaped(one.token.name),
		inCode(one.token.partialToken),
		escaped(one.system),
		fateInWords(one),
		successorInWords(one),
	]);
	return [
		`## ${l10n.t("Connected systems")}`,
		table(
			[l10n.t("Token"), l10n.t("Secret"), l10n.t("System"), l10n.t("What happened"), l10n.t("Successor")],
			rows,
		),
		...(systems.some(isUnconfirmed)
			? [
					l10n.t(
						"Tokensmith keeps asking the systems about the secrets that are not yet confirmed dead, for a day. Until then, these tokens are marked as not confirmed in the list of tokens.",
					),
				]
			: []),
	];
}

function fateInWords(facts: SystemFacts): string {
	const { fate, why = "" } = facts;
	if (fate === "dead") return l10n.t("revoked, and confirmed dead");
	if (fate === "unconfirmed") return unconfirmedInWords(facts);
	if (fate === "accepted") return `**${l10n.t("revoked, but the system still accepts its secret")}**`;
	if (fate === "untested") return l10n.t("revoked; its secret could not be tested");
	if (fate === "refused") return `**${l10n.t("refused, so it still works:")}** ${escaped(why)}`;
	if (fate === "not-reached") return `**${l10n.t("not reached, so it may still work:")}** ${escaped(why)}`;
	return `**${l10n.t("still works: revoke it on the system's pages")}**`;
}

function unconfirmedInWords({ lagSeconds }: SystemFacts): string {
	if (lagSeconds === 0) return l10n.t("revoked, not yet confirmed dead");
	const lag = amountInWords(Math.ceil(lagSeconds / 60), "minute");
	return l10n.t("revoked, not yet confirmed dead: the system may accept its secret for {0}", lag);
}

function successorInWords({ successor }: SystemFacts): string {
	if (successor === undefined) return l10n.t("none");
	if (!("record" in successor)) return `**${l10n.t("none:")}** ${escaped(successor.why)}`;
	const { record, deviations = [] } = successor;
	const told = deviations.map((field) => `**${l10n.t("Not as requested: {0}", escaped(field))}**`);
	return [inCode(record.partialToken), ...told].join("; ");
}

/** What remains to be done at the systems. */
export function systemSteps(systems: readonly SystemFacts[]): string[] {
	return systems.flatMap((facts) => [...stepFor(facts), ...stepForSuccessor(facts)]);
}

function stepFor(facts: SystemFacts): string[] {
	const { fate, page } = facts;
	const named = `${escaped(facts.token.name)} ${inCode(facts.token.partialToken)}`;
	const system = escaped(facts.system);
	if (fate === "dead" || fate === "untested") return [];
	if (isUnconfirmed(facts))
		return [l10n.t("Check that {0} refuses {1}: run Check Token at Its System.", system, named)];
	if (fate !== "by-hand") return [l10n.t("Revoke {0} at {1}: run Revoke Token.", named, system)];
	const url = page === undefined ? null : URL.parse(page);
	if (url?.protocol !== "https:") return [l10n.t("Revoke {0} on the pages of {1}.", named, system)];
	return [l10n.t("Revoke {0} on the pages of {1}: {2}", named, system, `<${url.href}>`)];
}

function stepForSuccessor({ token, successor }: SystemFacts): string[] {
	if (successor === undefined) return [];
	if ("record" in successor) {
		const { record, deviations = [] } = successor;
		if (deviations.length === 0) return [];
		const named = `${escaped(record.name)} ${inCode(record.partialToken)}`;
		return [l10n.t("Check what {0} may do: it is not as requested.", named)];
	}
	return [l10n.t("Create another token in place of {0}, if it is needed.", escaped(token.name))];
}
