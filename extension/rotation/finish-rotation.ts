/**
 * Writes the secret of the successor to the lines that still hold that of a rotated token, if this machine has stored
 * it.
 */
import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import type { TokenRecord } from "../../daemon/contract.ts";
import { quoted } from "../display-text.ts";
import type { EnvLine } from "../env/bindings.ts";
import { replaceSecrets } from "../env/env-lines.ts";
import { showInformation, showWarning } from "../notification.ts";
import type { Services } from "../services.ts";
import { works } from "../tokens/lineage.ts";
import { command, offer, reportRotated } from "./rotation-report.ts";

type FinishDeps = Pick<Services, "connections" | "daemon" | "bindings" | "secrets" | "debugging">;

/** Replaces the secret in all lines that still hold it. */
export async function finishRotation(
	services: FinishDeps,
	predecessor: Pick<TokenRecord, "id">,
): Promise<void> {
	await services.bindings.whenReady();
	await replaceIn(services, predecessor, services.bindings.linesOf(predecessor.id));
}

/** Replaces it in this line only. */
export async function replaceWithSuccessor(services: FinishDeps, line: EnvLine): Promise<void> {
	if (line.tokenId === undefined) throw new Error(l10n.t("The line contains no known secret."));
	await replaceIn(services, { id: line.tokenId }, [line]);
}

async function replaceIn(
	services: FinishDeps,
	{ id }: Pick<TokenRecord, "id">,
	lines: readonly EnvLine[],
): Promise<void> {
	const { predecessor, successor } = await workingSuccessor(services, id);
	const name = quoted(predecessor.name);
	if (successor === undefined) {
		const text = l10n.t("No successor of {0} works any longer. Create another token for its lines.", name);
		await offer(showWarning, text, [
			{
				label: l10n.t("Create API Token"),
				run: () => vscode.commands.executeCommand("tokensmith.createToken"),
			},
		]);
		return;
	}
	const secret = await services.secrets.get(successor.id);
	if (secret === undefined) {
		const text = l10n.t(
			"The secret of the successor of {0} is not stored in this editor. Rotate the successor to get another one.",
			name,
		);
		await offer(showWarning, text, [command(l10n.t("Rotate the Successor"), "rotateToken", successor)]);
		return;
	}
	if (lines.length === 0) {
		void showInformation(l10n.t("No line in the env files here contains the old secret of {0}.", name));
		return;
	}
	const edits = lines.map((line) => ({ line, value: secret }));
	const written = await replaceSecrets(edits, { whenRefused: "leave" });
	await reportRotated(services, { predecessor, successor, written });
}

/** The last successor that works, from the daemon, since the list may be out of date. */
async function workingSuccessor(
	{ daemon }: Pick<Services, "daemon">,
	id: string,
): Promise<{ predecessor: TokenRecord; successor: TokenRecord | undefined }> {
	const client = await daemon.client();
	const predecessor = await client.getToken(id);
	let successor: TokenRecord | undefined;
	const seen = new Set([id]);
	for (let next = predecessor.successorId; next !== null && !seen.has(next); ) {
		seen.add(next);
		const token = await client.getToken(next);
		if (works(token, Date.now())) successor = token;
		next = token.successorId;
	}
	return { predecessor, successor };
}
