/** Says before a start that a token is dead or about to end, so that nobody debugs what is only an expired token. */
import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import type { TokenRecord } from "../../daemon/contract.ts";
import { quoted } from "../display-text.ts";
import { timeLeft, urgencyOf } from "../tokens/time-left.ts";
import { stateInWords } from "../tokens/token-facts.ts";
import { endingSoon, works } from "./ending.ts";

/** A dead token stops the start unless the person wants it all the same; one that still works does not. */
export async function warnOfEnd(tokens: readonly TokenRecord[], now: number): Promise<void> {
	const [first] = endingSoon(tokens, now);
	if (first === undefined) return;
	if (works(first, now)) void warnOfNearEnd(first, now);
	else await confirmDead(first, now);
}

async function warnOfNearEnd(token: TokenRecord, now: number): Promise<void> {
	const rotate = l10n.t("Rotate…");
	const text = l10n.t("{0}: {1}.", quoted(token.name), timeLeft(token, now));
	const chosen = await vscode.window.showWarningMessage(text, rotate);
	if (chosen === rotate) await vscode.commands.executeCommand("tokensmith.rotateToken", { id: token.id });
}

async function confirmDead(token: TokenRecord, now: number): Promise<void> {
	const start = l10n.t("Start Anyway");
	const wayOn = wayOnFor(token);
	const state = stateInWords(token, urgencyOf(token, [], now), now);
	const text = l10n.t("The API token {0} does not work: {1}.", quoted(token.name), state);
	const detail = l10n.t("Whatever is started with its secret is refused.");
	const chosen = await vscode.window.showWarningMessage(text, { modal: true, detail }, wayOn.label, start);
	if (chosen === start) return;
	if (chosen === wayOn.label) await vscode.commands.executeCommand(wayOn.command, { id: token.id });
	throw new vscode.CancellationError();
}

function wayOnFor({ status }: TokenRecord): { label: string; command: string } {
	if (status === "disabled") return { label: l10n.t("Enable"), command: "tokensmith.enableToken" };
	return { label: l10n.t("Create API Token"), command: "tokensmith.createToken" };
}
