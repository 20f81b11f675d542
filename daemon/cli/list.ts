/** `tokensmith list`: all tokens, or those that match. */
import type { ListTokensQuery, TokenRecord } from "../contract.ts";
import type { TokenStatus } from "../facts.ts";
import { amountLeft, timeLeft, timeSince } from "../time-words.ts";
import { defineCommand } from "./command.ts";
import { text } from "./options.ts";
import { otherData } from "./other-data.ts";
import { print } from "./output.ts";
import { table } from "./table.ts";

const statuses = ["active", "retiring", "expired", "disabled", "revoked", "in-doubt"];

export const list = defineCommand({
	name: "list",
	summary: "list tokens",
	description:
		"Lists the tokens that match all options, revoked and expired ones included; all tokens without options. A narrow terminal shows no secrets' ends, and no ids.",
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
	async run({ values, format, client, dataDir }) {
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
		if (process.stderr.isTTY) tellOfOtherData(dataDir);
		if (tokens.length === 0) return print("No tokens.");
		const now = Date.now();
		const rows = tokens.map((token) => rowOf(token, now));
		return print(await table(rows, { header, wraps: 0, optional: 2, style: styleOf }));
	},
});

/** Only at a terminal: a script has what it asked for. */
function tellOfOtherData(dataDir: () => string): void {
	if (otherDataOf(dataDir).length > 0)
		process.stderr.write(
			"Other tokens, of an earlier version, are not in this list: 'tokensmith daemon status' says more.\n",
		);
}

function otherDataOf(dataDir: () => string): string[] {
	try {
		return otherData(dataDir());
	} catch {
		// With --url there is no data directory.
		return [];
	}
}

const header = ["NAME", "STATUS", "ENDS", "LAST USED", "ID", "SECRET"];

function rowOf(token: TokenRecord, now: number): string[] {
	const { id, name, status, partialToken, lastUsedDate } = token;
	const used = lastUsedDate === null ? "never" : timeSince(lastUsedDate, now);
	return [name, status, endWords(token, now), used, id, partialToken];
}

function endWords(token: TokenRecord, now: number): string {
	if (token.revokedDate !== null) return timeSince(token.revokedDate, now);
	return token.status === "retiring" ? amountLeft(token, now) : timeLeft(token, now);
}

const styles: Partial<Record<TokenStatus, "green" | "yellow" | "red" | "dim">> = {
	...({ active: "green", retiring: "yellow", "in-doubt": "yellow", disabled: "yellow" } as const),
	...({ expired: "red", revoked: "dim" } as const),
};

function styleOf(cell: string, column: number) {
	return header[column] === "STATUS" ? styles[cell as TokenStatus] : undefined;
}
