/** *Delete All Data…*: says what goes and what stays, offers a backup, and has the user type a word. */
import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import { deletionWord } from "../../daemon/contract.ts";
import { holdsData } from "../daemon/data-place.ts";
import { plainText } from "../display-text.ts";
import { confirmIrreversible } from "../irreversible.ts";
import { showInformation } from "../notification.ts";
import { connect } from "../tokens/token-choice.ts";
import { type DeleteActionDeps, type Deletion, deleteAllData } from "./delete-all-data-action.ts";

export type DeleteAllDataDeps = DeleteActionDeps;

/** @param backUp asks for a file, and writes a backup */
export async function deleteAllDataInteractively(
	deps: DeleteAllDataDeps,
	backUp: () => Promise<void>,
): Promise<void> {
	await connect(deps.live);
	const question = { question: l10n.t("Delete all data of Tokensmith?"), detail: await whatGoes(deps) };
	const [backUpFirst, goOn] = [l10n.t("Back Up…"), l10n.t("Delete…")];
	while ((await confirmIrreversible(question, backUpFirst, goOn)) === backUpFirst) await backUp();
	const word = await typedWord(deps.live.here.length);
	const deletion = await vscode.window.withProgress(
		{ location: vscode.ProgressLocation.Notification, title: l10n.t("Deleting all data…") },
		() => deleteAllData(deps, word),
	);
	void showInformation({ text: l10n.t("All data was deleted."), details: whatIsLeft(deps, deletion) });
}

async function whatGoes({ live, lostSecrets, daemon }: DeleteAllDataDeps): Promise<string> {
	const working = live.here.filter(
		({ issuer, status }) => issuer === "local" && ["active", "retiring"].includes(status),
	);
	const { kept } = await lostSecrets.survey();
	const { earlier } = daemon;
	const hasEarlier = earlier !== undefined && earlier !== daemon.dataDir && (await holdsData(earlier));
	return [
		l10n.t("In {0}, these go for good:", daemon.dataDir),
		`• ${l10n.t("tokens: {0}; secrets that this editor keeps: {1}", live.here.length, kept.length)}`,
		`• ${l10n.t("all activity, policy, permissions, profiles, and connected systems with their credentials")}`,
		...(working.length > 0
			? [`• ${l10n.t("Local tokens that work now, which services refuse from then on: {0}", working.length)}`]
			: []),
		"",
		l10n.t("These stay:"),
		`• ${l10n.t("lines in env files")}`,
		`• ${l10n.t("tokens at other systems, which stay valid there: revoke them first")}`,
		...(live.servers.length > 0
			? [
					`• ${l10n.t("servers with their tokens, and this editor's secrets of them: {0}", live.servers.map(({ server }) => plainText(server.name)).join(", "))}`,
				]
			: []),
		`• ${l10n.t("backups, exports, and secrets that other editors keep")}`,
		...(hasEarlier
			? [`• ${l10n.t("tokens of an earlier version in {0}, which move here at the next start", earlier)}`]
			: []),
	].join("\n");
}

/** @throws CancellationError */
async function typedWord(tokens: number): Promise<string> {
	const hint = l10n.t("Type {0} to delete everything.", deletionWord);
	const typed = await vscode.window.showInputBox({
		title: l10n.t("Delete All Data"),
		prompt: l10n.t("Tokens that go for good: {0}. This cannot be undone.", tokens),
		placeHolder: hint,
		ignoreFocusOut: true,
		validateInput: (text) => (text === deletionWord ? undefined : hint),
	});
	if (typed !== deletionWord) throw new vscode.CancellationError();
	return typed;
}

function whatIsLeft({ daemon }: Pick<DeleteAllDataDeps, "daemon">, { left, stillKept }: Deletion): string[] {
	return [
		l10n.t("The daemon has a new address for services, which new tokens need."),
		...(left.length > 0
			? [
					l10n.t(
						"Not Tokensmith's, and left in {0}: {1}",
						daemon.dataDir,
						left.map((name) => plainText(name)).join(", "),
					),
				]
			: []),
		...(stillKept > 0
			? [l10n.t("SecretStorage did not delete some secrets ({0}): Purge Orphaned Secrets…", stillKept)]
			: []),
	];
}
