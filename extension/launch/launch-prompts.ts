/**
 * The questions and messages around a start: consent, tokens that no longer work or expire soon, and why a start
 * failed.
 */
import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import type { TokenRecord } from "../../daemon/contract.ts";
import { messageText, quoted } from "../display-text.ts";
import { showError, showWarning } from "../notification.ts";
import { report } from "../report.ts";
import { works } from "../tokens/lineage.ts";
import { timeLeft, urgencyOf } from "../tokens/time-left.ts";
import { stateInWords } from "../tokens/token-facts.ts";
import { type ConsentAnswer, type ConsentQuestion, consentDetail, consentTitle } from "./launch-words.ts";
import { endingSoon, NeedsError } from "./token-needs.ts";

/** Modal: whether a secret may be passed to what the workspace starts. */
export async function askConsent(question: ConsentQuestion): Promise<ConsentAnswer> {
	const always = l10n.t("Allow");
	const once = l10n.t("Allow Once");
	const chosen = await vscode.window.showWarningMessage(
		consentTitle(question),
		{ modal: true, detail: consentDetail(question) },
		once,
		always,
	);
	if (chosen === always) return "always";
	return chosen === once ? "once" : "no";
}

/** A dead token stops the start unless the user overrides that; a working one never does. */
export async function warnOfEnd(tokens: readonly TokenRecord[], now: number): Promise<void> {
	const [first] = endingSoon(tokens, now);
	if (first === undefined) return;
	if (works(first, now)) void warnOfNearEnd(first, now);
	else await confirmDead(first, now);
}

async function warnOfNearEnd(token: TokenRecord, now: number): Promise<void> {
	const rotate = l10n.t("Rotate…");
	const text = l10n.t("{0}: {1}.", quoted(token.name), timeLeft(token, now));
	const chosen = await showWarning(text, rotate);
	if (chosen === rotate) await vscode.commands.executeCommand("tokensmith.rotateToken", { id: token.id });
}

async function confirmDead(token: TokenRecord, now: number): Promise<void> {
	const start = l10n.t("Start Anyway");
	const wayOn = remedyFor(token);
	const state = stateInWords(token, urgencyOf(token, [], now), now);
	const text = l10n.t("The API token {0} does not work: {1}.", quoted(token.name), state);
	const detail = l10n.t("Programs started with its secret are refused.");
	const chosen = await vscode.window.showWarningMessage(text, { modal: true, detail }, wayOn.label, start);
	if (chosen === start) return;
	if (chosen === wayOn.label) await vscode.commands.executeCommand(wayOn.command, { id: token.id });
	throw new vscode.CancellationError();
}

function remedyFor({ status }: TokenRecord): { label: string; command: string } {
	if (status === "disabled" || status === "in-doubt")
		return { label: l10n.t("Enable"), command: "tokensmith.enableToken" };
	return { label: l10n.t("Create API Token"), command: "tokensmith.createToken" };
}

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

/** Offers to open the file that requested the tokens. */
export async function reportStartFailure(error: unknown, { failed, fileName, log }: Start): Promise<void> {
	if (!(error instanceof NeedsError)) {
		await report({ failed, error, log });
		return;
	}
	const open = l10n.t("Open {0}", fileName);
	const chosen = await showError(`${failed} ${messageText(error.message)}`, open);
	if (chosen === open) await vscode.commands.executeCommand(opens[fileName]);
}
