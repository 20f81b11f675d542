/** `tokensmith clean-up`: deletes the records of tokens that ended long ago, after a look at what goes. */
import type { CleanUpReport, TokenRecord } from "../contract.ts";
import { defineCommand } from "./command.ts";
import { flag } from "./options.ts";
import { dateWords, endDateOf, print } from "./output.ts";
import { table } from "./table.ts";

export const cleanUp = defineCommand({
	name: "clean-up",
	summary: "delete tokens that ended long ago, for good",
	description: `Lists the tokens that ended longer ago than the policy keeps the audit; with --yes, deletes their records.
A deleted token never works again. Its audit events stay.`,
	options: { yes: flag("deletes them, instead of listing them only") },
	stdin: "caller",
	async run({ values, format, client }) {
		const connected = await client();
		const preview = await connected.cleanUp({ preview: true });
		if (values.yes !== true) return print(format === "json" ? preview : await previewWords(preview), format);
		// Not what has come of age since.
		const { endedBefore } = preview;
		const tokens: TokenRecord[] = [];
		for (let left = Number.POSITIVE_INFINITY; left > 0; ) {
			const report = await connected.cleanUp({ endedBefore });
			tokens.push(...report.tokens);
			left = report.left;
		}
		const answer = { endedBefore, tokens, left: 0 };
		return print(
			format === "json" ? answer : `${await listOf(tokens)}Deleted ${countOf(tokens.length)}.`,
			format,
		);
	},
});

async function previewWords({ tokens, left, endedBefore }: CleanUpReport): Promise<string> {
	if (tokens.length === 0) return `No token ended before ${dateWords(endedBefore)}: nothing to delete.`;
	const more = left > 0 ? `and ${left} more\n` : "";
	return `${await listOf(tokens)}${more}${countOf(tokens.length + left)} would be deleted for good; repeat with --yes.`;
}

async function listOf(tokens: readonly TokenRecord[]): Promise<string> {
	if (tokens.length === 0) return "";
	const rows = tokens.map((token) => [
		token.id,
		token.name,
		token.status,
		`ended ${dateWords(endDateOf(token))}`,
	]);
	return `${await table(rows)}\n\n`;
}

function countOf(count: number): string {
	return count === 1 ? "1 token" : `${count} tokens`;
}
