/**
 * Where a token can be made, and what its profile knows of a token: the wizard asks for nothing else. Knows no VS Code.
 */
import * as l10n from "@vscode/l10n";
import type { Profile } from "../../daemon/contract.ts";

/** `stand-in`: this machine issues the token, by the rules of another system. */
export interface System {
	kind: "local" | "stand-in";
	profile: Profile;
}

/** This machine first, then the stand-ins by name. */
export function systemsOf(profiles: readonly Profile[]): System[] {
	const others = profiles.filter(({ id }) => id !== "local");
	const byName = others.toSorted((one, other) => one.name.localeCompare(other.name));
	return [
		...profiles.filter(({ id }) => id === "local").map((profile) => ({ kind: "local", profile }) as const),
		...byName.map((profile) => ({ kind: "stand-in", profile }) as const),
	];
}

/** Identifies a system in what the workspace remembers. */
export function keyOf({ kind, profile }: System): string {
	return `${kind} ${profile.id}`;
}

export function systemInWords({ kind, profile }: System): string {
	return kind === "local" ? l10n.t("This machine") : l10n.t("{0}, as a stand-in", profile.name);
}

/** A question of its own, one of the optional details, or none. */
type Asked = "step" | "detail" | "never";

interface Questions {
	permissions: Asked;
	resources: Asked;
	defaultSource: Asked;
	addresses: Asked;
}

/** A profile that grants resources of any kind names none: they are details there, as is the default source. */
export function questionsOf(profile: Profile): Questions {
	const { permissions, resources, defaultSource, allowedAddresses } = profile;
	const isGeneral = resources.kinds === "any";
	const { source, catalogue, others } = permissions;
	const hasPermissions = source === "request" && (catalogue.length > 0 || others === "keep");
	return {
		permissions: hasPermissions ? "step" : "never",
		resources: isGeneral ? "detail" : resources.kinds.length > 0 ? "step" : "never",
		defaultSource: !defaultSource ? "never" : isGeneral ? "detail" : "step",
		addresses: allowedAddresses ? "step" : "never",
	};
}

/** Before a system is chosen, the steps are counted as for this machine. */
export const usualQuestions: Questions = {
	permissions: "step",
	resources: "detail",
	defaultSource: "detail",
	addresses: "step",
};
