/** `tokensmith export`: all tokens for a spreadsheet or a program, without hashes. */
import { tokensAsCsv } from "../token-csv.ts";
import { defineCommand } from "./command.ts";
import { text } from "./options.ts";
import { print } from "./output.ts";
import { UsageError } from "./usage-error.ts";

const formats = ["csv", "json"];

export const exportTokens = defineCommand({
	name: "export",
	summary: "list all tokens as CSV or JSON",
	description: `Prints every token, revoked and expired ones included, without secrets and their hashes. In CSV, a cell that a
spreadsheet would take for a formula begins with a single quote. For a file that can be restored, see 'tokensmith backup'.`,
	options: { format: text("F", "csv or json; default: csv", formats) },
	stdin: "caller",
	async run({ values, format, client }) {
		const wanted = values.format ?? (format === "json" ? "json" : "csv");
		if (!formats.includes(wanted)) throw new UsageError("--format takes csv or json.");
		const tokens = await (await client()).list();
		return wanted === "json" ? print({ tokens }, "json") : print(tokensAsCsv(tokens).trimEnd());
	},
});
