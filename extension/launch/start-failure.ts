/** Says why a task or debugging did not start, with the way to the file that asked for the tokens. */
import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import { messageText } from "../display-text.ts";
import { report } from "../report.ts";
import { NeedsError } from "./token-needs.ts";

interface Start {
	/** What did not happen, as a sentence. */
	failed: string;
	fileName: "tasks.json" | "launch.json";
	log: vscode.LogOutputChannel;
}

const opens: Record<Start["fileName"], string> = {
	"tasks.json": "workbench.action.tasks.configureTaskRunner",
	"launch.json": "workbench.action.debug.configure",
};

export async function sayStartFailure(error: unknown, { failed, fileName, log }: Start): Promise<void> {
	if (!(error instanceof NeedsError)) {
		await report({ failed, error, log });
		return;
	}
	const open = l10n.t("Open {0}", fileName);
	const chosen = await vscode.window.showErrorMessage(`${failed} ${messageText(error.message)}`, open);
	if (chosen === open) await vscode.commands.executeCommand(opens[fileName]);
}
