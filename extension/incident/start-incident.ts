/** One command for the worst day: asks what has leaked, revokes it, mends the lines, and opens a report of it all. */
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
import { carryOutIncident, type IncidentDeps, type IncidentOutcome, type IncidentWish } from "./incident.ts";
import { incidentMarkdown } from "./incident-report.ts";
import { type IncidentDraft, idsOf, incidentSteps } from "./incident-steps.ts";

type IncidentReportDeps = IncidentDeps & Pick<Services, "debugging">;

type StartIncidentDeps = IncidentReportDeps & Pick<Services, "live">;

export const incidentCommands: CommandTable<StartIncidentDeps> = {
	startIncident: {
		failed: () => l10n.t("The incident was not carried out. Look at the list for what is revoked."),
		run: ({ services, argument, selected }) => startIncident(services, givenIds({ argument, selected })),
	},
};

/** `ids`: those that it was started from; the person can choose others. */
async function startIncident(services: StartIncidentDeps, ids: readonly string[]): Promise<void> {
	const { live, bindings } = services;
	await connect(live);
	const tokens = live.tokens.filter(({ revokedDate }) => revokedDate === null).toSorted(currentFirst);
	if (tokens.length === 0) {
		void vscode.window.showInformationMessage(l10n.t("There is no API token that could be revoked."));
		return;
	}
	await bindings.whenReady();
	await carryOutAndTell(services, await ask(services, tokens, ids));
}

/** With the report, and what can be done then. */
export async function carryOutAndTell(services: IncidentReportDeps, wish: IncidentWish): Promise<void> {
	const outcome = await vscode.window.withProgress(
		{ location: vscode.ProgressLocation.Notification, title: l10n.t("Revoking, and mending the lines…") },
		() => carryOutIncident(services, wish),
	);
	await openReport(outcome);
	await sayDone(services, outcome);
}

async function ask(
	{ bindings }: Pick<Services, "bindings">,
	tokens: readonly TokenRecord[],
	given: readonly string[],
): Promise<IncidentWish> {
	const linesOf = (id: string) => bindings.linesOf(id);
	const ids = given.filter((id) => tokens.some((token) => token.id === id));
	const start: IncidentDraft = ids.length === 0 ? {} : { scope: "some", ids };
	const steps = (prompts: Prompts) => incidentSteps({ prompts, tokens, linesOf, now: Date.now() });
	const draft = await runWizard(steps, start, { title: l10n.t("Incident") });
	const { scope, reason, replacing } = draft;
	if (reason === undefined || replacing === undefined) throw new Error("The steps ended too early.");
	return { ids: scope === "all" ? "all" : idsOf(draft, tokens), reason, replacing };
}

async function openReport({ facts }: IncidentOutcome): Promise<void> {
	const content = incidentMarkdown(facts);
	const document = await vscode.workspace.openTextDocument({ language: "markdown", content });
	await vscode.window.showTextDocument(document, { preview: false });
}

async function sayDone(
	services: IncidentReportDeps,
	{ facts, replaced, dead, notOnDisk, replacements, left }: IncidentOutcome,
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
						? l10n.t("1 line holds a successor's secret.")
						: l10n.t("{0} lines hold successors' secrets.", replaced.length),
				]),
		...(dead.length === 0
			? []
			: [
					dead.length === 1
						? l10n.t("1 line still holds a dead secret.")
						: l10n.t("{0} lines still hold a dead secret.", dead.length),
				]),
	].join(" ");
	await offer(vscode.window.showWarningMessage, text, [
		...(left === undefined
			? []
			: [{ label: l10n.t("Revoke the Rest"), run: () => carryOutAndTell(services, left) }]),
		...(notOnDisk.length === 0 ? [] : [{ label: l10n.t("Save Files"), run: () => saveAll(notOnDisk) }]),
		...(dead.length === 0
			? []
			: [{ label: l10n.t("Comment Out Lines"), run: () => commentOutLines(services, dead) }]),
		...runningWays(services, replaced, replacements),
	]);
}

function leftInWords({ left }: IncidentOutcome["facts"]): string[] {
	if (left === undefined) return [];
	const what = l10n.t("Not all were revoked, {0} may still work:", countInWords(left.tokens.length));
	return [`${what} ${messageText(left.why)}`];
}

function givenIds({ argument, selected }: Pick<CommandCall<unknown>, "argument" | "selected">): string[] {
	return withSelected(argument, selected).flatMap((one) =>
		typeof one === "object" && one !== null && "id" in one && typeof one.id === "string" ? [one.id] : [],
	);
}
