/**
 * Where a token can be made, and what its profile knows of a token: the wizard asks for nothing else. Knows no VS Code.
 */
import * as l10n from "@vscode/l10n";
import {
	type Connection,
	type ConnectorOption,
	capabilitiesOf,
	type Profile,
	profileAt,
	type TokenRecord,
} from "../../daemon/contract.ts";
import type { Limited } from "../daemon/live-server.ts";
import { isTokensmith, serverOf } from "../daemon/qualified-ids.ts";

/** `server`: a shared one. `stand-in`: this machine issues the token, by the rules of another system. */
export type System =
	| { kind: "local" | "server" | "stand-in"; profile: Profile & Limited; connection?: never }
	| { kind: "connection"; profile: Profile & Limited; connection: Connection };

/** What is known of authorities and systems. */
interface Known {
	readonly profiles: readonly Profile[];
	readonly connections: readonly Connection[];
	mayCreateBy(profileId: string): boolean;
}

/** This machine first, then the servers and connections where tokens can be made, then the stand-ins; each by name. */
export function systemsOf({ profiles, connections, mayCreateBy }: Known): System[] {
	const byName = <Named extends { name: string }>(all: readonly Named[]) =>
		all.toSorted((one, other) => one.name.localeCompare(other.name));
	const isLocal = ({ id }: Profile) => id === "local";
	const isServer = ({ id }: Profile) => isTokensmith(id) && !(id === "local");
	const isHere = ({ id }: Profile) => serverOf(id) === undefined;
	return [
		...profiles.filter(isLocal).map((profile) => ({ kind: "local", profile }) as const),
		...byName(profiles.filter((profile) => isServer(profile) && mayCreateBy(profile.id))).map(
			(profile) => ({ kind: "server", profile }) as const,
		),
		...byName(connections).flatMap((connection) => connectedSystem(connection, profiles)),
		...byName(profiles)
			.filter((profile) => !isLocal(profile) && isHere(profile))
			.map((profile) => ({ kind: "stand-in", profile }) as const),
	];
}

function connectedSystem(connection: Connection, profiles: readonly Profile[]): System[] {
	const rules = profiles.find(({ id }) => id === connection.profile);
	const profile = rules && profileAt(rules, connection);
	if (profile === undefined || capabilitiesOf(profile).create === "none") return [];
	return [{ kind: "connection", profile, connection }];
}

/** Identifies a system in what the workspace remembers. */
export function keyOf({ kind, profile, connection }: System): string {
	return `${kind} ${connection?.id ?? profile.id}`;
}

export function systemInWords({ kind, profile, connection }: System): string {
	if (kind === "connection") return connectionInWords(connection, profile);
	if (kind === "server") return l10n.t("{0}, a shared server", profile.name);
	return kind === "local" ? l10n.t("This machine") : l10n.t("{0}, as a stand-in", profile.name);
}

/** `Production (MindBridge, acme.mindbridge.ai)` */
function connectionInWords({ name, baseUrl }: Connection, profile: Profile): string {
	return l10n.t("{0} ({1}, {2})", name, profile.name, new URL(baseUrl).host);
}

/** Whether a token belongs to the system: names are unique and resources known within it. */
export function isOf(
	{ profile, connection }: System,
	token: Pick<TokenRecord, "profile" | "connectionId">,
): boolean {
	return token.profile === profile.id && token.connectionId === (connection?.id ?? null);
}

/** The further fields that the system's connector can send; a stand-in has no connector to send them through. */
export function optionsOf(system: System | undefined): readonly ConnectorOption[] {
	return system?.kind === "connection" ? (system.profile.connector?.options ?? []) : [];
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
