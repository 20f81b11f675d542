/** The API's routes, each with its requirements and the rule that it calls. Decides nothing itself. */
import { createHmac } from "node:crypto";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import * as z from "zod";
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
	const oneToken = { status: 200, description: "The token", schema: tokenRecord };
	return [
		route({
			method: "post",
			path: "/v1/api-tokens",
			summary: "Creates a token; its secret is in this answer and nowhere else.",
			caller: apiPermissions.write,
			body: contract.createTokenRequest,
			isBusy: true,
			answers: { status: 201, description: "The token with its secret", schema: createdToken },
			handle: async ({ caller, body }) => created(await authority.create(caller, body)),
		}),
		route({
			method: "get",
			path: "/v1/api-tokens",
			summary: "Lists tokens, page by page.",
			caller: apiPermissions.read,
			query: contract.listTokensQuery,
			isBusy: true,
			answers: { status: 200, description: "A page of tokens", schema: contract.tokenList },
			handle: async ({ query }) => ({ body: await authority.tokens.list(query) }),
		}),
		route({
			method: "get",
			path: "/v1/api-tokens/current",
			summary: "The record of the token that asks.",
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
			summary: "Finds tokens by the hashes of their secrets, so that no secret has to be sent.",
			caller: apiPermissions.read,
			body: contract.identifyRequest,
			query: contract.identifyQuery,
			isBusy: true,
			answers: {
				status: 200,
				description: "The tokens that were found, by hash; with fields=id, of each its ID alone",
				schema: z.union([contract.identified, contract.identifiedIds]),
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
			summary: "Takes a token of another system into the records, by the hash of its secret.",
			caller: apiPermissions.write,
			body: contract.registerTokenRequest,
			answers: { status: 201, description: "The token", schema: tokenRecord },
			handle: async ({ caller, body }) => created(await authority.register(caller, body)),
		}),
		route({
			method: "get",
			path: "/v1/api-tokens/{id}",
			summary: "One token.",
			caller: apiPermissions.read,
			answers: oneToken,
			handle: async ({ param }) => shown(await authority.tokens.get(param("id"))),
		}),
		route({
			method: "patch",
			path: "/v1/api-tokens/{id}",
			summary: "Changes a token, if it is still the version that the caller has seen.",
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
			summary: "Revokes a token, at once and for good; its record stays.",
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
			summary: "Creates a successor with the same settings; the predecessor works on for the overlap.",
			caller: "rotator",
			body: contract.rotateTokenRequest,
			ifMatch: "optional",
			answers: { status: 201, description: "The successor with its secret", schema: contract.rotatedToken },
			handle: async ({ caller, param, body, ifMatch }) =>
				created(await authority.rotate(caller, param("id"), body, ifMatch)),
		}),
		route({
			method: "post",
			path: "/v1/api-tokens/{id}/undo-rotation",
			summary:
				"Puts a token back as it was before its rotation, while it is in its overlap; revokes the successor.",
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
			summary: "Ends a token's overlap now: only its successor works from then on.",
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
				summary: verb === "disable" ? "Has a token refused until it is enabled again." : "Undoes a disable.",
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
			summary: "Revokes many tokens at once, with successors if asked for, and reports.",
			caller: apiPermissions.delete,
			body: contract.incidentRequest,
			answers: {
				status: 201,
				description: "What was done, and what remains to be",
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
	const answers = { status: 200, description: "The token", schema: tokenRecord };
	return [
		route({
			method: "get",
			path: "/v1/resources",
			summary: "Every resource that some token was granted.",
			caller: apiPermissions.read,
			answers: { status: 200, description: "The resources", schema: contract.resourceList },
			handle: async () => ({ body: await authority.tokens.resources() }),
		}),
		route({
			method: "get",
			path: "/v1/resources/{kind}/{id}",
			summary: "The tokens that were granted a resource.",
			caller: apiPermissions.read,
			answers: { status: 200, description: "The grants", schema: contract.resourceGrants },
			handle: async ({ param }) => ({ body: await authority.tokens.grantsOf(param("kind"), param("id")) }),
		}),
		route({
			method: "put",
			path: grant,
			summary: "Grants a resource to a token.",
			caller: apiPermissions.write,
			answers,
			handle: async ({ caller, param }) =>
				shown(await authority.grant(caller, resourceOf(param), param("tokenId"))),
		}),
		route({
			method: "delete",
			path: grant,
			summary: "Withdraws the grant of a resource.",
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
			summary: "The profiles: each issuer's rules and catalogue.",
			caller: apiPermissions.read,
			answers: { status: 200, description: "The profiles", schema: contract.profileList },
			handle: () => ({ body: { profiles: authority.rulebook.profiles() } }),
		}),
		route({
			method: "put",
			path: "/v1/profiles/{id}",
			summary: "Takes in a profile of the owner's own.",
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
			summary: "Lets go of a profile of the owner's own.",
			caller: "owner",
			answers: { status: 204, description: "It is gone" },
			handle: async ({ caller, param }) => {
				await authority.removeProfile(caller, param("id"));
				return { status: 204 };
			},
		}),
		route({
			method: "get",
			path: "/v1/audit-events",
			summary: "Who did what, newest first; with format=jsonl all of it, one event a line.",
			caller: apiPermissions.read,
			query: contract.listAuditQuery,
			answers: { status: 200, description: "A page of events", schema: contract.auditList },
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
			summary: "Verifications per token and day.",
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
			summary: "Every change, as server-sent events.",
			caller: apiPermissions.read,
			answers: { status: 200, description: "A stream that does not end", type: "text/event-stream" },
			handle: ({ caller, response }) => {
				const hello = { version, protocol: contract.protocol, notices: [...parts.notices] };
				events.attach(response, hello, authority.follow(caller, apiPermissions.read));
				return undefined;
			},
		}),
		route({
			method: "put",
			path: "/v1/policy",
			summary: "Takes over what the owner has set.",
			caller: "owner",
			body: contract.policy,
			answers: { status: 204, description: "Taken over" },
			handle: async ({ caller, body }) => {
				await authority.rulebook.setPolicy(caller, body);
				return { status: 204 };
			},
		}),
		route({
			method: "post",
			path: "/v1/shutdown",
			summary: "Asks the daemon to stop.",
			caller: "owner",
			answers: { status: 202, description: "It stops" },
			handle: ({ response }) => {
				response.writeHead(202).end();
				parts.onShutdown();
				return undefined;
			},
		}),
		route({
			method: "get",
			path: "/healthz",
			summary: "Whether the daemon answers, and a proof that it is the one that wrote daemon.json.",
			caller: "none",
			query: z.strictObject({ challenge: z.string().min(1).max(200).optional() }),
			answers: { status: 200, description: "It does", schema: contract.health },
			handle: ({ query }) => ({ body: healthOf(parts, query.challenge) }),
		}),
		route({
			method: "get",
			path: "/metrics",
			summary: "Figures in the text format of Prometheus.",
			caller: apiPermissions.read,
			answers: { status: 200, description: "The figures", type: "text/plain" },
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
