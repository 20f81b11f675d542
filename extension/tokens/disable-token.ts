/** The commands that disable tokens and enable them again, and say which env lines hold their secrets. */
import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import type { TokenRecord } from "../../daemon/contract.ts";
import type { ActionOptions } from "../action.ts";
import { quoted } from "../display-text.ts";
import { showInformation } from "../notification.ts";
import type { Services } from "../services.ts";
import { disableTokens, enableTokens } from "./disable-action.ts";
import type { Changes, TokenProgress } from "./each-token.ts";
import { withTokenProgress } from "./token-progress.ts";

type Tokens = readonly TokenRecord[];
type DisableDeps = Pick<Services, "daemon" | "bindings">;

/** Their secrets are refused from the next request on, until the tokens are enabled again. */
export async function disableTokensInteractively(services: DisableDeps, tokens: Tokens): Promise<void> {
	const title = l10n.t("Disabling");
	const disabled = await changeWithProgress(title, tokens, (options) =>
		disableTokens(services, tokens, options),
	);
	const enable = l10n.t("Enable Again");
	const chosen = await showInformation(disabledInWords(services, disabled), enable);
	if (chosen === enable) await enableTokensInteractively(services, disabled);
}

export async function enableTokensInteractively(
	services: Pick<Services, "daemon">,
	tokens: Tokens,
): Promise<void> {
	const title = l10n.t("Enabling");
	const enabled = await changeWithProgress(title, tokens, (options) =>
		enableTokens(services, tokens, options),
	);
	const [first] = enabled;
	if (first === undefined) return;
	const text =
		enabled.length === 1
			? l10n.t("{0} is enabled again.", quoted(first.name))
			: l10n.t("{0} API tokens are enabled again.", enabled.length);
	void showInformation(text);
}

/** Fulfils with the changed tokens. @throws the failure, or CancellationError if no token was changed */
async function changeWithProgress(
	title: string,
	tokens: Tokens,
	act: (options: ActionOptions<TokenProgress>) => Promise<Changes>,
): Promise<Tokens> {
	const { done, failed } = await withTokenProgress(title, tokens.length, act);
	if (failed !== undefined) throw failed.error;
	if (done.length === 0) throw new vscode.CancellationError();
	return done;
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
			? l10n.t("1 line in the env files here contains this secret.")
			: l10n.t("{0} lines in the env files here contain these secrets.", lines);
	return `${headline} ${held}`;
}
