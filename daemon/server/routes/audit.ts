/** The routes for the audit trail and for the usage of tokens. */
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import * as contract from "../../contract.ts";
import { type Route, route } from "../route.ts";
import { ignoreGoneReader, type RouteParts } from "./parts.ts";

const { apiPermissions } = contract;

export function auditRoutes({ authority, records }: RouteParts): Route[] {
	return [
		route({
			method: "get",
			path: "/v1/audit-events",
			operationId: "listAuditEvents",
			tag: "Audit",
			summary: "List audit events",
			description: "Newest first. With `format=jsonl`, all matching events, one per line.",
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
				const pages = records.export(query)[Symbol.asyncIterator]();
				// An invalid query fails here, while the status can still be sent.
				const first = await pages.next();
				response.setHeader("Content-Type", "application/jsonl");
				await pipeline(Readable.from(linesOf(first, pages)), response).catch(ignoreGoneReader);
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

async function* linesOf(
	first: IteratorResult<contract.AuditEvent[]>,
	rest: AsyncIterator<contract.AuditEvent[]>,
): AsyncIterable<string> {
	for (let page = first; page.done !== true; page = await rest.next())
		yield page.value.map((event) => `${JSON.stringify(event)}\n`).join("");
}
