/** Usage per token and day, as queries. What comes in is added to what is there. */
import type { UsageDay } from "../contract.ts";
import type { DurableDatabase, Transaction } from "./durable.ts";
import { insertRow } from "./insert.ts";
import type { UsageTable } from "./schema.ts";
import type { Usage } from "./tokens.ts";

/** A day as it is kept: its overlap's counts with the successor of that overlap, for a rotation may be undone and done again. */
export interface KeptDay extends UsageDay {
	overlapSuccessorId: string | null;
}

/** What a token was used for since the last time, and its totals now. */
export interface UsageIncrement {
	tokenId: string;
	totals: Readonly<Usage>;
	days: KeptDay[];
}

/** How many names a day counts: a caller that asks for ever new ones must fill neither memory nor disk. */
export const countedNames = 200;

/** How many addresses of a day are kept. */
export const keptAddresses = 5;

export async function addUsage(query: Transaction, increments: readonly UsageIncrement[]): Promise<void> {
	for (const { tokenId, totals, days } of increments) {
		await query.updateTable("tokens").set(totals).where("id", "=", tokenId).execute();
		for (const day of days) await addDay(query, day);
	}
}

/** By day and token. An overlap's counts are those of the token's last rotation, unless that was undone. */
export async function listUsage(
	database: DurableDatabase,
	filter: { tokenId?: string | undefined; from?: string | undefined; to?: string | undefined },
): Promise<UsageDay[]> {
	return database.read(async (query) => {
		let select = query
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
	});
}

/** Takes away the days before this one. */
export async function purgeUsage(query: Transaction, before: string): Promise<void> {
	await query.deleteFrom("usage").where("day", "<", before).execute();
}

/** One day's usage and another's of the same token and day, the later one second. */
export function sumOfDays(earlier: KeptDay, later: KeptDay): KeptDay {
	return {
		tokenId: later.tokenId,
		day: later.day,
		verifications: earlier.verifications + later.verifications,
		refusals: sumOfCounts(earlier.refusals, later.refusals),
		permissions: sumOfCounts(earlier.permissions, later.permissions),
		addresses: [...new Set([...later.addresses, ...earlier.addresses])].slice(0, keptAddresses),
		...sumOfOverlaps(earlier, later),
	};
}

function sumOfOverlaps(earlier: KeptDay, later: KeptDay) {
	const { overlapAddresses, overlapSuccessorId } = later;
	if (overlapSuccessorId === null) {
		return {
			overlapAddresses: earlier.overlapAddresses,
			overlapSuccessorId: earlier.overlapSuccessorId,
		};
	}
	if (overlapSuccessorId !== earlier.overlapSuccessorId) return { overlapAddresses, overlapSuccessorId };
	return {
		overlapAddresses: sumOfCounts(earlier.overlapAddresses, overlapAddresses),
		overlapSuccessorId,
	};
}

async function addDay(query: Transaction, day: KeptDay): Promise<void> {
	const known = await query
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
	await insertRow(query, "usage", row, ["tokenId", "day"]);
}

function fromRow(row: UsageTable): KeptDay {
	return {
		...row,
		refusals: JSON.parse(row.refusals),
		permissions: JSON.parse(row.permissions),
		addresses: JSON.parse(row.addresses),
		overlapAddresses: JSON.parse(row.overlapAddresses),
	};
}

function sumOfCounts(one: Record<string, number>, other: Record<string, number>): Record<string, number> {
	const sum = { ...one };
	for (const [name, count] of Object.entries(other)) {
		if (Object.hasOwn(sum, name) || Object.keys(sum).length < countedNames)
			sum[name] = (sum[name] ?? 0) + count;
	}
	return sum;
}
