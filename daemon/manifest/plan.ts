/**
 * What a manifest's tokens come to on this machine: what each line holds, and the request that creates a missing token.
 * Pure. Invariant: a request asks for nothing that the manifest does not name, and for less where policy is narrower.
 */
import type { CalendarDuration, CreateTokenInput, Profile, TokenRecord } from "../contract.ts";
import { addDuration } from "../rules/expiry.ts";
import { covers, notCovered } from "../rules/permission.ts";
import { type ManifestPermission, type ManifestPolicy, type ManifestToken, profileIdOf } from "./manifest.ts";

/** What the line of a declared token holds. */
export type LineState =
	/** Nothing, or the placeholder of an example. */
	| { kind: "empty" }
	/** `lacks`: declared permissions that the token does not have. */
	| { kind: "working"; token: TokenRecord; lacks: readonly string[] }
	| { kind: "dead"; token: TokenRecord }
	/** A value that is no known token's secret. */
	| { kind: "foreign" };

interface Line {
	/** null: no line sets the key. */
	value: string | null;
	/** The value of the key in the example next to the file. */
	example: string | undefined;
	/** The token with this value as its secret. */
	token: TokenRecord | undefined;
}

export function lineState(declared: ManifestToken, { value, example, token }: Line): LineState {
	if (token !== undefined) {
		if (token.status !== "active" && token.status !== "retiring") return { kind: "dead", token };
		return { kind: "working", token, lacks: lackedBy(token, declared.permissions) };
	}
	const isPlaceholder = value === null || value === "" || value === example;
	return isPlaceholder ? { kind: "empty" } : { kind: "foreign" };
}

/** Only a local token has wildcards. */
function lackedBy({ issuer, permissions }: TokenRecord, declared: readonly string[]): string[] {
	if (issuer === "local") return notCovered(permissions, declared);
	return declared.filter((name) => !permissions.includes(name));
}

/** The declared permissions that are in no catalogue yet. */
export function missingPermissions<Permission extends ManifestPermission>(
	declared: readonly Permission[],
	known: Iterable<string>,
): Permission[] {
	const names = new Set(known);
	return declared.filter(({ name }) => !names.has(name) && names.add(name));
}

/**
 * The permissions of a declared token that its profile would refuse, also once the declared ones are added to the catalogue.
 * @param added declared permissions, which only this machine's own catalogue takes
 */
export function refusedPermissions(
	{ permissions }: Pick<ManifestToken, "permissions">,
	profile: Profile,
	added: readonly ManifestPermission[],
): string[] {
	const { source, others, catalogue } = profile.permissions;
	if (source !== "request" || others !== "reject") return [];
	const known = profile.id === "local" ? [...catalogue, ...added] : catalogue;
	return permissions.filter((one) => !known.some(({ name }) => covers(one, name)));
}

interface RequestOptions {
	/** The rules that apply, without those of the manifest. */
	profile: Profile;
	/** Of the manifest and of the token. */
	policies: readonly ManifestPolicy[];
	/** The name of the manifest's folder. */
	folderName: string;
	now: Date;
}

export interface PlannedRequest {
	readonly request: CreateTokenInput;
	/** The token's expiry if it is created now; null: never. */
	readonly end: string | null;
	/** The expiry is earlier than declared, since a policy or the profile allows no more. */
	readonly isShortened: boolean;
}

export function requestFor(declared: ManifestToken, options: RequestOptions): PlannedRequest {
	const { description, permissions, resources, allowedAddresses, defaultSource, tags } = declared;
	const { isShortened, ...expiry } = expiryFor(declared, options);
	const name = declared.name ?? `${declared.key} (${options.folderName})`.slice(0, 200);
	const request = {
		...{
			name,
			profile: profileIdOf(declared),
			permissions,
			resources,
			allowedAddresses,
			defaultSource,
			tags,
		},
		...(description !== undefined && { description }),
		...expiry,
	};
	return { request, isShortened, end: endOf(expiry, options) };
}

function endOf({ expiry, expiresIn }: Omit<PlannedExpiry, "isShortened">, { profile, now }: RequestOptions) {
	if (expiry !== undefined) return expiry;
	const distance = expiresIn ?? profile.expiry.default;
	return distance === null ? null : addDuration(now, distance).toISOString();
}

/** The profile within the limits of the policies. */
export function narrowProfile(profile: Profile, policies: readonly ManifestPolicy[], now: Date): Profile {
	const expiry = policies.reduce((rules, policy) => narrowExpiry(rules, policy, now), profile.expiry);
	return { ...profile, expiry };
}

type ExpiryRules = Profile["expiry"];

function narrowExpiry(rules: ExpiryRules, { maximumExpiry }: ManifestPolicy, now: Date): ExpiryRules {
	const isWithin = (duration: CalendarDuration) =>
		addDuration(now, duration) <= addDuration(now, maximumExpiry);
	const isWider = rules.maximum !== null && isWithin(rules.maximum);
	if (isWider) return rules;
	return {
		...rules,
		never: false,
		maximum: maximumExpiry,
		default: rules.default !== null && isWithin(rules.default) ? rules.default : maximumExpiry,
		presets: rules.presets.filter(isWithin),
	};
}

interface PlannedExpiry {
	expiry?: string | null;
	expiresIn?: CalendarDuration;
	isShortened: boolean;
}

function expiryFor(declared: ManifestToken, { profile, policies, now }: RequestOptions): PlannedExpiry {
	const rules = narrowProfile(profile, policies, now).expiry;
	const latest = rules.maximum === null ? undefined : addDuration(now, rules.maximum).toISOString();
	const { expiry, expiresIn } = declared;
	if (expiry === null && rules.never) return { expiry, isShortened: false };
	const end = expiresIn === undefined ? expiry : addDuration(now, expiresIn).toISOString();
	if (end === undefined || end === null) {
		const standard = rules === profile.expiry ? {} : defaultWithin(rules, now);
		return { ...standard, isShortened: end === null };
	}
	if (latest !== undefined && end > latest) return { expiry: latest, isShortened: true };
	return { ...(expiresIn === undefined ? { expiry: end } : { expiresIn }), isShortened: false };
}

/** An instant, since a profile may accept only its presets as durations. */
function defaultWithin(rules: ExpiryRules, now: Date): Pick<PlannedExpiry, "expiry"> {
	return rules.default === null ? {} : { expiry: addDuration(now, rules.default).toISOString() };
}
