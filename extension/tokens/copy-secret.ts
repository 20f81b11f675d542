/** Copies the secret of a token if this editor has stored it. */
import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import type { TokenRecord } from "../../daemon/contract.ts";
import { isTokensmith } from "../daemon/qualified-ids.ts";
import { quoted } from "../display-text.ts";
import { showWarning } from "../notification.ts";
import type { Services } from "../services.ts";

export async function copySecret(
	{ secrets, clipboard }: Pick<Services, "secrets" | "clipboard">,
	token: TokenRecord,
): Promise<void> {
	const secret = await secrets.get(token.id);
	if (secret === undefined) return saySecretNotStored(token);
	await clipboard.copySecret(secret, token.name);
}

/** The daemon stores only the hash, so a secret that is not stored here exists only where it is used. */
export async function saySecretNotStored(token: TokenRecord): Promise<void> {
	if (!isTokensmith(token.issuer)) return sayOtherSecretNotStored(token);
	const create = l10n.t("Create API Token");
	const chosen = await showWarning(
		l10n.t(
			"The secret of {0} is not stored in this editor, and the daemon stores only its hash. Copy it in the editor that has it or from where it is used, or create another token.",
			quoted(token.name),
		),
		create,
	);
	if (chosen === create) await vscode.commands.executeCommand("tokensmith.createToken");
}

/** Only its system issues another one. */
async function sayOtherSecretNotStored({ id, name }: TokenRecord): Promise<void> {
	const show = l10n.t("Show Token");
	const chosen = await showWarning(
		l10n.t(
			"The secret of {0} is not stored in this editor. Copy it from where it is used, or from its system.",
			quoted(name),
		),
		show,
	);
	if (chosen === show) await vscode.commands.executeCommand("tokensmith.showToken", { id });
}
