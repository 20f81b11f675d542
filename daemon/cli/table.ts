/** Tables for people: aligned by what a terminal shows, and within its width. In a pipe lines are as long as they need to be. */
import { styleText } from "node:util";
import { hasColors, oneLine } from "./output.ts";

type Style = Parameters<typeof styleText>[0];

export interface TableOptions {
	/** The columns' names, above the rows. */
	readonly header?: readonly string[];
	/** The column whose text is wrapped; by default the last one. */
	readonly wraps?: number;
	/** How many of the last columns may be left out where the terminal is too narrow for all. */
	readonly optional?: number;
	/** The style of a cell, for example by its text. */
	readonly style?: (cell: string, column: number) => Style | undefined;
	readonly width?: number;
}

const gap = "  ";
/** A narrower column would show nothing of use, and the terminal may break the lines itself. */
const leastWrapped = 16;

/** What of Unicode's tables is used. */
type Measure = typeof import("./wide-text.ts");

/** Plain text that fits needs none of Unicode's tables, which take longer to load than a command otherwise takes. */
const plain: Measure = { widthOf: (text) => text.length, wrapped: (text) => [text] };
const isPlain = /^[\x20-\x7E\u2026]*$/;

export async function table(
	rows: readonly (readonly string[])[],
	options: TableOptions = {},
): Promise<string> {
	const { header, width = process.stdout.isTTY ? process.stdout.columns : Number.POSITIVE_INFINITY } =
		options;
	const all = (header === undefined ? rows : [header, ...rows]).map((row) => row.map(oneLine));
	const measure =
		all.every((row) => isPlain.test(row.join(""))) && width === Number.POSITIVE_INFINITY
			? plain
			: await import("./wide-text.ts");
	const columns = shownColumns(all, { ...options, width, measure });
	const wrapped = columns.includes(options.wraps ?? -1) ? (options.wraps ?? 0) : columns.length - 1;
	const widths = columns.map((column) => widest(all, column, measure));
	const room = roomFor(widths, wrapped, width);
	if (room >= leastWrapped) widths[wrapped] = Math.min(widths[wrapped] ?? 0, room);
	const lines = all.flatMap((row, index) => {
		const styleOf = header !== undefined && index === 0 ? () => "bold" as const : options.style;
		return linesOf({ cells: columns.map((column) => row[column] ?? ""), widths, styleOf, measure });
	});
	return lines.join("\n");
}

/** All, or without the last ones that may be left out, as far as the wrapped one needs their room. */
function shownColumns(
	rows: readonly (readonly string[])[],
	{ optional = 0, wraps, width, measure }: TableOptions & { width: number; measure: Measure },
): number[] {
	const count = rows[0]?.length ?? 0;
	const all = Array.from({ length: count }, (_, column) => column);
	for (let left = 0; left < optional; left++) {
		const shown = all.slice(0, count - left);
		const widths = shown.map((column) => widest(rows, column, measure));
		const wrapped = wraps ?? shown.length - 1;
		if (roomFor(widths, wrapped, width) >= Math.min(leastWrapped, widths[wrapped] ?? 0)) return shown;
	}
	return all.slice(0, count - optional);
}

function roomFor(widths: readonly number[], wrapped: number, width: number): number {
	const others = widths.reduce((sum, one, column) => (column === wrapped ? sum : sum + one), 0);
	return width - others - gap.length * (widths.length - 1);
}

function widest(rows: readonly (readonly string[])[], column: number, { widthOf }: Measure): number {
	// Not as arguments of one call, of which the stack holds only so many.
	return rows.reduce((most, row) => Math.max(most, widthOf(row[column] ?? "")), 0);
}

interface Row {
	readonly cells: readonly string[];
	readonly widths: readonly number[];
	readonly styleOf: TableOptions["style"];
	readonly measure: Measure;
}

function linesOf({ cells, widths, styleOf, measure }: Row): string[] {
	const pieces = cells.map((cell, column) => pieced(cell, widths[column] ?? 0, measure));
	const height = Math.max(...pieces.map(({ length }) => length));
	return Array.from({ length: height }, (_, line) => {
		const texts = pieces.map((piece) => piece[line] ?? "");
		const last = texts.findLastIndex((text) => text !== "");
		return texts
			.slice(0, last + 1)
			.map((text, column) => {
				const padding =
					column === last ? "" : " ".repeat(Math.max(0, (widths[column] ?? 0) - measure.widthOf(text)));
				return styled(text, styleOf?.(cells[column] ?? "", column)) + padding;
			})
			.join(gap);
	});
}

function pieced(cell: string, width: number, { widthOf, wrapped }: Measure): string[] {
	return widthOf(cell) <= width ? [cell] : wrapped(cell, width);
}

function styled(text: string, style: Style | undefined): string {
	if (style === undefined || text === "" || !hasColors()) return text;
	return styleText(style, text, { validateStream: false });
}
