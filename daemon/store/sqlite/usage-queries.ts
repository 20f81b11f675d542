/** Usage per token and day. New counts are added to the stored ones. */
import type { UsageDay } from "../../contract.ts";
import type { StoredDay, UsageIncrement } from "../store.ts";
import { sumOfDays } from "../usage-days.ts";
import type { Connection } from "./connection.ts";
import { insertRow } from "./insert.ts";
import type { UsageTable } from "./schema.ts";

export async function addUsage(connection: Connection, increments: readonly UsageIncrement[]): Promise<void> {
	for (const { tokenId, uses, days } of increments) {
		const { changes } = connection.memory.run(
			`update "tokens" set "useCount" = "useCount" + ?, "lastUsed" = max("lastUsed", ?),
				"lastUsedAddress" = coalesce(?, "lastUsedAddress") where "id" = ?`,
			[uses.useCount, uses.lastUsed, uses.lastUsedAddress, tokenId],
		);
		// Uses of a token that was deleted meanwhile count for nothing.
		if (changes === 0) continue;
		for (const day of days) await addDay(connection, day);
	}
}

export async function listUsage(
	{ kysely }: Connection,
	filter: { tokenId?: string | undefined; from?: string | undefined; to?: string | undefined },
): Promise<UsageDay[]> {
	let select = kysely
		.selectFrom("usage")
		.leftJoin("tokens", "tokens.id", "usage.tokenId")
		.selectAll("usage")
		.select("tokens.successorId")
		.orderBy("day")
		.orderBy("tokenId");
	if (filter.tokenId !== undefined) select = select.where("tokenId", "=", filter.tokenId);
	if (filter.from !== undefined) select = select.where("day", ">=", filter.from);
	if (filter.to !== undefined) select = select.where("day", "<=", filter.to);
	const rows = await select.execute();
	return rows.map(({ successorId, ...row }) => {
		const { overlapSuccessorId, ...day } = fromRow(row);
		return overlapSuccessorId === successorId ? day : { ...day, overlapAddresses: {} };
	});
}

export function usageDays({ memory }: Pick<Connection, "memory">): string[] {
	return [...memory.all('select distinct "day" from "usage" order by "day"', [])].map(({ day }) =>
		String(day),
	);
}

export async function permissionCounts(
	{ memory }: Pick<Connection, "memory">,
	since: string,
): Promise<{ name: string; count: number; lastDay: string }[]> {
	const rows = memory.all(
		`select asked.key as "name", sum(asked.value) as "count", max("day") as "lastDay"
			from "usage", json_each("usage"."permissions") as asked where "day" >= ? and "permissions" <> '{}'
			group by asked.key order by "count" desc, "name" limit 1000`,
		[since],
	);
	return Array.from(rows, ({ name, count, lastDay }) => ({
		name: String(name),
		count: Number(count),
		lastDay: String(lastDay),
	}));
}

export async function purgeUsage({ kysely }: Connection, before: string): Promise<void> {
	await kysely.deleteFrom("usage").where("day", "<", before).execute();
}

async function addDay(connection: Connection, day: StoredDay): Promise<void> {
	const known = await connection.kysely
		.selectFrom("usage")
		.selectAll()
		.where("tokenId", "=", day.tokenId)
		.where("day", "=", day.day)
		.executeTakeFirst();
	const sum = known === undefined ? day : sumOfDays(fromRow(known), day);
	const row = {
		...sum,
		refusals: JSON.stringify(sum.refusals),
		permissions: JSON.stringify(sum.permissions),
		addresses: JSON.stringify(sum.addresses),
		overlapAddresses: JSON.stringify(sum.overlapAddresses),
	};
	await insertRow(connection, "usage", row, ["tokenId", "day"]);
}

function fromRow(row: UsageTable): StoredDay {
	return {
		...row,
		refusals: JSON.parse(row.refusals),
		permissions: JSON.parse(row.permissions),
		addresses: JSON.parse(row.addresses),
		overlapAddresses: JSON.parse(row.overlapAddresses),
	};
}
