/** The profiles: an issuer's rules as data, checked when loaded. */
import type { Policy, Profile } from "../contract.ts";
import local from "../profiles/local.json" with { type: "json" };
import { covers } from "./permission.ts";

export const defaultPolicy: Policy = {
	secretPrefix: "tks",
	defaultExpiryDays: 30,
	maximumExpiryDays: 365,
	allowNever: true,
	permissions: [],
};

/** The profiles in force under a policy. */
export function profilesUnder(policy: Policy): Profile[] {
	return [localUnder(policy)];
}

/** Whether the catalogue knows the permission; a wildcard is known when it covers something in it. */
export function isInCatalogue(rules: Profile, permission: string): boolean {
	return rules.permissions.catalogue.some((entry) => covers(permission, entry.name));
}

function localUnder(policy: Policy): Profile {
	// Checked by a test rather than at each start.
	const builtIn: Profile = local;
	const own = new Set(policy.permissions.map((entry) => entry.name));
	return {
		...builtIn,
		expiry: {
			...builtIn.expiry,
			never: policy.allowNever,
			default: { days: policy.defaultExpiryDays },
			maximum: { days: policy.maximumExpiryDays },
		},
		permissions: {
			...builtIn.permissions,
			catalogue: [
				...builtIn.permissions.catalogue.filter((entry) => !own.has(entry.name)),
				...policy.permissions,
			],
		},
	};
}
