/** The routes for connections to other systems. */
import * as contract from "../../contract.ts";
import { type Route, route } from "../route.ts";
import { listProblems, oneToken, type RouteParts, shown } from "./parts.ts";

const { apiPermissions } = contract;

export function connectionRoutes(parts: RouteParts): Route[] {
	return [...managingRoutes(parts), ...callingRoutes(parts)];
}

function managingRoutes({ authority }: RouteParts): Route[] {
	return [
		route({
			method: "get",
			path: "/v1/connections",
			operationId: "listConnections",
			tag: "Connections",
			summary: "List connections",
			description: "A connection is one system and tenant. No credential is stored.",
			caller: apiPermissions.read,
			answers: { status: 200, description: "The connections", schema: contract.connectionList },
			handle: () => ({ body: { connections: authority.connections.list() } }),
		}),
		route({
			method: "put",
			path: "/v1/connections/{id}",
			operationId: "setConnection",
			tag: "Connections",
			summary: "Create or replace a connection",
			description: "While tokens of it still work, its profile, address and variables can't change.",
			problems: ["name-taken", "connector-changed", "connection-in-use", "storage-failed"],
			caller: "owner",
			body: contract.connectionInput,
			answers: { status: 200, description: "The connection", schema: contract.connection },
			handle: async ({ caller, param, body }) => ({
				body: await authority.connections.set(caller, param("id"), body),
			}),
		}),
		route({
			method: "delete",
			path: "/v1/connections/{id}",
			operationId: "deleteConnection",
			tag: "Connections",
			summary: "Delete a connection",
			description: "The tokens that were made through it stay, at their system and in the list.",
			problems: ["not-found", "connection-in-use", "storage-failed"],
			caller: "owner",
			query: contract.deleteConnectionQuery,
			answers: { status: 204, description: "The connection is deleted" },
			handle: async ({ caller, param, query }) => {
				await authority.connections.remove(caller, param("id"), { forget: query.forget === "true" });
				return { status: 204 };
			},
		}),
	];
}

/** The routes that call a connection's system, each with the access of its request. */
function callingRoutes({ authority }: RouteParts): Route[] {
	return [
		route({
			method: "post",
			path: "/v1/connections/{id}/probe",
			operationId: "probeConnection",
			tag: "Connections",
			summary: "Test a connection",
			description:
				"Answers whether its system accepts the credential. A refusal is an answer, not a problem.",
			problems: ["not-found", "connector-changed", "not-supported"],
			caller: apiPermissions.read,
			query: contract.probeQuery,
			access: "needed",
			answers: { status: 200, description: "Whether the secret works", schema: contract.probeResult },
			handle: async ({ caller, param, query }) => ({
				body: await authority.remote.probeConnection(caller, param("id"), query.kind ?? "credential"),
			}),
		}),
		route({
			method: "post",
			path: "/v1/connections/{id}/reconcile",
			operationId: "reconcileConnection",
			tag: "Connections",
			summary: "Compare the records of a connection with its system",
			description: "Changes nothing at the system, and here only the records that `apply` names.",
			problems: ["not-found", ...listProblems, "storage-failed"],
			caller: apiPermissions.write,
			access: "needed",
			body: contract.reconcileRequest,
			answers: { status: 200, description: "How they compare", schema: contract.reconciliation },
			handle: async ({ caller, param, body }) => ({
				body: await authority.remote.reconcile(caller, param("id"), body),
			}),
		}),
		route({
			method: "post",
			path: "/v1/connections/{id}/import",
			operationId: "importTokens",
			tag: "Connections",
			summary: "Record tokens that were found at a system",
			description:
				"Their secrets stay unknown, unless the system's list shows them. Records all of them or none.",
			problems: ["not-found", "already-known", ...listProblems, "storage-failed"],
			caller: apiPermissions.write,
			access: "needed",
			body: contract.importRequest,
			answers: { status: 201, description: "The records", schema: contract.importedTokens },
			handle: async ({ caller, param, body }) => ({
				status: 201,
				body: { tokens: await authority.remote.import(caller, param("id"), body) },
			}),
		}),
		route({
			method: "post",
			path: "/v1/api-tokens/{id}/probe",
			operationId: "probeToken",
			tag: "Connections",
			summary: "Test a token at its system",
			description: "`credential` of the access is the token's secret here, not the connection's.",
			problems: ["not-found", "connector-changed", "not-supported"],
			caller: apiPermissions.read,
			access: "needed",
			answers: { status: 200, description: "Whether the secret works", schema: contract.probeResult },
			handle: async ({ caller, param }) => ({
				body: await authority.remote.probeToken(caller, param("id")),
			}),
		}),
		route({
			method: "post",
			path: "/v1/api-tokens/{id}/secret",
			operationId: "addSecret",
			tag: "Connections",
			summary: "Add the secret of a token that was found at its system",
			description:
				"`credential` of the access is the token's secret. It is tested at the system, and its hash is recorded if the system says that it is this token's.",
			problems: [
				...(["not-found", "already-known", "token-dead", "secret-unconfirmed"] as const),
				...(["connector-changed", "not-supported", "storage-failed"] as const),
			],
			caller: apiPermissions.write,
			access: "needed",
			query: contract.addSecretQuery,
			answers: oneToken,
			handle: async ({ caller, param, query }) =>
				shown(await authority.remote.addSecret(caller, param("id"), query.confirmed === "true")),
		}),
	];
}
