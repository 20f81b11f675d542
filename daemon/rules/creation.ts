/** What a new token may be: the profile's rules, and the ceiling of whoever asks for it. */
import { type CreateTokenRequest, endOf, type FieldError, type Profile } from "../contract.ts";
import type { Token } from "../store/tokens.ts";
import { addressesWithin, addressProblem } from "./address.ts";
import { defaultExpiry, expiryProblem } from "./expiry.ts";
import { notCovered } from "./permission.ts";
import { isInCatalogue } from "./profile.ts";
import { RuleError } from "./rule-error.ts";

/**
 * The expiry that the token gets, when all of the request is allowed by the profile.
 * @throws RuleError `invalid-request` that names every field that is wrong.
 */
export function checkRequest(
	request: CreateTokenRequest,
	rules: Profile,
	ceiling: Token | undefined,
	now: Date,
) {
	const expiry =
		request.expiry === undefined ? withinCeiling(defaultExpiry(rules.expiry, now), ceiling) : request.expiry;
	const errors = [
		...permissionErrors(request, rules),
		...request.allowedAddresses.flatMap((address, index) =>
			field(`/allowedAddresses/${index}`, addressProblem(address)),
		),
		...field("/expiry", expiryProblem(expiry, rules.expiry, now)),
	];
	if (errors.length > 0) {
		throw new RuleError(
			"invalid-request",
			"The token was not created: some of what was asked for is not allowed.",
			{ errors },
		);
	}
	return expiry;
}

/**
 * A token creates no more than it holds: in permissions, resources, addresses and time.
 * @throws RuleError `exceeds-caller` that names every field that goes beyond.
 */
export function checkCeiling(request: CreateTokenRequest, expiry: string | null, ceiling: Token): void {
	const errors = [
		...notCovered(ceiling.permissions, request.permissions).flatMap((one) =>
			field(`/permissions/${request.permissions.indexOf(one)}`, `${one} is not held by the token that asks`),
		),
		...notCovered(ceiling.resources, request.resources).flatMap((one) =>
			field(`/resources/${request.resources.indexOf(one)}`, `${one} is not granted to the token that asks`),
		),
	];
	if (!addressesWithin(request.allowedAddresses, ceiling.allowedAddresses)) {
		errors.push(...field("/allowedAddresses", `must lie within ${ceiling.allowedAddresses.join(", ")}`));
	}
	if (endOf({ expiry, retiresDate: null }) > endOf(ceiling)) {
		errors.push(...field("/expiry", `must not be later than ${new Date(endOf(ceiling)).toISOString()}`));
	}
	if (errors.length > 0) {
		throw new RuleError("exceeds-caller", "A token can't create one that may do more than itself.", {
			errors,
		});
	}
}

function permissionErrors(request: CreateTokenRequest, rules: Profile): FieldError[] {
	const { minimum } = rules.permissions;
	if (request.permissions.length < minimum) {
		return field(
			"/permissions",
			`must name at least ${minimum === 1 ? "one permission" : `${minimum} permissions`}`,
		);
	}
	return request.permissions.flatMap((one, index) =>
		field(
			`/permissions/${index}`,
			isInCatalogue(rules, one) ? undefined : `${one} is not in the catalogue of permissions`,
		),
	);
}

function withinCeiling(expiry: string | null, ceiling: Token | undefined): string | null {
	if (ceiling === undefined) return expiry;
	const end = Math.min(endOf({ expiry, retiresDate: null }), endOf(ceiling));
	return end === Infinity ? null : new Date(end).toISOString();
}

function field(pointer: string, detail: string | undefined): FieldError[] {
	return detail === undefined ? [] : [{ pointer, detail }];
}
