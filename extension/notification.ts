/**
 * Shows notifications. VS Code cuts the labels of many buttons and moves those of a long text below the edge of the
 * window, so a notification has at most 200 characters and two buttons: what there is more of is behind *Show Details*.
 * It also cuts a text without buttons after one line, so a longer one has a button that closes it.
 *
 * Modal questions are asked where they belong. Enter presses their first button, so that one is never the irreversible
 * or the wider choice: `irreversible.ts`.
 */
import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import { fitted, shortened } from "./display-text.ts";

/** What happened, in a short sentence or two. */
export interface Notice {
	text: string;
	/** More about it, a line each, such as every item that the text counts. */
	details?: readonly string[];
}

export type Show = (notice: Notice | string, ...buttons: readonly string[]) => Promise<string | undefined>;

export const showInformation: Show = (notice, ...buttons) => show("showInformationMessage", notice, buttons);
export const showWarning: Show = (notice, ...buttons) => show("showWarningMessage", notice, buttons);
export const showError: Show = (notice, ...buttons) => show("showErrorMessage", notice, buttons);

/**
 * A single problem in its own words, if there is room for them. Others are counted, and listed behind *Show Details*; the
 * count comes first where the text would be cut before it.
 */
export function counted(done: string, problems: readonly string[]): Notice {
	const alone = joined([done, ...problems]);
	if (problems.length <= 1 && (done === "" || alone.length <= longestText)) return { text: alone };
	const count = problems.length === 1 ? l10n.t("1 problem.") : l10n.t("{0} problems.", problems.length);
	const last = joined([done, count]);
	return { text: last.length <= longestText ? last : joined([count, done]), details: problems };
}

function joined(sentences: readonly string[]): string {
	return sentences.filter((sentence) => sentence !== "").join(" ");
}

const longestText = 200;
/** What fits into one line, with wide letters too. */
const longestLine = 50;
const mostButtons = 2;
const mostDetails = 20;
const longestDetails = 2000;

async function show(
	kind: "showInformationMessage" | "showWarningMessage" | "showErrorMessage",
	notice: Notice | string,
	buttons: readonly string[],
): Promise<string | undefined> {
	const { text, details = [] } = typeof notice === "string" ? { text: notice } : notice;
	const brief = briefly(text);
	if (brief === text && details.length === 0 && buttons.length === 0 && text.length > longestLine)
		return void (await vscode.window[kind](text, l10n.t("OK")));
	if (brief === text && details.length === 0 && buttons.length <= mostButtons)
		return await vscode.window[kind](text, ...buttons);
	const showDetails = l10n.t("Show Details");
	const chosen = await vscode.window[kind](brief, ...buttons.slice(0, mostButtons - 1), showDetails);
	if (chosen !== showDetails) return chosen;
	const detail = shortened(
		[...(brief === text ? [] : [text]), ...bounded(details)].join("\n"),
		longestDetails,
	);
	return await vscode.window[kind](brief, { modal: true, detail }, ...buttons);
}

/** The sentences that there is room for; at least the first, cut if it must be. */
function briefly(text: string): string {
	if (text.length <= longestText) return text;
	const segments = new Intl.Segmenter(undefined, { granularity: "sentence" }).segment(text);
	const [first = "", ...more] = Array.from(segments, ({ segment }) => segment);
	let brief = fitted(first.trimEnd(), longestText);
	if (brief !== first.trimEnd()) return brief;
	brief = first;
	for (const sentence of more) {
		if (brief.length + sentence.trimEnd().length > longestText) break;
		brief += sentence;
	}
	return brief.trimEnd();
}

function bounded(details: readonly string[]): readonly string[] {
	const more = details.length - mostDetails;
	if (more <= 0) return details;
	return [...details.slice(0, mostDetails), l10n.t("and {0} more", more)];
}
