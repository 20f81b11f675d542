/**
 * The command for an incident: asks what has leaked, revokes it, replaces the secrets in the lines, and opens a report.
 */
import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import type { TokenRecord } from "../../daemon/contract.ts";
import type { CommandCall, CommandTable } from "../command.ts";
import { messageText } from "../display-text.ts";
import { countInWords } from "../rotation/rotate-expiring.ts";
import { offer, runningWays, saveAll } from "../rotation/rotation-report.ts";
import type { Services } from "../services.ts";
import { commentOutLines } from "../tokens/comment-lines.ts";
import { connect, currentFirst, withSelected } from "../tokens/token-choice.ts";
import type { Prompts } from "../wizard/prompts.ts";
import { runWizard } from "../wizard/wizard.ts";
import {
	type IncidentDeps,
	type IncidentOutcome,
	type IncidentPlan,
	type IncidentProgress,
	type IncidentResult,
	runIncident,
} from "./incident-action.ts";
import { incidentMarkdown } from "./incident-report.ts";
import { type IncidentDraft, idsOf, incidentSteps } from "./incident-steps.ts";

type IncidentReportDeps = Pick<
	Services,
	"bindings" | "connections" | "daemon" | "debugging" | "log" | "secrets"
>;

type StartIncidentDeps = IncidentReportDeps & Pick<Services, "live">;

export const incidentCommands: CommandTable<StartIncidentDeps> = {
	startIncident: {
		failed: () => l10n.t("The incident was not carried out. The token list shows what is revoked."),
		run: ({ services, argument, selected }) => startIncident(services, givenIds({ argument, selected })),
	},
};

/** `ids`: the tokens that the command was started from; the user can choose others. */
async function startIncident(services: StartIncidentDeps, ids: readonly string[]): Promise<void> {
	const { live, bindings } = services;
	await connect(live);
	const tokens = live.tokens.filter(({ revokedDate }) => revokedDate === null).toSorted(currentFirst);
	if (tokens.length === 0) {
		void vscode.window.showInformationMessage(l10n.t("No API token can be revoked."));
		return;
	}
	await bindings.whenReady();
	await runIncidentAndReport(services, await ask(services, tokens, ids));
}

/** Opens the report, and offers what can be done next. */
export async function runIncidentAndReport(services: IncidentReportDeps, plan: IncidentPlan): Promise<void> {
	const outcome = await runWithProgress(services, plan);
	if (outcome.kind === "cancelled") throw new vscode.CancellationError();
	if (outcome.kind === "not-started") throw outcome.error;
	await openReport(outcome);
	await sayDone(services, outcome);
}

function runWithProgress(services: IncidentDeps, plan: IncidentPlan): Thenable<IncidentOutcome> {
	const title = l10n.t("Revoking tokens and replacing their secrets");
	return vscode.window.withProgress(
		{ location: vscode.ProgressLocation.Notification, title, cancellable: true },
		(progress, cancellation) =>
			runIncident(services, plan, {
				onProgress: (at) => progress.report({ message: progressInWords(at) }),
				cancellation,
			}),
	);
}

function progressInWords(progress: IncidentProgress): string {
	if (progress.stage === "storing") return l10n.t("Storing the new secrets…");
	if (progress.stage === "replacing") return l10n.t("Replacing secrets in env files…");
	if (progress.revoked === 0) return l10n.t("Revoking…");
	return l10n.t("{0} revoked", countInWords(progress.revoked));
}

async function ask(
	{ bindings }: Pick<Services, "bindings">,
	tokens: readonly TokenRecord[],
	given: readonly string[],
): Promise<IncidentPlan> {
	const linesOf = (id: string) => bindings.linesOf(id);
	const ids = given.filter((id) => tokens.some((token) => token.id === id));
	const start: IncidentDraft = ids.length === 0 ? {} : { scope: "some", ids };
	const steps = (prompts: Prompts) => incidentSteps({ prompts, tokens, linesOf, now: Date.now() });
	const draft = await runWizard(steps, start, { title: l10n.t("Incident") });
	const { scope, reason, replacing } = draft;
	if (reason === undefined || replacing === undefined) throw new Error("The steps ended too early.");
	return { ids: scope === "all" ? "all" : idsOf(draft, tokens), reason, replacing };
}

async function openReport({ facts }: IncidentResult): Promise<void> {
	const content = incidentMarkdown(facts);
	const document = await vscode.workspace.openTextDocument({ language: "markdown", content });
	await vscode.window.showTextDocument(document, { preview: false });
}

async function sayDone(
	services: IncidentReportDeps,
	{ facts, replaced, dead, notOnDisk, replacements, left }: IncidentResult,
): Promise<void> {
	const text = [
		...leftInWords(facts),
		l10n.t(
			"Revoked {0}. The report says what remains to be done.",
			countInWords(facts.report.revoked.length),
		),
		...(replaced.length === 0
			? []
			: [
					replaced.length === 1
						? l10n.t("1 line contains a successor's secret.")
						: l10n.t("{0} lines contain successors' secrets.", replaced.length),
				]),
		...(dead.length === 0
			? []
			: [
					dead.length === 1
						? l10n.t("1 line still contains a revoked secret.")
						: l10n.t("{0} lines still contain a revoked secret.", dead.length),
				]),
	].join(" ");
	await offer(vscode.window.showWarningMessage, text, [
		...(left === undefined
			? []
			: [{ label: l10n.t("Revoke the Rest"), run: () => runIncidentAndReport(services, left) }]),
		...(notOnDisk.length === 0 ? [] : [{ label: l10n.t("Save Files"), run: () => saveAll(notOnDisk) }]),
		...(dead.length === 0
			? []
			: [{ label: l10n.t("Comment Out Lines"), run: () => commentOutLines(services, dead) }]),
		...runningWays(services, replaced, replacements),
	]);
}

function leftInWords({ left }: IncidentResult["facts"]): string[] {
	if (left === undefined) return [];
	const what = l10n.t("Not all tokens were revoked, {0} may still work:", countInWords(left.tokens.length));
	return [`${what} ${messageText(left.why)}`];
}

function givenIds({ argument, selected }: Pick<CommandCall<unknown>, "argument" | "selected">): string[] {
	return withSelected(argument, selected).flatMap((one) =>
		typeof one === "object" && one !== null && "id" in one && typeof one.id === "string" ? [one.id] : [],
	);
}
