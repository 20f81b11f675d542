/** The routes for OAuth 2.0 clients: introspection (RFC 7662), revocation (RFC 7009) and their metadata (RFC 8414). */
import * as z from "zod";
import {
	type Introspection,
	introspection,
	introspectRequest,
	oauthMetadata,
	oauthRevokeRequest,
} from "../contract.ts";
import { apiPermissions } from "../facts.ts";
import { clientAddress } from "../rules/address.ts";
import type { Authority } from "../rules/authority.ts";
import { RuleError } from "../rules/rule-error.ts";
import type { VerifiableToken } from "../store/store.ts";
import { type Route, route } from "./route.ts";

const form = "application/x-www-form-urlencoded";
const authMethods = ["client_secret_basic"];

/** @param url the daemon's base URL; known once it listens. */
export function oauthRoutes(authority: Authority, url: () => string): Route[] {
	return [
		route({
			method: "get",
			path: "/.well-known/oauth-authorization-server",
			operationId: "getAuthorizationServerMetadata",
			tag: "OAuth",
			summary: "Get the metadata of RFC 8414",
			caller: "none",
			answers: { status: 200, description: "The metadata", schema: oauthMetadata },
			handle: () => ({ body: metadataOf(authority, url()) }),
		}),
		route({
			method: "post",
			path: "/oauth2/introspect",
			operationId: "introspectToken",
			tag: "OAuth",
			summary: "Introspect a token (RFC 7662)",
			description: "Counts as a use of the token, unless the owner key introspects it.",
			caller: apiPermissions.introspect,
			isAnsweredStale: true,
			accepts: form,
			body: introspectRequest,
			answers: { status: 200, description: "The token's state", schema: introspection },
			handle: async ({ caller, body }) => {
				const { token: secret, client_address: address } = body;
				const from = address === undefined ? undefined : readAddress(address);
				const verification = await authority.access.introspect(caller, secret, from);
				const answer: Introspection = verification.valid
					? describe(verification.token, url())
					: { active: false };
				return { headers: { "Cache-Control": "no-store" }, body: answer };
			},
		}),
		route({
			method: "post",
			path: "/oauth2/revoke",
			operationId: "revokeTokenBySecret",
			tag: "OAuth",
			summary: "Revoke a token by its secret (RFC 7009)",
			description: "Holding the secret is enough to revoke its token. An unknown secret is ignored.",
			problems: ["storage-failed"],
			caller: "none",
			accepts: form,
			body: oauthRevokeRequest,
			answers: { status: 200, description: "The token is revoked, or unknown", schema: z.strictObject({}) },
			handle: async ({ body }) => {
				await authority.revokeHeld(body.token);
				return { body: {} };
			},
		}),
	];
}

/** @throws RuleError `invalid-request` */
function readAddress(text: string): string {
	const address = clientAddress(text);
	if (address !== undefined) return address;
	const errors = [{ pointer: "/client_address", detail: "is not an IP address" }];
	throw new RuleError("invalid-request", "The request is not valid. /client_address is not an IP address", {
		errors,
	});
}

function describe(token: VerifiableToken, issuer: string): Introspection {
	const { id, userId, permissions, expiry, retiresDate, creationDate } = token;
	const ends = [expiry, retiresDate].filter((date) => date !== null).map(secondsOf);
	return {
		active: true,
		scope: permissions.join(" "),
		client_id: id,
		username: token.userName,
		token_type: "Bearer",
		iat: secondsOf(creationDate),
		...(ends.length > 0 && { exp: Math.min(...ends) }),
		sub: userId,
		iss: issuer,
		jti: id,
	};
}

function metadataOf(authority: Authority, url: string): z.output<typeof oauthMetadata> {
	const local = authority.rulebook.profileOf("local");
	return {
		issuer: url,
		introspection_endpoint: `${url}/oauth2/introspect`,
		introspection_endpoint_auth_methods_supported: authMethods,
		revocation_endpoint: `${url}/oauth2/revoke`,
		revocation_endpoint_auth_methods_supported: [...authMethods, "none"],
		// Tokens are created by their owner, not issued through a grant.
		response_types_supported: [],
		grant_types_supported: [],
		scopes_supported: local.permissions.catalogue.map((entry) => entry.name),
		service_documentation: `${url}/openapi.json`,
	};
}

function secondsOf(date: string): number {
	return Math.floor(Date.parse(date) / 1000);
}
