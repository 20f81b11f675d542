/** Text from other sources in Markdown: escaped, so that it forms no link, picture, cell or code. Knows no VS Code. */
import { plainText } from "../display-text.ts";

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
	const row = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
	return [row(head), row(head.map(() => "---")), ...rows.map(row)].join("\n");
}

/** Escapes links, pictures and table cells. Headings and lists cannot begin where the text is inserted. */
export function escaped(text: string): string {
	return plainText(text)
		.replace(/[\r\n\u2028\u2029]+/g, " ")
		.replace(/[\\`*[\]<>|~&]|(?<![0-9A-Za-z])_|_(?![0-9A-Za-z])/g, "\\$&");
}

/** As code, unless the text could end the code or its table cell. */
export function inCode(text: string): string {
	return /[`|\\\r\n\u2028\u2029]|^\s*$/.test(text) ? escaped(text) : `\`${plainText(text)}\``;
}
