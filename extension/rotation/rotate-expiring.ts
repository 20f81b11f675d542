/**
 * The command that rotates all tokens that expire soon, one after the other, after a summary of everything that will
 * change.
 */
import { inspect } from "node:util";
import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import type { TokenRecord } from "../../daemon/contract.ts";
import { askAnswersFor } from "../connections/answers.ts";
import { SystemUnansweredError } from "../connections/system-unanswered.ts";
import { wayToSee } from "../connections/way-to-see.ts";
import { deviationsAt } from "../create/ignored-words.ts";
import { labelText, plainText, quoted } from "../display-text.ts";
import { explain } from "../failure.ts";
import { showInformation } from "../notification.ts";
import type { Services } from "../services.ts";
import { dateInWords, timeLeft } from "../tokens/time-left.ts";
import { connect } from "../tokens/token-choice.ts";
import { countInWords, isUseSeen } from "../tokens/token-facts.ts";
import type { Prompts, Row } from "../wizard/prompts.ts";
import { back, type Step } from "../wizard/walk.ts";
import { askWithMore, runWizard, summaryStep } from "../wizard/wizard.ts";
import { type Range, rangesOf } from "./expiry-ranges.ts";
import { stageInWords } from "./rotate.ts";
import {
	type ManyRotations,
	type RotationProgress,
	type RotationResult,
	rotateTokens,
} from "./rotate-many-action.ts";
import { type Limits, overlapInWords, quietInWords } from "./rotation-plan.ts";
import { type RotationReportDeps, reportOutcome } from "./rotation-report.ts";
import { type Done, isFinished, type RotationDeps, type RotationOutcome } from "./rotation-sequence.ts";
import { overlapStep, planOf, quietStep, type RotationDraft } from "./rotation-steps.ts";
import { deviationsInWords, problemsInWords } from "./rotation-words.ts";

interface BulkDraft extends RotationDraft {
	/** The latest expiry of the offered tokens, in milliseconds since the epoch. */
	until?: number;
	tokens?: readonly TokenRecord[];
	/** Selected tokens that cannot be rotated together with others. */
	skipped?: readonly TokenRecord[];
}

type RotateExpiringDeps = RotationReportDeps & Pick<Services, "bindings" | "connections" | "live">;

export async function rotateExpiring(services: RotateExpiringDeps): Promise<void> {
	await connect(services.live);
	// Not those of others at a server. A guided one needs the user's hands, so it is rotated alone.
	const called = services.live.mine.filter(
		(token) => services.connections.wayTo("rotate", token) === "called",
	);
	const within = rangesOf(called, new Date());
	if (within.length === 0) {
		void showInformation(l10n.t("No API token expires within the next year."));
		return;
	}
	services.bindings.start();
	await rotateAll(services, within, {});
}

/** Rotates the given tokens, after the same questions and the same summary, which names the skipped ones too. */
export async function rotateSelected(
	services: RotateExpiringDeps,
	tokens: readonly TokenRecord[],
	skipped: readonly TokenRecord[],
): Promise<void> {
	if (tokens.length === 0) {
		void showInformation(l10n.t("No API token can be rotated."));
		return;
	}
	services.bindings.start();
	await rotateAll(services, [], { tokens, skipped });
}

/** `given`: the tokens, unless they are asked for among the ranges. */
async function rotateAll(
	services: RotateExpiringDeps,
	within: readonly Range[],
	given: BulkDraft,
): Promise<void> {
	const { draft, more: answers } = await askWithMore(
		{ draft: given },
		(at) => ask(services, given.tokens === undefined ? within : undefined, at),
		({ tokens = [] }) => askAnswersFor(services.connections, tokens, ["create", "revoke"]),
	);
	const results = await rotateWithProgress(services, draft, answers);
	for (const { token, outcome } of results)
		if (outcome.kind === "secret-not-stored") await reportOutcome(services, token, outcome);
	await showResults(services, results, draft.tokens?.length ?? 0);
}

async function ask(
	services: Pick<Services, "bindings" | "live">,
	/** undefined: the tokens are known. */
	within: readonly Range[] | undefined,
	{ draft, changeFirst }: { draft: BulkDraft; changeFirst?: string | undefined },
): Promise<BulkDraft> {
	// The policy where a token is, and its expiry, shorten its overlap further.
	const limits = {
		token: { expiry: null, retiresDate: null, creationDate: "", issuer: "local" },
		maximumOverlapSeconds: Math.max(...services.live.policies.map((policy) => policy.maximumOverlapSeconds)),
	};
	const steps = (prompts: Prompts) => [
		...(within === undefined ? [] : [withinStep(prompts, within), tokensStep(prompts, within)]),
		overlapStep<BulkDraft>({ ...limits, prompts }),
		bulkQuietStep({ ...limits, prompts }),
		summaryStep<BulkDraft>({
			prompts,
			placeholder: l10n.t("Press Enter to rotate the tokens, or choose a row to change its answer."),
			done: ({ tokens = [] }) => l10n.t("$(check) Rotate {0}", countInWords(tokens.length)),
			rows: (draft) => summaryRows(services, draft, limits),
		}),
	];
	const title = within === undefined ? l10n.t("Rotate Tokens") : l10n.t("Rotate Expiring Tokens");
	return await runWizard<BulkDraft>(steps, draft, { title, changeFirst });
}

/** Not for tokens of other systems alone, whose uses are unseen. */
function bulkQuietStep(question: Limits & { prompts: Prompts }): Step<BulkDraft> {
	const step = quietStep<BulkDraft>(question);
	return { ...step, applies: (draft) => isAnyUseSeen(draft) && step.applies?.(draft) !== false };
}

function isAnyUseSeen({ tokens = [] }: BulkDraft): boolean {
	return tokens.length === 0 || tokens.some(isUseSeen);
}

function withinStep(prompts: Prompts, within: readonly Range[]): Step<BulkDraft> {
	return {
		id: "within",
		subject: l10n.t("Expiry"),
		kind: "numbered",
		isAnswered: ({ until }) => until !== undefined,
		async ask(draft, place) {
			const answer = await prompts.one<number>(place, {
				placeholder: l10n.t("Which tokens should be rotated? Those that expire…"),
				rows: within.map(({ words, until, tokens }) => ({
					label: words,
					description: l10n.t("until {0}: {1}", dateInWords(until), countInWords(tokens.length)),
					value: until,
				})),
				isActive: (until) => until === draft.until,
			});
			if (answer === back) return back;
			const tokens = within.find(({ until }) => until === answer)?.tokens ?? [];
			return answer === draft.until ? draft : { ...draft, until: answer, tokens };
		},
	};
}

function tokensStep(prompts: Prompts, within: readonly Range[]): Step<BulkDraft> {
	return {
		id: "tokens",
		subject: l10n.t("Tokens"),
		kind: "numbered",
		isAnswered: ({ tokens }) => tokens !== undefined,
		async ask(draft, place) {
			const offered = within.find(({ until }) => until === draft.until)?.tokens ?? [];
			const picked = new Set(draft.tokens?.map(({ id }) => id));
			const answer = await prompts.many<TokenRecord>(place, {
				placeholder: l10n.t("Which of them should be rotated?"),
				rows: offered.map((token) => ({
					label: labelText(token.name),
					description: timeLeft(token, Date.now()),
					value: token,
				})),
				isPicked: ({ id }) => picked.has(id),
				problem: ({ length }) => (length === 0 ? l10n.t("choose at least one") : undefined),
			});
			return answer === back ? back : { ...draft, tokens: answer };
		},
	};
}

async function summaryRows(
	{ bindings }: Pick<Services, "bindings">,
	draft: BulkDraft,
	limits: Limits,
): Promise<Row<string>[]> {
	await bindings.whenReady();
	const { overlap, quietSeconds } = planOf(draft);
	const tokens = draft.tokens ?? [];
	const now = new Date();
	return [
		{
			label: l10n.t("$(history) Overlap"),
			description: overlapInWords(overlap, limits, now).join(", "),
			value: "overlap",
		},
		...(isAnyUseSeen(draft)
			? [{ label: l10n.t("$(watch) Overlap ends"), description: quietInWords(quietSeconds), value: "quiet" }]
			: []),
		{
			label: l10n.t("$(calendar) Expires"),
			description: l10n.t("Same lifetime as before for each token"),
		},
		...tokens.flatMap(({ id, name }): Row<string>[] => [
			{ label: plainText(name), kind: vscode.QuickPickItemKind.Separator },
			...bindings.linesOf(id).map(({ words }) => ({ label: `$(edit) ${labelText(words)}` })),
			...(bindings.linesOf(id).length > 0
				? []
				: [{ label: l10n.t("$(info) No line here: the new secret is stored in SecretStorage") }]),
		]),
		...skippedRows(draft.skipped ?? []),
	];
}

function skippedRows(skipped: readonly TokenRecord[]): Row<string>[] {
	if (skipped.length === 0) return [];
	const heading = l10n.t("not rotated: they have ended, are rotated already, or are rotated one by one");
	return [
		{ label: heading, kind: vscode.QuickPickItemKind.Separator },
		...skipped.map(({ name }) => ({ label: `$(lock) ${labelText(name)}` })),
	];
}

type Answers = ManyRotations["answersOf"];

async function rotateWithProgress(
	services: RotationDeps & Pick<Services, "live">,
	draft: BulkDraft,
	answersOf: Answers,
): Promise<RotationResult[]> {
	const tokens = draft.tokens ?? [];
	const plan = { ...planOf(draft), expiry: "same" } as const;
	const maximumOverlapSecondsOf = ({ id }: TokenRecord) => services.live.policyOf(id).maximumOverlapSeconds;
	const title = l10n.t("Rotating {0}", countInWords(tokens.length));
	return await vscode.window.withProgress(
		{ location: vscode.ProgressLocation.Notification, title, cancellable: true },
		(progress, cancellation) =>
			rotateTokens(
				services,
				{ tokens, plan, maximumOverlapSecondsOf, answersOf },
				{ onProgress: (at) => progress.report(progressInWords(at, tokens.length)), cancellation },
			),
	);
}

function progressInWords({ token, index, stage }: RotationProgress, count: number) {
	if (stage === "done") return { increment: 100 / count };
	const step = stageInWords[stage]();
	return { message: l10n.t("{0} of {1}, {2}: {3}", index + 1, count, quoted(token.name), step) };
}

interface ResultRow extends vscode.QuickPickItem {
	run?(): unknown;
}

/** Each token with its outcome; Enter continues with one that is not finished. */
async function showResults(
	services: Pick<Services, "connections" | "log">,
	results: readonly RotationResult[],
	wanted: number,
): Promise<void> {
	if (results.length === 0) return;
	for (const { token, outcome } of results)
		if ("error" in outcome) services.log.error(`${token.id}: ${outcome.kind}`, inspect(outcome.error));
	const done = results.filter(({ outcome }) => isDone(outcome)).length;
	const left = wanted - results.length;
	const cancelled: ResultRow = { label: l10n.t("$(warning) Cancelled: {0} not started", countInWords(left)) };
	const rows = [...(left === 0 ? [] : [cancelled]), ...results.map((result) => rowOf(services, result))];
	const chosen = await vscode.window.showQuickPick(rows, {
		title: l10n.t("Rotated {0} of {1} Tokens", done, wanted),
		placeHolder: l10n.t("Press Enter on an unfinished token to continue with it."),
		matchOnDetail: true,
		ignoreFocusOut: true,
	});
	await chosen?.run?.();
}

function isDone(outcome: RotationOutcome): boolean {
	return outcome.kind === "rotated" && isFinished(outcome.written);
}

function rowOf(services: Pick<Services, "connections">, { token, outcome }: RotationResult): ResultRow {
	const run = (name: string) => () => vscode.commands.executeCommand(`tokensmith.${name}`, { id: token.id });
	const label = (icon: string) => `$(${icon}) ${labelText(token.name)}`;
	if (outcome.kind === "rotated") {
		const { written } = outcome;
		const description = linesInWords(written.saved.length + written.unsaved.length);
		const next = run(isFinished(written) ? "showOverlapUse" : "finishRotation");
		const detail = detailOf(services, outcome);
		if (detail === "") return { label: label("pass"), description, run: next };
		return { label: label("warning"), description, detail: labelText(detail), run: next };
	}
	const detail = "error" in outcome ? labelText(explain(outcome.error).text) : "";
	if ("error" in outcome && outcome.error instanceof SystemUnansweredError)
		return { label: label("error"), description: notDoneInWords("unknown"), detail, ...wayOf(outcome.error) };
	const isUnfinished = outcome.kind === "unfinished";
	const description = notDoneInWords(outcome.kind);
	return {
		label: label("error"),
		description,
		detail,
		run: run(isUnfinished ? "finishRotation" : "rotateToken"),
	};
}

function wayOf(error: SystemUnansweredError): Pick<ResultRow, "run"> {
	return { run: wayToSee(error).run };
}

/** What is not as it was requested: lines, and what the system decided otherwise. */
function detailOf({ connections }: Pick<Services, "connections">, done: Done): string {
	const deviations = deviationsAt(connections, done.successor, done.ignored);
	const words = deviationsInWords(deviations);
	return [
		...problemsInWords(done.written),
		...(words === undefined ? [] : [words, deviations?.fields.join(" · ")]),
	].join(" ");
}

function notDoneInWords(kind: Exclude<RotationOutcome["kind"], "rotated">): string {
	if (kind === "unfinished") return l10n.t("not finished");
	if (kind === "unknown") return l10n.t("possibly rotated");
	if (kind === "secret-lost" || kind === "secret-not-stored") return l10n.t("rotated, without its secret");
	return l10n.t("not rotated");
}

function linesInWords(count: number): string {
	if (count === 0) return l10n.t("rotated, stored in SecretStorage");
	return count === 1 ? l10n.t("rotated, 1 line") : l10n.t("rotated, {0} lines", count);
}
