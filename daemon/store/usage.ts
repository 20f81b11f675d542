/** Usage per token and day, as queries. What comes in is added to what is there. */
import type { Kysely } from "kysely";
import type { UsageDay } from "../contract.ts";
import type { DurableDatabase } from "./durable.ts";
import { insertRow } from "./insert.ts";
import type { Tables } from "./schema.ts";
import type { Usage } from "./tokens.ts";

/** What a token was used for since the last time, and its totals now. */
export interface UsageIncrement {
	tokenId: string;
	totals: Readonly<Usage>;
	days: UsageDay[];
}

/** How many names a day counts: a caller that asks for ever new ones must fill neither memory nor disk. */
export const countedNames = 200;

/** How many addresses of a day are kept. */
export const keptAddresses = 5;

export async function addUsage(query: Kysely<Tables>, increments: readonly UsageIncrement[]): Promise<void> {
	for (const { tokenId, totals, days } of increments) {
		await query.updateTable("tokens").set(totals).where("id", "=", tokenId).execute();
		for (const day of days) await addDay(query, day);
	}
}

/** By day and token. */
export async function listUsage(
	database: DurableDatabase,
	filter: { tokenId?: string | undefined; from?: string | undefined; to?: string | undefined },
): Promise<UsageDay[]> {
	return database.read(async (query) => {
		let select = query.selectFrom("usage").selectAll().orderBy("day").orderBy("tokenId");
		if (filter.tokenId !== undefined) select = select.where("tokenId", "=", filter.tokenId);
		if (filter.from !== undefined) select = select.where("day", ">=", filter.from);
		if (filter.to !== undefined) select = select.where("day", "<=", filter.to);
		const rows = await select.execute();
		return rows.map((row) => ({
			...row,
			refusals: JSON.parse(row.refusals),
			permissions: JSON.parse(row.permissions),
			addresses: JSON.parse(row.addresses),
		}));
	});
}

/** Takes away the days before this one. */
export async function purgeUsage(query: Kysely<Tables>, before: string): Promise<void> {
	await query.deleteFrom("usage").where("day", "<", before).execute();
}

/** One day's usage and another's of the same token and day, the later one second. */
export function sumOfDays(earlier: UsageDay, later: UsageDay): UsageDay {
	return {
		tokenId: later.tokenId,
		day: later.day,
		verifications: earlier.verifications + later.verifications,
		refusals: sumOfCounts(earlier.refusals, later.refusals),
		permissions: sumOfCounts(earlier.permissions, later.permissions),
		addresses: [...new Set([...later.addresses, ...earlier.addresses])].slice(0, keptAddresses),
	};
}

async function addDay(query: Kysely<Tables>, day: UsageDay): Promise<void> {
	const known = await query
		.selectFrom("usage")
		.selectAll()
		.where("tokenId", "=", day.tokenId)
		.where("day", "=", day.day)
		.executeTakeFirst();
	const sum =
		known === undefined
			? day
			: sumOfDays(
					{
						...known,
						refusals: JSON.parse(known.refusals),
						permissions: JSON.parse(known.permissions),
						addresses: JSON.parse(known.addresses),
					},
					day,
				);
	const row = {
		...sum,
		refusals: JSON.stringify(sum.refusals),
		permissions: JSON.stringify(sum.permissions),
		addresses: JSON.stringify(sum.addresses),
	};
	await insertRow(query, "usage", row, ["tokenId", "day"]);
}

function sumOfCounts(one: Record<string, number>, other: Record<string, number>): Record<string, number> {
	const sum = { ...one };
	for (const [name, count] of Object.entries(other)) {
		if (Object.hasOwn(sum, name) || Object.keys(sum).length < countedNames)
			sum[name] = (sum[name] ?? 0) + count;
	}
	return sum;
}
