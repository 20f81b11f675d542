/**
 * Notifies the user in time, in one window, that tokens are about to expire or have expired, with a button to rotate
 * them.
 */

import { inspect } from "node:util";
import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import type { TokenRecord } from "../../daemon/contract.ts";
import type { LiveTokens } from "../daemon/live-tokens.ts";
import { isTokensmith } from "../daemon/qualified-ids.ts";
import { amountInWords } from "../language.ts";
import { showInformation, showWarning } from "../notification.ts";
import { areNoticesWanted, warningDays } from "../settings.ts";
import type { Claims } from "./claims.ts";
import {
	type DueNotice,
	dueNotices,
	isJustRenewed,
	nextDistance,
	noticeInWords,
	type SeenExpiries,
	snoozeKey,
	staleClaims,
} from "./due-notices.ts";
import { FocusedWindow } from "./focused-window.ts";

const day = 86_400_000;

interface ExpiryNoticesDeps {
	live: LiveTokens;
	claims: Claims;
	log: { warn(message: string): void };
	now?: () => number;
}

export function notifyExpiries(deps: ExpiryNoticesDeps): vscode.Disposable {
	const { live, log } = deps;
	const seen: SeenExpiries = new Map();
	const notifying = new FocusedWindow(() => notifyDue(deps, seen), log);
	const settings = vscode.workspace.onDidChangeConfiguration((change) => {
		if (change.affectsConfiguration("tokensmith")) notifying.request();
	});
	return vscode.Disposable.from(
		notifying,
		settings,
		live.onDidChange(() => notifying.request()),
	);
}

async function notifyDue(deps: ExpiryNoticesDeps, seen: SeenExpiries): Promise<void> {
	const { live, claims, now = Date.now } = deps;
	if (live.state !== "live" || !areNoticesWanted()) return;
	const claimed = await claims.keys();
	for (const key of staleClaims(claimed, live.tokens, now())) await claims.release(key);
	const due = dueNotices(live.mine, { now: now(), distances: warningDays(), claimed });
	const own: TokenRecord[] = [];
	for (const notice of due) {
		const isNews = !isJustRenewed(notice.token, seen, now());
		if ((await claimNotice(claims, notice)) && isNews) own.push(notice.token);
	}
	for (const { id, expiry } of live.mine) seen.set(id, expiry);
	// Not awaited: the user may take long to answer, and the next notice does not wait for that.
	if (own.length > 0) notify(deps, own).catch((error: unknown) => deps.log.warn(inspect(error)));
}

/** Whether this window shows the notice. Releases a snooze that is over. */
async function claimNotice(claims: Claims, { key, snooze }: DueNotice): Promise<boolean> {
	const isFirst = snooze === undefined || (await claims.release(snooze));
	return key === snooze ? isFirst : claims.claim(key);
}

async function notify({ claims, now = Date.now }: ExpiryNoticesDeps, due: readonly TokenRecord[]) {
	const [rotate, show, snooze] = [l10n.t("Rotate…"), l10n.t("Show"), l10n.t("Snooze…")];
	const { text, tone } = noticeInWords(due, now());
	const say = tone === "warning" ? showWarning : showInformation;
	const isOurs = due.some(({ issuer }) => isTokensmith(issuer));
	// A token that cannot be rotated here is shown instead.
	const chosen = await say(text, isOurs ? rotate : show, snooze);
	const [first] = due;
	if (first === undefined || chosen === undefined) return;
	if (chosen === show) await vscode.commands.executeCommand("tokensmith.showToken", { id: first.id });
	else if (chosen === snooze) await askSnooze(claims, due, now());
	else if (due.length === 1) await vscode.commands.executeCommand("tokensmith.rotateToken", { id: first.id });
	else await vscode.commands.executeCommand("tokensmith.rotateExpiring");
}

async function askSnooze(claims: Claims, due: readonly TokenRecord[], now: number): Promise<void> {
	const aDay = { label: l10n.t("In One Day") };
	const rest = restOf(due, now);
	const placeHolder = l10n.t("When should Tokensmith remind you again?");
	const chosen = await vscode.window.showQuickPick([aDay, rest], { title: l10n.t("Snooze"), placeHolder });
	// Without a snooze, the next notice comes at the next distance.
	if (chosen !== aDay) return;
	for (const { id } of due) await claims.claim(snoozeKey(id, now + day));
}

/** What happens without a snooze. */
function restOf(due: readonly TokenRecord[], now: number): vscode.QuickPickItem {
	const next = due.map((token) => nextDistance(token, { now, distances: warningDays() }));
	const known = next.filter((distance) => distance !== undefined);
	const [first] = known;
	if (first === undefined) return { label: l10n.t("Do Not Remind Again") };
	const label = l10n.t("At the Next Reminder");
	if (new Set(known).size > 1) return { label, description: l10n.t("each at its next distance") };
	if (first === "expired") return { label, description: l10n.t("when it has expired") };
	return { label, description: l10n.t("{0} before it expires", amountInWords(first, "day")) };
}
