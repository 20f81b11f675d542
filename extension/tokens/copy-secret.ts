/** Copies the secret of a token that is kept on this machine. */
import * as vscode from "vscode";
import type { TokenRecord } from "../../daemon/contract.ts";
import { quoted } from "../display-text.ts";
import type { Services } from "../services.ts";

export async function copySecret({ secrets, clipboard }: Services, token: TokenRecord): Promise<void> {
	const secret = await secrets.get(token.id);
	if (secret === undefined) return sayNotKept(token);
	await clipboard.copySecret(secret);
	vscode.window.setStatusBarMessage(
		`$(copy) Copied the secret of ${quoted(token.name)}; the clipboard is cleared after 60 seconds`,
		6000,
	);
}

/** The daemon has only the hash, so what is not here is nowhere but where it is used. */
export async function sayNotKept(token: TokenRecord): Promise<void> {
	const create = "Create API Token";
	const chosen = await vscode.window.showWarningMessage(
		`The secret of ${quoted(token.name)} is not kept on this machine, and the daemon knows only its hash. ` +
			"Take it from where it is used, or create another token.",
		create,
	);
	if (chosen === create) await vscode.commands.executeCommand("tokensmith.createToken");
}
