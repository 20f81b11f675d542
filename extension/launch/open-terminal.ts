/**
 * Opens a terminal with the secrets of chosen tokens in its environment. They are passed to that one terminal on
 * creation: there is no environment collection, which VS Code would write to disk, and nothing to restore after a
 * reload.
 */
import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import type { CommandCall } from "../command.ts";
import { plainText } from "../display-text.ts";
import { listInWords } from "../language.ts";
import { requireTrust } from "../report.ts";
import type { Services } from "../services.ts";
import { saySecretNotStored } from "../tokens/copy-secret.ts";
import { type TokenChoiceDeps, tokensFor } from "../tokens/token-choice.ts";
import { askKeys, type KeyedToken } from "./key-steps.ts";
import { warnOfEnd } from "./launch-prompts.ts";

export type TerminalDeps = TokenChoiceDeps & Pick<Services, "workspaceState">;

export async function openTerminal(call: CommandCall<TerminalDeps>): Promise<vscode.Terminal | undefined> {
	const { services } = call;
	const title = l10n.t("Open Terminal with Tokens");
	await requireTrust(l10n.t("In Restricted Mode, no terminal can be opened with tokens."));
	const tokens = await tokensFor(call, { title, among: "kept" });
	const folder = await chooseFolder();
	const { live, workspaceState: memory, bindings } = services;
	const keyed = await askKeys(title, tokens, {
		tokens: live.tokens,
		memory,
		keysInFiles: (id) => bindings.linesOf(id).map(({ key }) => key),
	});
	await warnOfEnd(tokens, Date.now());
	const env = await environmentOf(services, keyed);
	if (env === undefined) return undefined;
	const terminal = vscode.window.createTerminal(terminalOptions(keyed, env, folder));
	terminal.show();
	return terminal;
}

/** @param env the values by key; no other member contains them. */
export function terminalOptions(
	keyed: readonly KeyedToken[],
	env: Readonly<Record<string, string>>,
	folder: vscode.WorkspaceFolder | undefined,
): vscode.TerminalOptions {
	const names = listInWords(keyed.map(({ token }) => plainText(token.name)));
	const held = keyed.map(({ key, token }) => `${key} (${terminalText(token.name)})`);
	return {
		name: l10n.t("Tokens: {0}", names),
		env,
		...(folder !== undefined && { cwd: folder.uri }),
		// To restore a terminal after a reload, VS Code would keep its environment on disk.
		isTransient: true,
		iconPath: new vscode.ThemeIcon("key"),
		color: new vscode.ThemeColor("terminal.ansiYellow"),
		message: l10n.t(
			"This terminal and every program started in it have access to secrets: {0}. Close the terminal when you are done.",
			listInWords(held),
		),
	};
}

/** A terminal interprets control characters. */
function terminalText(text: string): string {
	return plainText(text).replace(/\p{Cc}/gu, "");
}

async function environmentOf(
	{ secrets }: Pick<Services, "secrets">,
	keyed: readonly KeyedToken[],
): Promise<Record<string, string> | undefined> {
	const env: Record<string, string> = {};
	for (const { key, token } of keyed) {
		const secret = await secrets.get(token.id);
		if (secret === undefined) {
			await saySecretNotStored(token);
			return undefined;
		}
		env[key] = secret;
	}
	return env;
}

async function chooseFolder(): Promise<vscode.WorkspaceFolder | undefined> {
	const folders = vscode.workspace.workspaceFolders ?? [];
	if (folders.length < 2) return folders[0];
	const placeHolder = l10n.t("In which folder should the terminal start?");
	const chosen = await vscode.window.showWorkspaceFolderPick({ placeHolder });
	if (chosen === undefined) throw new vscode.CancellationError();
	return chosen;
}
