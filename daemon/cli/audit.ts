/** `tokensmith audit`: who changed what, and when. */
import type { AuditQuery, TokensmithClient } from "../client/client.ts";
import type { AuditEvent, AuditList } from "../contract.ts";
import { defineCommand } from "./command.ts";
import { tokenIdOf } from "./names.ts";
import { flag, text } from "./options.ts";
import { dateWords, print } from "./output.ts";
import { table } from "./table.ts";
import { UsageError } from "./usage-error.ts";

const largestPage = 200;

export const audit = defineCommand({
	name: "audit",
	summary: "show who changed what, and when",
	description: "Shows changes and uses of dead tokens, the newest first.",
	options: {
		token: text("TOKEN", "those of one token, by its id or name", "token"),
		action: text("A", "those of one kind, such as create, rotate, revoke or dead-token-used"),
		actor: text("NAME", "those by this user"),
		since: text("DATE", "not before: 2027-01-31T12:00:00Z"),
		until: text("DATE", "not after"),
		limit: text("N", "at most so many; default: 50"),
		verify: flag("also checks that no event was changed or removed; ends with 1 if one was"),
	},
	stdin: "caller",
	async run({ values, format, client }) {
		const limit = limitOf(values.limit);
		const connected = await client();
		const tokenId = values.token && (await tokenIdOf(connected, values.token, []));
		const query: AuditQuery = {
			...(tokenId !== undefined && { tokenId }),
			// The daemon checks it.
			...(values.action !== undefined && { action: values.action as AuditEvent["action"] }),
			...(values.actor !== undefined && { actor: values.actor }),
			...(values.since !== undefined && { since: values.since }),
			...(values.until !== undefined && { until: values.until }),
			...(values.verify && { verify: "true" as const }),
		};
		const { events, chain } = await newest(connected, query, limit);
		const isBroken = chain?.intact === false;
		if (format === "json") await print({ events, ...(chain && { chain }) }, format);
		else await print(await words(events, chain, await namesOf(connected, events)));
		return isBroken ? 1 : 0;
	},
});

async function newest(client: TokensmithClient, query: AuditQuery, limit: number) {
	const first = await client.auditEvents({ ...query, limit: Math.min(limit, largestPage) });
	const { verify: _, ...rest } = query;
	const events = [...first.events];
	let cursor = first.nextCursor;
	while (cursor !== null && events.length < limit) {
		const page = await client.auditEvents({
			...rest,
			cursor,
			limit: Math.min(limit - events.length, largestPage),
		});
		events.push(...page.events);
		cursor = page.nextCursor;
	}
	return { events, chain: first.chain };
}

function limitOf(given = "50"): number {
	if (!/^[1-9]\d{0,5}$/.test(given)) throw new UsageError("--limit takes a number, for example 50.");
	return Number(given);
}

async function namesOf(
	client: TokensmithClient,
	events: readonly AuditEvent[],
): Promise<Map<string, string>> {
	if (events.length === 0) return new Map();
	return new Map((await client.list()).map(({ id, name }) => [id, name]));
}

const header = ["WHEN", "USER", "ACTION", "WHAT"];

async function words(
	events: readonly AuditEvent[],
	chain: AuditList["chain"],
	names: Map<string, string>,
): Promise<string> {
	const rows = events.map((event) => rowOf(event, names));
	const list = rows.length === 0 ? "No events." : await table(rows, { header });
	if (chain === undefined) return list;
	const checked = chain.intact
		? `All ${chain.checked} events are unchanged.`
		: `Event ${chain.brokenAt} was changed, or one before it was removed.`;
	return `${list}\n${checked}`;
}

function rowOf(
	{ date, actor, action, tokenId, before, after }: AuditEvent,
	names: Map<string, string>,
): string[] {
	const then = [after.name, before.name].find((one) => typeof one === "string");
	const name = then ?? names.get(tokenId ?? "") ?? tokenId ?? "";
	const fields = Object.keys(before).filter((field) => field in after && field !== "name");
	const changed = action === "update" && fields.length > 0 ? ` (${fields.join(", ")})` : "";
	return [dateWords(date), actor.userName, action, name + changed];
}
