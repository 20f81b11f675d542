/** Recovers missing secrets from the env lines that still hold them, else by a successor in the same lines. */
import { inspect } from "node:util";
import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import type { TokenRecord } from "../../daemon/contract.ts";
import { labelText, quoted } from "../display-text.ts";
import type { EnvLine } from "../env/bindings.ts";
import { secretOn } from "../env/env-lines.ts";
import { listInWords } from "../language.ts";
import { showInformation, showWarning } from "../notification.ts";
import { requireTrust } from "../report.ts";
import type { Services } from "../services.ts";
import { connect, serverNameOf } from "../tokens/token-choice.ts";

interface Recoverable {
	readonly token: TokenRecord;
	/** The lines that hold the secret. */
	readonly lines: readonly EnvLine[];
}

type RecoverSecretsDeps = Pick<Services, "live" | "bindings" | "secrets" | "lostSecrets" | "log">;

export async function recoverSecrets(services: RecoverSecretsDeps): Promise<void> {
	await requireTrust(
		l10n.t("In Restricted Mode env files are not read, so secrets cannot be recovered from them."),
	);
	const recoverable = await findRecoverable(services);
	if (recoverable.length === 0) {
		void showInformation(l10n.t("No secret of an API token in use is missing."));
		return;
	}
	const chosen = await choose(services, recoverable);
	const { recovered, left } = await recoverFromLines(services, chosen);
	if (left.length === 0) void showInformation(recoveredInWords(recovered));
	else await offerSuccessors(recovered, left);
}

/** Tokens in use whose secret is not stored: lost ones, and those that an env line holds. */
export async function findRecoverable(services: RecoverSecretsDeps): Promise<Recoverable[]> {
	const { live, bindings, secrets, lostSecrets } = services;
	await connect(live);
	const title = l10n.t("Searching env files for missing secrets…");
	const location = vscode.ProgressLocation.Notification;
	await vscode.window.withProgress({ location, title }, () => bindings.whenReady());
	const lost = new Set((await lostSecrets.survey()).lost.map(({ id }) => id));
	const kept = new Set(await secrets.ids());
	return live.tokens
		.filter(({ id, status }) => status === "active" && !kept.has(id))
		.map((token) => ({ token, lines: bindings.linesOf(token.id) }))
		.filter(({ token, lines }) => lost.has(token.id) || lines.length > 0);
}

async function choose(
	{ live }: Pick<RecoverSecretsDeps, "live">,
	recoverable: readonly Recoverable[],
): Promise<Recoverable[]> {
	const rows = recoverable.map((one) => ({
		label: labelText(one.token.name),
		description: labelText(serverNameOf(live, one.token) ?? ""),
		detail: wayInWords(one),
		picked: true,
		one,
	}));
	const chosen = await vscode.window.showQuickPick(rows, {
		title: l10n.t("Recover Lost Secrets"),
		placeHolder: l10n.t("Which secrets should be recovered?"),
		canPickMany: true,
		matchOnDetail: true,
	});
	if (chosen === undefined || chosen.length === 0) throw new vscode.CancellationError();
	return chosen.map(({ one }) => one);
}

function wayInWords({ lines }: Recoverable): string {
	if (lines.length === 0) return l10n.t("Not in any env file in this workspace: it needs a successor");
	return l10n.t("From {0}", labelText(listInWords(lines.slice(0, 3).map(({ words }) => words))));
}

/** From the first line that still holds it. Failures are logged and left. */
export async function recoverFromLines(
	{ secrets, log }: Pick<RecoverSecretsDeps, "secrets" | "log">,
	chosen: readonly Recoverable[],
): Promise<{ recovered: TokenRecord[]; left: TokenRecord[] }> {
	const recovered: TokenRecord[] = [];
	const left: TokenRecord[] = [];
	for (const { token, lines } of chosen) {
		const isRecovered = await recoverOne(secrets, { token, lines }).catch((error: unknown) => {
			log.warn("A secret could not be recovered from an env file.", inspect(error));
			return false;
		});
		(isRecovered ? recovered : left).push(token);
	}
	return { recovered, left };
}

async function recoverOne(
	secrets: RecoverSecretsDeps["secrets"],
	{ token, lines: [line] }: Recoverable,
): Promise<boolean> {
	if (line === undefined) return false;
	await secrets.store(token.id, await secretOn(line));
	return true;
}

function recoveredInWords(recovered: readonly TokenRecord[]): string {
	const [first] = recovered;
	return recovered.length === 1 && first !== undefined
		? l10n.t("The secret of {0} is in SecretStorage again.", quoted(first.name))
		: l10n.t("The secrets of {0} API tokens are in SecretStorage again.", recovered.length);
}

async function offerSuccessors(
	recovered: readonly TokenRecord[],
	left: readonly TokenRecord[],
): Promise<void> {
	const [first] = left;
	if (first === undefined) return;
	const succeed = l10n.t("Replace Token in Place");
	const missing =
		left.length === 1
			? l10n.t("The secret of {0} is in no env file that is open here.", quoted(first.name))
			: l10n.t("The secrets of {0} API tokens are in no env file that is open here.", left.length);
	const text = recovered.length === 0 ? missing : `${recoveredInWords(recovered)} ${missing}`;
	const chosen = await showWarning(text, succeed);
	if (chosen !== succeed) return;
	const argument = left.length === 1 ? [{ id: first.id }] : [];
	await vscode.commands.executeCommand("tokensmith.replaceInPlace", ...argument);
}
