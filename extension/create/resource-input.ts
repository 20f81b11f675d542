/**
 * Parses the resources that the user types, by the kinds of a profile, so that a mistake is shown while it is typed. The
 * daemon validates them again. Knows no VS Code.
 */
import * as l10n from "@vscode/l10n";
import { maximumResources, type Profile, resource } from "../../daemon/contract.ts";
import { listInWords } from "../language.ts";

type Kinds = Profile["resources"]["kinds"];

type ParsedResource = { ok: true; resources: string[] } | { ok: false; problem: string };

/** `virustotal` may be a resource of each kind; `integration/virustotal` is one. */
export function parseResource(text: string, kinds: Kinds): ParsedResource {
	const input = text.trim();
	const slash = input.indexOf("/");
	if (slash < 0) return kinds === "any" ? no(needsKind(input)) : ofEachKind(input, kinds);
	const kind = input.slice(0, slash).toLowerCase();
	if (kinds !== "any" && !kinds.includes(kind)) return no(wrongKind(kind, kinds));
	return checked([`${kind}/${input.slice(slash + 1)}`], input);
}

/** Those that the profile could grant, by kind, in alphabetical order. */
export function resourcesByKind(resources: Iterable<string>, kinds: Kinds): Map<string, string[]> {
	const known = [...new Set(resources)].filter((one) => kinds === "any" || kinds.includes(kindOf(one)));
	return Map.groupBy(known.sort(), kindOf);
}

export function kindOf(resource: string): string {
	return resource.slice(0, resource.indexOf("/"));
}

/** What is wrong with a number of resources. */
export function tooManyResources(count: number): string | undefined {
	return count > maximumResources ? l10n.t("choose at most {0} resources", maximumResources) : undefined;
}

function ofEachKind(identifier: string, kinds: readonly string[]): ParsedResource {
	return checked(
		kinds.map((kind) => `${kind}/${identifier}`),
		identifier,
	);
}

function checked(resources: string[], input: string): ParsedResource {
	if (resources.every((one) => resource.safeParse(one).success)) return { ok: true, resources };
	return no(
		/\s/.test(input)
			? l10n.t("A resource has no blanks: write them as - or _.")
			: l10n.t("Use the form kind/identifier with printable ASCII characters, at most 200."),
	);
}

const no = (problem: string): ParsedResource => ({ ok: false, problem });

function needsKind(input: string): string {
	return l10n.t("Write the kind first, for example {0}.", `channel/${input}`);
}

function wrongKind(kind: string, kinds: readonly string[]): string {
	return l10n.t("There is no kind {0} here, only {1}.", kind, listInWords(kinds));
}
