/** What a workspace must be trusted for before it starts. */
import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";

/** Says `text` with a way to trust in Restricted Mode. @throws CancellationError there */
export async function requireTrust(text: string): Promise<void> {
	if (vscode.workspace.isTrusted) return;
	const manage = l10n.t("Manage Workspace Trust");
	const chosen = await vscode.window.showWarningMessage(text, manage);
	if (chosen === manage) await vscode.commands.executeCommand("workbench.trust.manage");
	throw new vscode.CancellationError();
}
