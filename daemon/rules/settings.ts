/** Checks a token against the rules of its profile and against its creator's rights. Reports all wrong fields at once. */
import type { CalendarDuration, FieldError, Profile } from "../contract.ts";
import type { Token, VerifiableToken } from "../store/store.ts";
import { addressProblem } from "./address.ts";
import { excessOf } from "./ceiling.ts";
import { addDuration, expiryProblem } from "./expiry.ts";
import { matchesWhole } from "./pattern.ts";
import { isInCatalogue } from "./profile.ts";
import { RuleError } from "./rule-error.ts";

/** The fields that a profile has rules for. */
export type Settings = Pick<
	Token,
	"permissions" | "resources" | "allowedAddresses" | "defaultSource" | "expiry"
>;

/**
 * @param given the requested settings; only these are checked.
 * @param expiryField the field that holds the expiry.
 * @throws RuleError `invalid-request`
 */
export function checkSettings(
	given: { [Name in keyof Settings]?: Settings[Name] | undefined },
	rules: Profile,
	now: Date,
	expiryField = "/expiry",
): void {
	const { permissions, resources, allowedAddresses, defaultSource, expiry } = given;
	refuse("invalid-request", "Some of the requested settings are not allowed, so nothing was changed.", [
		...(permissions === undefined ? [] : permissionErrors(permissions, rules)),
		...(resources ?? []).flatMap((one, index) => field(`/resources/${index}`, resourceProblem(one, rules))),
		...(allowedAddresses === undefined ? [] : addressErrors(allowedAddresses, rules)),
		...field(
			"/defaultSource",
			defaultSource != null && !rules.defaultSource ? "is not supported by this profile" : undefined,
		),
		...field(expiryField, expiry === undefined ? undefined : expiryProblem(expiry, rules.expiry, now)),
	]);
}

/** @throws RuleError `invalid-request` for a duration that the profile does not offer. */
export function expiryAfter(expiresIn: CalendarDuration, rules: Profile, now: Date): string {
	const isPreset = rules.expiry.presets.some(
		(preset) => JSON.stringify(preset) === JSON.stringify(expiresIn),
	);
	if (rules.expiry.presetsOnly && !isPreset) {
		const offered = rules.expiry.presets.map((preset) => JSON.stringify(preset)).join(", ");
		refuse(
			"invalid-request",
			"This profile does not offer this expiry.",
			field("/expiresIn", `must be one of ${offered}`),
		);
	}
	return addDuration(now, expiresIn).toISOString();
}

/**
 * A token can't pass on more than it has: permissions, resources, addresses and time.
 * @throws RuleError `exceeds-caller`
 */
export function checkCeiling(settings: Settings, ceiling: VerifiableToken): void {
	const { permissions, resources } = settings;
	const excess = excessOf(settings, ceiling);
	refuse("exceeds-caller", "A token can't create a token that may do more than itself.", [
		...(excess.permissions ?? []).flatMap((one) =>
			field(`/permissions/${permissions.indexOf(one)}`, `${one} is not held by the caller's token`),
		),
		...(excess.resources ?? []).flatMap((one) =>
			field(`/resources/${resources.indexOf(one)}`, `${one} is not granted to the caller's token`),
		),
		...field(
			"/allowedAddresses",
			excess.allowedAddresses && `must lie within ${excess.allowedAddresses.join(", ")}`,
		),
		...field("/expiry", excess.expiry && `must not be later than ${excess.expiry}`),
	]);
}

/** Whether a change may let the token do more, or for longer, rather than only describe it otherwise. */
export function changesSettings(before: Settings, after: Settings): boolean {
	const fields = ["permissions", "resources", "allowedAddresses", "defaultSource", "expiry"] as const;
	return fields.some((name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]));
}

/** Why the profile does not allow the resource. */
export function resourceProblem(resource: string, { resources, name }: Profile): string | undefined {
	const kind = resource.slice(0, resource.indexOf("/"));
	if (resources.kinds === "any" || resources.kinds.includes(kind)) return undefined;
	if (resources.kinds.length === 0) return `${name} tokens can't be granted resources`;
	return `${name} has no resources of the kind ${kind}; it has ${resources.kinds.join(", ")}`;
}

function permissionErrors(permissions: readonly string[], rules: Profile): FieldError[] {
	const { source, minimum, others, pattern } = rules.permissions;
	if (source === "creator") {
		return permissions.length === 0
			? []
			: field("/permissions", "must be empty: the token has the permissions of its creator");
	}
	const unknown = permissions.filter((one) => !isInCatalogue(rules, one));
	const misshapen = pattern === undefined ? [] : permissions.filter((one) => !matchesWhole(pattern, one));
	const counted = others === "keep" ? permissions.length : permissions.length - unknown.length;
	const errors = permissions.flatMap((one, index) => {
		if (misshapen.includes(one))
			return field(`/permissions/${index}`, `${one} does not match this profile's pattern for permissions`);
		const refused = others === "reject" && unknown.includes(one);
		return field(
			`/permissions/${index}`,
			refused ? `${one} is not in the catalogue of permissions${howToAdd(rules)}` : undefined,
		);
	});
	if (errors.length > 0 || counted >= minimum) return errors;
	return field(
		"/permissions",
		`must name at least ${minimum === 1 ? "one permission" : `${minimum} permissions`}`,
	);
}

/** Other systems have a catalogue of their own. */
function howToAdd({ id }: Profile): string {
	if (id !== "local") return "";
	return "; add it with 'tokensmith permission add' on the command line, or while choosing permissions in VS Code";
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
