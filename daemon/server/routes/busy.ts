/**
 * The routes that are called most, which the API serves without Express. Their paths have no parameters. A daemon that was
 * just started reads these alone for its first answers, so the file imports no more than they need.
 */
import { identifyAnswer, identifyQuery, identifyRequest } from "../../contract/registration.ts";
import { createdToken, createTokenRequest, listTokensQuery, tokenList } from "../../contract/tokens.ts";
import { apiPermissions } from "../../facts.ts";
import { type Route, route } from "../route.ts";
import { created, newTokenHeaders, type RouteParts, systemProblems } from "./parts.ts";

export function busyRoutes({ authority }: RouteParts): Route[] {
	return [
		route({
			method: "post",
			path: "/v1/api-tokens",
			operationId: "createToken",
			tag: "Tokens",
			summary: "Create a token",
			description: "The answer is the only one that contains the secret.",
			problems: ["name-taken", "exceeds-caller", ...systemProblems, "already-known", "storage-failed"],
			caller: apiPermissions.write,
			access: "optional",
			body: createTokenRequest,
			answers: {
				status: 201,
				description: "The token with its secret",
				schema: createdToken,
				headers: newTokenHeaders,
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
			query: listTokensQuery,
			answers: { status: 200, description: "A page of tokens", schema: tokenList },
			handle: async ({ query }) => ({ body: await authority.tokens.list(query) }),
		}),
		route({
			method: "post",
			path: "/v1/api-tokens/identify",
			operationId: "identifyTokens",
			tag: "Tokens",
			summary: "Find tokens by the hashes of their secrets",
			description: "No secret is sent. Unknown hashes are left out of the answer.",
			caller: apiPermissions.read,
			body: identifyRequest,
			query: identifyQuery,
			answers: {
				status: 200,
				description: "The tokens found, by hash",
				schema: identifyAnswer,
			},
			handle: async ({ body: { hashes }, query: { fields } }) => {
				const { tokens } = authority;
				const found = fields === "id" ? await tokens.idsOf(hashes) : await tokens.identify(hashes);
				return { body: { tokens: found } };
			},
		}),
	];
}
