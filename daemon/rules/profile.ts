/** The profiles: each issuer's rules as data. A test validates the built-in ones; the user's own are validated when they are set. */
import { hash } from "node:crypto";
import type { CatalogueEntry, Connector, ListedProfile, Policy, Profile } from "../contract.ts";
import anthropic from "../profiles/anthropic.json" with { type: "json" };
import cloudflare from "../profiles/cloudflare.json" with { type: "json" };
import eclecticiq from "../profiles/eclecticiq.json" with { type: "json" };
import github from "../profiles/github.json" with { type: "json" };
import gitlab from "../profiles/gitlab.json" with { type: "json" };
import grafana from "../profiles/grafana.json" with { type: "json" };
import local from "../profiles/local.json" with { type: "json" };
import mindbridge from "../profiles/mindbridge.json" with { type: "json" };
import narrative from "../profiles/narrative.json" with { type: "json" };
import npm from "../profiles/npm.json" with { type: "json" };
import openai from "../profiles/openai.json" with { type: "json" };
import polarity from "../profiles/polarity.json" with { type: "json" };
import slack from "../profiles/slack.json" with { type: "json" };
import stripe from "../profiles/stripe.json" with { type: "json" };
import { covers } from "./permission.ts";

const builtIn = {
	local,
	polarity,
	eclecticiq,
	mindbridge,
	narrative,
	npm,
	gitlab,
	grafana,
	cloudflare,
	github,
	stripe,
	openai,
	anthropic,
	slack,
} as unknown as Record<string, Profile> & {
	local: Profile;
};

export const defaultPolicy: Policy = {
	secretPrefix: "tks",
	defaultExpiryDays: 30,
	maximumExpiryDays: 365,
	allowNever: true,
	maximumOverlapSeconds: 7 * 24 * 3600,
	auditDays: 365,
};

/** The rules that are not built in. @property permissions those of the owner's own that local tokens may have. */
export interface OwnRules {
	policy: Policy;
	permissions: readonly CatalogueEntry[];
	/** The user's own. */
	profiles: readonly Profile[];
	/** Those of open workspaces. */
	brought: readonly Profile[];
}

/** All profiles. Of those with the same id, a built-in one comes before the user's own, and that before a workspace's. */
export function profilesUnder({ policy, permissions, profiles, brought }: OwnRules): ListedProfile[] {
	const all: ListedProfile[] = [
		...Object.values({ ...builtIn, local: localUnder(policy, permissions) }).map((one) => ({
			...one,
			source: "built-in" as const,
		})),
		...profiles.map((one) => listed(one, "user")),
		...brought.map((one) => listed(one, "workspace")),
	];
	const first = new Map<string, ListedProfile>();
	for (const profile of all) if (!first.has(profile.id)) first.set(profile.id, profile);
	return [...first.values()];
}

function listed(profile: Profile, source: "user" | "workspace"): ListedProfile {
	const { connector } = profile;
	return { ...profile, source, ...(connector !== undefined && { connectorHash: fingerprintOf(connector) }) };
}

/** Of a profile's connector: what it calls, and with what. */
function fingerprintOf(connector: Connector): string {
	return `sha256:${hash("sha256", JSON.stringify(connector), "hex")}`;
}

export function isBuiltIn(id: string): boolean {
	return Object.hasOwn(builtIn, id);
}

/** Whether the permission is in the catalogue, or a wildcard that covers an entry. */
export function isInCatalogue(rules: Profile, permission: string): boolean {
	return rules.permissions.catalogue.some((entry) => covers(permission, entry.name));
}

/** The owner's own permissions come first, those of the daemon's API last. */
function localUnder(policy: Policy, permissions: readonly CatalogueEntry[]): Profile {
	const { local } = builtIn;
	const own = new Set(permissions.map((entry) => entry.name));
	const kept = local.permissions.catalogue.filter((entry) => !own.has(entry.name));
	return {
		...local,
		expiry: {
			...local.expiry,
			never: policy.allowNever,
			default: { days: policy.defaultExpiryDays },
			maximum: { days: policy.maximumExpiryDays },
		},
		permissions: { ...local.permissions, catalogue: [...permissions, ...kept] },
	};
}
