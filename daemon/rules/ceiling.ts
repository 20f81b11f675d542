/** What of a token goes beyond another one, which can't pass it on. For the daemon, and for clients that offer only the rest. */
import type { TokenRecord } from "../contract.ts";
import { endOf } from "../facts.ts";
import { addressesWithin } from "./address.ts";
import { notCovered } from "./permission.ts";

/** What a token passes on. */
type Passed = Pick<TokenRecord, "permissions" | "resources" | "allowedAddresses" | "expiry">;

/** A token that acts. */
export type Ceiling = Passed & Pick<TokenRecord, "retiresDate">;

/** Each with what the ceiling does not have; empty: all of it can be passed on. */
export interface Excess {
	readonly permissions?: readonly string[];
	readonly resources?: readonly string[];
	/** Those of the ceiling. */
	readonly allowedAddresses?: readonly string[];
	/** That of the ceiling. */
	readonly expiry?: string;
}

export function isEmpty(excess: Excess): boolean {
	return Object.keys(excess).length === 0;
}

/** @param passed those fields of a token that are to be compared */
export function excessOf(passed: Partial<Passed>, ceiling: Ceiling): Excess {
	const { permissions = [], resources = [], allowedAddresses, expiry } = passed;
	const unheld = notCovered(ceiling.permissions, permissions);
	const ungranted = notCovered(ceiling.resources, resources);
	const isElsewhere =
		allowedAddresses !== undefined && !addressesWithin(allowedAddresses, ceiling.allowedAddresses);
	const end = endOf(ceiling);
	const isLater = expiry !== undefined && endOf({ expiry, retiresDate: null }) > end;
	return {
		...(unheld.length > 0 && { permissions: unheld }),
		...(ungranted.length > 0 && { resources: ungranted }),
		...(isElsewhere && { allowedAddresses: ceiling.allowedAddresses }),
		...(isLater && { expiry: new Date(end).toISOString() }),
	};
}
