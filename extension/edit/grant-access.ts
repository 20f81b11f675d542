/** The command that grants a resource to tokens and withdraws it from others: an integration or a channel with its tokens. */
import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import { isEmpty } from "../../daemon/client/prove-server.ts";
import type { Profile, TokenRecord } from "../../daemon/contract.ts";
import type { CommandTable } from "../command.ts";
import { kindOf, parseResource, resourcesByKind } from "../create/resource-input.ts";
import { explanation } from "../create/resource-step.ts";
import { labelText, quoted } from "../display-text.ts";
import type { Services } from "../services.ts";
import {
	connect,
	currentFirst,
	serverNameOf,
	type TokenChoiceDeps,
	tokenRow,
} from "../tokens/token-choice.ts";
import type { Prompts, Row } from "../wizard/prompts.ts";
import { back, type Step } from "../wizard/walk.ts";
import { runWizard, summaryStep } from "../wizard/wizard.ts";
import { profileOf, ruleAgainst } from "./editable.ts";
import { changeGrants, type Grants } from "./grant-action.ts";
import { changeMany } from "./many-results.ts";

type GrantDeps = Pick<Services, "connections" | "daemon" | "live" | "bindings" | "log">;
type ChangeDeps = Pick<GrantDeps, "connections" | "daemon" | "log">;

interface GrantDraft {
	resource?: string;
	/** The tokens that are to have the resource. */
	holders?: readonly TokenRecord[];
}

export const grantCommands: CommandTable<TokenChoiceDeps & GrantDeps> = {
	grantAccess: {
		failed: () => l10n.t("The access was not changed."),
		run: ({ services }) => grantInteractively(services),
	},
};

async function grantInteractively(services: GrantDeps): Promise<void> {
	await connect(services.live);
	const steps = (prompts: Prompts) => [
		resourceStep(prompts, services),
		holdersStep(prompts, services),
		grantSummary(prompts, services),
	];
	const draft = await runWizard<GrantDraft>(steps, {}, { title: l10n.t("Grant Access") });
	await changeAccess(services, grantsOf(services, draft), "undoable");
}

/** Says what was done, and offers to undo it, which is the same the other way round. */
export async function changeAccess(
	services: ChangeDeps,
	grants: Grants,
	as: "undoable" | "undo",
): Promise<void> {
	const { resource, grantTo, withdrawFrom } = grants;
	const count = grantTo.length + withdrawFrom.length;
	if (count === 0) return;
	const before = { resource, grantTo: withdrawFrom, withdrawFrom: grantTo };
	await changeMany(services, {
		title: l10n.t("Changing the access to {0}", quoted(resource)),
		count,
		run: (options) => changeGrants(services, grants, options),
		done: () => doneInWords(grants),
		...(as === "undoable" && { undo: () => changeAccess(services, before, "undo") }),
	});
}

type Rules = Pick<Services, "connections" | "live">;

/** Tokens that still work or can be enabled, and that may have such a resource. */
function candidates(rules: Rules, resource: string): TokenRecord[] {
	return rules.live.tokens
		.filter((token) => {
			const profile = profileOf(token, rules);
			const isAlive = token.status !== "revoked" && token.status !== "expired";
			if (!isAlive || !rules.connections.may("write", token)) return false;
			if (ruleAgainst("resources", token, profile) !== undefined) return false;
			if (token.resources.includes(resource)) return true;
			const granted = { ...token, resources: [...token.resources, resource] };
			return knows(profile, resource) && isEmpty(rules.connections.excessOf(granted));
		})
		.toSorted(currentFirst);
}

function knows(profile: Profile | undefined, resource: string): boolean {
	const kinds = profile?.resources.kinds ?? [];
	return kinds === "any" || kinds.includes(kindOf(resource));
}

function grantsOf(rules: Rules, { resource = "", holders = [] }: GrantDraft) {
	const meant = new Set(holders.map(({ id }) => id));
	const known = candidates(rules, resource);
	return {
		resource,
		grantTo: known.filter(({ id, resources }) => meant.has(id) && !resources.includes(resource)),
		withdrawFrom: known.filter(({ id, resources }) => !meant.has(id) && resources.includes(resource)),
	};
}

function resourceStep(prompts: Prompts, { live }: Pick<Services, "live">): Step<GrantDraft> {
	return {
		id: "resource",
		subject: l10n.t("Resource"),
		kind: "numbered",
		isAnswered: ({ resource }) => resource !== undefined,
		async ask(draft, place) {
			const named = live.profiles.flatMap(({ resources }) =>
				resources.kinds === "any" ? [] : resources.kinds,
			);
			const rows = knownRows(live.tokens);
			const what = explanation("any", l10n.t("Type one and press Enter to choose its tokens."));
			const answer = await prompts.one<string>(place, {
				placeholder: l10n.t(
					"Which integration, channel or other resource? Choose one or type kind/identifier.",
				),
				rows: rows.length > 0 ? rows : [what],
				rowsFor: (text) => typedRows(text, [...new Set(named)]),
				isActive: (resource) => resource === draft.resource,
			});
			if (answer === back) return back;
			return answer === draft.resource ? draft : { resource: answer };
		},
	};
}

function knownRows(tokens: readonly TokenRecord[]): Row<string>[] {
	const alive = tokens.filter(({ status }) => status !== "revoked" && status !== "expired");
	const holders = (resource: string) => alive.filter(({ resources }) => resources.includes(resource)).length;
	const byKind = resourcesByKind(
		alive.flatMap(({ resources }) => resources),
		"any",
	);
	return [...byKind].flatMap(([kind, resources]): Row<string>[] => [
		{ label: kind, kind: vscode.QuickPickItemKind.Separator },
		...resources.map((value) => ({
			label: labelText(value),
			description: countInWords(holders(value)),
			value,
		})),
	]);
}

/** Without a kind, each kind that a profile names is possible. */
function typedRows(text: string, named: readonly string[]): Row<string>[] {
	const read = parseResource(text, text.includes("/") || named.length === 0 ? "any" : [...named]);
	if (!read.ok) return [{ label: `$(error) ${labelText(text)}`, detail: read.problem, alwaysShow: true }];
	return read.resources.map((value) => ({
		label: labelText(value),
		description: l10n.t("as typed"),
		value,
		alwaysShow: true,
	}));
}

function holdersStep(prompts: Prompts, { bindings, ...rules }: GrantDeps): Step<GrantDraft> {
	return {
		id: "holders",
		subject: l10n.t("Tokens"),
		kind: "numbered",
		isAnswered: ({ holders }) => holders !== undefined,
		async ask(draft, place) {
			const { resource = "" } = draft;
			const known = candidates(rules, resource);
			const chosen = draft.holders ?? known.filter(({ resources }) => resources.includes(resource));
			const picked = new Set(chosen.map(({ id }) => id));
			const none = { label: l10n.t("$(info) No token can be granted this.") };
			const answer = await prompts.many<TokenRecord>(place, {
				placeholder: l10n.t("Which tokens may use {0}?", resource),
				rows:
					known.length === 0
						? [none]
						: known.map((token) => {
								const server = serverNameOf(rules.live, token);
								return { ...tokenRow(token, bindings.linesOf(token.id), { server }), value: token };
							}),
				isPicked: ({ id }) => picked.has(id),
				problem: () => undefined,
			});
			return answer === back ? back : { ...draft, holders: answer };
		},
	};
}

function grantSummary(prompts: Prompts, rules: Rules): Step<GrantDraft> {
	return summaryStep({
		prompts,
		placeholder: l10n.t("Press Enter to change the access, or choose a row to change its answer."),
		done: (draft) => {
			const { grantTo, withdrawFrom } = grantsOf(rules, draft);
			return changesInWords(grantTo.length, withdrawFrom.length);
		},
		rows: (draft) => {
			const { grantTo, withdrawFrom } = grantsOf(rules, draft);
			const row = (icon: string, change: string) => (token: TokenRecord) => ({
				label: `$(${icon}) ${labelText(token.name)}`,
				description: [serverNameOf(rules.live, token), change].filter(Boolean).join(" · "),
				value: "holders",
			});
			return [
				{
					label: l10n.t("$(symbol-namespace) Resource"),
					description: draft.resource ?? "",
					value: "resource",
				},
				...grantTo.map(row("add", l10n.t("is granted the access"))),
				...withdrawFrom.map(row("remove", l10n.t("loses the access at once"))),
			];
		},
	});
}

function changesInWords(granted: number, withdrawn: number): string {
	if (granted + withdrawn === 0) return l10n.t("$(check) Change Nothing");
	if (withdrawn === 0) return l10n.t("$(check) Grant to {0}", countInWords(granted));
	if (granted === 0) return l10n.t("$(check) Withdraw from {0}", countInWords(withdrawn));
	return l10n.t("$(check) Grant to {0}, Withdraw from {1}", granted, withdrawn);
}

function doneInWords({ resource, grantTo, withdrawFrom }: Grants): string {
	const name = quoted(resource);
	if (withdrawFrom.length === 0)
		return l10n.t("Access to {0} was granted to {1}.", name, countInWords(grantTo.length));
	if (grantTo.length === 0)
		return l10n.t("Access to {0} was withdrawn from {1}.", name, countInWords(withdrawFrom.length));
	return l10n.t(
		"Access to {0} was granted to {1} and withdrawn from {2}.",
		name,
		countInWords(grantTo.length),
		countInWords(withdrawFrom.length),
	);
}

function countInWords(count: number): string {
	return count === 1 ? l10n.t("1 token") : l10n.t("{0} tokens", count);
}
