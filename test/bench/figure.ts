/** A measured figure, its target, and how it is shown. */

export interface Figure {
	name: string;
	unit: string;
	ours: number;
	/** The same of the peer, measured in the same run. */
	peer?: number;
	ratio?: number;
	/** What the target applies to. By default the ratio, if there is one. */
	judgedBy?: "ours";
	target?: { atLeast: number } | { atMost: number };
	/** The same of the build before, measured in the same run. */
	before?: Figure;
}

/** Ours and the peer's, measured one right after the other. */
export interface Pair {
	ours: number;
	peer: number;
}

/** Each pair shares its moment's noise, so the ratio is computed for every pair and only then the median of them. */
export function compare(
	name: string,
	unit: string,
	pairs: readonly Pair[],
	target?: NonNullable<Figure["target"]>,
): Figure {
	return {
		name,
		unit,
		ours: median(pairs.map(({ ours }) => ours)),
		peer: median(pairs.map(({ peer }) => peer)),
		ratio: median(pairs.map(({ ours, peer }) => ours / peer)),
		...(target === undefined ? {} : { target }),
	};
}

export function median(values: readonly number[]): number {
	const sorted = values.toSorted((one, other) => one - other);
	const middle = Math.floor(sorted.length / 2);
	const upper = sorted[middle] ?? Number.NaN;
	return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2;
}

export function verdict(figure: Figure): "met" | "missed" | undefined {
	const { target, ratio, ours, judgedBy } = figure;
	if (target === undefined) return undefined;
	const reached = judgedBy === "ours" || ratio === undefined ? ours : ratio;
	const met = "atLeast" in target ? reached >= target.atLeast : reached <= target.atMost;
	return met ? "met" : "missed";
}

const columns: Record<string, (figure: Figure) => string> = {
	"": ({ name, unit }) => `${name}, ${unit}`,
	before: ({ before }) => rounded(before?.ours),
	ours: ({ ours }) => rounded(ours),
	peer: ({ peer }) => rounded(peer),
	"ratio before": ({ before }) => before?.ratio?.toFixed(2) ?? "",
	ratio: ({ ratio }) => ratio?.toFixed(2) ?? "",
	target: ({ target }) =>
		target === undefined ? "" : "atLeast" in target ? `>= ${target.atLeast}` : `<= ${target.atMost}`,
	verdict: (figure) => verdict(figure) ?? "",
};

/** Columns that are empty for all figures are left out. */
export function table(figures: readonly Figure[]): string {
	const filled = Object.entries(columns)
		.map(([title, cellOf]) => ({ title, cells: figures.map(cellOf) }))
		.filter(({ cells }) => cells.some((cell) => cell !== ""));
	const padded = filled.map(({ title, cells }, column) => {
		const width = Math.max(title.length, ...cells.map((cell) => cell.length));
		const pad = (cell: string) => (column === 0 ? cell.padEnd(width) : cell.padStart(width));
		return [title, ...cells].map(pad);
	});
	const lines = padded[0]?.map((_, row) => padded.map((cells) => cells[row]).join("  ")) ?? [];
	return lines.map((line) => line.trimEnd()).join("\n");
}

function rounded(value: number | undefined): string {
	if (value === undefined) return "";
	if (value >= 1000) return Math.round(value).toLocaleString("en");
	return value.toFixed(value >= 100 ? 0 : value >= 10 ? 1 : 2);
}
