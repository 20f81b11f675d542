/** Shows an error message with one remedy as its button. The cause goes to the log; a secret never does. */
import { inspect } from "node:util";
import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import { serverBehind } from "./daemon/server-transport.ts";
import { messageText } from "./display-text.ts";
import { explain, type Remedy } from "./failure.ts";
import { showError, showWarning } from "./notification.ts";

const labels: Record<Remedy, () => string> = {
	"try-again": () => l10n.t("Try Again"),
	"show-log": () => l10n.t("Show Log"),
	"open-settings": () => l10n.t("Open Settings"),
	"restart-daemon": () => l10n.t("Restart Daemon"),
	"change-credential": () => l10n.t("Change Credential"),
	"compare-tokens": () => l10n.t("Compare Tokens"),
	"open-system": () => l10n.t("Open Page of System"),
	"review-connector": () => l10n.t("Review Connector"),
	"change-server-token": () => l10n.t("Change Token…"),
};

interface Report {
	/** What failed, as a sentence. */
	failed: string;
	error: unknown;
	log: vscode.LogOutputChannel;
	/** Whether the message is modal. */
	modal?: "modal";
}

/** Fulfils with whether the user wants to try again. Carries out every other remedy. */
export async function report({ failed, error, log, modal }: Report): Promise<"try-again" | undefined> {
	log.error(failed, inspect(error));
	const { text, remedy } = explain(error);
	const chosen = await showFailure(failed, messageText(text), labels[remedy](), modal);
	if (chosen === undefined) return undefined;
	if (remedy === "try-again") return remedy;
	const done = await vscode.commands.executeCommand(commandOf[remedy], argumentOf(error));
	// The command has removed what stood in the way, so that what failed can succeed.
	return done === true ? "try-again" : undefined;
}

/** The connection or the server that an error is about, if it names one. */
function argumentOf(error: unknown): unknown {
	const server = serverBehind(error);
	if (server !== undefined) return { server: server.key };
	const names = error instanceof Error && "connectionId" in error;
	return names ? { connection: error.connectionId } : undefined;
}

function showFailure(failed: string, text: string, button: string, modal: "modal" | undefined) {
	if (modal === undefined) return showError(`${failed} ${text}`, button);
	return vscode.window.showErrorMessage(failed, { modal: true, detail: text }, button);
}

const commandOf: Record<Exclude<Remedy, "try-again">, string> = {
	"show-log": "tokensmith.showLog",
	"open-settings": "tokensmith.openSettings",
	"restart-daemon": "tokensmith.restartDaemon",
	"change-credential": "tokensmith.changeCredential",
	"compare-tokens": "tokensmith.reconcile",
	"open-system": "tokensmith.openSystem",
	"review-connector": "tokensmith.reviewConnector",
	"change-server-token": "tokensmith.changeServerToken",
};

/** Retries `work` while it fails and the user wants to try again. @throws CancellationError if the user gives up */
export async function untilDone<Result>(
	work: () => Promise<Result>,
	failure: Omit<Report, "error">,
): Promise<Result> {
	for (;;) {
		try {
			return await work();
		} catch (error) {
			if (error instanceof vscode.CancellationError) throw error;
			if ((await report({ ...failure, error })) === undefined) throw new vscode.CancellationError();
		}
	}
}

/** In Restricted Mode, shows `text` with a button to manage trust. @throws CancellationError in Restricted Mode */
export async function requireTrust(text: string): Promise<void> {
	if (vscode.workspace.isTrusted) return;
	const manage = l10n.t("Manage Workspace Trust");
	const chosen = await showWarning(text, manage);
	if (chosen === manage) await vscode.commands.executeCommand("workbench.trust.manage");
	throw new vscode.CancellationError();
}
