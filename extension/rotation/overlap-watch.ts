/**
 * Watches for the end of overlaps: deletes the secret that is refused from then on, and offers to replace it in the
 * lines that still hold it. Invariant: scans env files only after an overlap has ended.
 */
import { inspect } from "node:util";
import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import type { TokenRecord } from "../../daemon/contract.ts";
import { messageText, quoted } from "../display-text.ts";
import { openLine } from "../env/bindings.ts";
import type { Claims } from "../notices/claims.ts";
import { overlapKey } from "../notices/due-notices.ts";
import { showWarning } from "../notification.ts";
import type { Services } from "../services.ts";
import { isOverlapOver, workingSuccessorOf } from "../tokens/lineage.ts";
import { forgetSecret } from "../tokens/secret-store.ts";
import { command, offer } from "./rotation-report.ts";

interface OverlapWatchDeps extends Pick<Services, "live" | "bindings" | "secrets" | "log"> {
	claims: Claims;
	/** How long after the end, in milliseconds, a rotation may still be replacing lines. */
	grace?: number;
}

export function watchOverlaps(deps: OverlapWatchDeps): vscode.Disposable {
	const seen = new Set<string>();
	return deps.live.onDidChange(() => {
		const { live, log, grace = 10_000 } = deps;
		// Without the daemon the list is out of date, and another window may have undone a rotation since.
		if (live.state !== "live") return;
		const then = Date.now() - grace;
		const ended = live.tokens.filter((token) => !seen.has(token.id) && isOverlapOver(token, then));
		if (ended.length === 0) return;
		for (const { id } of ended) seen.add(id);
		afterEnd(deps, ended).catch((error: unknown) => {
			log.warn(inspect(error));
			// The next change of the list tries again.
			for (const { id } of ended) seen.delete(id);
		});
	});
}

async function afterEnd(deps: OverlapWatchDeps, ended: readonly TokenRecord[]): Promise<void> {
	const { secrets, claims, bindings } = deps;
	const kept = new Set(await secrets.ids());
	// The secret of a connected system is needed until its system is known to refuse it.
	for (const { id, connectionId } of ended)
		if (connectionId === null && kept.has(id)) await forgetSecret(deps, id);
	const claimed = await claims.keys();
	const unclaimed = ended.filter(({ id }) => !claimed.has(overlapKey(id)));
	if (unclaimed.length === 0 || !vscode.workspace.isTrusted) return;
	await bindings.whenReady();
	for (const token of unclaimed) {
		if (bindings.linesOf(token.id).length === 0 || !(await claims.claim(overlapKey(token.id)))) continue;
		offerReplacement(deps, token).catch((error: unknown) => deps.log.warn(inspect(error)));
	}
}

async function offerReplacement(
	{ live, bindings, secrets }: OverlapWatchDeps,
	token: TokenRecord,
): Promise<void> {
	const lines = bindings.linesOf(token.id);
	const [first] = lines;
	const successor = workingSuccessorOf(live.tokens, token);
	if (first === undefined) return;
	const isStored = successor !== undefined && (await secrets.get(successor.id)) !== undefined;
	const name = quoted(token.name);
	const text =
		lines.length === 1
			? l10n.t(
					"The overlap of {0} is over, but {1} still contains its old secret.",
					name,
					messageText(first.words),
				)
			: l10n.t("The overlap of {0} is over, but {1} lines still contain its old secret.", name, lines.length);
	await offer(showWarning, text, [
		...(isStored ? [command(l10n.t("Replace with New Secret"), "finishRotation", token)] : []),
		{ label: l10n.t("Open File"), run: () => openLine(first) },
	]);
}
