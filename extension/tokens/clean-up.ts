/** The command that deletes ended tokens for good: shows first what goes, and asks once. */
import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import type { CleanUpReport, TokenRecord } from "../../daemon/contract.ts";
import { plainText } from "../display-text.ts";
import { confirmIrreversible } from "../irreversible.ts";
import { amountInWords } from "../language.ts";
import { showInformation } from "../notification.ts";
import { report } from "../report.ts";
import type { Services } from "../services.ts";
import { type CleanUpResult, cleanUp } from "./clean-up-action.ts";
import { dateInWords } from "./time-left.ts";
import { countInWords, endDateOf, isNoted } from "./token-facts.ts";

/** More do not fit into a dialog. */
const mostNames = 12;

type CleanUpCommandDeps = Pick<Services, "daemon" | "live" | "bindings" | "secrets" | "log">;

const failed = () => l10n.t("The ended tokens were not deleted.");

export async function cleanUpInteractively(services: CleanUpCommandDeps): Promise<void> {
	const preview = await (await services.daemon.client()).cleanUp({ preview: true });
	if (preview.tokens.length === 0) return sayNothingToDelete(services);
	await services.bindings.whenReady();
	await confirm(services, preview);
	const result = await vscode.window.withProgress(
		{
			location: vscode.ProgressLocation.Notification,
			title: l10n.t("Deleting {0}", countInWords(preview.tokens.length + preview.left)),
			cancellable: true,
		},
		(progress, cancellation) =>
			cleanUp(services, preview, {
				onProgress: ({ left }) => progress.report({ message: l10n.t("{0} left", left) }),
				cancellation,
			}),
	);
	await sayResult(services, result);
}

function sayNothingToDelete({ live }: Pick<Services, "live">): void {
	const days = amountInWords(live.policyOf().auditDays, "day");
	const nothing = l10n.t(
		"There is nothing to clean up. The record of a token stays for {0} after the token has ended.",
		days,
	);
	void showInformation(live.servers.length === 0 ? nothing : `${nothing} ${cleanedThere()}`);
}

function cleanedThere(): string {
	return l10n.t("A server's records are cleaned up there, with the command tokensmith clean-up.");
}

/** @throws CancellationError */
async function confirm(
	{ bindings, live }: Pick<Services, "bindings" | "live">,
	preview: CleanUpReport,
): Promise<void> {
	const { tokens, left } = preview;
	const count = tokens.length + left;
	const more = count - mostNames;
	const lines = tokens.flatMap(({ id }) => bindings.linesOf(id)).length;
	const detail = [
		...tokens.slice(0, mostNames).map((token) => `•  ${inWords(token)}`),
		...(more > 0 ? [l10n.t("•  and {0} more", more)] : []),
		"",
		tokens.some(isNoted)
			? l10n.t(
					"Their records are deleted for good, and their activity stays listed. What other systems accept does not change.",
				)
			: l10n.t(
					"Their records are deleted for good. Their secrets stay refused, and their activity stays listed.",
				),
		...linesInWords(lines),
		...(live.servers.length > 0 ? [cleanedThere()] : []),
	].join("\n");
	const button = count === 1 ? l10n.t("Delete 1 Token") : l10n.t("Delete {0} Tokens", count);
	const question = l10n.t("Delete tokens that ended before {0}?", dateInWords(preview.endedBefore));
	await confirmIrreversible({ question, detail, keep: l10n.t("Keep Records") }, button);
}

function linesInWords(count: number): string[] {
	if (count === 0) return [];
	if (count === 1) return [l10n.t("1 line in the env files still contains one of their secrets.")];
	return [l10n.t("{0} lines in env files still contain their secrets.", count)];
}

function inWords(token: TokenRecord): string {
	const end = dateInWords(endDateOf(token));
	const name = plainText(token.name);
	if (token.revokedDate === null) return l10n.t("{0} ({1}), expired {2}", name, token.partialToken, end);
	return isNoted(token)
		? l10n.t("{0} ({1}), marked as revoked {2}", name, token.partialToken, end)
		: l10n.t("{0} ({1}), revoked {2}", name, token.partialToken, end);
}

async function sayResult(
	services: CleanUpCommandDeps,
	{ deleted, left, failed: failure }: CleanUpResult,
): Promise<void> {
	const done = l10n.t("Deleted {0} for good.", countInWords(deleted.length));
	if (failure !== undefined) {
		const again = await report({
			failed: deleted.length === 0 ? failed() : l10n.t("{0} The others were not deleted.", done),
			error: failure.error,
			log: services.log,
		});
		if (again !== undefined) await cleanUpInteractively(services);
		return;
	}
	void showInformation(left === 0 ? done : l10n.t("{0} Cancelled: {1} left.", done, countInWords(left)));
}
