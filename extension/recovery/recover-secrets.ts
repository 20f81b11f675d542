/** Gets missing secrets back: taken over from the env lines that still hold them, else by a successor in the same lines. */
import { inspect } from "node:util";
import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import type { TokenRecord } from "../../daemon/contract.ts";
import { labelText, quoted } from "../display-text.ts";
import type { EnvLine } from "../env/bindings.ts";
import { secretOn } from "../env/env-lines.ts";
import { listInWords } from "../language.ts";
import { requireTrust } from "../report.ts";
import type { Services } from "../services.ts";
import { connect } from "../tokens/token-choice.ts";

interface Recoverable {
	readonly token: TokenRecord;
	/** That hold the secret. */
	readonly lines: readonly EnvLine[];
}

type RecoverSecretsDeps = Pick<Services, "live" | "bindings" | "secrets" | "lostSecrets" | "log">;

export async function recoverSecrets(services: RecoverSecretsDeps): Promise<void> {
	await requireTrust(
		l10n.t("In Restricted Mode env files are not read, so no secret can be taken over from them."),
	);
	const recoverable = await findRecoverable(services);
	if (recoverable.length === 0) {
		void vscode.window.showInformationMessage(l10n.t("No secret of an API token in use is missing."));
		return;
	}
	const chosen = await choose(recoverable);
	const { taken, left } = await takeOver(services, chosen);
	if (left.length === 0) void vscode.window.showInformationMessage(takenInWords(taken));
	else await offerSuccessors(taken, left);
}

/** Tokens in use whose secret is not here: those that were lost, and those that an env line could give. */
export async function findRecoverable(services: RecoverSecretsDeps): Promise<Recoverable[]> {
	const { live, bindings, secrets, lostSecrets } = services;
	await connect(live);
	const title = l10n.t("Looking through env files for missing secrets…");
	const location = vscode.ProgressLocation.Notification;
	await vscode.window.withProgress({ location, title }, () => bindings.whenReady());
	const lost = new Set((await lostSecrets.survey()).lost.map(({ id }) => id));
	const kept = new Set(await secrets.ids());
	return live.tokens
		.filter(({ id, status }) => status === "active" && !kept.has(id))
		.map((token) => ({ token, lines: bindings.linesOf(token.id) }))
		.filter(({ token, lines }) => lost.has(token.id) || lines.length > 0);
}

async function choose(recoverable: readonly Recoverable[]): Promise<Recoverable[]> {
	const rows = recoverable.map((one) => ({
		label: labelText(one.token.name),
		detail: wayInWords(one),
		picked: true,
		one,
	}));
	const chosen = await vscode.window.showQuickPick(rows, {
		title: l10n.t("Recover Lost Secrets"),
		placeHolder: l10n.t("Which secrets are wanted back?"),
		canPickMany: true,
		matchOnDetail: true,
	});
	if (chosen === undefined || chosen.length === 0) throw new vscode.CancellationError();
	return chosen.map(({ one }) => one);
}

function wayInWords({ lines }: Recoverable): string {
	if (lines.length === 0) return l10n.t("In no env file of this workspace: it needs a successor");
	return l10n.t("Taken over from {0}", labelText(listInWords(lines.slice(0, 3).map(({ words }) => words))));
}

/** From the first line that still holds it. What fails is left, and its cause logged. */
export async function takeOver(
	{ secrets, log }: Pick<RecoverSecretsDeps, "secrets" | "log">,
	chosen: readonly Recoverable[],
): Promise<{ taken: TokenRecord[]; left: TokenRecord[] }> {
	const taken: TokenRecord[] = [];
	const left: TokenRecord[] = [];
	for (const { token, lines } of chosen) {
		const isTaken = await takeOne(secrets, { token, lines }).catch((error: unknown) => {
			log.warn("A secret could not be taken over from an env file.", inspect(error));
			return false;
		});
		(isTaken ? taken : left).push(token);
	}
	return { taken, left };
}

async function takeOne(
	secrets: RecoverSecretsDeps["secrets"],
	{ token, lines: [line] }: Recoverable,
): Promise<boolean> {
	if (line === undefined) return false;
	await secrets.store(token.id, await secretOn(line));
	return true;
}

function takenInWords(taken: readonly TokenRecord[]): string {
	const [first] = taken;
	return taken.length === 1 && first !== undefined
		? l10n.t("The secret of {0} is in SecretStorage again.", quoted(first.name))
		: l10n.t("The secrets of {0} API tokens are in SecretStorage again.", taken.length);
}

async function offerSuccessors(taken: readonly TokenRecord[], left: readonly TokenRecord[]): Promise<void> {
	const [first] = left;
	if (first === undefined) return;
	const succeed = l10n.t("Replace Token in Place");
	const missing =
		left.length === 1
			? l10n.t("The secret of {0} stands in no env file that is open here.", quoted(first.name))
			: l10n.t("The secrets of {0} API tokens stand in no env file that is open here.", left.length);
	const text = taken.length === 0 ? missing : `${takenInWords(taken)} ${missing}`;
	const chosen = await vscode.window.showWarningMessage(text, succeed);
	if (chosen !== succeed) return;
	const argument = left.length === 1 ? [{ id: first.id }] : [];
	await vscode.commands.executeCommand("tokensmith.replaceInPlace", ...argument);
}
