/** The OpenAPI 3.1 document, generated from the table of routes and from the schemas that validate their requests. */
import { apiPermissions, identityProof, identityQuery, verifyAnswer } from "../../contract.ts";
import { isReadByVersion } from "../preconditions.ts";
import { type ResponseHeader, type Route, route, type Tag } from "../route.ts";
import { type Json, referTo, schemaComponents, schemaOf } from "./components.ts";
import { Parameters } from "./parameters.ts";
import { errorResponses, errorResponsesOf } from "./problems.ts";
import { verifyQuery } from "./queries.ts";

const tags: Readonly<Record<Tag, string>> = {
	Tokens: "Create, find, change and revoke tokens.",
	Rotation: "Replace a token without an interruption.",
	Verification: "Check a token that a service received.",
	OAuth: "The same for standard OAuth 2.0 clients.",
	Incidents: "Revoke many tokens at once.",
	Resources: "Grants, seen from the resource's side.",
	Profiles: "The rules for tokens.",
	Connections: "Other systems whose tokens are managed.",
	Audit: "Who did what, and which tokens are used.",
	Daemon: "The daemon itself.",
};

const headers: Readonly<
	Record<ResponseHeader | "X-Request-Id" | "WWW-Authenticate" | "Retry-After", string>
> = {
	ETag: "The token's version, for `If-Match` and `If-None-Match`.",
	Location: "The path of the new token's record.",
	"Tokensmith-Stale":
		"From a shared server that can't reach its database and was started with `--serve-stale`: for how many seconds the answer may have missed changes, such as a revocation.",
	"X-Request-Id": "The request's id, as in the daemon's log.",
	"Retry-After": "After how many seconds another try makes sense.",
	"WWW-Authenticate":
		"How to authenticate (RFC 6750 section 3), where credentials or a permission are missing.",
	"X-Token-Id": "The token's id.",
	"X-Token-Name": "The token's name, percent-encoded outside printable ASCII.",
	"X-Token-User-Id": "The id of the token user.",
	"X-Token-User-Name": "The name of the token user, percent-encoded outside printable ASCII.",
	"X-Token-Permissions": "The token's permissions, separated by spaces.",
	"X-Token-Resources": "The resources that the token was granted, separated by spaces.",
	"X-Token-Default-Source": "The token's default source, if it has one.",
	"X-Token-Expiry": "When the token expires, if it does.",
	"X-Token-Truncated":
		"Which of these headers are left out because they are too long, such as `permissions, resources`. The body has everything.",
};

const securitySchemes = {
	ownerKey: {
		type: "http",
		scheme: "bearer",
		description: "The owner key from `daemon.json`. May do everything.",
	},
	token: { type: "http", scheme: "bearer", description: "A token's secret (RFC 6750)." },
	tokenBasic: { type: "http", scheme: "basic", description: "A token's id and its secret (RFC 6749)." },
} as const;

export function openApiOf(routes: readonly Route[], info: { version: string; url: string }): Json {
	const all = [...routes, ...verifyRoutes(), identityRoute()];
	const parameters = new Parameters(all);
	const paths: Record<string, Json> = {};
	for (const one of all) {
		paths[one.path] = { ...paths[one.path], [one.method]: operationOf(one, parameters) };
	}
	return {
		openapi: "3.1.0",
		info: {
			title: "Tokensmith",
			version: info.version,
			description: "Creates, verifies, rotates and revokes API tokens on this machine.",
			license: { name: "MIT", identifier: "MIT" },
			contact: { name: "The Tokensmith authors" },
		},
		servers: [{ url: info.url, description: "This daemon" }],
		tags: Object.entries(tags).map(([name, description]) => ({ name, description })),
		paths,
		components: {
			securitySchemes,
			schemas: schemaComponents(),
			parameters: parameters.components,
			responses: errorResponses(all),
			headers: Object.fromEntries(
				Object.entries(headers).map(([name, description]) => [
					name,
					{ description, schema: { type: "string" } },
				]),
			),
		},
	};
}

function operationOf(one: Route, parameters: Parameters): Json {
	return {
		operationId: one.operationId,
		tags: [one.tag],
		summary: one.summary,
		description: [one.description, requirementOf(one.caller)].filter((text) => text !== undefined).join(" "),
		security: securityOf(one),
		parameters: parameters.of(one),
		...(one.body !== undefined && {
			requestBody: { required: true, content: { [one.accepts]: { schema: schemaOf(one.body, "input") } } },
		}),
		...(one.upload !== undefined && {
			requestBody: { required: true, content: { [one.upload]: { schema: { type: "string" } } } },
		}),
		responses: {
			[one.answers.status]: successOf(one),
			...(isReadByVersion(one) && { 304: unchangedOf(one) }),
			...errorResponsesOf(one),
		},
	};
}

function successOf({ answers, path, isAnsweredStale }: Route): Json {
	const { status, description, schema, type } = answers;
	const content = contentOf(schema, type);
	// These endpoints are too fast to give each answer an id.
	const isFast = path === "/v1/verify" || path === "/v1/identity";
	const names = [
		...(answers.headers ?? []),
		...(isAnsweredStale || path === "/v1/verify" ? (["Tokensmith-Stale"] as const) : []),
		...(isFast ? [] : (["X-Request-Id"] as const)),
	];
	return {
		description,
		headers: Object.fromEntries(names.map((name) => [name, referTo("headers", name)])),
		...(status !== 202 && status !== 204 && { content }),
	};
}

function unchangedOf(route: Route): Json {
	const { content, ...unchanged } = successOf(route);
	return { ...unchanged, description: "The token still has a version of `If-None-Match`." };
}

function contentOf(schema: Route["answers"]["schema"], type: string | undefined): Json {
	return {
		...(schema !== undefined && { "application/json": { schema: schemaOf(schema, "output") } }),
		...(type !== undefined && { [type]: { schema: { type: "string" } } }),
	};
}

function requirementOf(caller: Route["caller"]): string {
	if (caller === "none") return "Requires no credentials.";
	if (caller === "owner") return "Requires the owner key.";
	if (caller === "token") return "Requires a token.";
	if (caller !== "rotator") return `Requires the permission \`${caller}\`.`;
	const { write, rotateSelf } = apiPermissions;
	return `Requires the permission \`${write}\`, or \`${rotateSelf}\` of the token itself.`;
}

function securityOf({ caller, path }: Route): Json[] {
	if (caller === "none") return [];
	if (caller === "owner") return [{ ownerKey: [] }];
	if (path === "/v1/verify") return [{ token: [] }];
	const byToken = [{ token: [] }, { tokenBasic: [] }];
	return caller === "token" ? byToken : [{ ownerKey: [] }, ...byToken];
}

/** `/v1/verify` is served by an endpoint of its own, so it is in no table. */
function verifyRoutes(): Route[] {
	return (["get", "post"] as const).map((method) =>
		route({
			method,
			path: "/v1/verify",
			operationId: method === "get" ? "verifyToken" : "verifyTokenWithPost",
			tag: "Verification",
			summary: "Verify the presented token",
			description:
				"Answers with 200 if the token is valid from the client's address and has everything that the query requires. Suited to a proxy's forward authentication: the headers repeat the body.",
			caller: "token",
			query: verifyQuery,
			problems: ["permission-missing", "resource-not-granted"],
			answers: {
				status: 200,
				description: "The token is valid",
				schema: verifyAnswer,
				headers: [
					"X-Token-Id",
					"X-Token-Name",
					"X-Token-User-Id",
					"X-Token-User-Name",
					"X-Token-Permissions",
					"X-Token-Resources",
					"X-Token-Default-Source",
					"X-Token-Expiry",
					"X-Token-Truncated",
				],
			},
			handle: () => undefined,
		}),
	);
}

/** `/v1/identity` too. */
function identityRoute(): Route {
	return route({
		method: "get",
		path: "/v1/identity",
		operationId: "proveIdentity",
		tag: "Daemon",
		summary: "Prove the daemon's identity",
		description:
			"A client calls it on each new connection, before it sends a secret, and checks the signature and that the address is the one that it is connected to.",
		caller: "none",
		query: identityQuery,
		problems: ["not-found"],
		answers: { status: 200, description: "The daemon has this identity", schema: identityProof },
		handle: () => undefined,
	});
}
