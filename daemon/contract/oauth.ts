/** The OAuth 2.0 endpoints: introspection, revocation and metadata. */
import * as z from "zod";

/** The form of `POST /oauth2/introspect` (RFC 7662 section 2.1). */
export const introspectRequest = z.object({
	/** Of any length that a body has room for: a token of another system is not active here. */
	token: z.string().min(1),
	token_type_hint: z.string().exactOptional(),
	/** Client IP address as the calling service saw it. A token with allowed addresses is inactive without it. */
	client_address: z.string().min(1).max(200).exactOptional(),
});

/** The answer of RFC 7662 section 2.2, which reveals nothing more about an inactive token. */
export const introspection = z.union([
	z.strictObject({ active: z.literal(false) }),
	z.strictObject({
		active: z.literal(true),
		scope: z.string(),
		client_id: z.string(),
		username: z.string(),
		token_type: z.literal("Bearer"),
		/** Seconds since the epoch. */
		iat: z.int(),
		exp: z.int().exactOptional(),
		sub: z.string(),
		iss: z.string(),
		jti: z.string(),
	}),
]);
export type Introspection = z.output<typeof introspection>;

/** The form of `POST /oauth2/revoke` (RFC 7009 section 2.1). */
export const oauthRevokeRequest = z.object({
	token: z.string().min(1),
	token_type_hint: z.string().exactOptional(),
});

/** `GET /.well-known/oauth-authorization-server` (RFC 8414 section 2). */
export const oauthMetadata = z.strictObject({
	issuer: z.url(),
	introspection_endpoint: z.url(),
	introspection_endpoint_auth_methods_supported: z.array(z.string()),
	revocation_endpoint: z.url(),
	revocation_endpoint_auth_methods_supported: z.array(z.string()),
	response_types_supported: z.array(z.string()),
	grant_types_supported: z.array(z.string()),
	scopes_supported: z.array(z.string()),
	service_documentation: z.url(),
});
