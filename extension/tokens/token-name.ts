/** The name of a token: its validation, and the command that renames a token. */
import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import {
	createTokenRequest,
	maximumNameLength,
	type TokenRecord,
	visibleCharacter,
} from "../../daemon/contract.ts";
import type { Services } from "../services.ts";
import type { Read } from "../wizard/prompts.ts";

/** The rules of the contract, with messages in the user's language. */
export function readTokenName(text: string): Read<string> {
	const { success, data } = createTokenRequest.shape.name.safeParse(text);
	return success ? { ok: true, value: data } : { ok: false, problem: problemWith(text) };
}

function problemWith(text: string): string {
	if (!visibleCharacter.test(text)) return l10n.t("The name must not be blank.");
	if (text.length > maximumNameLength)
		return l10n.t("The name must be at most {0} characters long.", maximumNameLength);
	if (!text.isWellFormed()) return l10n.t("The name must be valid Unicode.");
	return l10n.t("The name must not contain control characters or line breaks.");
}

/** Programs that use its secret are not affected. */
export async function renameToken({ daemon }: Pick<Services, "daemon">, token: TokenRecord): Promise<void> {
	const name = await vscode.window.showInputBox({
		title: l10n.t("Rename Token"),
		prompt: l10n.t("Its secret does not change, so programs that use it are not affected."),
		value: token.name,
		validateInput: (text) => {
			const read = readTokenName(text);
			return read.ok ? undefined : read.problem;
		},
	});
	if (name === undefined) throw new vscode.CancellationError();
	if (name.trim() === token.name) return;
	const client = await daemon.client();
	// The current version: a use that was counted in the meantime is no conflict.
	const { version } = await client.getToken(token.id);
	await client.updateToken(token.id, version, { name });
}
