/** Notifies the user that a token was used that no longer works: in one window, and once an hour for each token. */
import { inspect } from "node:util";
import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import type { ServerEvents, TokenRecord } from "../../daemon/contract.ts";
import type { LiveTokens } from "../daemon/live-tokens.ts";
import { plainText, quoted } from "../display-text.ts";
import { showWarning } from "../notification.ts";
import { areNoticesWanted } from "../settings.ts";
import type { Claims } from "./claims.ts";
import { deadUseKey } from "./due-notices.ts";
import { FocusedWindow } from "./focused-window.ts";

const hour = 3_600_000;

type DeadUse = ServerEvents["dead-token-used"];

interface DeadTokenNoticesDeps {
	live: LiveTokens;
	claims: Claims;
	log: { warn(message: string): void };
	now?: () => number;
}

export function notifyDeadTokenUse(deps: DeadTokenNoticesDeps): vscode.Disposable {
	const { live, log } = deps;
	const pending = new Map<string, DeadUse>();
	const notifying = new FocusedWindow(async () => {
		const uses = [...pending.values()];
		pending.clear();
		for (const use of uses) await notifyOnce(deps, use);
	}, log);
	const listener = live.onDidUseDeadToken((use) => {
		if (!live.mine.some(({ id }) => id === use.token.id)) return;
		pending.set(use.token.id, use);
		notifying.request();
	});
	return vscode.Disposable.from(notifying, listener);
}

async function notifyOnce(deps: DeadTokenNoticesDeps, use: DeadUse): Promise<void> {
	const { claims, log, now = Date.now } = deps;
	const { id } = use.token;
	if (!areNoticesWanted() || (await wasNotified(claims, id, now()))) return;
	if (!(await claims.claim(deadUseKey(id, now()), String(now())))) return;
	notify(use).catch((error: unknown) => log.warn(inspect(error)));
}

/** The key changes at each full hour, so the notice of the hour before counts too, for 60 minutes. */
async function wasNotified(claims: Claims, id: string, now: number): Promise<boolean> {
	const before = await claims.note(deadUseKey(id, now - hour));
	return before !== undefined && now - Number(before) < hour;
}

async function notify(use: DeadUse): Promise<void> {
	const show = l10n.t("Show Activity");
	const chosen = await showWarning(deadUseInWords(use), show);
	if (chosen === show) await vscode.commands.executeCommand("tokensmith.showActivity", { id: use.token.id });
}

function deadUseInWords({ token, address }: DeadUse): string {
	const [name, from] = [quoted(token.name), plainText(address)];
	return stateOf(token) === "revoked"
		? l10n.t(
				"The revoked API token {0} was used from {1}. A program there still has it, or it has leaked.",
				...[name, from],
			)
		: stateOf(token) === "rotated"
			? l10n.t(
					"The rotated API token {0} is still used from {1}. The program there needs the successor's secret.",
					...[name, from],
				)
			: l10n.t(
					"The expired API token {0} was used from {1}. The program there needs a new one.",
					...[name, from],
				);
}

function stateOf({ revokedDate, successorId }: TokenRecord): "revoked" | "rotated" | "expired" {
	if (revokedDate !== null) return "revoked";
	return successorId === null ? "expired" : "rotated";
}
