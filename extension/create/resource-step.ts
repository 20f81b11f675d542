/** The question which resources a token is granted: known ones to pick, and any other to type. */
import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import { type Ceiling, excessOf } from "../../daemon/client/prove-server.ts";
import type { Profile } from "../../daemon/contract.ts";
import type { Limited } from "../daemon/live-server.ts";
import { labelText } from "../display-text.ts";
import type { ManyQuestion, Prompts, Row } from "../wizard/prompts.ts";
import { back, type Step } from "../wizard/walk.ts";
import { parseResource, resourcesByKind, tooManyResources } from "./resource-input.ts";
import type { TokenDraft } from "./token-draft.ts";

interface ResourceStepDeps<Draft> {
	prompts: Prompts;
	profile: (draft: Draft) => Promise<Profile>;
	/** Resources that other tokens of the system were granted. */
	knownResources: (draft: Draft) => readonly string[];
	applies: (draft: Draft) => boolean;
}

/** A token can be granted more later, so that none is needed. */
export function resourceStep<Draft extends TokenDraft>(deps: ResourceStepDeps<Draft>): Step<Draft> {
	const { prompts, profile, knownResources, applies } = deps;
	return {
		id: "resources",
		subject: l10n.t("Resources"),
		kind: "numbered",
		applies,
		isAnswered: ({ resources }) => resources !== undefined,
		async ask(draft, place) {
			const rules = await profile(draft);
			const answer = await prompts.many(
				place,
				resourceQuestion(rules, knownResources(draft), draft.resources),
			);
			return answer === back ? back : { ...draft, resources: answer };
		},
	};
}

export function resourceQuestion(
	{ resources: { kinds }, passesOn }: Profile & Limited,
	known: readonly string[],
	chosen: readonly string[] = [],
): ManyQuestion<string> {
	const picked = new Set(chosen);
	const offered = known.filter((one) => isPassedOn(one, passesOn));
	const rows = resourceRows([...offered, ...chosen], kinds);
	return {
		placeholder: placeholderFor(kinds),
		rows:
			rows.length > 0
				? rows
				: [explanation(kinds, l10n.t("Type one and press Enter to add it. Enter without a text goes on."))],
		rowsFor: (text) => typedRows(text, kinds, passesOn),
		isPicked: (one) => picked.has(one),
		problem: (resources) => tooManyResources(resources.length),
	};
}

/** For a list that would be blank. Cannot be chosen. */
export function explanation(kinds: Profile["resources"]["kinds"], detail: string): Row<string> {
	const [kind = "channel"] = kinds === "any" ? ["channel"] : kinds;
	return {
		label: l10n.t("$(info) A resource is what the token may be used on, such as {0}", exampleOf(kind)),
		detail,
	};
}

/** Names that the system's users know. */
const examples: Readonly<Record<string, string>> = {
	integration: "integration/virustotal",
	channel: "channel/soc",
};

function exampleOf(kind: string): string {
	return Object.hasOwn(examples, kind) ? (examples[kind] ?? kind) : `${kind}/…`;
}

function placeholderFor(kinds: Profile["resources"]["kinds"]): string {
	const forms = kinds === "any" ? [l10n.t("kind/identifier")] : kinds.map((kind) => `${kind}/…`);
	return l10n.t("Type what to grant: {0}", forms.join(", "));
}

function resourceRows(resources: readonly string[], kinds: Profile["resources"]["kinds"]): Row<string>[] {
	return [...resourcesByKind(resources, kinds)].flatMap(([kind, ofKind]): Row<string>[] => [
		{ label: kind, kind: vscode.QuickPickItemKind.Separator },
		...ofKind.map((value) => ({ label: labelText(value), value })),
	]);
}

function isPassedOn(one: string, passesOn: Ceiling | undefined): boolean {
	return passesOn === undefined || excessOf({ resources: [one] }, passesOn).resources === undefined;
}

function typedRows(
	text: string,
	kinds: Profile["resources"]["kinds"],
	passesOn: Ceiling | undefined,
): Row<string>[] {
	const read = parseResource(text, kinds);
	if (!read.ok) return [{ label: `$(error) ${labelText(text)}`, detail: read.problem }];
	const resources = read.resources.filter((one) => isPassedOn(one, passesOn));
	if (resources.length === 0) {
		const detail = l10n.t("Your own token of the server can't pass it on: ask an administrator.");
		return [{ label: `$(error) ${labelText(text)}`, detail }];
	}
	return resources.map((value) => ({
		label: labelText(value),
		description: l10n.t("as typed"),
		value,
	}));
}
