/** A draft of a token as rows for a person to check, each naming the step that can change it. Knows no VS Code. */
import { addressesInWords } from "./allowed-addresses.ts";
import { type ExpiryChoice, expiryInWords } from "./expiry-input.ts";

export interface SummaryRow {
	icon: string;
	label: string;
	value: string;
	stepId: string;
}

/** What the summary needs of a draft; the file is named as people see it. */
export interface SummaryDraft {
	name?: string;
	permissions?: readonly string[];
	expiry?: ExpiryChoice | undefined;
	allowedAddresses?: readonly string[];
	/** undefined: SecretStorage only. */
	placement?: SummaryPlacement | undefined;
}

interface SummaryPlacement {
	/** As people know the file. */
	fileName: string;
	isNewFile: boolean;
	key: string;
	gitignore: "add" | "leave";
	/** Empty or null: there is none that would be replaced. */
	expected: string | null;
}

export function summaryRows(draft: SummaryDraft, now: Date): SummaryRow[] {
	const { name = "", permissions = [], expiry, allowedAddresses = [], placement } = draft;
	return [
		{ icon: "tag", label: "Name", value: name, stepId: "name" },
		{ icon: "shield", label: "Permissions", value: permissions.join(", ") || "None", stepId: "permissions" },
		{ icon: "calendar", label: "Expires", value: expiry ? expiryInWords(expiry, now) : "", stepId: "expiry" },
		{
			icon: "globe",
			label: "Allowed addresses",
			value: addressesInWords(allowedAddresses),
			stepId: "addresses",
		},
		...placementRows(placement),
	];
}

function placementRows(placement: SummaryPlacement | undefined): SummaryRow[] {
	if (placement === undefined)
		return [{ icon: "lock", label: "Secret goes to", value: "SecretStorage only", stepId: "file" }];
	const { fileName, isNewFile, key, gitignore, expected } = placement;
	const file = isNewFile ? `${fileName}, a new file` : fileName;
	return [
		{ icon: "file", label: "Secret goes to", value: `${file}, and SecretStorage`, stepId: "file" },
		...(gitignore === "add"
			? [{ icon: "diff-ignored", label: "Git", value: `${fileName} is added to .gitignore`, stepId: "git" }]
			: []),
		{
			icon: "key",
			label: "Key",
			value: expected ? `${key}, whose value is replaced` : key,
			stepId: "key",
		},
	];
}
