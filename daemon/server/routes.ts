/** The API's routes, each with its requirements and the rule that it calls. Decides nothing itself. */
import { createHmac } from "node:crypto";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import * as contract from "../contract.ts";
import type { Authority } from "../rules/authority.ts";
import { notCovered } from "../rules/permission.ts";
import type { Records } from "../rules/records.ts";
import { RuleError } from "../rules/rule-error.ts";
import type { EventStream } from "./events.ts";
import type { Metrics } from "./metrics.ts";
import { parse } from "./problem.ts";
import { type Reply, type Route, route } from "./route.ts";

export interface RouteParts {
	authority: Authority;
	records: Records;
	events: EventStream;
	metrics: Metrics;
	ownerKey: string;
	version: string;
	notices: readonly contract.Notice[];
	/** Called when the owner requests a stop. */
	onShutdown: () => void;
}

const { apiPermissions, createdToken, tokenRecord } = contract;

export function apiRoutes(parts: RouteParts): Route[] {
	return [...tokenRoutes(parts), ...resourceRoutes(parts), ...recordRoutes(parts), ...operatorRoutes(parts)];
}

function tokenRoutes({ authority }: RouteParts): Route[] {
	const oneToken = { status: 200, description: "The token", schema: tokenRecord, headers: ["ETag"] } as const;
	const newToken = ["Location", "ETag"] as const;
	return [
		route({
			method: "post",
			path: "/v1/api-tokens",
			operationId: "createToken",
			tag: "Tokens",
			summary: "Create a token",
			description: "The answer is the only one that contains the secret.",
			problems: ["name-taken", "exceeds-caller", "storage-failed"],
			caller: apiPermissions.write,
			body: contract.createTokenRequest,
			isBusy: true,
			answers: {
				status: 201,
				description: "The token with its secret",
				schema: createdToken,
				headers: newToken,
			},
			handle: async ({ caller, body }) => created(await authority.create(caller, body)),
		}),
		route({
			method: "get",
			path: "/v1/api-tokens",
			operationId: "listTokens",
			tag: "Tokens",
			summary: "List tokens",
			description: "Filters combine: a token must match all of them.",
			caller: apiPermissions.read,
			query: contract.listTokensQuery,
			isBusy: true,
			answers: { status: 200, description: "A page of tokens", schema: contract.tokenList },
			handle: async ({ query }) => ({ body: await authority.tokens.list(query) }),
		}),
		route({
			method: "get",
			path: "/v1/api-tokens/current",
			operationId: "getCurrentToken",
			tag: "Tokens",
			summary: "Get the caller's own record",
			problems: ["not-found"],
			caller: "token",
			answers: oneToken,
			handle: async ({ caller }) => {
				if (caller.token === undefined)
					throw new RuleError("not-found", "The owner key is not a token and has no record.");
				return shown(await authority.tokens.get(caller.token.id));
			},
		}),
		route({
			method: "post",
			path: "/v1/api-tokens/identify",
			operationId: "identifyTokens",
			tag: "Tokens",
			summary: "Find tokens by the hashes of their secrets",
			description: "No secret is sent. Unknown hashes are left out of the answer.",
			caller: apiPermissions.read,
			body: contract.identifyRequest,
			query: contract.identifyQuery,
			isBusy: true,
			answers: {
				status: 200,
				description: "The tokens found, by hash",
				schema: contract.identifyAnswer,
			},
			handle: async ({ body: { hashes }, query: { fields } }) => {
				const { tokens } = authority;
				const found = fields === "id" ? await tokens.idsOf(hashes) : await tokens.identify(hashes);
				return { body: { tokens: found } };
			},
		}),
		route({
			method: "post",
			path: "/v1/api-tokens/register",
			operationId: "registerToken",
			tag: "Tokens",
			summary: "Register a token of another system",
			description: "Adds a record of the token. Only its issuer can verify, rotate or disable it.",
			problems: ["already-known", "storage-failed"],
			caller: apiPermissions.write,
			body: contract.registerTokenRequest,
			answers: { status: 201, description: "The record", schema: tokenRecord, headers: newToken },
			handle: async ({ caller, body }) => created(await authority.register(caller, body)),
		}),
		route({
			method: "get",
			path: "/v1/api-tokens/{id}",
			operationId: "getToken",
			tag: "Tokens",
			summary: "Get a token",
			problems: ["not-found"],
			caller: apiPermissions.read,
			answers: oneToken,
			handle: async ({ param }) => shown(await authority.tokens.get(param("id"))),
		}),
		route({
			method: "patch",
			path: "/v1/api-tokens/{id}",
			operationId: "updateToken",
			tag: "Tokens",
			summary: "Change a token",
			description:
				"Takes effect with the next verification. Tokens of other systems: changes the record only.",
			problems: ["not-found", "token-dead", "exceeds-caller", "name-taken", "storage-failed"],
			caller: apiPermissions.write,
			body: contract.updateTokenRequest,
			ifMatch: "needed",
			answers: oneToken,
			handle: async ({ caller, param, body, ifMatch }) =>
				shown(await authority.update(caller, param("id"), body, ifMatch)),
		}),
		route({
			method: "delete",
			path: "/v1/api-tokens/{id}",
			operationId: "revokeToken",
			tag: "Tokens",
			summary: "Revoke a token",
			description: "Takes effect with the next verification and can't be undone. The record stays.",
			problems: ["not-found", "own-token", "storage-failed"],
			caller: apiPermissions.delete,
			query: contract.revokeTokenQuery,
			ifMatch: "optional",
			answers: oneToken,
			handle: async ({ caller, param, query, ifMatch }) => {
				const options = { reason: query.reason, self: query.self === "true", ifMatch };
				return shown(await authority.revoke(caller, param("id"), options));
			},
		}),
		route({
			method: "post",
			path: "/v1/api-tokens/{id}/rotate",
			operationId: "rotateToken",
			tag: "Rotation",
			summary: "Replace a token with a successor",
			description:
				"The successor has the same settings. The predecessor keeps working for the overlap. The answer is the only one that contains the secret.",
			problems: [
				"not-found",
				"token-dead",
				"already-rotated",
				"issuer-elsewhere",
				"exceeds-caller",
				"storage-failed",
			],
			caller: "rotator",
			body: contract.rotateTokenRequest,
			ifMatch: "optional",
			answers: {
				status: 201,
				description: "The successor with its secret, and its predecessor",
				schema: contract.rotatedToken,
				headers: newToken,
			},
			handle: async ({ caller, param, body, ifMatch }) =>
				created(await authority.rotate(caller, param("id"), body, ifMatch)),
		}),
		route({
			method: "post",
			path: "/v1/api-tokens/{id}/undo-rotation",
			operationId: "undoRotation",
			tag: "Rotation",
			summary: "Undo a rotation",
			description: "Only during the overlap. Revokes the successor.",
			problems: [
				"not-found",
				"not-rotated",
				"token-dead",
				"already-rotated",
				"own-token",
				"issuer-elsewhere",
				"exceeds-caller",
				"name-taken",
				"storage-failed",
			],
			caller: apiPermissions.write,
			ifMatch: "optional",
			answers: { status: 200, description: "Both tokens", schema: contract.undoneRotation },
			handle: async ({ caller, param, ifMatch }) => ({
				body: await authority.undoRotation(caller, param("id"), ifMatch),
			}),
		}),
		route({
			method: "post",
			path: "/v1/api-tokens/{id}/end-overlap",
			operationId: "endOverlap",
			tag: "Rotation",
			summary: "End a rotated token's overlap",
			description: "From then on, only its successor works.",
			problems: ["not-found", "not-rotated", "token-dead", "issuer-elsewhere", "storage-failed"],
			caller: apiPermissions.write,
			ifMatch: "optional",
			answers: oneToken,
			handle: async ({ caller, param, ifMatch }) =>
				shown(await authority.endOverlap(caller, param("id"), ifMatch)),
		}),
		...(["disable", "enable"] as const).map((verb) =>
			route({
				method: "post",
				path: `/v1/api-tokens/{id}/${verb}`,
				operationId: `${verb}Token`,
				tag: "Tokens",
				summary: `${verb === "disable" ? "Disable" : "Enable"} a token`,
				description:
					verb === "disable"
						? "The token is refused until it is enabled again."
						: "The token verifies again, if it has not expired meanwhile.",
				problems: [
					...(["not-found", "token-dead", "issuer-elsewhere", "storage-failed"] as const),
					...(verb === "enable" ? (["exceeds-caller"] as const) : []),
				],
				caller: apiPermissions.write,
				ifMatch: "optional",
				answers: oneToken,
				handle: async ({ caller, param, ifMatch }) =>
					shown(await authority[verb](caller, param("id"), ifMatch)),
			}),
		),
		route({
			method: "post",
			path: "/v1/incidents",
			operationId: "createIncident",
			tag: "Incidents",
			summary: "Revoke many tokens at once",
			description:
				"The report lists what was revoked, the successors with their secrets, and what is left to do. A caller's own token is revoked only if the filter names its id.",
			problems: ["nothing-matched", "exceeds-caller", "storage-failed"],
			caller: apiPermissions.delete,
			body: contract.incidentRequest,
			answers: {
				status: 201,
				description: "The report",
				schema: contract.incidentReport,
			},
			handle: async ({ caller, body }) => {
				// Successors are new tokens, so the caller must also be allowed to create.
				if (body.createSuccessors && caller.token !== undefined && !holdsWrite(caller.token.permissions)) {
					throw new RuleError(
						"permission-missing",
						`Creating successors also requires the permission ${apiPermissions.write}.`,
					);
				}
				return { status: 201, body: await authority.incident(caller, body) };
			},
		}),
	];
}

function resourceRoutes({ authority }: RouteParts): Route[] {
	const grant = "/v1/resources/{kind}/{id}/grants/{tokenId}";
	const answers = { status: 200, description: "The token", schema: tokenRecord, headers: ["ETag"] } as const;
	return [
		route({
			method: "get",
			path: "/v1/resources",
			operationId: "listResources",
			tag: "Resources",
			summary: "List resources",
			description: "Every resource that at least one token was granted.",
			caller: apiPermissions.read,
			answers: { status: 200, description: "The resources", schema: contract.resourceList },
			handle: async () => ({ body: await authority.tokens.resources() }),
		}),
		route({
			method: "get",
			path: "/v1/resources/{kind}/{id}",
			operationId: "getResourceGrants",
			tag: "Resources",
			summary: "List the tokens with access to a resource",
			caller: apiPermissions.read,
			answers: { status: 200, description: "The resource and its tokens", schema: contract.resourceGrants },
			handle: async ({ param }) => ({ body: await authority.tokens.grantsOf(param("kind"), param("id")) }),
		}),
		route({
			method: "put",
			path: grant,
			operationId: "grantResource",
			tag: "Resources",
			summary: "Grant a resource to a token",
			problems: ["not-found", "token-dead", "issuer-elsewhere", "exceeds-caller", "storage-failed"],
			caller: apiPermissions.write,
			answers,
			handle: async ({ caller, param }) =>
				shown(await authority.grant(caller, resourceOf(param), param("tokenId"))),
		}),
		route({
			method: "delete",
			path: grant,
			operationId: "withdrawResource",
			tag: "Resources",
			summary: "Withdraw a resource from a token",
			problems: ["not-found", "storage-failed"],
			caller: apiPermissions.write,
			answers,
			handle: async ({ caller, param }) =>
				shown(await authority.withdraw(caller, resourceOf(param), param("tokenId"))),
		}),
	];
}

function recordRoutes({ authority, records }: RouteParts): Route[] {
	return [
		route({
			method: "get",
			path: "/v1/profiles",
			operationId: "listProfiles",
			tag: "Profiles",
			summary: "List profiles",
			description: "Each profile holds an issuer's rules and its catalogue of permissions.",
			caller: apiPermissions.read,
			answers: { status: 200, description: "The profiles", schema: contract.profileList },
			handle: () => ({ body: { profiles: authority.rulebook.profiles() } }),
		}),
		route({
			method: "put",
			path: "/v1/profiles/{id}",
			operationId: "setProfile",
			tag: "Profiles",
			summary: "Create or replace a profile",
			description: "Built-in profiles can't be replaced.",
			problems: ["storage-failed"],
			caller: "owner",
			body: contract.profile,
			answers: { status: 200, description: "The profile", schema: contract.profile },
			handle: async ({ caller, param, body }) => ({
				body: await authority.rulebook.setProfile(caller, param("id"), body),
			}),
		}),
		route({
			method: "delete",
			path: "/v1/profiles/{id}",
			operationId: "deleteProfile",
			tag: "Profiles",
			summary: "Delete a profile",
			description:
				"Only the owner's own profiles can be deleted, once every token that follows them is revoked.",
			problems: ["not-found", "profile-in-use", "storage-failed"],
			caller: "owner",
			answers: { status: 204, description: "The profile is deleted" },
			handle: async ({ caller, param }) => {
				await authority.removeProfile(caller, param("id"));
				return { status: 204 };
			},
		}),
		route({
			method: "get",
			path: "/v1/audit-events",
			operationId: "listAuditEvents",
			tag: "Audit",
			summary: "List audit events",
			description: "Newest first. With `format=jsonl`, all matching events in order, one per line.",
			caller: apiPermissions.read,
			query: contract.listAuditQuery,
			answers: {
				status: 200,
				description: "A page of events, or all of them as JSON Lines",
				schema: contract.auditList,
				type: "application/jsonl",
			},
			handle: async ({ query, response }) => {
				if (query.format === "json") return { body: await records.audit(query) };
				// Pulled at the client's pace, and only as long as it reads.
				const events = records.export(query)[Symbol.asyncIterator]();
				// An invalid query fails here, while the status can still be sent.
				const first = await events.next();
				response.setHeader("Content-Type", "application/jsonl");
				await pipeline(Readable.from(linesOf(first, events)), response).catch(ignoreGoneReader);
				return undefined;
			},
		}),
		route({
			method: "get",
			path: "/v1/usage",
			operationId: "getUsage",
			tag: "Audit",
			summary: "Get the verifications per token and day",
			problems: ["storage-failed"],
			caller: apiPermissions.read,
			query: contract.usageQuery,
			answers: { status: 200, description: "The usage", schema: contract.usageList },
			handle: async ({ query }) => {
				// The answer includes the usage that is still in memory.
				await authority.saveUsage();
				return { body: { usage: await records.usage(query) } };
			},
		}),
	];
}

function operatorRoutes(parts: RouteParts): Route[] {
	const { authority, events, metrics, version } = parts;
	return [
		route({
			method: "get",
			path: "/v1/events",
			operationId: "streamEvents",
			tag: "Daemon",
			summary: "Stream every change",
			description:
				"Server-sent events, named `hello`, `token`, `dead-token-used`, `audit` and `profiles`. Nothing is repeated: after a reconnect, list the tokens again.",
			caller: apiPermissions.read,
			answers: {
				status: 200,
				description: "The stream, which the daemon does not end",
				type: "text/event-stream",
			},
			handle: ({ caller, response }) => {
				const hello = { version, protocol: contract.protocol, notices: [...parts.notices] };
				events.attach(response, hello, authority.follow(caller, apiPermissions.read));
				return undefined;
			},
		}),
		route({
			method: "put",
			path: "/v1/policy",
			operationId: "setPolicy",
			tag: "Profiles",
			summary: "Set the policy of the local profile",
			description: "Existing tokens keep their settings.",
			problems: ["storage-failed"],
			caller: "owner",
			body: contract.policy,
			answers: { status: 204, description: "The policy is set" },
			handle: async ({ caller, body }) => {
				await authority.rulebook.setPolicy(caller, body);
				return { status: 204 };
			},
		}),
		route({
			method: "post",
			path: "/v1/shutdown",
			operationId: "stopDaemon",
			tag: "Daemon",
			summary: "Stop the daemon",
			caller: "owner",
			answers: { status: 202, description: "The daemon is stopping" },
			handle: ({ response }) => {
				response.writeHead(202).end();
				parts.onShutdown();
				return undefined;
			},
		}),
		route({
			method: "get",
			path: "/healthz",
			operationId: "getHealth",
			tag: "Daemon",
			summary: "Check that the daemon is running",
			description: "With a challenge, the answer proves that this daemon wrote `daemon.json`.",
			caller: "none",
			query: contract.healthQuery,
			answers: { status: 200, description: "The daemon is running", schema: contract.health },
			handle: ({ query }) => ({ body: healthOf(parts, query.challenge) }),
		}),
		route({
			method: "get",
			path: "/metrics",
			operationId: "getMetrics",
			tag: "Daemon",
			summary: "Get metrics for Prometheus",
			caller: apiPermissions.read,
			answers: { status: 200, description: "The metrics in Prometheus's text format", type: "text/plain" },
			handle: async ({ response }) => {
				const { type, text } = await metrics.text();
				response
					.writeHead(200, { "Content-Type": type, "Content-Length": Buffer.byteLength(text) })
					.end(text);
				return undefined;
			},
		}),
	];
}

async function* linesOf(
	first: IteratorResult<contract.AuditEvent>,
	rest: AsyncIterator<contract.AuditEvent>,
): AsyncIterable<string> {
	for (let next = first; next.done !== true; next = await rest.next())
		yield `${JSON.stringify(next.value)}\n`;
}

function ignoreGoneReader(error: NodeJS.ErrnoException): void {
	if (error.code !== "ERR_STREAM_PREMATURE_CLOSE") throw error;
}

function created(token: contract.TokenRecord): Reply {
	return {
		status: 201,
		headers: { Location: `/v1/api-tokens/${token.id}`, ETag: etagOf(token) },
		body: token,
	};
}

function shown(token: contract.TokenRecord): Reply {
	return { headers: { ETag: etagOf(token) }, body: token };
}

function etagOf(token: contract.TokenRecord): string {
	return `"${token.version}"`;
}

function resourceOf(param: (name: string) => string): string {
	// A path may contain characters that no resource may, such as a space, which separates resources in a header.
	return parse(contract.resource, `${param("kind")}/${param("id")}`, "path");
}

function holdsWrite(permissions: readonly string[]): boolean {
	return notCovered(permissions, [apiPermissions.write]).length === 0;
}

function healthOf(parts: RouteParts, challenge: string | undefined): contract.Health {
	const { protocol } = contract;
	const health: contract.Health = { status: "ok", version: parts.version, protocol };
	// Only the daemon that wrote daemon.json knows the owner key; another process on its port can't give this proof.
	if (challenge !== undefined)
		health.proof = createHmac("sha256", parts.ownerKey).update(challenge).digest("hex");
	return health;
}
