/** `tokensmith list`: all tokens, or those that match. */
import type { ListTokensQuery } from "../contract.ts";
import { defineCommand } from "./command.ts";
import { text } from "./options.ts";
import { dateWords, endDateOf, print, table } from "./output.ts";

const statuses = ["active", "retiring", "expired", "disabled", "revoked", "in-doubt"];

export const list = defineCommand({
	name: "list",
	summary: "list tokens",
	description:
		"Lists the tokens that match all options, revoked and expired ones included; all tokens without options.",
	options: {
		status: text("S", `${statuses.slice(0, -1).join(", ")} or ${statuses.at(-1)}`, statuses),
		profile: text("P", "made by the rules of this profile", "profile"),
		issuer: text("I", "issued by this system"),
		search: text("TEXT", "part of the name or the description"),
		tag: text("T", "with this tag", "tag"),
		resource: text("R", "that may be used on this resource", "resource"),
		"expires-before": text("DATE", "that end before: 2027-01-31T12:00:00Z"),
		"unused-since": text("DATE", "not used since then, or never"),
		sort: text(
			"S",
			"creationDate, expiry, name or lastUsed; with - before it: the other way round (--sort=-expiry)",
			["creationDate", "expiry", "name", "lastUsed"],
		),
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
