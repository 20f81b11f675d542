/** Disables tokens for a while and enables them again, and says what that means for the lines that hold their secrets. */
import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import type { TokenRecord } from "../../daemon/contract.ts";
import { quoted } from "../display-text.ts";
import type { Services } from "../services.ts";

type Tokens = readonly TokenRecord[];

/** Whatever uses them is refused from the next request on, until they are enabled again. */
export async function disableTokens(
	services: Pick<Services, "daemon" | "bindings">,
	tokens: Tokens,
): Promise<void> {
	await changeAll(services, tokens, "disable");
	const enable = l10n.t("Enable Again");
	const chosen = await vscode.window.showInformationMessage(disabledInWords(services, tokens), enable);
	if (chosen === enable) await enableTokens(services, tokens);
}

export async function enableTokens(services: Pick<Services, "daemon">, tokens: Tokens): Promise<void> {
	await changeAll(services, tokens, "enable");
	const [first] = tokens;
	if (first === undefined) return;
	const text =
		tokens.length === 1
			? l10n.t("{0} is enabled again.", quoted(first.name))
			: l10n.t("{0} API tokens are enabled again.", tokens.length);
	void vscode.window.showInformationMessage(text);
}

/** Done twice it changes nothing more, so that a failure half-way can be tried again with all. */
async function changeAll(
	{ daemon }: Pick<Services, "daemon">,
	tokens: Tokens,
	change: "disable" | "enable",
): Promise<void> {
	const client = await daemon.client();
	const title = change === "disable" ? l10n.t("Disabling") : l10n.t("Enabling");
	await vscode.window.withProgress(
		{ location: vscode.ProgressLocation.Notification, title, cancellable: tokens.length > 1 },
		async (progress, cancellation) => {
			for (const { id, name } of tokens) {
				if (cancellation.isCancellationRequested) throw new vscode.CancellationError();
				progress.report({ message: quoted(name), increment: 100 / tokens.length });
				await (change === "disable" ? client.disableToken(id) : client.enableToken(id));
			}
		},
	);
}

function disabledInWords({ bindings }: Pick<Services, "bindings">, tokens: Tokens): string {
	const [first] = tokens;
	const lines = tokens.flatMap(({ id }) => bindings.linesOf(id)).length;
	const headline =
		tokens.length === 1 && first !== undefined
			? l10n.t("{0} is disabled: its secret is refused until you enable it again.", quoted(first.name))
			: l10n.t(
					"{0} API tokens are disabled: their secrets are refused until you enable them again.",
					tokens.length,
				);
	if (lines === 0) return headline;
	const held =
		lines === 1
			? l10n.t("1 line of the env files here holds such a secret.")
			: l10n.t("{0} lines of the env files here hold such a secret.", lines);
	return `${headline} ${held}`;
}
