/**
 * Changes of several lines of one env file at once: other values, or a number sign in front. Pure. Invariant: after
 * the edits every other line reads as before; what cannot be done so is refused, with a reason.
 */
import * as l10n from "@vscode/l10n";
import {
	applyEdit,
	type EnvEdit,
	type EnvEntry,
	type EnvRefusal,
	findHider,
	hasConflictMarkers,
	parseEnv,
	setEntry,
} from "./env-text.ts";

/** @property entry one of those that `parseEnv` answers for the same text. */
export interface EntryChange {
	readonly entry: EnvEntry;
	readonly value: string;
}

/** Gives each of the lines its value. The edits do not touch each other, and are in the text's order. */
export function setEntries(text: string, changes: readonly EntryChange[]): EnvEdit[] | EnvRefusal {
	const edits: EnvEdit[] = [];
	for (const { entry, value } of inOrder(changes)) {
		const edit = setEntry(text, entry, value);
		if ("reason" in edit) return edit;
		edits.push(edit);
	}
	const values = new Map(changes.map(({ entry, value }) => [entry.start, value]));
	const wanted = parseEnv(text).map(({ key, start, value }) => [key, values.get(start) ?? value] as const);
	const changed = applyEdits(text, edits);
	if (!readsAs(changed, wanted)) return ambiguous();
	for (const { entry, value } of changes) {
		const isCounting = parseEnv(text).findLast(({ key }) => key === entry.key)?.start === entry.start;
		const refusal = isCounting ? findHider(changed, entry.key, value) : undefined;
		if (refusal) return refusal;
	}
	return edits;
}

/** Turns each of the lines into a comment, so that no reader sees it any more. */
export function commentEntries(text: string, entries: readonly EnvEntry[]): EnvEdit[] | EnvRefusal {
	if (hasConflictMarkers(text)) {
		const detail = l10n.t(
			"The file still holds the markers of a merge conflict. Resolve it, save, then try again.",
		);
		return { reason: "conflict-markers", detail };
	}
	const starts = new Set(entries.map(({ start }) => start));
	const rest = parseEnv(text).filter(({ start }) => !starts.has(start));
	const lines = new Set(entries.flatMap((entry) => linesOf(text, entry)));
	const edits = [...lines].sort((one, other) => one - other).map((at) => insertion(at, "# "));
	const wanted = rest.map(({ key, value }) => [key, value] as const);
	return readsAs(applyEdits(text, edits), wanted) ? edits : ambiguous();
}

/** All at once: each edit's place is one in the given text. */
export function applyEdits(text: string, edits: readonly EnvEdit[]): string {
	return [...edits].sort((one, other) => other.start - one.start).reduce(applyEdit, text);
}

function inOrder(changes: readonly EntryChange[]): EntryChange[] {
	return [...changes].sort((one, other) => one.entry.start - other.entry.start);
}

/** Where each line that the entry takes begins, its blanks left out. */
function linesOf(text: string, { keyStart, end }: EnvEntry): number[] {
	const lineEnds = /\r\n?|\n/g;
	const before = text.slice(0, keyStart);
	const start =
		Math.max(before.lastIndexOf("\n"), before.lastIndexOf("\r"), before.lastIndexOf("\uFEFF")) + 1;
	const starts = [start];
	for (const { index, 0: ending } of text.slice(start, end).matchAll(lineEnds))
		starts.push(start + index + ending.length);
	return starts.map((at) => at + (/^[^\S\r\n]*/.exec(text.slice(at))?.[0].length ?? 0));
}

function insertion(at: number, newText: string): EnvEdit {
	return { start: at, end: at, newText };
}

function readsAs(text: string, wanted: readonly (readonly [key: string, value: string])[]): boolean {
	const entries = parseEnv(text);
	return (
		entries.length === wanted.length &&
		entries.every(({ key, value }, index) => key === wanted[index]?.[0] && value === wanted[index]?.[1])
	);
}

function ambiguous(): EnvRefusal {
	const detail = l10n.t(
		"The lines of the file cannot be told apart after the change, because of a quote that is open. Close it, save, then try again.",
	);
	return { reason: "line-hidden", detail };
}
