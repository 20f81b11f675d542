/** Checks what the parts of a connector refer to: each other, and the names that they know. */
import {
	type ConnectorParts,
	type Issue,
	isGenerated,
	namesOf,
	type RecordParts,
} from "./connector-parts.ts";
import { callIssues, unsentIssues } from "./connector-requests.ts";
import { namesInRequest, placeholdersOf } from "./connector-text.ts";
import { templateIssues, unknownNames, valueIssues } from "./connector-values.ts";
import { tokenFields } from "./facts.ts";

const reserved = [...tokenFields, "credential", "id", "secret", "base", "now", "origin", "item"];

export function connectorIssues(connector: ConnectorParts): Issue[] {
	return [
		...nameIssues(connector),
		...optionIssues(connector),
		...recordedOptionIssues(connector),
		...baseIssues(connector),
		...partIssues(connector),
		...callIssues(connector),
		...unsentIssues(connector),
		...guideIssues(connector),
		...documentIssues(connector),
	];
}

/** Variables, questions and options share one space of names with the fields of a token. */
function nameIssues(connector: ConnectorParts): Issue[] {
	const seen = new Set(reserved);
	const named = (["variables", "ask", "options"] as const).flatMap((part) =>
		namesOf(connector[part]).map((name, index) => ({ name, path: [part, index, "name"] })),
	);
	const taken = (connector.login ?? []).flatMap(({ take }, index) =>
		Object.keys(take).map((name) => ({ name, path: ["login", index, "take", name] })),
	);
	return [...named, ...taken].flatMap(({ name, path }) => {
		const isTaken = seen.has(name);
		seen.add(name);
		return isTaken ? [{ path, message: `${name} is taken; choose another name` }] : [];
	});
}

function optionIssues({ options = [] }: ConnectorParts): Issue[] {
	return options.flatMap((option, index) => {
		const isUnknown =
			option.values !== undefined &&
			option.default !== undefined &&
			!Object.hasOwn(option.values, option.default);
		return isUnknown ? [{ path: ["options", index, "default"], message: "must be one of the values" }] : [];
	});
}

/** A record can tell the value of an option only if there is one. */
function recordedOptionIssues(connector: ConnectorParts): Issue[] {
	const known = namesOf(connector.options);
	const message = `is the name of no option; ${known.length === 0 ? "there is none" : `known are ${known.join(", ")}`}`;
	return recordsOf(connector).flatMap(([path, { options = {} }]) =>
		Object.keys(options)
			.filter((name) => !known.includes(name))
			.map((name) => ({ path: [...path, "options", name], message })),
	);
}

function recordsOf(connector: ConnectorParts): [path: (string | number)[], record: RecordParts][] {
	const calls = (["create", "list", "read", "update"] as const).map(
		(part) => [[part], connector[part]?.record] as const,
	);
	const probes = (["verify", "verifyCredential"] as const).flatMap((part) =>
		(connector[part] ?? []).map(({ record }, index) => [[part, index], record] as const),
	);
	return [[[], connector.record] as const, ...calls, ...probes].flatMap(([path, record]) =>
		typeof record === "object" ? [[[...path, "record"], record]] : [],
	);
}

function baseIssues({ base, variables }: ConnectorParts): Issue[] {
	return base === null ? [] : unknownNames(["base"], placeholdersOf(base), namesOf(variables));
}

function partIssues(connector: ConnectorParts): Issue[] {
	const { create, list, read, update, revoke, record, verify, guided } = connector;
	const issue = (path: (string | number)[], message: string) => [{ path, message }];
	const manages = create ?? list ?? read ?? update ?? revoke;
	const hasId =
		create?.location === true ||
		[record, create?.record, list?.record].some((one) => one?.id !== undefined || one?.secret !== undefined);
	return [
		...(create !== undefined && isSecret(record, create)
			? issue(["record", "id"], "is the secret: leave it out, and name the secret in record.secret")
			: []),
		...(manages !== undefined && !hasId ? issue(["record"], "must say where the id of a token stands") : []),
		...(create?.reveal !== undefined && isGenerated(connector)
			? issue(["create", "reveal"], "is not needed where the secret is generated")
			: []),
		...(connector.logout !== undefined && connector.login === undefined
			? issue(["logout"], "needs login")
			: []),
		...(create?.complete === "list" && list === undefined ? issue(["create", "complete"], "needs list") : []),
		...(create?.complete === "read" && read === undefined ? issue(["create", "complete"], "needs read") : []),
		...(["update", "revoke"] as const).flatMap((verb) =>
			connector[verb]?.fresh && read === undefined && list === undefined
				? issue([verb, "fresh"], "needs read or list")
				: [],
		),
		...(["create", "revoke"] as const).flatMap((verb) =>
			guided?.[verb]?.confirm === "verify" && verify === undefined
				? issue(["guided", verb, "confirm"], "needs verify")
				: [],
		),
		...(create === undefined && guided?.create === undefined && verify === undefined && list === undefined
			? issue([], "must have create, list, verify or guided")
			: []),
	];
}

/** The id would store the secret. */
function isSecret(
	record: RecordParts | undefined,
	{ at = "", secret, ...create }: NonNullable<ConnectorParts["create"]>,
) {
	const id = create.record?.id ?? record?.id;
	return id !== undefined && at + id === secret && create.reveal === undefined;
}

function documentIssues({ openapi, variables }: ConnectorParts): Issue[] {
	const named = namesInRequest(openapi?.document ?? "").map((name) => ({ name }));
	return unknownNames(["openapi", "document"], named, namesOf(variables));
}

function guideIssues({ guided, variables }: ConnectorParts): Issue[] {
	const known = ["base", "id", ...tokenFields, ...namesOf(variables)];
	return (["create", "revoke"] as const).flatMap((verb) => {
		const guide = guided?.[verb];
		if (guide === undefined) return [];
		const isLink = /^(?:\{base\}|https:\/\/[^/{}?#@]+)(?:[/?#]|$)/.test(guide.open);
		return [
			...(isLink
				? []
				: [{ path: ["guided", verb, "open"], message: "must be an https address or begin with {base}/" }]),
			...templateIssues(["guided", verb, "open"], guide.open, known),
			...(guide.steps === "profile" ? [] : valueIssues(["guided", verb, "steps"], guide.steps, known)),
		];
	});
}
