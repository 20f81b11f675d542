/** The table's contents: which tokens it shows, in which order, and which rows are rendered. Pure. */
import type { Urgency } from "../tokens/time-left.ts";
import type { OverviewToken } from "./overview-message.ts";

export const sortColumns = ["name", "end", "lastUsed", "uses"] as const;
export type SortColumn = (typeof sortColumns)[number];

export interface Sorting {
	column: SortColumn;
	direction: "ascending" | "descending";
}

const ended: readonly Urgency[] = ["revoked", "in-doubt", "disabled", "rotated"];

/**
 * Tokens without a value in the column come last, in either direction; when sorted by end, so do those that have ended.
 */
export function sortTokens(
	tokens: readonly OverviewToken[],
	{ column, direction }: Sorting,
): OverviewToken[] {
	const sign = direction === "ascending" ? 1 : -1;
	const collator = new Intl.Collator(undefined, { numeric: true });
	return tokens.toSorted((one, other) => {
		const [first, second] = [valueIn(one, column), valueIn(other, column)];
		const byName = () => collator.compare(one.name, other.name) || compare(one.id, other.id);
		if (typeof first === "string" || typeof second === "string") return sign * byName();
		if (first === null || second === null)
			return Number(first === null) - Number(second === null) || byName();
		return sign * (first - second) || byName();
	});
}

function valueIn(token: OverviewToken, column: SortColumn): string | number | null {
	if (column === "end" && ended.includes(token.urgency)) return null;
	return token[column];
}

function compare(one: string, other: string): number {
	return one < other ? -1 : Number(one > other);
}

/** The tokens with every word of the text in their name, server, permissions or lines, ignoring case. */
export function filterTokens(tokens: readonly OverviewToken[], text: string): readonly OverviewToken[] {
	const words = text.toLocaleLowerCase().split(/\s+/).filter(Boolean);
	if (words.length === 0) return tokens;
	return tokens.filter(({ name, server, state, permissions, lines }) => {
		const hay = [name, server, state, permissions, ...lines].join("\n").toLocaleLowerCase();
		return words.every((word) => hay.includes(word));
	});
}

/** The sorting after a click on a column header: reversed, or the default direction of another column. */
export function sortedBy(column: SortColumn, current: Sorting): Sorting {
	if (column === current.column)
		return { column, direction: current.direction === "ascending" ? "descending" : "ascending" };
	return { column, direction: column === "lastUsed" || column === "uses" ? "descending" : "ascending" };
}

/** The rows to render for the visible area, plus some around it: `from` inclusive, `to` exclusive. */
export function rowsToDraw(
	view: { scrollTop: number; height: number; rowHeight: number },
	count: number,
): { from: number; to: number } {
	const around = 6;
	const from = Math.max(0, Math.floor(view.scrollTop / view.rowHeight) - around);
	const to = Math.min(count, Math.ceil((view.scrollTop + view.height) / view.rowHeight) + around);
	return { from: Math.min(from, Math.max(0, to - 1)), to };
}

/** The scroll position at which the row is fully visible; undefined: it already is. */
export function scrollFor(
	row: number,
	view: { scrollTop: number; height: number; rowHeight: number },
): number | undefined {
	const top = row * view.rowHeight;
	if (top < view.scrollTop) return top;
	const bottom = top + view.rowHeight;
	return bottom > view.scrollTop + view.height ? bottom - view.height : undefined;
}
