/** How two counts of one token and day add up, within the bounds of a day. */
import type { StoredDay } from "./store.ts";

/** How many names a day counts: a caller that sends ever new ones must fill neither memory nor disk. */
export const countedNames = 200;

/** How many addresses of a day are kept. */
export const keptAddresses = 5;

export function sumOfDays(earlier: StoredDay, later: StoredDay): StoredDay {
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

function sumOfOverlaps(earlier: StoredDay, later: StoredDay) {
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

function sumOfCounts(one: Record<string, number>, other: Record<string, number>): Record<string, number> {
	const sum = { ...one };
	for (const [name, count] of Object.entries(other)) addCount(sum, name, count);
	return sum;
}

/** A name may be that of a member of every object, such as `constructor`. */
export function addCount(counts: Record<string, number>, name: string, more: number): void {
	const known = Object.hasOwn(counts, name) ? counts[name] : undefined;
	if (known !== undefined) counts[name] = known + more;
	else if (Object.keys(counts).length < countedNames)
		Object.defineProperty(counts, name, {
			value: more,
			enumerable: true,
			writable: true,
			configurable: true,
		});
}
