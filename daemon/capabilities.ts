/** What can be done at a profile's system. Shared by the daemon and its clients; loads no schemas. */

import { namesUsed } from "./connector-text.ts";
import type { Call, Connector, ConnectorOption } from "./contract/connector.ts";
import type { TokenField } from "./facts.ts";

export interface Capabilities {
	create: "api" | "guided" | "none";
	list: boolean;
	update: readonly TokenField[];
	/** `create-and-delete`: a successor is created, then the predecessor is deleted, both by API. */
	rotate: "create-and-delete" | "guided" | "none";
	revoke: "api" | "guided" | "none";
	/** Whether a secret can be tested. */
	probe: boolean;
	/** Whether revoking or changing a token needs its own secret from the caller. */
	needsSecret: boolean;
	/** How long a revoked token may still work. */
	lagSeconds: number;
}

interface ProfileParts {
	readonly steps: readonly string[];
	readonly connector?: Connector;
}

/** What the user does on a system's own pages. */
export interface StepsByHand {
	/** The page's address; undefined: the steps name it. */
	readonly page: string | undefined;
	readonly steps: readonly string[];
}

/**
 * The profile as it is at a connection, whose server can describe its own API: only the operations on its tokens. How a call
 * authenticates, and whether a server may describe anything, stays what the profile says now.
 */
export function profileAt<Rules extends { readonly connector?: Connector }>(
	profile: Rules,
	{ connector: described }: { readonly connector?: Connector },
): Rules {
	if (described === undefined || profile.connector?.openapi === undefined) return profile;
	const { guided: _, openapi: __, ...confirmed } = profile.connector;
	const { record, create, list, revoke } = described;
	const operations = Object.entries({ record, create, list, revoke }).filter(([, one]) => one !== undefined);
	return { ...profile, connector: { ...confirmed, ...Object.fromEntries(operations) } };
}

/** Whether a system says when its tokens expire: if not, one without an expiry may have one all the same. */
export function tellsExpiry({ connector }: Pick<ProfileParts, "connector">): boolean {
	const { record, list, read } = connector ?? {};
	// Records follow the list, where there is one.
	return { ...record, ...(list ?? read)?.record }.expiry !== undefined;
}

/** A profile without a connector is guided by its own steps, if it has any. */
export function capabilitiesOf({ steps, connector }: ProfileParts): Capabilities {
	const byHand = connector === undefined && steps.length > 0;
	const can = (verb: "create" | "revoke"): Capabilities["create"] => {
		if (connector?.[verb] !== undefined) return "api";
		return byHand || connector?.guided?.[verb] !== undefined ? "guided" : "none";
	};
	const [create, revoke] = [can("create"), can("revoke")];
	return {
		create,
		revoke,
		rotate: rotateBy(create, revoke),
		list: connector?.list !== undefined,
		update: connector?.update?.changes ?? [],
		probe: connector?.verify !== undefined,
		needsSecret:
			connector !== undefined && (["update", "revoke"] as const).some((one) => needsSecret(connector, one)),
		lagSeconds: connector?.lagSeconds ?? 0,
	};
}

/** undefined: the profile has no steps for it. A profile without a connector has steps all the same. */
export function stepsByHand(
	profile: ProfileParts & { readonly links: readonly { readonly url: string }[] },
	connection: { readonly baseUrl: string; readonly variables: Readonly<Record<string, string>> },
	verb: "create" | "revoke",
): StepsByHand | undefined {
	const { connector, steps, links } = profile;
	const guide = connector?.guided?.[verb];
	if (guide === undefined && (connector !== undefined || steps.length === 0)) return undefined;
	const open = guide === undefined ? links[0]?.url : guide.open;
	const page = open
		?.replace("{base}", () => connection.baseUrl)
		.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(connection.variables[name] ?? ""));
	return { page, steps: guide === undefined || guide.steps === "profile" ? steps : guide.steps };
}

function rotateBy(create: Capabilities["create"], revoke: Capabilities["revoke"]): Capabilities["rotate"] {
	if (create === "none") return "none";
	return create === "api" && revoke === "api" ? "create-and-delete" : "guided";
}

export type Operation = "create" | "list" | "read" | "update" | "revoke";

/** The requests that an operation can lead to. */
const requestsOf: Record<Operation, readonly Operation[]> = {
	create: ["create", "list", "read"],
	list: ["list"],
	read: ["read", "list"],
	update: ["update", "read", "list"],
	revoke: ["revoke", "read", "list"],
};

/** What the user must be asked for, each time, before an operation: the connector's `ask` entries that it uses. */
export function answersNeeded(
	connector: Connector,
	operation: Operation,
): { readonly name: string; readonly title: string }[] {
	const calls: Call[] = requestsOf[operation].flatMap((one) => connector[one] ?? []);
	if (operation === "create" && connector.create?.reveal !== undefined) calls.push(connector.create.reveal);
	const used = new Set(
		calls.flatMap((call) => namesUsed([call, call.auth ?? connector.auth, connector.headers])),
	);
	return (connector.ask ?? []).filter(({ name }) => used.has(name));
}

/** Whether an operation needs the token's own secret from the caller, because no list shows it. */
export function needsSecret(connector: Connector, operation: "read" | "update" | "revoke"): boolean {
	const call = connector[operation];
	if (call === undefined || connector.list?.record?.secret !== undefined) return false;
	const isListed = connector.list !== undefined && connector.record?.secret !== undefined;
	return !isListed && namesUsed([call]).includes("secret");
}

/** The address that a connector proposes for a connection, with its variables in place; null: the user is asked. */
export function proposedBase(
	connector: Connector,
	variables: Readonly<Record<string, string>>,
): string | null {
	if (connector.base === null) return null;
	const names = namesUsed(connector.base);
	if (!names.every((name) => /^[\w-][\w.-]*$/.test(variables[name] ?? ""))) return null;
	return connector.base.replace(/\{(\w+)\}/g, (_, name: string) => variables[name] ?? "");
}

/** `POST /v1/api-tokens`: every call that a connector can make, once each, in its order. */
export function callsOf(connector: unknown): string[] {
	const calls = new Set<string>();
	const visit = (value: unknown): void => {
		if (typeof value !== "object" || value === null) return;
		for (const [key, inner] of Object.entries(value)) {
			if (key === "request" && typeof inner === "string") calls.add(inner);
			else visit(inner);
		}
	};
	visit(connector);
	return [...calls];
}

/** What is wrong with the options of a creation. */
export function optionIssues(
	connector: Connector,
	options: Readonly<Record<string, string>>,
): { pointer: string; detail: string }[] {
	const known = connector.options ?? [];
	const unknown = Object.keys(options).filter((name) => !known.some((option) => option.name === name));
	return [
		...unknown.map((name) => ({ pointer: `/options/${name}`, detail: `There is no option ${name}.` })),
		...known.flatMap((option) => {
			const detail = optionIssue(
				option,
				Object.hasOwn(options, option.name) ? options[option.name] : undefined,
			);
			return detail === undefined
				? []
				: [{ pointer: `/options/${option.name}`, detail: `${option.title}: ${detail}` }];
		}),
	];
}

function optionIssue(
	{ values, as, required, default: standard }: ConnectorOption,
	given: string | undefined,
) {
	const value = given ?? standard ?? "";
	if (value === "") return required ? "enter a value." : undefined;
	if (/\p{Cc}/u.test(value) || value.length > 1000) return "enter one line of text.";
	if (values !== undefined && as !== "list" && !Object.hasOwn(values, value)) {
		return `choose one of ${Object.keys(values).join(", ")}.`;
	}
	if (as === "number" && !/^-?\d+(?:\.\d+)?$/.test(value)) return "enter a number.";
	return as === "boolean" && value !== "true" && value !== "false" ? "enter true or false." : undefined;
}
