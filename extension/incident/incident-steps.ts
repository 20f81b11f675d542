/** The wizard steps of an incident: what to revoke, why, and what replaces it, up to a typed confirmation. */
import * as l10n from "@vscode/l10n";
import type { TokenRecord } from "../../daemon/contract.ts";
import { serverOf } from "../daemon/qualified-ids.ts";
import { workingRelativesOf } from "../tokens/lineage.ts";
import { tokenRow } from "../tokens/token-choice.ts";
import { countInWords, isNoted, lastUse } from "../tokens/token-facts.ts";
import type { Prompts, Read, Row } from "../wizard/prompts.ts";
import { back, type Step } from "../wizard/walk.ts";
import { confirmationOf } from "./incident-scope.ts";

/** `lines`: successors, whose secrets replace the revoked ones. `storage`: successors, stored in SecretStorage only. */
export type Replacing = "lines" | "storage" | "none";

export interface IncidentDraft {
	scope?: "all" | "some";
	ids?: readonly string[];
	/** Other tokens of their lineages that are revoked too. */
	relativeIds?: readonly string[];
	reason?: string;
	replacing?: Replacing;
}

interface IncidentStepsDeps {
	prompts: Prompts;
	/** All tokens that are not revoked. */
	tokens: readonly TokenRecord[];
	/** The lines that hold the token's secret. */
	linesOf(id: string): readonly { readonly words: string }[];
	/** The name of the server that has the token; undefined: this machine. */
	serverOf(id: string): string | undefined;
	now: number;
}

export function idsOf(
	{ scope, ids = [], relativeIds = [] }: IncidentDraft,
	tokens: readonly TokenRecord[],
): readonly string[] {
	return scope === "all" ? ofThisMachine(tokens).map(({ id }) => id) : [...ids, ...relativeIds];
}

function chosenOf(draft: IncidentDraft, tokens: readonly TokenRecord[]): TokenRecord[] {
	const ids = new Set(idsOf(draft, tokens));
	return tokens.filter(({ id }) => ids.has(id));
}

/** Of a shared server, tokens are revoked by name only: others work with them too. */
function ofThisMachine(tokens: readonly TokenRecord[]): readonly TokenRecord[] {
	return tokens.filter(({ id }) => serverOf(id) === undefined);
}

export function incidentSteps(deps: IncidentStepsDeps): Step<IncidentDraft>[] {
	return [
		scopeStep(deps),
		tokensStep(deps),
		relativesStep(deps),
		reasonStep(deps),
		replacingStep(deps),
		confirmStep(deps),
	];
}

function scopeStep({ prompts, tokens }: IncidentStepsDeps): Step<IncidentDraft> {
	return {
		id: "scope",
		subject: l10n.t("Tokens"),
		kind: "numbered",
		isAnswered: ({ scope }) => scope !== undefined,
		async ask(draft, place) {
			const answer = await prompts.one<"all" | "some">(place, {
				placeholder: l10n.t("What may have leaked?"),
				remark: remarkFor(tokens),
				rows: [{ label: l10n.t("$(list-selection) Choose tokens…"), value: "some" }, ...allRows(tokens)],
				isActive: (scope) => scope === draft.scope,
			});
			return answer === back ? back : { ...draft, scope: answer };
		},
	};
}

function remarkFor(tokens: readonly TokenRecord[]): string {
	return tokens.some(isNoted)
		? l10n.t(
				"It is revoked at once, which cannot be undone. A token that only its own system can revoke is marked.",
			)
		: l10n.t("It is revoked at once, which cannot be undone.");
}

function allRows(tokens: readonly TokenRecord[]): Row<"all">[] {
	const { length } = ofThisMachine(tokens);
	if (length === 0) return [];
	const label = l10n.t("$(flame) All: {0}", countInWords(length));
	const every = l10n.t("every token that is not revoked yet");
	const here = l10n.t("every token of this machine that is not revoked yet");
	return [{ label, description: length === tokens.length ? every : here, value: "all" }];
}

function tokensStep(deps: IncidentStepsDeps): Step<IncidentDraft> {
	const { prompts, tokens } = deps;
	return {
		id: "tokens",
		subject: l10n.t("Tokens"),
		kind: "numbered",
		applies: ({ scope }) => scope === "some",
		isAnswered: ({ ids }) => ids !== undefined,
		async ask(draft, place) {
			const picked = new Set(draft.ids);
			const answer = await prompts.many<string>(place, {
				placeholder: l10n.t("Which tokens should be revoked?"),
				rows: tokens.map((token) => rowOf(deps, token)),
				isPicked: (id) => picked.has(id),
				problem: ({ length }) => (length === 0 ? l10n.t("choose at least one") : undefined),
			});
			if (answer === back) return back;
			// The answer about the lineages was for other tokens.
			const { relativeIds: _, ...rest } = draft;
			return { ...rest, ids: answer };
		},
	};
}

/** Secrets of one lineage have most likely leaked together, so the others are picked unless the user removes them. */
function relativesStep(deps: IncidentStepsDeps): Step<IncidentDraft> {
	const { prompts, tokens, now } = deps;
	const relativesOf = ({ ids = [] }: IncidentDraft) => workingRelativesOf(tokens, new Set(ids), now);
	return {
		id: "relatives",
		subject: l10n.t("Lineage"),
		kind: "numbered",
		applies: (draft) => draft.scope === "some" && relativesOf(draft).length > 0,
		isAnswered: ({ relativeIds }) => relativeIds !== undefined,
		async ask(draft, place) {
			const picked = draft.relativeIds && new Set(draft.relativeIds);
			const answer = await prompts.many<string>(place, {
				placeholder: l10n.t("Which of them should be revoked too?"),
				remark: l10n.t("These tokens of the same lineage still work."),
				rows: relativesOf(draft).map((token) => rowOf(deps, token)),
				isPicked: (id) => picked?.has(id) ?? true,
				problem: () => undefined,
			});
			return answer === back ? back : { ...draft, relativeIds: answer };
		},
	};
}

function rowOf({ linesOf, serverOf, now }: IncidentStepsDeps, token: TokenRecord): Row<string> {
	const more = l10n.t("last used: {0}", lastUse(token, now));
	return { ...tokenRow(token, linesOf(token.id), { more, server: serverOf(token.id) }), value: token.id };
}

function countLines({ linesOf }: IncidentStepsDeps, tokens: readonly TokenRecord[]): number {
	return tokens.flatMap(({ id }) => linesOf(id)).length;
}

function reasonStep({ prompts }: IncidentStepsDeps): Step<IncidentDraft> {
	return {
		id: "reason",
		subject: l10n.t("Reason"),
		kind: "numbered",
		isAnswered: ({ reason }) => reason !== undefined,
		async ask(draft, place) {
			const answer = await prompts.text(place, {
				prompt: l10n.t(
					"What happened? The reason appears in the report, in the audit and with each token. Do not enter a secret.",
				),
				placeholder: l10n.t(".env was pushed to a public repository"),
				text: draft.reason,
				read: readReason,
			});
			return answer === back ? back : { ...draft, reason: answer };
		},
	};
}

function readReason(text: string): Read<string> {
	const value = text.trim();
	if (value === "") return { ok: false, problem: l10n.t("Enter a reason.") };
	if (value.length > 500) return { ok: false, problem: l10n.t("At most 500 characters.") };
	// The report is shared, so it must not contain a secret.
	if (/[a-z][a-z0-9]{1,9}_[0-9A-Za-z]{38}/.test(value))
		return { ok: false, problem: l10n.t("This contains a secret. Remove it.") };
	return { ok: true, value };
}

function replacingStep(deps: IncidentStepsDeps): Step<IncidentDraft> {
	const { prompts, tokens } = deps;
	const replaceable = (draft: IncidentDraft) => chosenOf(draft, tokens).filter((token) => !isNoted(token));
	return {
		id: "replacing",
		subject: l10n.t("Successors"),
		kind: "numbered",
		applies: (draft) => replaceable(draft).length > 0,
		isAnswered: ({ replacing }) => replacing !== undefined,
		async ask(draft, place) {
			const lines = countLines(deps, replaceable(draft));
			const answer = await prompts.one<Replacing>(place, {
				placeholder: l10n.t("What should replace the revoked tokens that still worked?"),
				rows: [
					{
						label: l10n.t("$(replace-all) Successors, in the same lines"),
						description: lines === 1 ? l10n.t("1 line") : l10n.t("{0} lines", lines),
						value: "lines",
					},
					{
						label: l10n.t("$(lock) Successors, in SecretStorage only"),
						description: l10n.t("env files keep the revoked secrets"),
						value: "storage",
					},
					{ label: l10n.t("$(circle-slash) Nothing"), value: "none" },
				],
				isActive: (replacing) => replacing === draft.replacing,
			});
			return answer === back ? back : { ...draft, replacing: answer };
		},
	};
}

function confirmStep(deps: IncidentStepsDeps): Step<IncidentDraft> {
	const { prompts, tokens } = deps;
	return {
		id: "confirm",
		subject: l10n.t("Confirmation"),
		kind: "numbered",
		async ask(draft, place) {
			const chosen = chosenOf(draft, tokens);
			const { phrase, prompt } = confirmationOf(chosen, countLines(deps, chosen));
			const answer = await prompts.text(place, {
				prompt,
				placeholder: phrase,
				read: (text): Read<true> =>
					text.trim().toLowerCase() === phrase.toLowerCase()
						? { ok: true, value: true }
						: { ok: false, problem: l10n.t("Type {0}, or press Escape to cancel.", phrase) },
			});
			return answer === back ? back : draft;
		},
	};
}
