/**
 * The command that undoes a rotation, after a question. If that is not possible, or not yet, it shows what the user can
 * do.
 */
import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import type { TokenRecord } from "../../daemon/contract.ts";
import { askAnswersFor } from "../connections/answers.ts";
import { messageText, quoted } from "../display-text.ts";
import type { EnvLine } from "../env/bindings.ts";
import { explain } from "../failure.ts";
import { confirmIrreversible } from "../irreversible.ts";
import { showInformation, showWarning } from "../notification.ts";
import type { Services } from "../services.ts";
import { isOverlapOver } from "../tokens/lineage.ts";
import { isUseSeen, lastUse } from "../tokens/token-facts.ts";
import { command, offer, replacementOf, runningWays, type Way } from "./rotation-report.ts";
import type { Rotation } from "./rotation-sequence.ts";
import { undoneLinesInWords } from "./rotation-words.ts";
import { type RefusedUndo, undoRotation } from "./undo-action.ts";

type UndoDeps = Pick<Services, "bindings" | "connections" | "daemon" | "debugging" | "log" | "secrets">;

/** `token`: the predecessor or its successor. */
export async function undoRotationInteractively(
	services: UndoDeps,
	token: Pick<TokenRecord, "id">,
): Promise<void> {
	const { bindings } = services;
	const asked = await undoable(services, token);
	if (asked === undefined) return;
	await bindings.whenReady();
	await confirm(asked, bindings.linesOf(asked.successor.id));
	// The user may have taken long to answer, so the current state is undone.
	const rotation = await undoable(services, token);
	if (rotation === undefined) return;
	await bindings.whenReady();
	const lines = bindings.linesOf(rotation.successor.id);
	const replacements = await replacementOf(services, rotation);
	const { connections } = services;
	const answers = (await askAnswersFor(connections, [rotation.successor], ["revoke"]))(rotation.successor);
	const refused = await vscode.window.withProgress(
		{
			location: vscode.ProgressLocation.Notification,
			title: l10n.t("Undoing the rotation of {0}…", quoted(rotation.predecessor.name)),
		},
		() => undoRotation(services, rotation, lines, answers),
	);
	if (refused !== undefined) return await sayRefused(rotation, lines, refused);
	const back = replacements.flatMap(({ oldSecret, newSecret }) =>
		oldSecret === undefined
			? []
			: [{ token: rotation.predecessor, oldSecret: newSecret, newSecret: oldSecret }],
	);
	await offer(
		showInformation,
		undoneInWords(rotation.predecessor.name, lines),
		runningWays(services, lines, back),
	);
}

/** From the daemon, since the list may be out of date. */
export async function openRotation(
	services: Pick<Services, "daemon">,
	token: Pick<TokenRecord, "id">,
): Promise<Rotation | undefined> {
	return (await rotationsOf(services, token)).find(({ predecessor }) => predecessor.status === "retiring");
}

/** First the rotation in which the token is the predecessor, then the one in which it is the successor. */
async function rotationsOf(
	{ daemon }: Pick<Services, "daemon">,
	{ id }: Pick<TokenRecord, "id">,
): Promise<Rotation[]> {
	const client = await daemon.client();
	const token = await client.getToken(id);
	const rotations: Rotation[] = [];
	if (token.successorId !== null)
		rotations.push({ predecessor: token, successor: await client.getToken(token.successorId) });
	if (token.predecessorId !== null) {
		const predecessor = await client.getToken(token.predecessorId);
		if (predecessor.successorId === id) rotations.push({ predecessor, successor: token });
	}
	return rotations;
}

/** undefined: it cannot be undone, or not yet; a message has said so. */
async function undoable(services: UndoDeps, token: Pick<TokenRecord, "id">): Promise<Rotation | undefined> {
	const rotations = await rotationsOf(services, token);
	const open = rotations.find(({ predecessor }) => predecessor.status === "retiring");
	if (open !== undefined) return open;
	const disabled = rotations.find(({ predecessor }) => isDisabledInOverlap(predecessor));
	if (disabled !== undefined) await sayDisabled(services, disabled.predecessor);
	else await sayNothingToUndo(services, rotations[0]);
	return undefined;
}

function isDisabledInOverlap(predecessor: TokenRecord): boolean {
	return predecessor.status === "disabled" && !isOverlapOver(predecessor, Date.now());
}

async function sayDisabled(services: UndoDeps, predecessor: TokenRecord): Promise<void> {
	const text = l10n.t(
		"{0} is disabled, so lines with its secret would be refused. Enable it to undo its rotation.",
		quoted(predecessor.name),
	);
	const enable = async () => {
		await (await services.daemon.client()).enableToken(predecessor.id);
		await undoRotationInteractively(services, predecessor);
	};
	await offer(showWarning, text, [{ label: l10n.t("Enable and Undo"), run: enable }]);
}

async function sayNothingToUndo(
	{ bindings }: Pick<Services, "bindings">,
	rotation: Rotation | undefined,
): Promise<void> {
	await bindings.whenReady();
	const isLeft = rotation !== undefined && bindings.linesOf(rotation.predecessor.id).length > 0;
	await offer(
		showWarning,
		l10n.t("There is nothing to undo: the token was not rotated, or its overlap is over."),
		isLeft ? [finishWay(rotation)] : [],
	);
}

function finishWay({ predecessor }: Rotation): Way {
	return command(l10n.t("Finish Rotation"), "finishRotation", predecessor);
}

async function sayRefused(
	rotation: Rotation,
	lines: readonly EnvLine[],
	{ error, lines: held }: RefusedUndo,
): Promise<void> {
	const name = quoted(rotation.predecessor.name);
	const why =
		error.problem.code === "not-rotated"
			? l10n.t("The rotation of {0} was not undone: its overlap ended in the meantime.", name)
			: l10n.t("The rotation of {0} was not undone. {1}", name, messageText(explain(error).text));
	const isRestored = held === "new secret";
	const now = isRestored
		? againInWords(lines)
		: [l10n.t("Lines may contain the old secret, which is refused.")];
	await offer(showWarning, [why, ...now].join(" "), isRestored ? [] : [finishWay(rotation)]);
}

function againInWords(lines: readonly EnvLine[]): string[] {
	const [only] = lines;
	if (only === undefined) return [];
	if (lines.length === 1) return [l10n.t("{0} contains the new secret again.", messageText(only.words))];
	return [l10n.t("{0} lines contain the new secret again.", lines.length)];
}

async function confirm({ successor }: Rotation, lines: readonly EnvLine[]): Promise<void> {
	const question = l10n.t("Undo the rotation of {0}?", quoted(successor.name));
	const detail = [
		undoneLinesInWords(lines, vscode.workspace.isTrusted ? "done" : "restricted"),
		revocationInWords(successor),
	].join("\n\n");
	await confirmIrreversible({ question, detail, keep: l10n.t("Keep Rotation") }, l10n.t("Undo Rotation"));
}

function revocationInWords(successor: TokenRecord): string {
	if (isUseSeen(successor) && successor.useCount === 0)
		return l10n.t("The new token is revoked. It was not used yet.");
	return l10n.t(
		"The new token is revoked: programs that use its secret are refused. Its last use: {0}.",
		lastUse(successor, Date.now()),
	);
}

function undoneInWords(name: string, lines: readonly EnvLine[]): string {
	const [only] = lines;
	if (only === undefined)
		return l10n.t("Undone: {0} is as before the rotation, and its successor is revoked.", quoted(name));
	if (lines.length === 1)
		return l10n.t("Undone: {0} contains the secret of {1} again.", messageText(only.words), quoted(name));
	return l10n.t("Undone: {0} lines contain the secret of {1} again.", lines.length, quoted(name));
}
