/** The last step before a creation: all that was chosen, each row leading back to its step. */
import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import { labelText } from "../display-text.ts";
import { type EnvDraft, placementOf } from "../env/env-steps.ts";
import { nameOf } from "../env/workspace-file.ts";
import { type SummaryDraft, type SummaryRow, summaryRows } from "./summary.ts";
import type { TokenDraft } from "./token-steps.ts";
import { GoTo, type Step } from "./walk.ts";
import type { Prompts, Row } from "./wizard.ts";

/** Everything that is asked before a token is created. */
export type CreationDraft = TokenDraft & EnvDraft;

export function summaryStep(prompts: Prompts): Step<CreationDraft> {
	return {
		id: "summary",
		subject: l10n.t("Summary"),
		kind: "numbered",
		applies: () => true,
		isAnswered: () => false,
		async ask(draft, place) {
			const create = { label: l10n.t("$(check) Create Token"), value: "create", alwaysShow: true };
			const separator = { label: l10n.t("change"), kind: vscode.QuickPickItemKind.Separator };
			const answer = await prompts.one<string>(place, {
				placeholder: l10n.t("Is this right? Enter creates the token, a row changes its answer."),
				rows: [create, separator, ...summaryRows(summaryOf(draft), new Date()).map(rowOf)],
			});
			if (typeof answer !== "string") return answer;
			return answer === "create" ? draft : new GoTo(answer);
		},
	};
}

function rowOf({ label, value, stepId, icon }: SummaryRow): Row<string> {
	return { label: `$(${icon}) ${label}`, description: labelText(value), value: stepId };
}

function summaryOf(draft: CreationDraft): SummaryDraft {
	const placement = placementOf(draft);
	return {
		...draft,
		placement: placement && {
			...placement,
			fileName: nameOf(placement.target.uri),
			isNewFile: placement.target.state === "new",
		},
	};
}
