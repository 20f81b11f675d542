/** The summary of a token draft as rows; each names the step that changes it. Knows no VS Code. */
import * as l10n from "@vscode/l10n";
import { addressesInWords } from "../tokens/token-facts.ts";
import { expiryInWords } from "./expiry-input.ts";
import { optionInWords } from "./option-input.ts";
import { optionsOf, questionsOf, systemInWords } from "./system.ts";
import type { TokenDraft } from "./token-draft.ts";

interface SummaryRow {
	icon: string;
	label: string;
	value: string;
	stepId: string;
}

/** The part of a draft that the summary shows. */
export interface SummaryDraft extends TokenDraft {
	/** undefined: SecretStorage only. */
	placement?: SummaryPlacement | undefined;
}

interface SummaryPlacement {
	/** As shown to the user. */
	fileName: string;
	isNewFile: boolean;
	key: string;
	gitignore: "add" | "leave";
	/** The value that is replaced; empty or null: none. */
	expected: string | null;
}

export function summaryRows(draft: SummaryDraft, now: Date): SummaryRow[] {
	const { name = "", expiry } = draft;
	const words = expiry === undefined ? "" : expiryInWords(expiry, now);
	return [
		...systemRows(draft),
		{ icon: "tag", label: l10n.t("Name"), value: name, stepId: "name" },
		...grantRows(draft),
		{ icon: "calendar", label: l10n.t("Expires"), value: words, stepId: "expiry" },
		...ruleRows(draft),
		...optionRows(draft),
		...detailRows(draft),
		...placementRows(draft.placement),
	];
}

function systemRows({ system }: TokenDraft): SummaryRow[] {
	if (system === undefined) return [];
	return [{ icon: "server", label: l10n.t("System"), value: systemInWords(system), stepId: "system" }];
}

/** What the token may do, and on what. */
function grantRows({ system, permissions = [], resources = [] }: TokenDraft): SummaryRow[] {
	const asked = system && questionsOf(system.profile);
	return [
		...(asked?.permissions === "step"
			? [{ icon: "shield", label: l10n.t("Permissions"), value: listed(permissions), stepId: "permissions" }]
			: []),
		...(asked?.resources === "step"
			? [
					{
						icon: "symbol-namespace",
						label: l10n.t("Resources"),
						value: listed(resources),
						stepId: "resources",
					},
				]
			: []),
	];
}

function ruleRows({ system, defaultSource, allowedAddresses = [] }: TokenDraft): SummaryRow[] {
	const asked = system && questionsOf(system.profile);
	return [
		...(asked?.defaultSource === "step"
			? [
					{
						icon: "organization",
						label: l10n.t("Default source"),
						value: defaultSource ?? l10n.t("None"),
						stepId: "default-source",
					},
				]
			: []),
		...(asked?.addresses === "step"
			? [
					{
						icon: "globe",
						label: l10n.t("Allowed addresses"),
						value: addressesInWords(allowedAddresses),
						stepId: "addresses",
					},
				]
			: []),
	];
}

function optionRows({ system, options = {} }: TokenDraft): SummaryRow[] {
	return optionsOf(system).map((option) => ({
		icon: "settings",
		label: option.title,
		value: optionInWords(option, options[option.name] ?? ""),
		stepId: "options",
	}));
}

/** The optional answers that were given; a row to add some if there are none. */
function detailRows({
	system,
	description,
	tags = [],
	resources = [],
	defaultSource,
}: TokenDraft): SummaryRow[] {
	const asked = system && questionsOf(system.profile);
	const given = [
		description ? [l10n.t("Description"), description] : undefined,
		tags.length > 0 ? [l10n.t("Tags"), tags.join(", ")] : undefined,
		asked?.resources === "detail" && resources.length > 0
			? [l10n.t("Resources"), resources.join(", ")]
			: undefined,
		asked?.defaultSource === "detail" && defaultSource
			? [l10n.t("Default source"), defaultSource]
			: undefined,
	].filter((row) => row !== undefined);
	const rows = given.length > 0 ? given : [[l10n.t("Details"), l10n.t("None")]];
	return rows.map(([label = "", value = ""]) => ({ icon: "note", label, value, stepId: "details" }));
}

function listed(values: readonly string[]): string {
	return values.join(", ") || l10n.t("None");
}

function placementRows(placement: SummaryPlacement | undefined): SummaryRow[] {
	if (placement === undefined)
		return [
			{
				icon: "lock",
				label: l10n.t("Secret is stored in"),
				value: l10n.t("SecretStorage only"),
				stepId: "file",
			},
		];
	const { fileName, isNewFile, key, gitignore, expected } = placement;
	const goal = isNewFile
		? l10n.t("{0} (a new file) and SecretStorage", fileName)
		: l10n.t("{0} and SecretStorage", fileName);
	return [
		{ icon: "file", label: l10n.t("Secret is stored in"), value: goal, stepId: "file" },
		...(gitignore === "add"
			? [
					{
						icon: "diff-ignored",
						label: l10n.t("Git"),
						value: l10n.t("{0} is added to .gitignore", fileName),
						stepId: "git",
					},
				]
			: []),
		{
			icon: "key",
			label: l10n.t("Key"),
			value: expected ? l10n.t("{0} (replaces its value)", key) : key,
			stepId: "key",
		},
	];
}
