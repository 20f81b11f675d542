/** The command that saves the expiries of tokens as a calendar file. */

import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import type { TokenRecord } from "../../daemon/contract.ts";
import type { LiveTokens } from "../daemon/live-tokens.ts";
import { bareId, isTokensmith } from "../daemon/qualified-ids.ts";
import { messageText } from "../display-text.ts";
import { showInformation } from "../notification.ts";
import type { Services } from "../services.ts";
import { connect } from "../tokens/token-choice.ts";
import { calendarOf, type Renewal, renewalsAmong } from "./renewals.ts";

export async function exportRenewals({ live }: Pick<Services, "live">): Promise<void> {
	await connect(live);
	const now = new Date();
	const renewals = renewalsAmong(live.tokens, (token) => systemOf(live, token), now.getTime());
	if (renewals.length === 0) {
		void showInformation(l10n.t("There is nothing to export: no API token that works has an expiry."));
		return;
	}
	const file = await chooseFile();
	await vscode.workspace.fs.writeFile(file, new TextEncoder().encode(calendarOf(renewals, now)));
	await reportExport(file, renewals.length);
}

function systemOf({ profiles }: LiveTokens, token: TokenRecord): Pick<Renewal, "system" | "url"> {
	const profile = profiles.find(({ id }) => id === token.profile);
	const url = isTokensmith(token.issuer) ? undefined : profile?.links[0]?.url;
	return { system: profile?.name ?? bareId(token.issuer), url };
}

async function chooseFile(): Promise<vscode.Uri> {
	const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
	const file = await vscode.window.showSaveDialog({
		title: l10n.t("Export Renewals as Calendar"),
		filters: { [l10n.t("Calendar")]: ["ics"] },
		...(folder !== undefined && { defaultUri: vscode.Uri.joinPath(folder, "renewals.ics") }),
	});
	if (file === undefined) throw new vscode.CancellationError();
	return file;
}

async function reportExport(file: vscode.Uri, count: number): Promise<void> {
	const name = messageText(vscode.workspace.asRelativePath(file));
	const open = l10n.t("Open File");
	const text =
		count === 1
			? l10n.t("{0} has 1 renewal. Import it into your calendar again after a rotation.", name)
			: l10n.t("{0} has {1} renewals. Import it into your calendar again after a rotation.", name, count);
	if ((await showInformation(text, open)) === open) await vscode.window.showTextDocument(file);
}
