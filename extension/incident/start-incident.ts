/**
 * The command for an incident: asks what has leaked, revokes it, replaces the secrets in the lines, and opens a report.
 */
import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import type { TokenRecord } from "../../daemon/contract.ts";
import type { ActionOptions } from "../action.ts";
import type { CommandCall, CommandTable } from "../command.ts";
import { askAnswersFor } from "../connections/answers.ts";
import { messageText, quoted } from "../display-text.ts";
import { explain } from "../failure.ts";
import { showInformation, showWarning } from "../notification.ts";
import { stageInWords } from "../rotation/rotate.ts";
import {
	offer,
	type RotationReportDeps,
	reportOutcome,
	runningWays,
	saveAll,
	type Way,
} from "../rotation/rotation-report.ts";
import type { Services } from "../services.ts";
import { commentOutLines } from "../tokens/comment-lines.ts";
import { connect, currentFirst, serverNameOf, withSelected } from "../tokens/token-choice.ts";
import { countInWords } from "../tokens/token-facts.ts";
import type { Prompts } from "../wizard/prompts.ts";
import { askWithMore, runWizard } from "../wizard/wizard.ts";
import {
	type IncidentDeps,
	type IncidentOutcome,
	type IncidentPlan,
	type IncidentProgress,
	type IncidentResult,
	runIncident,
	withSystems,
} from "./incident-action.ts";
import { incidentMarkdown, isOnlyMarked, markedInWords, namedByPlace } from "./incident-report.ts";
import { type IncidentDraft, idsOf, incidentSteps } from "./incident-steps.ts";
import {
	confirmAgain,
	isToTryAgain,
	revokeAtSystems,
	type SystemProgress,
	type SystemResult,
} from "./revoke-at-systems.ts";
import { isRevoked, isUnconfirmed } from "./system-facts.ts";
import { askAgain, operationsFor } from "./try-systems-again.ts";

type IncidentReportDeps = RotationReportDeps & Pick<Services, "bindings" | "connections" | "live">;

export const incidentCommands: CommandTable<IncidentReportDeps> = {
	startIncident: {
		failed: () => l10n.t("The incident was not carried out. The token list shows what is revoked."),
		run: ({ services, argument, selected }) => startIncident(services, givenIds({ argument, selected })),
	},
};

/** `ids`: the tokens that the command was started from; the user can choose others. */
async function startIncident(services: IncidentReportDeps, ids: readonly string[]): Promise<void> {
	const { live, bindings, connections } = services;
	await connect(live);
	const tokens = live.tokens
		.filter((token) => token.revokedDate === null && connections.may("delete", token))
		.toSorted(currentFirst);
	if (tokens.length === 0) {
		void showInformation(l10n.t("No API token can be revoked."));
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
	await showResult(services, plan, outcome, outcome.systems);
}

/** `tried`: of the systems' tokens, those that were tried now. */
async function showResult(
	services: IncidentReportDeps,
	plan: IncidentPlan,
	result: IncidentResult,
	tried: readonly SystemResult[],
): Promise<void> {
	for (const { facts, rotation } of tried)
		if (rotation?.kind === "secret-not-stored") await reportOutcome(services, facts.token, rotation);
	await openReport(services, result);
	await sayDone(services, plan, result);
}

/** Only what was not revoked is tried again, and the report is about all of it. */
async function trySystemsAgain(
	services: IncidentReportDeps,
	plan: IncidentPlan,
	{ here, systems }: IncidentResult,
): Promise<void> {
	const revocation = await askAgain(services, plan, systems);
	if (revocation === undefined) throw new vscode.CancellationError();
	const tried = await withProgress((options) => revokeAtSystems(services, revocation, options));
	const ids = new Set(tried.map(({ facts }) => facts.token.id));
	const all = [...systems.filter(({ facts }) => !ids.has(facts.token.id)), ...tried];
	await showResult(services, plan, await withSystems(services, here, all), tried);
}

function runWithProgress(services: IncidentDeps, plan: IncidentPlan): Thenable<IncidentOutcome> {
	return withProgress((options) => runIncident(services, plan, options));
}

function withProgress<Result>(
	run: (options: ActionOptions<IncidentProgress>) => Promise<Result>,
): Thenable<Result> {
	const title = l10n.t("Revoking tokens and replacing their secrets");
	return vscode.window.withProgress(
		{ location: vscode.ProgressLocation.Notification, title, cancellable: true },
		(progress, cancellation) =>
			run({ onProgress: (at) => progress.report({ message: progressInWords(at) }), cancellation }),
	);
}

function progressInWords(progress: IncidentProgress): string {
	if (progress.stage === "storing") return l10n.t("Storing the new secrets…");
	if (progress.stage === "replacing") return l10n.t("Replacing secrets in env files…");
	if (progress.stage === "confirming")
		return l10n.t("Confirming that the systems refuse the revoked secrets…");
	if (progress.stage === "systems") return systemProgressInWords(progress);
	if (progress.revoked === 0) return l10n.t("Revoking…");
	return l10n.t("{0} revoked", countInWords(progress.revoked));
}

function systemProgressInWords(at: Extract<SystemProgress, { stage: "systems" }>): string {
	const step = at.step === "revoking" ? l10n.t("Revoking…") : stageInWords[at.step]();
	return l10n.t("{0} at {1} ({2} of {3}): {4}", at.token.name, at.system, at.index + 1, at.count, step);
}

async function ask(
	services: Pick<Services, "bindings" | "connections" | "live">,
	tokens: readonly TokenRecord[],
	given: readonly string[],
): Promise<IncidentPlan> {
	const { connections, bindings, live } = services;
	const serverOf = (id: string) => serverNameOf(live, { id });
	const linesOf = (id: string) => bindings.linesOf(id);
	const ids = given.filter((id) => tokens.some((token) => token.id === id));
	const start: IncidentDraft = ids.length === 0 ? {} : { scope: "some", ids };
	const steps = (prompts: Prompts) => incidentSteps({ prompts, tokens, linesOf, serverOf, now: Date.now() });
	const chosen = (draft: IncidentDraft) => {
		const ended = new Set(idsOf(draft, tokens));
		return tokens.filter((token) => ended.has(token.id) && connections.wayTo("revoke", token) === "called");
	};
	const { draft, more: answersOf } = await askWithMore(
		{ draft: start },
		({ draft: from, changeFirst }) => runWizard(steps, from, { title: l10n.t("Incident"), changeFirst }),
		(asked) => askAnswersFor(connections, chosen(asked), operationsFor(asked.replacing ?? "none")),
		"confirm",
	);
	// Not asked where no token can have a successor.
	const { scope, reason, replacing = "none" } = draft;
	if (reason === undefined) throw new Error("The steps ended too early.");
	return { ids: scope === "all" ? "all" : idsOf(draft, tokens), reason, replacing, answersOf };
}

async function openReport(
	{ connections }: Pick<Services, "connections">,
	{ facts }: IncidentResult,
): Promise<void> {
	const content = incidentMarkdown(namedByPlace(facts, (token) => connections.placeOf(token)));
	const document = await vscode.workspace.openTextDocument({ language: "markdown", content });
	await vscode.window.showTextDocument(document, { preview: false });
}

async function sayDone(
	services: IncidentReportDeps,
	plan: IncidentPlan,
	result: IncidentResult,
): Promise<void> {
	const { facts, replaced, dead, notOnDisk, replacements, left } = result;
	const text = [
		...leftInWords(facts),
		...systemsInWords(facts),
		...unconfirmedInWords(facts),
		...markedInWords(markedCount(facts)),
		revokedInWords(facts),
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
	await offer(showWarning, text, [
		...(left === undefined
			? []
			: [{ label: l10n.t("Revoke the Rest"), run: () => runIncidentAndReport(services, left) }]),
		// First, since another try needs it.
		...credentialWays(services, plan, result),
		...(result.systems.some(isToTryAgain)
			? [
					{
						label: l10n.t("Revoke at Their Systems…"),
						run: () => trySystemsAgain(services, plan, result),
					},
				]
			: []),
		...(facts.systems.some(isUnconfirmed)
			? [{ label: l10n.t("Check Again"), run: () => checkAgain(services, plan, result) }]
			: []),
		...(notOnDisk.length === 0 ? [] : [{ label: l10n.t("Save Files"), run: () => saveAll(notOnDisk) }]),
		...(dead.length === 0
			? []
			: [{ label: l10n.t("Comment Out Lines"), run: () => commentOutLines(services, dead) }]),
		...runningWays(services, replaced, replacements),
	]);
}

/** The report is made anew. */
async function checkAgain(
	services: IncidentReportDeps,
	plan: IncidentPlan,
	{ here, systems }: IncidentResult,
): Promise<void> {
	const checked = await withProgress((options) => confirmAgain(services, systems, options));
	await showResult(services, plan, await withSystems(services, here, checked), []);
}

function unconfirmedInWords({ systems }: IncidentResult["facts"]): string[] {
	const waiting = systems.filter(isUnconfirmed);
	const [first] = waiting;
	if (first === undefined) return [];
	const [name, system] = [quoted(first.token.name), messageText(first.system)];
	if (waiting.length === 1)
		return [l10n.t("{0} has not yet confirmed that the secret of {1} is dead.", system, name)];
	return [l10n.t("The secrets of {0} are not yet confirmed dead.", countInWords(waiting.length))];
}

function leftInWords({ left }: IncidentResult["facts"]): string[] {
	if (left === undefined) return [];
	const what = l10n.t("Not all tokens were revoked, {0} may still work:", countInWords(left.tokens.length));
	return [`${what} ${messageText(left.why)}`];
}

function revokedInWords(facts: IncidentResult["facts"]): string {
	const { report, systems } = facts;
	const count = report.revoked.length - markedCount(facts) + systems.filter(isRevoked).length;
	return count === 0
		? l10n.t("The report says what remains to be done.")
		: l10n.t("Revoked {0}. The report says what remains to be done.", countInWords(count));
}

function markedCount({ report }: IncidentResult["facts"]): number {
	return report.revoked.filter(({ token }) => isOnlyMarked(token)).length;
}

/** The first reason; the report has all. */
function systemsInWords({ systems }: IncidentResult["facts"]): string[] {
	const left = systems.filter((one) => !isRevoked(one));
	const [first] = left;
	if (first === undefined) return [];
	const what = l10n.t("At their systems, {0} may still work:", countInWords(left.length));
	const why = first.why ?? l10n.t("They are revoked on the system's pages.");
	return [`${what} ${quoted(first.token.name)} (${messageText(first.system)}). ${messageText(why)}`];
}

/** Where another credential is needed before another try. */
function credentialWays(services: IncidentReportDeps, plan: IncidentPlan, result: IncidentResult): Way[] {
	const failed = result.systems.find(
		({ facts, error }) =>
			!isRevoked(facts) && error !== undefined && explain(error).remedy === "change-credential",
	);
	if (failed === undefined) return [];
	const connection = failed.facts.token.connectionId;
	const run = async () => {
		await vscode.commands.executeCommand("tokensmith.changeCredential", { connection });
		await sayDone(services, plan, result);
	};
	return [{ label: l10n.t("Change Credential"), run }];
}

function givenIds({ argument, selected }: Pick<CommandCall<unknown>, "argument" | "selected">): string[] {
	return withSelected(argument, selected).flatMap((one) =>
		typeof one === "object" && one !== null && "id" in one && typeof one.id === "string" ? [one.id] : [],
	);
}
