/** What a token may be: its profile's rules, and the ceiling of whoever asks for it. Every wrong field is named at once. */
import type { CalendarDuration, FieldError, Profile } from "../contract.ts";
import { endOf } from "../facts.ts";
import type { Token } from "../store/tokens.ts";
import { addressesWithin, addressProblem } from "./address.ts";
import { addDuration, expiryProblem } from "./expiry.ts";
import { notCovered } from "./permission.ts";
import { isInCatalogue } from "./profile.ts";
import { RuleError } from "./rule-error.ts";

/** The part of a token that its profile rules over. */
export type Settings = Pick<
	Token,
	"permissions" | "resources" | "allowedAddresses" | "defaultSource" | "expiry"
>;

/**
 * @param given the settings that were asked for; only these are looked at.
 * @param expiryField where the expiry was asked for.
 * @throws RuleError `invalid-request`
 */
export function checkSettings(
	given: { [Name in keyof Settings]?: Settings[Name] | undefined },
	rules: Profile,
	now: Date,
	expiryField = "/expiry",
): void {
	const { permissions, resources, allowedAddresses, defaultSource, expiry } = given;
	refuse("invalid-request", "Some of what was asked for is not allowed, so nothing was changed.", [
		...(permissions === undefined ? [] : permissionErrors(permissions, rules)),
		...(resources ?? []).flatMap((one, index) => field(`/resources/${index}`, resourceProblem(one, rules))),
		...(allowedAddresses === undefined ? [] : addressErrors(allowedAddresses, rules)),
		...field(
			"/defaultSource",
			defaultSource != null && !rules.defaultSource ? "is not known to this profile" : undefined,
		),
		...field(expiryField, expiry === undefined ? undefined : expiryProblem(expiry, rules.expiry, now)),
	]);
}

/** @throws RuleError `invalid-request` for a distance that the profile does not offer. */
export function expiryAfter(expiresIn: CalendarDuration, rules: Profile, now: Date): string {
	const isPreset = rules.expiry.presets.some(
		(preset) => JSON.stringify(preset) === JSON.stringify(expiresIn),
	);
	if (rules.expiry.presetsOnly && !isPreset) {
		const offered = rules.expiry.presets.map((preset) => JSON.stringify(preset)).join(", ");
		refuse(
			"invalid-request",
			"This profile offers no such expiry.",
			field("/expiresIn", `must be one of ${offered}`),
		);
	}
	return addDuration(now, expiresIn).toISOString();
}

/**
 * A token gives no more than it holds: in permissions, resources, addresses and time.
 * @throws RuleError `exceeds-caller`
 */
export function checkCeiling(settings: Settings, ceiling: Token): void {
	const { permissions, resources, allowedAddresses, expiry } = settings;
	const end = endOf(ceiling);
	refuse("exceeds-caller", "A token can't make one that may do more than itself.", [
		...notCovered(ceiling.permissions, permissions).flatMap((one) =>
			field(`/permissions/${permissions.indexOf(one)}`, `${one} is not held by the token that asks`),
		),
		...notCovered(ceiling.resources, resources).flatMap((one) =>
			field(`/resources/${resources.indexOf(one)}`, `${one} is not granted to the token that asks`),
		),
		...field(
			"/allowedAddresses",
			addressesWithin(allowedAddresses, ceiling.allowedAddresses)
				? undefined
				: `must lie within ${ceiling.allowedAddresses.join(", ")}`,
		),
		...field(
			"/expiry",
			endOf({ expiry, retiresDate: null }) > end
				? `must not be later than ${new Date(end).toISOString()}`
				: undefined,
		),
	]);
}

/** What is wrong with granting a resource under a profile, in words. */
export function resourceProblem(resource: string, { resources, name }: Profile): string | undefined {
	const kind = resource.slice(0, resource.indexOf("/"));
	if (resources.kinds === "any" || resources.kinds.includes(kind)) return undefined;
	if (resources.kinds.length === 0) return `${name} tokens are granted no resources`;
	return `${name} knows no resources of the kind ${kind}; it knows ${resources.kinds.join(", ")}`;
}

function permissionErrors(permissions: readonly string[], rules: Profile): FieldError[] {
	const { source, minimum, others, pattern } = rules.permissions;
	if (source === "creator") {
		return permissions.length === 0
			? []
			: field("/permissions", "must be empty; the token has those of its creator");
	}
	const unknown = permissions.filter((one) => !isInCatalogue(rules, one));
	const misshapen =
		pattern === undefined ? [] : permissions.filter((one) => !new RegExp(`^(?:${pattern})$`).test(one));
	const counted = others === "keep" ? permissions.length : permissions.length - unknown.length;
	const errors = permissions.flatMap((one, index) => {
		if (misshapen.includes(one))
			return field(`/permissions/${index}`, `${one} is not written as this profile writes permissions`);
		const refused = others === "reject" && unknown.includes(one);
		return field(
			`/permissions/${index}`,
			refused ? `${one} is not in the catalogue of permissions` : undefined,
		);
	});
	if (errors.length > 0 || counted >= minimum) return errors;
	return field(
		"/permissions",
		`must name at least ${minimum === 1 ? "one permission" : `${minimum} permissions`}`,
	);
}

function addressErrors(addresses: readonly string[], rules: Profile): FieldError[] {
	if (!rules.allowedAddresses && addresses.length > 0) {
		return field("/allowedAddresses", `can't be limited for ${rules.name} tokens`);
	}
	return addresses.flatMap((address, index) => field(`/allowedAddresses/${index}`, addressProblem(address)));
}

function refuse(code: "invalid-request" | "exceeds-caller", detail: string, errors: FieldError[]): void {
	if (errors.length > 0) throw new RuleError(code, detail, { errors });
}

function field(pointer: string, detail: string | undefined): FieldError[] {
	return detail === undefined ? [] : [{ pointer, detail }];
}
