/**
 * Puts everything back to before a rotation: first the lines, then the daemon, so that at no moment a line holds a
 * secret that is refused, and what fails half-way can be done again.
 */
import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import type { TokenRecord } from "../../daemon/contract.ts";
import { messageText, quoted } from "../display-text.ts";
import type { EnvLine } from "../env/bindings.ts";
import { replaceSecrets, type Written } from "../env/env-lines.ts";
import { FileError } from "../env/file-text.ts";
import type { Services } from "../services.ts";
import { forgetSecret } from "../tokens/secret-store.ts";
import { lastUse } from "../tokens/token-facts.ts";
import type { Rotation } from "./rotation.ts";
import { offer, replacementOf, runningWays } from "./rotation-report.ts";
import { undoneLinesInWords } from "./rotation-words.ts";

/** `token`: either of the two. */
export async function undoRotation(services: Services, token: Pick<TokenRecord, "id">): Promise<void> {
	const { daemon, bindings } = services;
	const rotation = await openRotation(services, token);
	if (rotation === undefined) {
		void vscode.window.showWarningMessage(
			l10n.t("There is nothing to undo: the token was not rotated, or its overlap is over."),
		);
		return;
	}
	await bindings.whenReady();
	const lines = bindings.linesOf(rotation.successor.id);
	await confirm(rotation, lines);
	const replacements = await replacementOf(services, rotation);
	await vscode.window.withProgress(
		{
			location: vscode.ProgressLocation.Notification,
			title: l10n.t("Undoing the rotation of {0}…", quoted(rotation.predecessor.name)),
		},
		async () => {
			await putBack(services, rotation, lines);
			await (await daemon.client()).undoRotation(rotation.predecessor.id);
			await forgetSecret(services, rotation.successor.id);
		},
	);
	const back = replacements.flatMap(({ oldSecret, newSecret }) =>
		oldSecret === undefined
			? []
			: [{ token: rotation.predecessor, oldSecret: newSecret, newSecret: oldSecret }],
	);
	await offer(
		vscode.window.showInformationMessage,
		undoneInWords(rotation.predecessor.name, lines),
		runningWays(services, lines, back),
	);
}

/** Asks the daemon, since the list may not have heard yet. */
export async function openRotation(
	{ daemon }: Pick<Services, "daemon">,
	{ id }: Pick<TokenRecord, "id">,
): Promise<Rotation | undefined> {
	const client = await daemon.client();
	const token = await client.getToken(id);
	if (token.status === "retiring" && token.successorId !== null)
		return { predecessor: token, successor: await client.getToken(token.successorId) };
	if (token.predecessorId === null) return undefined;
	const predecessor = await client.getToken(token.predecessorId);
	const isOpen = predecessor.status === "retiring" && predecessor.successorId === token.id;
	return isOpen ? { predecessor, successor: token } : undefined;
}

async function confirm({ successor }: Rotation, lines: readonly EnvLine[]): Promise<void> {
	const undo = l10n.t("Undo Rotation");
	const question = l10n.t("Undo the rotation of {0}?", quoted(successor.name));
	const detail = [
		undoneLinesInWords(lines, vscode.workspace.isTrusted ? "done" : "restricted"),
		revocationInWords(successor),
	].join("\n\n");
	const chosen = await vscode.window.showWarningMessage(question, { modal: true, detail }, undo);
	if (chosen !== undo) throw new vscode.CancellationError();
}

function revocationInWords(successor: TokenRecord): string {
	if (successor.useCount === 0) return l10n.t("The new token is revoked. Nobody has used it yet.");
	return l10n.t(
		"The new token is revoked: whatever uses its secret by now is refused. Its last use: {0}.",
		lastUse(successor, Date.now()),
	);
}

/** @throws FileError, and then both secrets still work. */
async function putBack(
	{ secrets }: Services,
	{ predecessor }: Rotation,
	lines: readonly EnvLine[],
): Promise<void> {
	if (lines.length === 0) return;
	const secret = await secrets.get(predecessor.id);
	if (secret === undefined)
		throw new Error(
			l10n.t(
				"The old secret is not kept on this machine, so the lines cannot get it back. Undo the rotation where it was made, or rotate the successor.",
			),
		);
	refuseHalf(await replaceSecrets(lines.map((line) => ({ line, value: secret }))));
}

/** What the disk still holds would be dead after the next step. */
function refuseHalf({ unsaved, notSaved }: Written<EnvLine>): void {
	const [first] = [...notSaved, ...unsaved];
	if (first === undefined) return;
	const detail = l10n.t(
		"{0} has the old secret back in its editor, but not on disk. Save it, then undo once more; until then both secrets work.",
		first.fileName,
	);
	throw new FileError("not-saved", detail);
}

function undoneInWords(name: string, lines: readonly EnvLine[]): string {
	const [only] = lines;
	if (only === undefined)
		return l10n.t("Undone: {0} is as it was, and its successor is revoked.", quoted(name));
	if (lines.length === 1)
		return l10n.t("Undone: {0} holds the secret of {1} again.", messageText(only.words), quoted(name));
	return l10n.t("Undone: {0} lines hold the secret of {1} again.", lines.length, quoted(name));
}
