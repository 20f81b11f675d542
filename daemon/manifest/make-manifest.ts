/**
 * Makes a manifest from the tokens on a folder's lines. Pure. Invariant: nothing of it is a secret, a hash, an id or a part
 * of a secret, and what a manifest declares already stays as it is.
 */
import type { CalendarDuration, CatalogueEntry, Profile, TokenRecord } from "../contract.ts";
import { addDuration } from "../rules/expiry.ts";
import type { ManifestInput } from "./manifest.ts";

/** A line of an env file, and the token whose secret it holds. */
export interface TokenLine {
	readonly key: string;
	/** Relative to the manifest's folder, with forward slashes. */
	readonly file: string;
	readonly token: TokenRecord;
}

interface Known {
	profiles: readonly Profile[];
	/** The user's own permissions, and those that services asked for. */
	permissions: readonly (Pick<CatalogueEntry, "name"> & Partial<CatalogueEntry>)[];
}

type TokenInput = NonNullable<ManifestInput["tokens"]>[number];

export function makeManifest(
	declared: ManifestInput | undefined,
	lines: readonly TokenLine[],
	known: Known,
): ManifestInput {
	const { permissions = [], tokens = [], ...others } = declared ?? {};
	const placeOf = ({ file = ".env", key }: { file?: string | undefined; key: string }) => `${file} ${key}`;
	const places = new Set(tokens.map(placeOf));
	const added = lines.filter((line) => !places.has(placeOf(line)) && places.add(placeOf(line)));
	return {
		...others,
		permissions: [...permissions, ...newPermissions(permissions, known)],
		tokens: [...tokens, ...added.map((line) => tokenOf(line, known))],
	};
}

/** As text for a file, with tabs. */
export function manifestText(manifest: ManifestInput): string {
	return `${JSON.stringify(manifest, undefined, "\t")}\n`;
}

function newPermissions(
	declared: NonNullable<ManifestInput["permissions"]>,
	{ permissions }: Known,
): NonNullable<ManifestInput["permissions"]> {
	const names = new Set(declared.map(({ name }) => name));
	return permissions
		.filter(({ name }) => !names.has(name) && names.add(name))
		.map(({ name, group, description }) => ({
			name,
			...(group !== undefined && { group }),
			...(description && { description }),
		}));
}

/** Without what is the default, so that the file stays short. */
function tokenOf({ key, file, token }: TokenLine, { profiles }: Known): TokenInput {
	const {
		issuer,
		profile,
		name,
		description,
		permissions,
		resources,
		allowedAddresses,
		defaultSource,
		tags,
	} = token;
	const rules = profiles.find(({ id }) => id === profile);
	return {
		key,
		...(file !== ".env" && { file }),
		...(issuer !== "local" && { issuer }),
		...(profile !== issuer && { profile }),
		name,
		...(description !== "" && { description }),
		...(permissions.length > 0 && { permissions }),
		...(resources.length > 0 && { resources }),
		...(allowedAddresses.length > 0 && { allowedAddresses }),
		...(defaultSource !== null && { defaultSource }),
		...expiryOf(token, rules?.expiry),
		...(tags.length > 0 && { tags }),
	};
}

/** The token's lifetime; nothing if it is the profile's default. */
function expiryOf(
	{ creationDate, expiry }: TokenRecord,
	rules: Profile["expiry"] | undefined,
): Pick<TokenInput, "expiry" | "expiresIn"> {
	if (expiry === null) return rules?.default === null && rules.never ? {} : { expiry };
	const created = new Date(creationDate);
	const standard = rules?.default ?? null;
	if (standard !== null && isNear(addDuration(created, standard), expiry)) return {};
	return { expiresIn: lifetimeOf(created, expiry, rules?.presets ?? []) };
}

/** The preset that the lifetime is, else a number of days. */
function lifetimeOf(created: Date, expiry: string, presets: readonly CalendarDuration[]): CalendarDuration {
	const preset = presets.find((duration) => isNear(addDuration(created, duration), expiry));
	const days = Math.round((Date.parse(expiry) - created.getTime()) / 86_400_000);
	return preset ?? { days: Math.max(days, 1) };
}

/** An expiry is computed a moment before or after its token is created. */
function isNear(end: Date, expiry: string): boolean {
	return Math.abs(end.getTime() - Date.parse(expiry)) < 3_600_000;
}
