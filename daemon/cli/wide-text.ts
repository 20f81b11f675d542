/** Widths of text on a terminal. In a file of its own, since the tables of Unicode take 50 ms of each start. */
import stringWidth from "string-width";
import wrapAnsi from "wrap-ansi";

export function widthOf(text: string): number {
	return stringWidth(text);
}

/** Lines of at most this width. */
export function wrapped(text: string, width: number): string[] {
	return wrapAnsi(text, width, { hard: true }).split("\n");
}
