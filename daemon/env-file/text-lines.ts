/** The lines of a text, and which of them an offset is in. Pure. */

/** The offset at which each line of the text starts. */
export function lineStarts(text: string): number[] {
	const starts = [0];
	for (const { index, 0: ending } of text.matchAll(/\r\n?|\n/g)) starts.push(index + ending.length);
	return starts;
}

/** The line, counted from 0, that contains the offset. */
export function lineAt(starts: readonly number[], offset: number): number {
	let [low, high] = [0, starts.length - 1];
	while (low < high) {
		const middle = Math.ceil((low + high) / 2);
		if ((starts[middle] ?? 0) <= offset) low = middle;
		else high = middle - 1;
	}
	return low;
}

/** The lines, counted from 0, from one offset to another. */
export function linesBetween(starts: readonly number[], start: number, end: number): number[] {
	const first = lineAt(starts, start);
	return Array.from({ length: lineAt(starts, end) - first + 1 }, (_, index) => first + index);
}

/** A line's text without its ending; a byte order mark becomes a blank, so that offsets stay. */
export function lineText(text: string, starts: readonly number[], line: number): string {
	return text
		.slice(starts[line], starts[line + 1])
		.replace(/[\r\n]+$/, "")
		.replace(/^\uFEFF/, " ");
}
