/** Revokes a token after having said what will break, and says which lines hold its dead secret afterwards. */
import { inspect } from "node:util";
import * as vscode from "vscode";
import type { TokenRecord } from "../../daemon/contract.ts";
import { messageText, plainText, quoted } from "../display-text.ts";
import { type EnvLine, openLine } from "../env/bindings.ts";
import type { Services } from "../services.ts";
import { lastUse } from "./token-facts.ts";

export async function revokeToken(services: Services, { id }: TokenRecord): Promise<void> {
	const client = await services.daemon.client();
	// Of its last use the list may not have heard yet.
	const token = await client.getToken(id);
	await services.bindings.whenReady();
	const bindings = services.bindings.linesOf(id);
	await confirm(token, impactOf(token, bindings));
	await vscode.window.withProgress(
		{ location: vscode.ProgressLocation.Notification, title: `Revoking ${quoted(token.name)}…` },
		async () => client.revokeToken(id),
	);
	// From here on the token is dead, whatever becomes of its secret.
	await forgetSecret(services, id);
	await sayRevoked(token, bindings);
}

/** A dead secret that stays behind does no harm, so it is no reason to call the revocation a failure. */
async function forgetSecret({ secrets, log }: Services, id: string): Promise<void> {
	try {
		await secrets.delete(id);
	} catch (error) {
		log.warn("SecretStorage did not let go of the secret of a revoked token.", inspect(error));
	}
}

async function confirm(token: TokenRecord, detail: string): Promise<void> {
	const revoke = "Revoke";
	const question = `Revoke the API token ${quoted(token.name)}?`;
	const chosen = await vscode.window.showWarningMessage(question, { modal: true, detail }, revoke);
	if (chosen !== revoke) throw new vscode.CancellationError();
}

function impactOf(token: TokenRecord, bindings: readonly EnvLine[]): string {
	return [
		"Whatever uses it is refused from the next request on. This cannot be undone.",
		whereItStands(bindings),
		`Last used: ${lastUse(token, Date.now()).replace("Never", "never")}.`,
	].join("\n\n");
}

function whereItStands(bindings: readonly EnvLine[]): string {
	if (!vscode.workspace.isTrusted) return "In Restricted Mode, env files were not searched for its secret.";
	if (bindings.length === 0) return "No env file of this workspace holds its secret.";
	return [
		"What reads its secret from these lines will break:",
		...bindings.map(({ words }) => `•  ${words}`),
	].join("\n");
}

async function sayRevoked(token: TokenRecord, bindings: readonly EnvLine[]): Promise<void> {
	const [first, ...more] = bindings;
	if (first === undefined) {
		void vscode.window.showInformationMessage(`Revoked ${quoted(token.name)}.`);
		return;
	}
	const open = `Open ${plainText(first.fileName)}`;
	const others = more.length === 0 ? "" : ` and ${more.length} more`;
	const chosen = await vscode.window.showInformationMessage(
		`Revoked ${quoted(token.name)}. Its dead secret still stands in ${messageText(first.words)}${others}.`,
		open,
	);
	if (chosen === open) await openLine(first);
}
