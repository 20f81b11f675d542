/** Gives a token another name. Whatever uses its secret goes on as before. */
import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import { createTokenRequest, type TokenRecord } from "../../daemon/contract.ts";
import { nameProblem } from "../create/token-steps.ts";
import type { Services } from "../services.ts";

export async function renameToken({ daemon }: Services, token: TokenRecord): Promise<void> {
	const name = await vscode.window.showInputBox({
		title: l10n.t("Rename"),
		prompt: l10n.t("Its secret and whatever uses it stay as they are."),
		value: token.name,
		validateInput: (text) =>
			createTokenRequest.shape.name.safeParse(text).success ? undefined : nameProblem(text),
	});
	if (name === undefined) throw new vscode.CancellationError();
	if (name.trim() === token.name) return;
	const client = await daemon.client();
	// Its use may have been counted meanwhile, and that is no change that a person has to know of.
	const { version } = await client.getToken(token.id);
	await client.updateToken(token.id, version, { name });
}
