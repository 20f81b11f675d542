/** The questions when a token expires: an interval, an exact date and time, or never. */
import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import type { Profile } from "../../daemon/contract.ts";
import { labelText } from "../display-text.ts";
import { dateInWords } from "../tokens/time-left.ts";
import type { Prompts, Read, Row } from "../wizard/prompts.ts";
import { back, type Step } from "../wizard/walk.ts";
import { loadDateWords, type ReadDateWords } from "./date-words.ts";
import {
	durationInWords,
	type ExpiryChoice,
	type ExpiryRules,
	expiryEcho,
	expiryPresets,
	parseExpiry,
} from "./expiry-input.ts";
import type { TokenDraft } from "./token-draft.ts";

export type ExpiryDraft = Pick<TokenDraft, "expiry" | "pendingExpiry" | "exactExpiry">;

interface ExpiryStepDeps<Draft> {
	prompts: Prompts;
	profile: (draft: Draft) => Promise<Profile>;
}

export function expirySteps<Draft extends ExpiryDraft>(deps: ExpiryStepDeps<Draft>): Step<Draft>[] {
	return [expiryStep(deps), exactExpiryStep(deps), neverStep(deps)];
}

type ExpiryPick = ExpiryChoice | { kind: "exact" } | { kind: "typed"; read: ReadExact };
type ReadExact = Pick<ExpiryDraft, "expiry" | "exactExpiry">;

function expiryStep<Draft extends ExpiryDraft>({ prompts, profile }: ExpiryStepDeps<Draft>): Step<Draft> {
	return {
		id: "expiry",
		subject: l10n.t("Expiry"),
		kind: "numbered",
		isAnswered: (draft) => draft.expiry !== undefined,
		async ask(draft, place) {
			const { expiry } = await profile(draft);
			const readWords = await loadDateWords();
			const rows = expiryRows(expiry, new Date());
			const active =
				rows.find(({ value }) => value !== undefined && isSameChoice(value, draft)) ?? firstChoice(rows);
			const answer = await prompts.one<ExpiryPick>(place, {
				placeholder: l10n.t("When does the token expire? Choose or type, such as 31 March."),
				rows,
				rowsFor: (text) => typedRows(text, rows, (words) => readExpiry(words, expiry, readWords)),
				isActive: (value) => value === active?.value,
			});
			if (answer === back) return back;
			if (answer.kind === "typed") return { ...draft, ...answer.read, pendingExpiry: undefined };
			if (answer.kind === "after") return { ...draft, expiry: answer, pendingExpiry: undefined };
			return { ...draft, expiry: undefined, pendingExpiry: answer.kind === "never" ? "never" : "exact" };
		},
	};
}

/** How a typed date is understood, or what is wrong with it unless it is part of a row's words. */
export function typedRows(
	text: string,
	rows: readonly ExpiryRow[],
	readText: (text: string) => Read<ReadExact>,
): Row<ExpiryPick>[] {
	const has = (part: string | undefined) => part?.toLowerCase().includes(text.toLowerCase());
	if (rows.some(({ label }) => label.toLowerCase() === text.toLowerCase())) return [];
	if (/^\d{1,5}$/.test(text)) return numberRows(text, rows, readText);
	const read = readText(text);
	if (read.ok)
		return [
			{
				label: `$(calendar) ${read.echo}`,
				description: l10n.t("as typed"),
				value: { kind: "typed", read: read.value },
				alwaysShow: true,
			},
		];
	if (rows.some(({ label, description }) => has(label) || has(description))) return [];
	return [{ label: `$(error) ${labelText(read.problem)}`, alwaysShow: true }];
}

/** A number alone can mean days, unless a row begins with it. */
function numberRows(
	text: string,
	rows: readonly ExpiryRow[],
	readText: (text: string) => Read<ReadExact>,
): Row<ExpiryPick>[] {
	if (rows.some(({ label }) => label.startsWith(text))) return [];
	const days = Number(text);
	const label = durationInWords({ days });
	// Not in the user's language, which the parser need not know.
	const read = readText(`${days} days`);
	if (!read.ok) return [{ label: `$(error) ${labelText(read.problem)}`, alwaysShow: true }];
	return [
		{
			label: `$(calendar) ${label}`,
			...(read.echo !== undefined && { description: read.echo }),
			value: { kind: "typed", read: read.value },
			alwaysShow: true,
		},
	];
}

interface ExpiryRow extends Row<ExpiryPick> {
	/** Enter chooses it. */
	isFirstChoice?: boolean;
}

/** A profile without a default proposes its shortest preset: that harms least if the secret leaks. */
export function expiryRows(expiry: ExpiryRules, now: Date): ExpiryRow[] {
	const presets = expiryPresets(expiry, now).map(({ words, end, duration, isDefault }, index) => ({
		label: words,
		description: isDefault
			? l10n.t("until {0} (default)", dateInWords(end))
			: expiry.default === null && index === 0
				? l10n.t("until {0} (suggested: the shortest)", dateInWords(end))
				: l10n.t("until {0}", dateInWords(end)),
		value: { kind: "after", duration } as const,
		isFirstChoice: isDefault || (expiry.default === null && index === 0),
	}));
	const exact = { label: l10n.t("$(calendar) Exact date and time…"), value: { kind: "exact" } as const };
	const never = {
		label: l10n.t("$(circle-slash) Never"),
		description: l10n.t("works until it is revoked"),
		value: { kind: "never" } as const,
	};
	const ends = expiry.ownEnd === undefined ? [] : [ownEndRow(expiry.ownEnd, presets.length === 0)];
	const separator = { label: "", kind: vscode.QuickPickItemKind.Separator };
	return [...presets, ...ends, separator, exact, ...(expiry.never ? [never] : [])];
}

function ownEndRow(end: string, isFirstChoice: boolean): ExpiryRow {
	return {
		label: l10n.t("As long as your own token"),
		description: l10n.t("until {0}", dateInWords(end)),
		value: { kind: "typed", read: { expiry: { kind: "at", instant: end }, exactExpiry: end } },
		isFirstChoice,
	};
}

function firstChoice(rows: readonly ExpiryRow[]): ExpiryRow | undefined {
	return rows.find(({ isFirstChoice }) => isFirstChoice === true);
}

function isSameChoice(pick: ExpiryPick, { expiry, pendingExpiry }: ExpiryDraft): boolean {
	if (pick.kind === "exact") return expiry?.kind === "at" || pendingExpiry === "exact";
	if (pick.kind === "never") return expiry?.kind === "never" || pendingExpiry === "never";
	return expiry?.kind === "after" && JSON.stringify(pick) === JSON.stringify(expiry);
}

/** Asks for an exact expiry if `pendingExpiry` says so. */
export function exactExpiryStep<Draft extends ExpiryDraft>({
	prompts,
	profile,
}: ExpiryStepDeps<Draft>): Step<Draft> {
	return {
		id: "exact-expiry",
		subject: l10n.t("Expiry"),
		kind: "side",
		applies: ({ expiry, pendingExpiry }) => expiry === undefined && pendingExpiry === "exact",
		async ask(draft, place) {
			const { expiry } = await profile(draft);
			const readWords = await loadDateWords();
			const answer = await prompts.text(place, {
				prompt: l10n.t(
					"Times are in your time zone, {0}, unless you add another, such as Z or +02:00.",
					Intl.DateTimeFormat().resolvedOptions().timeZone,
				),
				placeholder: l10n.t("31 March, 2027-01-31 14:00, or 10 days"),
				text: draft.exactExpiry,
				read: (text) => readExpiry(text, expiry, readWords),
			});
			return answer === back ? back : { ...draft, ...answer, pendingExpiry: undefined };
		},
	};
}

function readExpiry(text: string, rules: ExpiryRules, readWords: ReadDateWords): Read<ReadExact> {
	const now = new Date();
	const read = parseExpiry(text, rules, now, readWords);
	if (!read.ok) return read;
	const expiry = { kind: "at", instant: read.instant.toISOString() } as const;
	return { ok: true, value: { expiry, exactExpiry: text }, echo: expiryEcho(read.instant, now) };
}

function neverStep<Draft extends ExpiryDraft>({ prompts }: ExpiryStepDeps<Draft>): Step<Draft> {
	return {
		id: "never",
		subject: l10n.t("Expiry"),
		kind: "side",
		applies: ({ expiry, pendingExpiry }) => expiry === undefined && pendingExpiry === "never",
		async ask(draft, place) {
			const answer = await prompts.one<"never" | "expiry">(place, {
				placeholder: l10n.t("Are you sure?"),
				remark: l10n.t("Without an expiry, a leaked secret works until it is revoked."),
				rows: [
					{ label: l10n.t("$(arrow-left) Choose an expiry"), value: "expiry" },
					{ label: l10n.t("$(circle-slash) Never let it expire"), value: "never" },
				],
			});
			if (answer !== "never") return back;
			return { ...draft, expiry: { kind: "never" }, pendingExpiry: undefined };
		},
	};
}
