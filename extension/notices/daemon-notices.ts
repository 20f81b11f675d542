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
import { listInWords } from "../language.ts";
import { showInformation, showWarning } from "../notification.ts";
import { settingOfPolicy } from "../settings.ts";
import type { Claims } from "./claims.ts";
import { openFolder } from "./open-folder.ts";

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

async function showNotice({ code, detail }: Notice, folder: vscode.Uri): Promise<void> {
	const open = l10n.t("Open Folder");
	const show = code === "data-moved" ? showInformation : showWarning;
	const chosen = await show(messageText(detail), open);
	if (chosen === open) await openFolder(folder);
}

/** Shows an invalid policy each time that the settings become invalid, and once that another one applies. */
function showSettingsNotices({ live, log }: DaemonNoticesDeps): vscode.Disposable {
	let shown: string | undefined;
	let hasTold = false;
	return live.onDidChange(() => {
		if (live.differingSettings.length > 0 && !hasTold) {
			hasTold = true;
			tellDiffering(live).catch((error: unknown) =>
				log.error(error instanceof Error ? error : String(error)),
			);
		}
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

/** This editor is new to the data directory, whose policy was set in another one. */
async function tellDiffering(live: LiveTokens): Promise<void> {
	const use = l10n.t("Use My Settings");
	const open = l10n.t("Open Settings");
	const text = l10n.t(
		"Limits for new tokens that were set in another editor apply here too. Settings that differ: {0}.",
		listInWords(live.differingSettings.map((name) => settingOfPolicy[name])),
	);
	const chosen = await showInformation(text, open, use);
	if (chosen === use) await live.applySettings();
	if (chosen === open) await vscode.commands.executeCommand("tokensmith.openSettings");
}
