/** Commands that pass secrets to programs without writing a file. */
import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import type { CommandTable } from "../command.ts";
import { labelText, quoted } from "../display-text.ts";
import { showInformation } from "../notification.ts";
import type { Services } from "../services.ts";
import { lineageOf } from "../tokens/lineage.ts";
import { dateInWords } from "../tokens/time-left.ts";
import { chooseToken } from "../tokens/token-choice.ts";
import { openTerminal, type TerminalDeps } from "./open-terminal.ts";

export const launchCommands: CommandTable<TerminalDeps & Pick<Services, "debugging" | "consents">> = {
	openTerminal: {
		failed: () => l10n.t("The terminal was not opened."),
		run: openTerminal,
	},
	secretForDebug: {
		failed: () => l10n.t("Debugging was not started."),
		run: ({ services, argument }) =>
			services.debugging.placeholderFor(argument, (title) => chooseToken(services, { title, among: "kept" })),
	},
	withdrawConsents: {
		failed: () => l10n.t("The consents were not withdrawn."),
		run: ({ services }) => withdrawConsents(services),
	},
};

async function withdrawConsents({ consents, live }: Pick<Services, "consents" | "live">): Promise<void> {
	if (consents.all.length === 0) {
		void showInformation(
			l10n.t("No task or debug configuration of this workspace has consent to use a secret."),
		);
		return;
	}
	const names = new Map(live.tokens.map((token) => [lineageOf(live.tokens, token), token.name]));
	const rows = consents.all.map((consent) => ({
		label: labelText(consent.words),
		description: labelText(names.get(consent.lineage) ?? l10n.t("a token that no longer exists")),
		detail: l10n.t("Allowed on {0}", dateInWords(consent.date)),
		picked: true,
		consent,
	}));
	const chosen = await vscode.window.showQuickPick(rows, {
		title: l10n.t("Withdraw Consents for Tasks and Debugging"),
		placeHolder: l10n.t("Which of them should ask again?"),
		canPickMany: true,
		matchOnDescription: true,
	});
	if (chosen === undefined || chosen.length === 0) throw new vscode.CancellationError();
	await consents.withdraw(chosen.map(({ consent }) => consent));
	const [first] = chosen;
	const text =
		chosen.length === 1 && first !== undefined
			? l10n.t("{0} will ask again.", quoted(first.consent.words))
			: l10n.t("{0} tasks and debug configurations will ask again.", chosen.length);
	void showInformation(text);
}
