/** Which fields of a token can be changed, and how the others are changed instead. Knows no VS Code. */

import * as l10n from "@vscode/l10n";
import { type Excess, excessOf } from "../../daemon/client/prove-server.ts";
import {
	capabilitiesOf,
	type Profile,
	type TokenRecord,
	type UpdateTokenRequest,
} from "../../daemon/contract.ts";
import type { Connections } from "../connections/connections.ts";
import { excessInWords } from "../connections/excess-words.ts";
import type { Limited } from "../daemon/live-server.ts";
import type { LiveTokens } from "../daemon/live-tokens.ts";
import { isTokensmith } from "../daemon/qualified-ids.ts";

export type Field = keyof UpdateTokenRequest;

/** In the order in which they are shown. */
export const fields = [
	...(["name", "permissions", "resources", "expiry"] as const),
	...(["allowedAddresses", "defaultSource", "description", "tags"] as const),
] satisfies readonly Field[];

export const fieldLabels: Record<Field, () => string> = {
	name: () => l10n.t("Name"),
	permissions: () => l10n.t("Permissions"),
	resources: () => l10n.t("Resources"),
	expiry: () => l10n.t("Expires"),
	allowedAddresses: () => l10n.t("Allowed addresses"),
	defaultSource: () => l10n.t("Default source"),
	description: () => l10n.t("Description"),
	tags: () => l10n.t("Tags"),
};

/** What the daemon keeps of a token that another system has issued. */
const recorded: ReadonlySet<Field> = new Set(["name", "description", "expiry", "permissions", "tags"]);

/**
 * Why the field cannot be changed, and what to do instead; undefined: it can be changed.
 * @param profile undefined: the daemon does not know the token's profile.
 */
export function lockOf(field: Field, token: TokenRecord, profile: Rules | undefined): string | undefined {
	return ruleAgainst(field, token, profile) ?? excessAgainst(field, token, profile);
}

/** The rules that a token follows. */
export type Rules = Profile & Limited;

/** The same, as far as only the token and its system decide it. */
export function ruleAgainst(
	field: Field,
	token: TokenRecord,
	profile: Profile | undefined,
): string | undefined {
	if (isOnlyRecorded(token, profile))
		return recorded.has(field) ? undefined : l10n.t("not recorded of a token of another system");
	if (field === "description" || field === "tags") return undefined;
	if (profile === undefined) return l10n.t("the profile {0} is unknown", token.profile);
	if (!isKnownTo(profile, field)) return absenceIn(profile, field);
	if (field === "expiry" && token.successorId !== null)
		return l10n.t("the token is rotated, so it ends with its overlap");
	if (changeableOf(token, profile).includes(field)) return undefined;
	return field === "expiry"
		? l10n.t("{0} cannot change it: rotate the token", profile.name)
		: l10n.t("{0} cannot change it: create another token", profile.name);
}

const describing: ReadonlySet<Field> = new Set(["name", "description", "tags"]);

/** What goes beyond this editor's token of a server is brought within it first: until then no other right changes. */
function excessAgainst(field: Field, token: TokenRecord, rules: Rules | undefined): string | undefined {
	if (rules?.passesOn === undefined || !isTokensmith(token.issuer) || describing.has(field)) return undefined;
	const { [field as keyof Excess]: _, ...others } = excessOf(token, rules.passesOn);
	const excess = excessInWords(others);
	return excess && l10n.t("your own token of the server {0}", excess);
}

/** The rules that the token follows, as they are at its connection. undefined: the daemon does not know the profile. */
export function profileOf(
	token: TokenRecord,
	{ connections, live }: { connections: Pick<Connections, "profileOf">; live: Pick<LiveTokens, "profiles"> },
): Rules | undefined {
	return connections.profileOf(token) ?? live.profiles.find(({ id }) => id === token.profile);
}

/** The daemon calls no API for it: the record follows what the user does at the system. */
export function isOnlyRecorded(token: TokenRecord, profile: Profile | undefined): boolean {
	if (isTokensmith(token.issuer)) return false;
	if (token.connectionId === null || profile === undefined) return true;
	const { create, update } = capabilitiesOf(profile);
	return (create !== "api" || token.remoteId === null) && update.length === 0;
}

function changeableOf({ issuer }: TokenRecord, profile: Profile): readonly string[] {
	return isTokensmith(issuer) ? profile.changeable : capabilitiesOf(profile).update;
}

function isKnownTo(profile: Profile, field: Field): boolean {
	const { permissions, resources, allowedAddresses, defaultSource } = profile;
	if (field === "permissions")
		return (
			permissions.source === "request" && (permissions.catalogue.length > 0 || permissions.others === "keep")
		);
	if (field === "resources") return resources.kinds === "any" || resources.kinds.length > 0;
	if (field === "allowedAddresses") return allowedAddresses;
	return field !== "defaultSource" || defaultSource;
}

function absenceIn({ name, permissions }: Profile, field: Field): string {
	return field === "permissions" && permissions.source === "creator"
		? l10n.t("those of the user who created the token")
		: l10n.t("{0} tokens have none", name);
}
