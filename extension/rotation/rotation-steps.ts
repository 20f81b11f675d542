/** The wizard steps of a rotation, up to a summary that names every line that will change. */
import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import type { Profile, TokenRecord } from "../../daemon/contract.ts";
import { type ExpiryChoice, expiryInWords, expiryPresets } from "../create/expiry-input.ts";
import { type ExpiryDraft, exactExpiryStep } from "../create/expiry-step.ts";
import { labelText } from "../display-text.ts";
import type { EnvLine } from "../env/bindings.ts";
import type { Refused } from "../env/env-lines.ts";
import { dateInWords } from "../tokens/time-left.ts";
import type { Prompts, Row } from "../wizard/prompts.ts";
import { back, type Step } from "../wizard/walk.ts";
import { summaryStep } from "../wizard/wizard.ts";
import {
	type Limits,
	type Overlap,
	overlapChoices,
	overlapInWords,
	quietChoices,
	quietInWords,
	type RotationPlan,
	sameExpiry,
	usualOverlap,
} from "./rotation-plan.ts";

export interface RotationDraft extends ExpiryDraft {
	overlap?: Overlap;
	quietSeconds?: number | null;
	lifetime?: "same" | "chosen";
}

/** What the steps need. */
interface Question extends Limits {
	prompts: Prompts;
	token: TokenRecord;
	profile: () => Promise<Profile>;
	/** The lines that hold the secret, and those of them that cannot be changed now. */
	lines: () => Promise<{ lines: readonly EnvLine[]; refused: readonly Refused<EnvLine>[] }>;
}

export function planOf({ overlap, quietSeconds, lifetime, expiry }: RotationDraft): RotationPlan {
	const isSame = lifetime !== "chosen" || expiry === undefined;
	// For a token that no longer works, the overlap is not asked.
	return {
		overlap: overlap ?? { kind: "none" },
		quietSeconds: quietSeconds ?? null,
		expiry: isSame ? "same" : expiry,
	};
}

export function rotationSteps(question: Question): Step<RotationDraft>[] {
	return [
		overlapStep(question),
		quietStep(question),
		expiryStep(question),
		exactExpiryStep(question),
		summaryStep({
			prompts: question.prompts,
			placeholder: l10n.t("Press Enter to rotate the token, or choose a row to change its answer."),
			done: () => l10n.t("$(check) Rotate Token"),
			rows: (draft) => summaryRows(question, draft),
			commands: { trust: "workbench.trust.manage" },
		}),
	];
}

/** A token that no longer works needs no overlap. */
export function overlapStep<Draft extends RotationDraft>(
	question: Limits & { prompts: Prompts },
): Step<Draft> {
	const choices = () => overlapChoices(question, new Date());
	return {
		id: "overlap",
		subject: l10n.t("Overlap"),
		kind: "numbered",
		applies: () => choices().length > 1,
		isAnswered: ({ overlap }) => overlap !== undefined,
		async ask(draft, place) {
			const rows = choices();
			const active = draft.overlap ?? usualOverlap(rows);
			const answer = await question.prompts.one<Overlap>(place, {
				placeholder: l10n.t("How long should the old secret keep working beside the new one?"),
				rows: rows.map((overlap) => overlapRow(overlap, question)),
				isActive: (overlap) => JSON.stringify(overlap) === JSON.stringify(active),
			});
			return answer === back ? back : { ...draft, overlap: answer };
		},
	};
}

function overlapRow(overlap: Overlap, limits: Limits): Row<Overlap> {
	const icons: Record<Overlap["kind"], string> = {
		for: "history",
		"until-expiry": "calendar",
		none: "circle-slash",
	};
	const [short, description] = overlapInWords(overlap, limits, new Date());
	return { label: `$(${icons[overlap.kind]}) ${short}`, description, value: overlap };
}

export function quietStep<Draft extends RotationDraft>(question: Limits & { prompts: Prompts }): Step<Draft> {
	// Until it is answered, the default overlap counts, so that the number of steps does not change.
	const choices = ({ overlap = usualOverlap(overlapChoices(question, new Date())) }: Draft) =>
		quietChoices(overlap, question, new Date());
	return {
		id: "quiet",
		subject: l10n.t("End of the Overlap"),
		kind: "numbered",
		applies: (draft) => choices(draft).length > 0,
		isAnswered: ({ quietSeconds }) => quietSeconds !== undefined,
		async ask(draft, place) {
			const answer = await question.prompts.one<number>(place, {
				placeholder: l10n.t("When does the overlap end?"),
				rows: [atDeadline, ...choices(draft)].map((seconds) => ({
					label: quietInWords(seconds === atDeadline ? null : seconds),
					value: seconds,
				})),
				isActive: (seconds) => seconds === (draft.quietSeconds ?? atDeadline),
			});
			if (answer === back) return back;
			return { ...draft, quietSeconds: answer === atDeadline ? null : answer };
		},
	};
}

const atDeadline = 0;

type ExpiryPick = ExpiryChoice | { kind: "same" } | { kind: "exact" };

function expiryStep({ prompts, token, profile }: Question): Step<RotationDraft> {
	return {
		id: "expiry",
		subject: l10n.t("Expiry"),
		kind: "numbered",
		isAnswered: ({ lifetime, expiry }) => lifetime === "same" || expiry !== undefined,
		async ask(draft, place) {
			const rules = (await profile()).expiry;
			const answer = await prompts.one<ExpiryPick>(place, {
				placeholder: l10n.t("When does the successor expire?"),
				rows: expiryRows(token, rules),
				isActive: (pick) => isSameChoice(pick, draft),
			});
			if (answer === back) return back;
			const isExact = answer.kind === "exact";
			if (answer.kind === "same" || answer.kind === "exact")
				return {
					...draft,
					lifetime: isExact ? "chosen" : "same",
					expiry: undefined,
					pendingExpiry: isExact ? "exact" : undefined,
				};
			return { ...draft, lifetime: "chosen", expiry: answer, pendingExpiry: undefined };
		},
	};
}

function expiryRows(token: TokenRecord, rules: Profile["expiry"]): Row<ExpiryPick>[] {
	const now = new Date();
	const presets = expiryPresets(rules, now).map(({ words, end, duration }) => ({
		label: words,
		description: l10n.t("until {0}", dateInWords(end)),
		value: { kind: "after", duration } as const,
	}));
	return [
		{
			label: l10n.t("$(sync) The same lifetime as before"),
			description: sameInWords(token, rules, now),
			value: { kind: "same" },
		},
		...presets,
		{ label: l10n.t("$(calendar) Exact date and time…"), value: { kind: "exact" } },
	];
}

function sameInWords(token: TokenRecord, rules: Profile["expiry"], now: Date): string {
	const end = sameExpiry(token, rules, now);
	if (end !== null) return l10n.t("until {0}", dateInWords(end));
	return token.expiryKnown ? l10n.t("no expiry") : l10n.t("expiry not known");
}

function isSameChoice(pick: ExpiryPick, { lifetime, expiry }: RotationDraft): boolean {
	if (lifetime !== "chosen") return pick.kind === "same";
	if (pick.kind === "exact") return expiry?.kind === "at";
	return JSON.stringify(pick) === JSON.stringify(expiry);
}

async function summaryRows(question: Question, draft: RotationDraft): Promise<Row<string>[]> {
	const [{ lines, refused }, rules] = await Promise.all([
		question.lines(),
		question.profile().then(({ expiry }) => expiry),
	]);
	return [...answerRows(question, draft, rules), ...lineRows(lines, refused)];
}

function answerRows(question: Question, draft: RotationDraft, rules: Profile["expiry"]): Row<string>[] {
	const now = new Date();
	const { overlap, quietSeconds, expiry } = planOf(draft);
	const same = () => l10n.t("The same lifetime: {0}", sameInWords(question.token, rules, now));
	const hasChoice = overlapChoices(question, now).length > 1;
	return [
		{
			label: l10n.t("$(history) Overlap"),
			description: hasChoice
				? overlapInWords(overlap, question, now).join(", ")
				: l10n.t("None: the token no longer works"),
			...(hasChoice && { value: "overlap" }),
		},
		...(quietChoices(overlap, question, now).length === 0
			? []
			: [
					{ label: l10n.t("$(watch) Overlap ends"), description: quietInWords(quietSeconds), value: "quiet" },
				]),
		{
			label: l10n.t("$(calendar) Expires"),
			description: expiry === "same" ? same() : expiryInWords(expiry, now),
			value: "expiry",
		},
	];
}

/** Every line, those that cannot be changed in a group of their own; or why there are none. */
function lineRows(lines: readonly EnvLine[], refused: readonly Refused<EnvLine>[]): Row<string>[] {
	const none = lines.length === 0 ? [noLinesRow()] : [];
	const unfit = new Map(refused.map(({ line, error }) => [line, error]));
	const fit = lines.filter((line) => !unfit.has(line));
	return [
		separator(l10n.t("lines that get the new secret")),
		...none,
		...fit.map(({ words }) => ({ label: `$(edit) ${labelText(words)}` })),
		...(unfit.size === 0 ? [] : [separator(l10n.t("lines that keep the old secret for now"))]),
		...[...unfit].map(([{ words }, error]) => ({
			label: `$(warning) ${labelText(words)}`,
			detail: labelText(error.message),
		})),
	];
}

function noLinesRow(): Row<string> {
	if ((vscode.workspace.workspaceFolders ?? []).length === 0)
		return {
			label: l10n.t("$(info) None: no folder is open"),
			detail: l10n.t("The new secret is stored in SecretStorage."),
		};
	if (!vscode.workspace.isTrusted)
		return {
			label: l10n.t("$(shield) None: in Restricted Mode env files are neither read nor written"),
			detail: l10n.t("The secret goes to SecretStorage. Press Enter here to manage Workspace Trust."),
			value: "trust",
		};
	return {
		label: l10n.t("$(info) None: no env file in this workspace contains the secret"),
		detail: l10n.t("The new secret is stored in SecretStorage."),
	};
}

function separator(label: string): Row<never> {
	return { label, kind: vscode.QuickPickItemKind.Separator };
}
