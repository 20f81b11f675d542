/**
 * The time left at the right edge of a row, where a narrow side bar never cuts it off: VS Code shows a file's decoration
 * there, of two characters at most. Everything that it shows is in the row's address, so it needs no updates.
 */
import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import { endOf, type TokenRecord } from "../../daemon/contract.ts";
import { timeLeft } from "./time-left.ts";

const scheme = "tokensmith-time-left";
const hour = 3_600_000;
const day = 24 * hour;
const week = 7 * day;

/** A shorter name leaves room for the time beside it, in a side bar of 200 pixels. */
const longestName = 16;

export function showTimeBadges(): vscode.Disposable {
	return vscode.window.registerFileDecorationProvider({
		provideFileDecoration({ scheme: given, path, query }) {
			return given === scheme ? new vscode.FileDecoration(path.slice(1), query) : undefined;
		},
	});
}

/** For the row of a token that ends soon; undefined where the row has room for the time, or the time none in the badge. */
export function timeBadgeOf(
	name: string,
	dates: Pick<TokenRecord, "expiry" | "expiryKnown" | "retiresDate">,
	now: number,
): vscode.Uri | undefined {
	const badge = badgeFor(endOf(dates) - now);
	if (name.length <= longestName || badge === undefined) return undefined;
	return vscode.Uri.from({ scheme, path: `/${badge}`, query: timeLeft(dates, now) });
}

/** `9h`, `1d`, `6d`, `3w`: what is left at most, except for days and weeks, which are rounded as in words. */
function badgeFor(left: number): string | undefined {
	if (left <= 0) return undefined;
	if (left <= 9 * hour) return l10n.t("{0}h", Math.ceil(left / hour));
	if (left < 9.5 * day) return l10n.t("{0}d", Math.max(1, Math.round(left / day)));
	return left < 9.5 * week ? l10n.t("{0}w", Math.round(left / week)) : undefined;
}
