/** `token list`: all tokens, or those that match. */
import type { ListTokensQuery } from "../contract.ts";
import { defineCommand } from "./command.ts";
import { dateWords, endDateOf, print, table } from "./output.ts";

export const list = defineCommand({
	usage: "list",
	summary: "list tokens",
	description:
		"Lists the tokens that match all options, revoked and expired ones included; all tokens without options.",
	optionsHelp: `  --status S          active, retiring, expired, disabled or revoked
  --profile P
  --issuer I
  --search TEXT       part of the name or the description
  --tag T
  --resource R
  --expires-before D  a date and time: 2027-01-31T12:00:00Z
  --unused-since D    not used since then, or never
  --sort S            creationDate, expiry, name or lastUsed; with - before it: the other way round (--sort=-expiry)`,
	options: {
		status: { type: "string" },
		profile: { type: "string" },
		issuer: { type: "string" },
		search: { type: "string" },
		tag: { type: "string" },
		resource: { type: "string" },
		"expires-before": { type: "string" },
		"unused-since": { type: "string" },
		sort: { type: "string" },
	},
	stdin: "caller",
	async run({ values, format, client }) {
		const tokens = await (await client()).list({
			// The daemon checks them.
			status: values.status as ListTokensQuery["status"],
			profile: values.profile,
			issuer: values.issuer,
			q: values.search,
			tag: values.tag,
			resource: values.resource,
			expiresBefore: values["expires-before"],
			unusedSince: values["unused-since"],
			...(values.sort !== undefined && { sort: values.sort as ListTokensQuery["sort"] }),
		});
		if (format === "json") return print({ tokens }, format);
		if (tokens.length === 0) return print("No tokens.");
		const rows = tokens.map((token) => [
			token.id,
			token.partialToken,
			token.status,
			dateWords(endDateOf(token)),
			dateWords(token.lastUsedDate),
			token.name,
		]);
		return print(table([["ID", "SECRET", "STATUS", "ENDS", "LAST USED", "NAME"], ...rows]));
	},
});
