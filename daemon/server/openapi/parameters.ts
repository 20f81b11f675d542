/** The parameters of the OpenAPI document. Those that several operations have in common are components. */
import { isDeepStrictEqual } from "node:util";
import { accessHeader } from "../../facts.ts";
import { isReadByVersion } from "../preconditions.ts";
import type { Route } from "../route.ts";
import { describe, type Json, referTo, schemaOf } from "./components.ts";
import { queryFields } from "./queries.ts";

export type ParameterSource = Pick<Route, "method" | "path" | "query" | "access" | "ifMatch" | "answers">;

interface Parameter extends Json {
	name: string;
	in: "path" | "query" | "header";
}

/** Path parameters by the path segment before them. */
const pathParameters: Readonly<Record<string, [id: string, description: string]>> = {
	"api-tokens/{id}": ["TokenId", "The token's id."],
	"grants/{tokenId}": ["GrantedTokenId", "The id of the token that is granted the resource."],
	"resources/{kind}": ["ResourceKind", "The resource's kind, for example `channel`."],
	"{kind}/{id}": ["ResourceId", "The resource's identifier within its kind."],
	"connections/{id}": ["ConnectionId", "The connection's id."],
	"permissions/{name}": ["PermissionName", "The permission."],
	"workspaces/{id}": ["WorkspaceId", "An id of the workspace, chosen by its client."],
	"profiles/{id}": ["ProfileId", "The profile's id."],
};

export class Parameters {
	/** The document's `components.parameters`. */
	readonly components: Readonly<Record<string, Parameter>>;

	constructor(routes: readonly ParameterSource[]) {
		const uses = Map.groupBy(routes.flatMap(parametersOf), (use) => JSON.stringify(use));
		const shared = [...uses.values()].flatMap(([first, second]) => (first && second ? [first] : []));
		this.components = Object.fromEntries(shared.sort(([one], [other]) => (one < other ? -1 : 1)));
	}

	/** An operation's parameters. */
	of(route: ParameterSource): Json[] {
		return parametersOf(route).map(([id, parameter]) =>
			isDeepStrictEqual(this.components[id], parameter) ? referTo("parameters", id) : parameter,
		);
	}
}

/** Each with the name that it has as a component. */
function parametersOf(route: ParameterSource): [id: string, parameter: Parameter][] {
	const { path, query, access, ifMatch } = route;
	return [
		...inPath(path),
		...inQuery(query),
		...(access === "ignored" ? [] : [accessParameter(access)]),
		...(ifMatch === "ignored" ? [] : [ifMatchHeader(ifMatch)]),
		...(isReadByVersion(route) ? readConditions : []),
		...(path === "/v1/events" ? [lastEventId] : []),
	];
}

function inPath(path: string): [string, Parameter][] {
	return [...path.matchAll(/([^/]+)\/(?=\{(\w+)\})/g)].map(([, before = "", name = ""]) => {
		const [id, description] =
			pathParameters[`${before}/{${name}}`] ?? missing(`the parameter ${name} of ${path}`);
		return [id, { name, in: "path", required: true, description, schema: { type: "string" } }];
	});
}

function inQuery(query: Route["query"]): [string, Parameter][] {
	if (query === undefined) return [];
	const { properties = {} } = schemaOf(query, "input") as { properties?: Json };
	const described = describe(properties, queryFields.get(query) ?? missing("a query"));
	return Object.entries(described).map(([name, property]) => {
		const { description, ...schema } = property;
		return [(name[0] ?? "").toUpperCase() + name.slice(1), { name, in: "query", description, schema }];
	});
}

function accessParameter(access: "needed" | "optional"): [string, Parameter] {
	const when = access === "needed" ? "" : " Only for a token with a connection.";
	const description = `What one call to another system needs, as base64url of a JSON object (\`Access\`). Kept nowhere.${when}`;
	const parameter: Parameter = {
		name: accessHeader,
		in: "header",
		required: access === "needed",
		description,
		schema: {
			type: "string",
			contentEncoding: "base64url",
			contentMediaType: "application/json",
			contentSchema: referTo("schemas", "Access"),
		},
	};
	return [access === "needed" ? "RequiredAccess" : "Access", parameter];
}

const lastEventId: [string, Parameter] = [
	"LastEventId",
	{
		name: "Last-Event-ID",
		in: "header",
		description: "The `id` of the last event that was received, as browsers' `EventSource` sends it.",
		schema: { type: "string" },
	},
];

const readConditions: [string, Parameter][] = [
	[
		"ReadIfMatch",
		{
			name: "If-Match",
			in: "header",
			required: false,
			description: "The ETag of the version to read, or a list of them. Another version answers with 412.",
			schema: { type: "string" },
		},
	],
	[
		"IfNoneMatch",
		{
			name: "If-None-Match",
			in: "header",
			required: false,
			description: "The ETag of the version that the client has, or a list of them. It answers with 304.",
			schema: { type: "string" },
		},
	],
];

function ifMatchHeader(ifMatch: "needed" | "optional"): [string, Parameter] {
	const description =
		"The ETag of the version to change, or `*` for any. Another version is not changed and answers with 412.";
	const required = ifMatch === "needed";
	const parameter: Parameter = {
		name: "If-Match",
		in: "header",
		required,
		description,
		schema: { type: "string" },
	};
	return [required ? "RequiredIfMatch" : "IfMatch", parameter];
}

function missing(what: string): never {
	throw new Error(`The OpenAPI document has no description of ${what}.`);
}
