/** The routes for connections to other systems. */
import * as contract from "../../contract.ts";
import { type Route, route } from "../route.ts";
import type { RouteParts } from "./parts.ts";

export function connectionRoutes({ authority }: RouteParts): Route[] {
	return [
		route({
			method: "get",
			path: "/v1/connections",
			operationId: "listConnections",
			tag: "Connections",
			summary: "List connections",
			description: "A connection is one system and tenant. No credential is stored.",
			caller: contract.apiPermissions.read,
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
			problems: ["name-taken", "connection-in-use", "storage-failed"],
			caller: "owner",
			body: contract.connectionInput,
			answers: { status: 200, description: "The connection", schema: contract.connection },
			handle: async ({ caller, param, body }) => ({
				body: await authority.setConnection(caller, param("id"), body),
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
				await authority.removeConnection(caller, param("id"), query);
				return { status: 204 };
			},
		}),
	];
}
