/** The question which permissions a token gets, from a profile's catalogue. */
import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import type { Profile } from "../../daemon/contract.ts";
import { labelText } from "../display-text.ts";
import type { Prompts, Row } from "../wizard/prompts.ts";
import { back, type Step } from "../wizard/walk.ts";
import type { TokenDraft } from "./token-draft.ts";

interface PermissionStepDeps<Draft> {
	prompts: Prompts;
	profile: (draft: Draft) => Promise<Profile>;
	/** Default: always. */
	applies?: (draft: Draft) => boolean;
}

export function permissionStep<Draft extends Pick<TokenDraft, "permissions">>({
	prompts,
	profile,
	applies = () => true,
}: PermissionStepDeps<Draft>): Step<Draft> {
	return {
		id: "permissions",
		subject: l10n.t("Permissions"),
		kind: "numbered",
		applies,
		isAnswered: (draft) => draft.permissions !== undefined,
		async ask(draft, place) {
			const { minimum, catalogue } = (await profile(draft)).permissions;
			const picked = new Set(draft.permissions);
			const answer = await prompts.many<string>(place, {
				placeholder:
					minimum === 0
						? l10n.t("What may the token do?")
						: l10n.t("What may the token do? Choose at least {0}.", minimum),
				rows: permissionRows(catalogue),
				isPicked: (name) => picked.has(name),
				problem: (names) => (names.length < minimum ? tooFew(minimum) : undefined),
			});
			return answer === back ? back : { ...draft, permissions: answer };
		},
	};
}

function tooFew(minimum: number): string {
	return minimum === 1
		? l10n.t("choose at least 1 permission")
		: l10n.t("choose at least {0} permissions", minimum);
}

/** Grouped in the catalogue's order of groups. */
function permissionRows(catalogue: Profile["permissions"]["catalogue"]): Row<string>[] {
	const groups = Map.groupBy(catalogue, ({ group }) => group);
	return [...groups].flatMap(([group, entries]): Row<string>[] => [
		{ label: labelText(group), kind: vscode.QuickPickItemKind.Separator },
		...entries.map(({ name, description }) => ({
			label: labelText(name),
			description: labelText(description),
			value: name,
		})),
	]);
}
