/** Progress and results of a change of several tokens: a message when all is done, else a list of what is not. */
import { inspect } from "node:util";
import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import type { ActionOptions } from "../action.ts";
import { ignoredFields } from "../create/ignored-words.ts";
import { labelText, quoted } from "../display-text.ts";
import { explain } from "../failure.ts";
import { showInformation } from "../notification.ts";
import type { Services } from "../services.ts";
import type { TokenProgress } from "../tokens/each-token.ts";
import type { TokenResult } from "./edit-many-action.ts";

interface ManyChanges {
	/** While it runs: `Tagging 3 tokens`. */
	title: string;
	/** How many tokens are to be changed. */
	count: number;
	run(options: ActionOptions<TokenProgress>): Promise<TokenResult[]>;
	/** What was done, as a sentence, by the number of changed tokens. */
	done(count: number): string;
	/** Takes the changes back. Default: that is not offered. */
	undo?(changed: readonly ChangedToken[]): Promise<void>;
}

type ChangedToken = Extract<TokenResult, { kind: "changed" }>;

export async function changeMany(
	services: Pick<Services, "log">,
	{ title, count, run, done, undo }: ManyChanges,
): Promise<void> {
	const results = await vscode.window.withProgress(
		{ location: vscode.ProgressLocation.Notification, title, cancellable: true },
		(progress, cancellation) =>
			run({
				onProgress: ({ token }) => progress.report({ message: quoted(token.name), increment: 100 / count }),
				cancellation,
			}),
	);
	const changed = results.filter((result) => result.kind === "changed");
	if (changed.length !== count) return await showResults(services, results, count);
	const button = l10n.t("Undo");
	const chosen = await showInformation(done(count), ...(undo === undefined ? [] : [button]));
	if (chosen === button) await undo?.(changed);
}

interface ResultRow extends vscode.QuickPickItem {
	id?: string;
}

/** Each token with its outcome; Enter on one that was not changed edits it. */
async function showResults(
	{ log }: Pick<Services, "log">,
	results: readonly TokenResult[],
	count: number,
): Promise<void> {
	for (const result of results)
		if (result.kind === "failed") log.error(`${result.token.id} was not changed.`, inspect(result.error));
	const changed = results.filter(({ kind }) => kind === "changed").length;
	const left = count - results.length;
	const cancelled: ResultRow = { label: l10n.t("$(warning) Cancelled: {0} not started", left) };
	const rows = [...(left === 0 ? [] : [cancelled]), ...results.map(rowOf)];
	const chosen = await vscode.window.showQuickPick(rows, {
		title: l10n.t("Changed {0} of {1} Tokens", changed, count),
		placeHolder: l10n.t("Press Enter on a token that was not changed to edit it."),
		matchOnDetail: true,
		ignoreFocusOut: true,
	});
	if (chosen?.id !== undefined)
		await vscode.commands.executeCommand("tokensmith.editToken", { id: chosen.id });
}

function rowOf(result: TokenResult): ResultRow {
	const name = labelText(result.token.name);
	const { id } = result.token;
	if (result.kind === "changed") return { label: `$(pass) ${name}`, description: l10n.t("changed") };
	if (result.kind === "ignored")
		return {
			label: `$(warning) ${name}`,
			description: l10n.t("not as requested"),
			detail: labelText(ignoredFields(result.ignored).join(" · ")),
			id,
		};
	if (result.kind === "conflict")
		return {
			label: `$(warning) ${name}`,
			description: l10n.t("not changed"),
			detail: l10n.t("It was changed meanwhile by another window or service."),
			id,
		};
	const detail = labelText(explain(result.error).text);
	return { label: `$(error) ${name}`, description: l10n.t("not changed"), detail, id };
}
