/** The command that saves the expiries of tokens as a calendar file. */

import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import type { TokenRecord } from "../../daemon/contract.ts";
import type { LiveTokens } from "../daemon/live-tokens.ts";
import { bareId, isTokensmith } from "../daemon/qualified-ids.ts";
import { messageText } from "../display-text.ts";
import { showInformation } from "../notification.ts";
import type { Services } from "../services.ts";
import { connect, serverNameOf } from "../tokens/token-choice.ts";
import { calendarOf, type Renewal, renewalsAmong, unknownAmong } from "./renewals.ts";

export async function exportRenewals({ live }: Pick<Services, "live">): Promise<void> {
	await connect(live);
	const now = new Date();
	const renewals = renewalsAmong(live.tokens, (token) => systemOf(live, token), now.getTime());
	if (renewals.length === 0) {
		void showInformation(l10n.t("There is nothing to export: no API token that works has a known expiry."));
		return;
	}
	const file = await chooseFile();
	await vscode.workspace.fs.writeFile(file, new TextEncoder().encode(calendarOf(renewals, now)));
	await reportExport(file, { exported: renewals.length, unknown: unknownAmong(live.tokens, now.getTime()) });
}

/** Of a server, its name too: several may have tokens by the rules of one system. */
function systemOf(live: LiveTokens, token: TokenRecord): Pick<Renewal, "system" | "url"> {
	const profile = live.profiles.find(({ id }) => id === token.profile);
	const url = isTokensmith(token.issuer) ? undefined : profile?.links[0]?.url;
	const name = profile?.name ?? bareId(token.issuer);
	const server = serverNameOf(live, token);
	return { system: server === undefined || server === name ? name : `${name} (${server})`, url };
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

async function reportExport(
	file: vscode.Uri,
	{ exported, unknown }: { exported: number; unknown: number },
): Promise<void> {
	const name = messageText(vscode.workspace.asRelativePath(file));
	const open = l10n.t("Open File");
	const text =
		exported === 1
			? l10n.t("{0} has 1 renewal. Import it into your calendar again after a rotation.", name)
			: l10n.t("{0} has {1} renewals. Import it into your calendar again after a rotation.", name, exported);
	const whole = unknown === 0 ? text : `${text} ${missingInWords(unknown)}`;
	if ((await showInformation(whole, open)) === open) await vscode.window.showTextDocument(file);
}

function missingInWords(count: number): string {
	return count === 1
		? l10n.t("1 token is missing: its expiry is not known.")
		: l10n.t("{0} tokens are missing: their expiry is not known.", count);
}
