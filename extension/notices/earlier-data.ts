/**
 * Tells, once for all windows, of data that an earlier version has left in the extension's own storage, while the data
 * directory has data of its own. Nothing is merged, and the earlier data stays as it is.
 */
import { hash } from "node:crypto";
import { inspect } from "node:util";
import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import type { DaemonProcess } from "../daemon/daemon-process.ts";
import { type DataPlace, holdsData } from "../daemon/data-place.ts";
import type { LiveTokens } from "../daemon/live-tokens.ts";
import { showWarning } from "../notification.ts";
import type { Claims } from "./claims.ts";
import { openFolder } from "./open-folder.ts";

interface EarlierDataDeps {
	place: Pick<DataPlace, "dataDir" | "earlier">;
	live: LiveTokens;
	daemon: Pick<DaemonProcess, "restart">;
	/** So that only one window tells it. */
	claims: Claims;
	log: vscode.LogOutputChannel;
}

export function showEarlierData(deps: EarlierDataDeps): vscode.Disposable {
	let hasLooked = false;
	return deps.live.onDidChange(() => {
		if (hasLooked || deps.live.state !== "live") return;
		hasLooked = true;
		look(deps).catch((error: unknown) => deps.log.warn(inspect(error)));
	});
}

async function look(deps: EarlierDataDeps): Promise<void> {
	const { place, live, daemon, log } = deps;
	if (place.dataDir === place.earlier || !(await holdsData(place.earlier))) return;
	// A daemon that was started for something else holds the directory. Ours moves the data to a directory without any.
	if (live.tokens.length === 0 && live.connections.length === 0)
		await daemon.restart().catch((error: unknown) => log.warn(inspect(error)));
	if (await holdsData(place.earlier)) await tell(deps);
}

async function tell({ place, claims }: EarlierDataDeps): Promise<void> {
	void vscode.commands.executeCommand("setContext", "tokensmith.hasEarlierData", true);
	if (!(await claims.claim(hash("sha256", place.earlier, "hex")))) return;
	const add = l10n.t("Add Them…");
	const open = l10n.t("Open Folder");
	const text = l10n.t(
		"This editor's API tokens from an earlier version are not in the list: other tokens are in {0} already.",
		place.dataDir,
	);
	const details = [
		l10n.t("The earlier tokens are in {0}. Nothing there was changed.", place.earlier),
		l10n.t(
			"VS Code deletes that folder after the extension is uninstalled, so add them or keep a copy of it.",
		),
		l10n.t("To use them alone, set tokensmith.dataDirectory to a copy of the folder."),
	];
	const chosen = await showWarning({ text, details }, add, open);
	if (chosen === add) await vscode.commands.executeCommand("tokensmith.addEarlierTokens");
	if (chosen === open) await openFolder(vscode.Uri.file(place.earlier));
}
