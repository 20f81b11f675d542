/** `tokensmith usage`: how often tokens were verified, day by day. */
import type { UsageDay, UsageQuery } from "../contract.ts";
import { defineCommand } from "./command.ts";
import { tokenIdOf } from "./names.ts";
import { text } from "./options.ts";
import { print } from "./output.ts";
import { table } from "./table.ts";

export const usage = defineCommand({
	name: "usage",
	summary: "show how often tokens were verified, day by day",
	description: "Shows verifications and refusals of each token and day. Days are in UTC.",
	options: {
		token: text("TOKEN", "those of one token, by its id or name", "token"),
		from: text("DAY", "the first day: 2027-01-31"),
		to: text("DAY", "the last day"),
	},
	stdin: "caller",
	async run({ values, format, client }) {
		const connected = await client();
		const tokenId = values.token && (await tokenIdOf(connected, values.token, []));
		const query: UsageQuery = {
			...(tokenId !== undefined && { tokenId }),
			...(values.from !== undefined && { from: values.from }),
			...(values.to !== undefined && { to: values.to }),
		};
		const days = await connected.usage(query);
		if (format === "json") return print({ usage: days }, format);
		if (days.length === 0) return print("No uses.");
		const names = new Map((await connected.list()).map(({ id, name }) => [id, name]));
		return print(
			await table(
				days.map((day) => rowOf(day, names.get(day.tokenId) ?? day.tokenId)),
				{ header },
			),
		);
	},
});

const header = ["DAY", "VERIFIED", "REFUSED", "WHY", "TOKEN"];

function rowOf({ day, verifications, refusals }: UsageDay, name: string): string[] {
	const counts = Object.entries(refusals);
	const refused = counts.reduce((sum, [, count]) => sum + count, 0);
	return [day, String(verifications), String(refused), counts.map(([reason]) => reason).join(" "), name];
}
