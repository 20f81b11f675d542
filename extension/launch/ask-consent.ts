/** Asks the person, in front of everything else, whether a secret may go into what the workspace starts. */
import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import { type ConsentAnswer, type ConsentQuestion, consentDetail, consentTitle } from "./launch-words.ts";

export async function askConsent(question: ConsentQuestion): Promise<ConsentAnswer> {
	const always = l10n.t("Allow");
	const once = l10n.t("Allow Once");
	const chosen = await vscode.window.showWarningMessage(
		consentTitle(question),
		{ modal: true, detail: consentDetail(question) },
		always,
		once,
	);
	if (chosen === always) return "always";
	return chosen === once ? "once" : "no";
}
