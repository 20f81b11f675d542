/** The routes that register, find, change and revoke tokens, beside the busy ones. */
import * as contract from "../../contract.ts";
import { notCovered } from "../../rules/permission.ts";
import { RuleError } from "../../rules/rule-error.ts";
import { type Route, route } from "../route.ts";
import {
	changedToken,
	created,
	newTokenHeaders,
	oneToken,
	type RouteParts,
	revocationProblems,
	shown,
	systemProblems,
} from "./parts.ts";

const { apiPermissions, tokenRecord } = contract;

export function tokenRoutes(parts: RouteParts): Route[] {
	// Before the paths with an id.
	const many = [incidentRoute(parts), cleanUpRoute(parts)];
	return [registerRoute(parts), ...many, ...lookupRoutes(parts), ...changeRoutes(parts)];
}

function registerRoute({ authority }: RouteParts): Route {
	return route({
		method: "post",
		path: "/v1/api-tokens/register",
		operationId: "registerToken",
		tag: "Tokens",
		summary: "Register a token of another system",
		description:
			"Adds a record of the token. Only its issuer can verify, rotate or disable it. A token of a connection is registered by the owner alone.",
		problems: ["already-known", "owner-only", "storage-failed"],
		caller: apiPermissions.write,
		body: contract.registerTokenRequest,
		answers: { status: 201, description: "The record", schema: tokenRecord, headers: newTokenHeaders },
		handle: async ({ caller, body }) => created(await authority.register(caller, body)),
	});
}

function lookupRoutes({ authority }: RouteParts): Route[] {
	return [
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
				const token = caller.token ?? caller.administrator;
				if (token === undefined)
					throw new RuleError("not-found", "The owner key is not a token and has no record.");
				return shown(await authority.tokens.get(token.id));
			},
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
	];
}

function changeRoutes({ authority }: RouteParts): Route[] {
	return [
		route({
			method: "patch",
			path: "/v1/api-tokens/{id}",
			operationId: "updateToken",
			tag: "Tokens",
			summary: "Change a token",
			description:
				"Takes effect with the next verification. A token with a connection is changed at its system too; of one without, only the record. Name, description and tags of a token that may do more than the caller's can be changed; the rest of it only to what the caller's may pass on.",
			problems: [
				"not-found",
				"token-dead",
				"exceeds-caller",
				"name-taken",
				...systemProblems,
				"storage-failed",
			],
			caller: apiPermissions.write,
			access: "optional",
			body: contract.updateTokenRequest,
			ifMatch: "needed",
			answers: changedToken,
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
			problems: [
				"not-found",
				"own-token",
				...revocationProblems,
				"credential-maybe-in-use",
				"storage-failed",
			],
			caller: apiPermissions.delete,
			access: "optional",
			query: contract.revokeTokenQuery,
			ifMatch: "optional",
			answers: oneToken,
			handle: async ({ caller, param, query, ifMatch }) => {
				const [self, confirmed] = [query.self === "true", query.confirmed === "true"];
				const options = { reason: query.reason, self, confirmed, ifMatch };
				return shown(await authority.revoke(caller, param("id"), options));
			},
		}),
		route({
			method: "post",
			path: "/v1/api-tokens/{id}/disable",
			operationId: "disableToken",
			tag: "Tokens",
			summary: "Disable a token",
			description: "The token is refused until it is enabled again.",
			problems: ["not-found", "token-dead", "issuer-elsewhere", "storage-failed"],
			caller: apiPermissions.write,
			ifMatch: "optional",
			answers: oneToken,
			handle: async ({ caller, param, ifMatch }) =>
				shown(await authority.disable(caller, param("id"), ifMatch)),
		}),
		route({
			method: "post",
			path: "/v1/api-tokens/{id}/enable",
			operationId: "enableToken",
			tag: "Tokens",
			summary: "Enable a disabled token",
			description: "The token verifies again, unless it has expired meanwhile.",
			problems: ["not-found", "token-dead", "issuer-elsewhere", "exceeds-caller", "storage-failed"],
			caller: apiPermissions.write,
			ifMatch: "optional",
			answers: oneToken,
			handle: async ({ caller, param, ifMatch }) =>
				shown(await authority.enable(caller, param("id"), ifMatch)),
		}),
	];
}

function incidentRoute({ authority }: RouteParts): Route {
	return route({
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
			return { status: 201, body: await authority.incidents.carryOut(caller, body) };
		},
	});
}

function cleanUpRoute({ authority }: RouteParts): Route {
	return route({
		method: "post",
		path: "/v1/api-tokens/clean-up",
		operationId: "cleanUpTokens",
		tag: "Tokens",
		summary: "Delete tokens that ended long ago",
		description:
			"Removes the records of tokens that were revoked or expired longer ago than the policy keeps audit events. A deleted token never verifies again, and its audit events stay. `preview` only lists them.",
		problems: ["storage-failed"],
		caller: apiPermissions.delete,
		body: contract.cleanUpRequest,
		answers: { status: 200, description: "The deleted tokens", schema: contract.cleanUpReport },
		handle: async ({ caller, body }) => ({ body: await authority.cleanUp(caller, body) }),
	});
}

function holdsWrite(permissions: readonly string[]): boolean {
	return notCovered(permissions, [apiPermissions.write]).length === 0;
}
