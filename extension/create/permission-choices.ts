/**
 * Which permissions the wizard offers, in which groups, and what a typed text means. Whatever the user types is answered.
 * Knows no VS Code.
 */

import * as l10n from "@vscode/l10n";
import { mayPassOn } from "../../daemon/client/prove-server.ts";
import {
	apiPermissions,
	type CatalogueEntry,
	maximumPermissionLength,
	type Profile,
	permissionCharacters,
} from "../../daemon/contract.ts";
import type { Limited } from "../daemon/live-server.ts";
import { isTokensmith } from "../daemon/qualified-ids.ts";

/** Permissions that the workspace and its services know, whether or not the catalogue has them. */
export interface PermissionSuggestions {
	/** What services asked for in the last 30 days. */
	requested: readonly { name: string; count: number }[];
	/** What `tokensmith.json` declares. */
	declared: readonly { name: string; description: string; group?: string }[];
	/** @property place the file and line, to be shown. */
	inCode: readonly { name: string; place: string }[];
}

export const noSuggestions: PermissionSuggestions = { requested: [], declared: [], inCode: [] };

/** A permission that the catalogue gets together with the token. */
export interface NewPermission {
	name: string;
	description: string;
}

export interface PermissionChoice {
	name: string;
	description: string;
	/** What it is about, where the catalogue or the workspace says so. */
	group?: string;
	/** What the workspace says that it allows. */
	declared?: string;
}

export interface ChoiceGroup {
	kind: "suggested" | "catalogue" | "api";
	heading: string;
	choices: readonly PermissionChoice[];
}

/** Where this editor's token of a server limits it, the user can add no permissions. */
type Catalogue = Pick<Profile, "id" | "permissions"> & Limited;

/** Suggestions first, then the catalogue by group, and the daemon's own API last. Each permission is offered once. */
export function choiceGroups(profile: Catalogue, suggestions: PermissionSuggestions): ChoiceGroup[] {
	const offered = new Set<string>();
	return [...suggestedGroups(profile, suggestions), ...catalogueGroups(profile)].flatMap(
		({ kind, heading, choices }) => {
			const left = choices.filter(({ name }) => !offered.has(name) && offered.add(name));
			return left.length === 0 ? [] : [{ kind, heading, choices: left }];
		},
	);
}

function suggestedGroups(
	profile: Catalogue,
	{ requested, declared, inCode }: PermissionSuggestions,
): ChoiceGroup[] {
	if (!isLocal(profile)) return [];
	const known = new Map(profile.permissions.catalogue.map((entry) => [entry.name, entry]));
	const isNew = ({ name }: { name: string }) =>
		profile.passesOn === undefined && !known.has(name) && problemOf(name) === undefined;
	return [
		{
			kind: "suggested",
			heading: l10n.t("asked for by services"),
			choices: requested.filter(isNew).map(({ name, count }) => ({
				name,
				description: count === 1 ? l10n.t("asked for once") : l10n.t("asked for {0} times", count),
			})),
		},
		...declaredGroups(
			declared.filter((one) => known.has(one.name) || isNew(one)),
			known,
		),
		{
			kind: "suggested",
			heading: l10n.t("found in the code"),
			choices: inCode.filter(isNew).map(({ name, place }) => ({ name, description: place })),
		},
	];
}

/** The catalogue's own words come first. */
function declaredGroups(
	declared: PermissionSuggestions["declared"],
	known: ReadonlyMap<string, CatalogueEntry>,
): ChoiceGroup[] {
	const choices = declared.map(({ name, description, group = name }) => ({
		name,
		group: known.get(name)?.group ?? group,
		description: known.get(name)?.description || description,
		declared: description,
	}));
	return [...Map.groupBy(choices, ({ group }) => group)].map(([group, ofGroup]) => ({
		kind: "suggested",
		heading: l10n.t("{0}, declared by this workspace", group),
		choices: ofGroup,
	}));
}

function catalogueGroups(profile: Catalogue): ChoiceGroup[] {
	const isApi = ({ name }: PermissionChoice) => isLocal(profile) && name.startsWith(apiPrefix);
	const { catalogue } = profile.permissions;
	const groups = Map.groupBy(
		catalogue.filter((entry) => !isApi(entry)),
		({ group }) => group,
	);
	return [
		...[...groups].map(([heading, choices]) => ({ kind: "catalogue" as const, heading, choices })),
		{
			kind: "api",
			heading: l10n.t("Tokensmith's own API"),
			choices: catalogue.filter(isApi),
		},
	];
}

const apiPrefix = apiPermissions.read.slice(0, apiPermissions.read.lastIndexOf(".") + 1);

const isLocal = ({ id }: Catalogue) => isTokensmith(id);

/** What can be picked at once: the permissions that only read, and all that are about the same. */
export function templatesOf(groups: readonly ChoiceGroup[]): {
	reading: string[];
	groups: Map<string, string[]>;
} {
	const about = groups
		.filter(({ kind }) => kind !== "api")
		.flatMap(({ choices }) =>
			choices.flatMap(({ name, group }) => (group === undefined ? [] : [{ name, group }])),
		);
	const byGroup = Map.groupBy(about, ({ group }) => group);
	return {
		reading: about.map(({ name }) => name).filter((name) => /[.:_-](?:read|list|get|view)$/i.test(name)),
		groups: new Map([...byGroup].map(([group, entries]) => [group, entries.map(({ name }) => name)])),
	};
}

/** `known`: one that is offered. `new`: one to be added. `covering`: a wildcard, with how many it covers. */
export type Typed =
	| { kind: "known" | "new" | "kept"; name: string }
	| { kind: "covering"; name: string; count: number }
	| { kind: "problem"; text: string; problem: string };

/** What a typed text can mean, the likeliest first; never empty. */
export function readTyped(text: string, profile: Catalogue, groups: readonly ChoiceGroup[]): Typed[] {
	const choices = groups.flatMap((group) => group.choices);
	const known = choices.find(({ name }) => name === text);
	if (known !== undefined) return [{ kind: "known", name: known.name }];
	const [found] = matching(choices, text);
	const meant = otherThanKnown(text, profile, choices);
	return found === undefined
		? [meant]
		: [{ kind: "known", name: found.name }, ...(isUsable(meant) ? [meant] : [])];
}

const isUsable = ({ kind }: Typed) => kind !== "problem";

/** Names before descriptions. */
function matching(choices: readonly PermissionChoice[], text: string): PermissionChoice[] {
	const wanted = text.toLowerCase();
	const has = (part: string) => part.toLowerCase().includes(wanted);
	return [
		...choices.filter(({ name }) => has(name)),
		...choices.filter(({ name, description }) => !has(name) && has(description)),
	];
}

function otherThanKnown(text: string, profile: Catalogue, choices: readonly PermissionChoice[]): Typed {
	const problem = problemOf(text);
	if (problem !== undefined) return { kind: "problem", text, problem };
	const { others } = profile.permissions;
	if (!isLocal(profile)) {
		if (others === "keep") return { kind: "kept", name: text };
		return { kind: "problem", text, problem: l10n.t("It is not among the permissions of this system.") };
	}
	const { passesOn } = profile;
	const isOwn = passesOn === undefined || (isWildcard(text) && mayPassOn(passesOn.permissions, text));
	if (!isOwn)
		return {
			kind: "problem",
			text,
			problem: l10n.t("Your token may not pass it on, or the server does not have it: ask an administrator."),
		};
	if (isWildcard(text)) return covering(text, choices);
	if (text.startsWith(apiPrefix))
		return { kind: "problem", text, problem: l10n.t("Tokensmith's own API has no such permission.") };
	return { kind: "new", name: text };
}

const isWildcard = (name: string) => name === "*" || name.endsWith(".*");

function covering(name: string, choices: readonly PermissionChoice[]): Typed {
	const count = choices.filter((choice) => choice.name.startsWith(name.slice(0, -1))).length;
	if (count > 0) return { kind: "covering", name, count };
	const example = `${name.slice(0, -1)}read`;
	return {
		kind: "problem",
		text: name,
		problem: l10n.t("It covers no permission yet: add one first, such as {0}.", example),
	};
}

/** Why no permission can have this name. */
function problemOf(name: string): string | undefined {
	if (name.length > maximumPermissionLength)
		return l10n.t(
			"A permission has at most {0} characters; this has {1}.",
			maximumPermissionLength,
			name.length,
		);
	if (/\s/.test(name)) return l10n.t("A permission has no blanks: write billing.read, for example.");
	if (name.includes(",")) return l10n.t("Add one permission at a time: press Enter after each.");
	if (/^[.:]|[.:]$/.test(name))
		return l10n.t("A permission has words around each dot: write billing.read, for example.");
	if (!permissionCharacters.test(name))
		return l10n.t(
			"Use letters without accents, digits and signs such as . : - _, no quotes and no backslashes.",
		);
	return undefined;
}

/** Those of the chosen names that the catalogue gets with the token. */
export function newNames(names: readonly string[], { id, permissions }: Catalogue): string[] {
	const known = new Set(permissions.catalogue.map(({ name }) => name));
	return isTokensmith(id) ? names.filter((name) => !known.has(name) && !isWildcard(name)) : [];
}
