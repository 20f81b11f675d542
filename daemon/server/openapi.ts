/** The OpenAPI 3.1 document, made from the same routes and schemas that check the requests. */
import * as z from "zod";
import { problem, verifyAnswer } from "../contract.ts";
import type { Route } from "./route.ts";

type Json = Record<string, unknown>;

export function openApiOf(routes: readonly Route[], info: { version: string; url: string }): Json {
	const paths: Record<string, Json> = {};
	for (const route of routes) {
		paths[route.path] = { ...paths[route.path], [route.method]: operationOf(route) };
	}
	for (const route of verifyRoutes) {
		const operation = { ...operationOf(route), security: [{ bearer: [] }] };
		paths[route.path] = { ...paths[route.path], [route.method]: operation };
	}
	return {
		openapi: "3.1.0",
		info: {
			title: "Tokensmith",
			version: info.version,
			description: "Creates, verifies, rotates and revokes API tokens on this machine.",
			license: { name: "MIT", identifier: "MIT" },
		},
		servers: [{ url: info.url }],
		security: [{ bearer: [] }, { basic: [] }],
		paths,
		components: {
			securitySchemes: {
				bearer: { type: "http", scheme: "bearer", description: "The owner key or a token's secret" },
				basic: { type: "http", scheme: "basic", description: "A token's id and its secret" },
			},
			schemas: { Problem: schemaOf(problem, "output") },
		},
	};
}

/** Served in front of Express, by the same contract, and to Bearer tokens alone. */
const verifyRoutes = (["get", "post"] as const).map((method) => ({
	method,
	path: "/v1/verify",
	summary: "Whether the token that is shown is good, for all that is asked.",
	caller: "token" as const,
	query: z.strictObject({
		permission: z.array(z.string()).optional(),
		anyPermission: z.array(z.string()).optional(),
		resource: z.array(z.string()).optional(),
	}),
	body: undefined,
	accepts: "application/json" as const,
	ifMatch: "ignored" as const,
	answers: {
		status: 200,
		description: "It is good; the same facts stand in the X-Token-… headers",
		schema: verifyAnswer,
	},
}));

type Described = Omit<Route, "handle" | "isBusy">;

function operationOf(route: Described): Json {
	const { status, description, schema, type } = route.answers;
	// RFC 6749 section 5.2 wants its errors as plain JSON.
	const problemType = route.path.startsWith("/oauth2/") ? "application/json" : "application/problem+json";
	const content =
		schema === undefined && type === undefined ? {} : contentOf(type ?? "application/json", schema);
	return {
		operationId: operationIdOf(route),
		summary: route.summary,
		...(route.caller === "none" && { security: [] }),
		...(route.caller !== "none" && { description: `Needs: ${needOf(route.caller)}.` }),
		parameters: parametersOf(route),
		...(route.body !== undefined && {
			requestBody: { required: true, content: contentOf(route.accepts, route.body, "input") },
		}),
		responses: {
			[status]: { description, ...content },
			default: {
				description: "What is wrong, and what to do (RFC 9457)",
				content: { [problemType]: { schema: { $ref: "#/components/schemas/Problem" } } },
			},
		},
	};
}

function contentOf(type: string, schema: z.ZodType | undefined, io: "input" | "output" = "output"): Json {
	const shape = schema === undefined ? { type: "string" } : schemaOf(schema, io);
	return io === "input" ? { [type]: { schema: shape } } : { content: { [type]: { schema: shape } } };
}

function parametersOf(route: Described): Json[] {
	const inPath = [...route.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
		name,
		in: "path",
		required: true,
		schema: { type: "string" },
	}));
	const query =
		route.query === undefined ? {} : (schemaOf(route.query, "input").properties as Record<string, Json>);
	const inQuery = Object.entries(query).map(([name, schema]) => ({ name, in: "query", schema }));
	const ifMatch = {
		name: "If-Match",
		in: "header",
		required: route.ifMatch === "needed",
		schema: { type: "string" },
	};
	return [...inPath, ...inQuery, ...(route.ifMatch === "ignored" ? [] : [ifMatch])];
}

function needOf(caller: Route["caller"]): string {
	const needs: Partial<Record<Route["caller"], string>> = {
		owner: "the owner key",
		token: "any token",
		rotator: "api.api-tokens.write, or the token itself with api.api-tokens.rotate-self",
	};
	return needs[caller] ?? caller;
}

function operationIdOf({ method, path }: Described): string {
	const words = path.split(/[^A-Za-z0-9]+/).filter((word) => word !== "");
	return [method, ...words.map((word) => (word[0] ?? "").toUpperCase() + word.slice(1))].join("");
}

function schemaOf(schema: z.ZodType, io: "input" | "output"): Json {
	const { $schema: _, ...shape } = z.toJSONSchema(schema, { io, unrepresentable: "any" });
	return shape;
}
