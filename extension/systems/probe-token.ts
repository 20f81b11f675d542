/** The command that asks a connected system whether it accepts the stored secret of a token. */

import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import type { ProbeResult, TokenRecord } from "../../daemon/contract.ts";
import { accessWith } from "../connections/connections.ts";
import { bareId } from "../daemon/qualified-ids.ts";
import { messageText, quoted } from "../display-text.ts";
import { secretOn } from "../env/env-lines.ts";
import { showInformation, showWarning } from "../notification.ts";
import type { Services } from "../services.ts";
import { saySecretNotStored } from "../tokens/copy-secret.ts";
import { dateInWords } from "../tokens/time-left.ts";

type ProbeDeps = Pick<Services, "bindings" | "connections" | "daemon" | "secrets">;

export async function probeTokenInteractively(services: ProbeDeps, token: TokenRecord): Promise<void> {
	const secret = await secretOf(services, token);
	if (secret === undefined) return await saySecretNotStored(token);
	const system = services.connections.of(token)?.name ?? bareId(token.issuer);
	const title = l10n.t("Testing the secret at {0}…", quoted(system));
	const probe = await vscode.window.withProgress(
		{ location: vscode.ProgressLocation.Notification, title },
		async () => (await services.daemon.client()).probeToken(token.id, accessWith(secret)),
	);
	await report(token, system, probe);
}

/** From SecretStorage, else from a line that holds it. */
async function secretOf({ secrets, bindings }: ProbeDeps, { id }: TokenRecord): Promise<string | undefined> {
	const stored = await secrets.get(id);
	if (stored !== undefined) return stored;
	await bindings.whenReady();
	const [line] = bindings.linesOf(id);
	return line && (await secretOn(line));
}

async function report(token: TokenRecord, system: string, { outcome, detail, token: remote }: ProbeResult) {
	const [name, at] = [quoted(token.name), quoted(system)];
	if (outcome === "live") {
		const until =
			typeof remote?.expiry === "string"
				? ` ${l10n.t("It expires on {0}.", dateInWords(remote.expiry))}`
				: "";
		void showInformation(`${l10n.t("{0} accepts the secret of {1}.", at, name)}${until}`);
		return;
	}
	if (outcome === "unknown") {
		const text = l10n.t("{0} does not say whether the secret of {1} is valid.", at, name);
		const again = l10n.t("Try Again");
		const chosen = await showWarning(`${text} ${messageText(detail)}`, again);
		if (chosen === again) await vscode.commands.executeCommand("tokensmith.probeToken", { id: token.id });
		return;
	}
	const compare = l10n.t("Compare Tokens");
	const text = l10n.t("{0} refuses the secret of {1}: it is expired or revoked.", at, name);
	const chosen = await showWarning(text, compare);
	if (chosen === compare)
		await vscode.commands.executeCommand("tokensmith.reconcile", { connection: token.connectionId });
}
