/** What to suggest for the token of an env line, from its key, its project and what was declared. Knows no VS Code. */

import type { CatalogueEntry, Connection, Profile } from "../../daemon/contract.ts";
import type { ManifestToken } from "../../daemon/manifest/manifest.ts";
import { isTokensmith } from "../daemon/qualified-ids.ts";
import { issuerNamedBy } from "../env/token-like.ts";
import { addDuration } from "./expiry-input.ts";
import { questionsOf, type System } from "./system.ts";
import type { TokenDraft } from "./token-draft.ts";

/** Words of a key that only say that it holds a token. */
const genericWords =
	/^(?:API|ACCESS|AUTH|SERVICE|APP|TOKEN|TOKENS|KEY|KEYS|SECRET|PAT|BEARER|CREDENTIALS?|MY|THE)$/i;

/** `orders-service, billing, staging` for the key BILLING_API_TOKEN in `.env.staging` of that project. */
export function nameSuggestion(key: string, project: string, fileName: string): string {
	const stage = fileName.replace(/^\.env\.?/, "");
	const parts = [project, specificWords(key).join(" ").toLowerCase(), stage];
	return [...new Set(parts.filter((part) => part !== ""))].join(", ").slice(0, 200);
}

/** `orders` for the package `@acme/orders`. */
export function projectName(packageText: string | undefined, folderName: string): string {
	const name = packageText === undefined ? undefined : nameIn(packageText);
	return name?.replace(/^@[^/]*\//, "") || folderName;
}

/** The key of the system that the key of the line names: a connection to it, else its stand-in. */
export function systemSuggestion(
	key: string,
	profiles: readonly Profile[],
	connections: readonly Connection[],
): string | undefined {
	const words = new Set(key.toLowerCase().split("_"));
	const named = issuerNamedBy(key) ?? profiles.find(({ id }) => id !== "local" && words.has(id))?.id;
	return named === undefined ? undefined : systemOfProfile(named, profiles, connections);
}

export function systemOfProfile(
	id: string,
	profiles: readonly Profile[],
	connections: readonly Connection[],
): string | undefined {
	const connection = connections.find(({ profile }) => profile === id);
	if (connection !== undefined) return `connection ${connection.id}`;
	return profiles.some((profile) => profile.id === id) ? `stand-in ${id}` : undefined;
}

type KnownPermission = Pick<CatalogueEntry, "name" | "group">;

/** Of the system's catalogue and, for tokens of this machine, of what the workspace declares. */
export function knownPermissions(
	{ id, permissions }: Profile,
	declared: readonly KnownPermission[],
): KnownPermission[] {
	return isTokensmith(id) ? [...permissions.catalogue, ...declared] : permissions.catalogue;
}

/** The permissions to read what the key names: `orders.read` for ORDERS_TOKEN. */
export function permissionSuggestion(key: string, known: readonly KnownPermission[]): string[] {
	const words = new Set(specificWords(key).map((word) => word.toLowerCase()));
	return known
		.filter(({ name, group }) => /[.:]read$/.test(name) && words.has(group.toLowerCase()))
		.map(({ name }) => name);
}

/** What a `tokensmith.json` declares for the line. */
export function declaredAnswers(declared: ManifestToken): TokenDraft {
	const { name, description, permissions, resources, allowedAddresses, tags } = declared;
	const { defaultSource, expiry, expiresIn } = declared;
	return {
		...(name !== undefined && { name }),
		...(description !== undefined && { description }),
		...(expiry !== undefined && {
			expiry: expiry === null ? { kind: "never" } : { kind: "at", instant: expiry },
		}),
		...(expiresIn !== undefined && { expiry: { kind: "after", duration: expiresIn } }),
		...{ permissions, resources, allowedAddresses, defaultSource, tags },
	};
}

/** The suggestions that the system's rules allow; the steps ask for the others as usual. */
export function fitting(
	answers: TokenDraft,
	{ profile }: System,
	{ now, known: entries }: { now: Date; known: readonly KnownPermission[] },
): TokenDraft {
	const asked = questionsOf(profile);
	const { permissions = [], resources = [], allowedAddresses, defaultSource, expiry } = answers;
	const known = new Set(entries.map(({ name }) => name));
	const allowed = permissions.filter((one) => known.has(one) || profile.permissions.others === "keep");
	const { kinds } = profile.resources;
	const granted = resources.filter((one) => kinds === "any" || kinds.includes(one.split("/")[0] ?? ""));
	return {
		...(asked.permissions !== "never" && allowed.length > 0 && { permissions: allowed }),
		...(granted.length > 0 && { resources: granted }),
		...(asked.addresses !== "never" && allowedAddresses && { allowedAddresses }),
		...(asked.defaultSource !== "never" && defaultSource && { defaultSource }),
		...(expiry !== undefined && isExpiryAllowed(expiry, profile, now) && { expiry }),
	};
}

function isExpiryAllowed(
	expiry: NonNullable<TokenDraft["expiry"]>,
	{ expiry: rules }: Profile,
	now: Date,
): boolean {
	if (expiry.kind === "never") return rules.never;
	const isPreset = (duration: object) =>
		rules.presets.some((preset) => JSON.stringify(preset) === JSON.stringify(duration));
	if (expiry.kind === "after" && rules.presetsOnly && !isPreset(expiry.duration)) return false;
	const end = expiry.kind === "at" ? new Date(expiry.instant) : addDuration(now, expiry.duration);
	return end > now && (rules.maximum === null || end <= addDuration(now, rules.maximum));
}

function specificWords(key: string): string[] {
	return key.split("_").filter((word) => word !== "" && !genericWords.test(word));
}

function nameIn(packageText: string): string | undefined {
	try {
		const content: unknown = JSON.parse(packageText);
		if (typeof content !== "object" || content === null || !("name" in content)) return undefined;
		const { name } = content;
		return typeof name === "string" && /^[\w@./-]{1,100}$/.test(name) ? name : undefined;
	} catch (error) {
		// A package that is being edited tells no name.
		if (error instanceof SyntaxError) return undefined;
		throw error;
	}
}
