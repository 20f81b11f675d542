/** The use of a token since its rotation, from its daily usage. Knows no VS Code. */
import * as l10n from "@vscode/l10n";
import type { UsageDay } from "../../daemon/contract.ts";
import type { Fact } from "./token-facts.ts";

export interface AddressUse {
	address: string;
	count: number;
}

/** By address, most frequent first. */
export function overlapUse(days: readonly Pick<UsageDay, "overlapAddresses">[]): AddressUse[] {
	const counts = new Map<string, number>();
	for (const { overlapAddresses } of days)
		for (const [address, count] of Object.entries(overlapAddresses))
			counts.set(address, (counts.get(address) ?? 0) + count);
	return Array.from(counts, ([address, count]) => ({ address, count })).sort(
		(one, other) => other.count - one.count || (one.address < other.address ? -1 : 1),
	);
}

/** `127.0.0.1, 3 times`. */
export function useInWords({ address, count }: AddressUse): string {
	return count === 1 ? l10n.t("{0}, once", address) : l10n.t("{0}, {1} times", address, count);
}

/** For a token in its overlap. */
export function overlapFact(days: readonly Pick<UsageDay, "overlapAddresses">[]): Fact {
	const uses = overlapUse(days);
	return {
		label: l10n.t("Used since the rotation"),
		value: uses.length === 0 ? l10n.t("Not used") : uses.map(useInWords).join("; "),
	};
}
