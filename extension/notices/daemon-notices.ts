/** Tells what the daemon has to say without being asked: of its data, once across all windows, and of the settings. */
import { hash } from "node:crypto";
import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import type { Notice } from "../../daemon/contract.ts";
import type { LiveTokens } from "../daemon/live-tokens.ts";
import { messageText } from "../display-text.ts";
import { explain } from "../failure.ts";
import type { Claims } from "./claims.ts";

interface DaemonNoticesDeps {
	live: LiveTokens;
	/** Of what is told of the data, each in one window. */
	claims: Claims;
	/** The daemon's data directory, to be looked into. */
	folder: vscode.Uri;
	log: vscode.LogOutputChannel;
}

export function tellDaemonNotices(deps: DaemonNoticesDeps): vscode.Disposable {
	return vscode.Disposable.from(tellOfData(deps), tellOfSettings(deps));
}

function tellOfData({ live, claims, folder, log }: DaemonNoticesDeps): vscode.Disposable {
	const heard = new Set<string>();
	const hear = async (notice: Notice) => {
		heard.add(notice.detail);
		// Where nothing can be claimed, as on a disk that takes no more, twice is better than never.
		const isOwn = await claims.claim(hash("sha256", notice.detail, "hex")).catch((error: unknown) => {
			log.error(error instanceof Error ? error : String(error));
			return true;
		});
		if (isOwn) await tell(notice, folder);
	};
	return live.onDidChange(() => {
		for (const notice of live.notices)
			if (!heard.has(notice.detail))
				hear(notice).catch((error: unknown) => log.error(error instanceof Error ? error : String(error)));
	});
}

async function tell({ detail }: Notice, folder: vscode.Uri): Promise<void> {
	const open = l10n.t("Open Folder");
	const chosen = await vscode.window.showWarningMessage(messageText(detail), open);
	if (chosen === open) await openFolder(folder);
}

/** The system's file manager where VS Code runs on the same machine, else another window. */
async function openFolder(folder: vscode.Uri): Promise<void> {
	const isHere = vscode.env.uiKind === vscode.UIKind.Desktop && vscode.env.remoteName === undefined;
	if (isHere) await vscode.commands.executeCommand("revealFileInOS", folder);
	else await vscode.commands.executeCommand("vscode.openFolder", folder, { forceNewWindow: true });
}

/** Settings that make no policy are told each time that they become so. */
function tellOfSettings({ live }: DaemonNoticesDeps): vscode.Disposable {
	let told: string | undefined;
	return live.onDidChange(() => {
		const text = live.policyError === undefined ? undefined : explain(live.policyError).text;
		if (text !== undefined && text !== told) void tellPolicy(text);
		told = text;
	});
}

async function tellPolicy(text: string): Promise<void> {
	const open = l10n.t("Open Settings");
	const message = l10n.t("{0} Until this is mended, the last good settings count.", messageText(text));
	const chosen = await vscode.window.showWarningMessage(message, open);
	if (chosen === open) await vscode.commands.executeCommand("tokensmith.openSettings");
}
