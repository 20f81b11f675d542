/** A measured figure, what it is to reach, and how it is shown. */

export interface Figure {
	name: string;
	unit: string;
	ours: number;
	/** The same, measured of the peer in the same run. */
	peer?: number;
	ratio?: number;
	/** What is to reach the target: the ratio, if there is one and nothing else is said. */
	judgedBy?: "ours";
	target?: { atLeast: number } | { atMost: number };
}

/** Ours and the peer's, measured one right after the other. */
export interface Pair {
	ours: number;
	peer: number;
}

/** Each pair shares its moment's noise, so the ratio is taken of every pair and only then the middle of them. */
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

export function table(figures: readonly Figure[]): string {
	const rows = [["", "ours", "peer", "ratio", "target", ""], ...figures.map(rowOf)];
	const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
	const lineOf = (row: string[]) =>
		row.map((cell, column) =>
			column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
		);
	return rows.map((row) => lineOf(row).join("  ").trimEnd()).join("\n");
}

function rowOf(figure: Figure): string[] {
	const { name, unit, ours, peer, ratio, target } = figure;
	return [
		`${name}, ${unit}`,
		rounded(ours),
		peer === undefined ? "" : rounded(peer),
		ratio === undefined ? "" : ratio.toFixed(2),
		target === undefined ? "" : "atLeast" in target ? `>= ${target.atLeast}` : `<= ${target.atMost}`,
		verdict(figure) ?? "",
	];
}

function rounded(value: number): string {
	if (value >= 1000) return Math.round(value).toLocaleString("en");
	return value.toFixed(value >= 100 ? 0 : value >= 10 ? 1 : 2);
}
