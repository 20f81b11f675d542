/** The summary of a token draft as rows; each names the step that changes it. Knows no VS Code. */
import * as l10n from "@vscode/l10n";
import { addressesInWords } from "../tokens/token-facts.ts";
import { type ExpiryChoice, expiryInWords } from "./expiry-input.ts";

interface SummaryRow {
	icon: string;
	label: string;
	value: string;
	stepId: string;
}

/** The part of a draft that the summary shows. */
export interface SummaryDraft {
	name?: string;
	permissions?: readonly string[];
	expiry?: ExpiryChoice | undefined;
	allowedAddresses?: readonly string[];
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
	const { name = "", permissions = [], expiry, allowedAddresses = [], placement } = draft;
	return [
		{ icon: "tag", label: l10n.t("Name"), value: name, stepId: "name" },
		{
			icon: "shield",
			label: l10n.t("Permissions"),
			value: permissions.join(", ") || l10n.t("None"),
			stepId: "permissions",
		},
		{
			icon: "calendar",
			label: l10n.t("Expires"),
			value: expiry ? expiryInWords(expiry, now) : "",
			stepId: "expiry",
		},
		{
			icon: "globe",
			label: l10n.t("Allowed addresses"),
			value: addressesInWords(allowedAddresses),
			stepId: "addresses",
		},
		...placementRows(placement),
	];
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
