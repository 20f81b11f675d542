/**
 * Shows the notices of the daemon: about its data, in one window only, and about settings that are not a valid policy.
 */
import { hash } from "node:crypto";
import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import type { Notice } from "../../daemon/contract.ts";
import type { LiveTokens } from "../daemon/live-tokens.ts";
import { messageText } from "../display-text.ts";
import { explain } from "../failure.ts";
import { showWarning } from "../notification.ts";
import type { Claims } from "./claims.ts";

interface DaemonNoticesDeps {
	live: LiveTokens;
	/** So that only one window shows a notice about the data. */
	claims: Claims;
	/** The daemon's data directory. */
	folder: vscode.Uri;
	log: vscode.LogOutputChannel;
}

export function showDaemonNotices(deps: DaemonNoticesDeps): vscode.Disposable {
	return vscode.Disposable.from(showDataNotices(deps), showSettingsNotices(deps));
}

function showDataNotices({ live, claims, folder, log }: DaemonNoticesDeps): vscode.Disposable {
	const seen = new Set<string>();
	const show = async (notice: Notice) => {
		seen.add(notice.detail);
		// If nothing can be claimed, such as on a full disk, showing it twice is better than never.
		const isOwn = await claims.claim(hash("sha256", notice.detail, "hex")).catch((error: unknown) => {
			log.error(error instanceof Error ? error : String(error));
			return true;
		});
		if (isOwn) await showNotice(notice, folder);
	};
	return live.onDidChange(() => {
		for (const notice of live.notices)
			if (!seen.has(notice.detail))
				show(notice).catch((error: unknown) => log.error(error instanceof Error ? error : String(error)));
	});
}

async function showNotice({ detail }: Notice, folder: vscode.Uri): Promise<void> {
	const open = l10n.t("Open Folder");
	const chosen = await showWarning(messageText(detail), open);
	if (chosen === open) await openFolder(folder);
}

/** Opens the system's file manager if VS Code runs on the same machine, else another window. */
async function openFolder(folder: vscode.Uri): Promise<void> {
	const isHere = vscode.env.uiKind === vscode.UIKind.Desktop && vscode.env.remoteName === undefined;
	if (isHere) await vscode.commands.executeCommand("revealFileInOS", folder);
	else await vscode.commands.executeCommand("vscode.openFolder", folder, { forceNewWindow: true });
}

/** Shows an invalid policy each time that the settings become invalid. */
function showSettingsNotices({ live }: DaemonNoticesDeps): vscode.Disposable {
	let shown: string | undefined;
	return live.onDidChange(() => {
		const text = live.policyError === undefined ? undefined : explain(live.policyError).text;
		if (text !== undefined && text !== shown) void showPolicyError(text);
		shown = text;
	});
}

async function showPolicyError(text: string): Promise<void> {
	const open = l10n.t("Open Settings");
	const message = l10n.t("{0} Until this is fixed, the last valid settings apply.", messageText(text));
	const chosen = await showWarning(message, open);
	if (chosen === open) await vscode.commands.executeCommand("tokensmith.openSettings");
}
