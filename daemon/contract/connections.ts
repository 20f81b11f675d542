/** Connections to other systems, and what a call through one needs. */
import * as z from "zod";
import { connector } from "./connector.ts";
import { date, settings } from "./scalars.ts";

/** Another system and tenant, whose tokens are managed through its API or by guided steps. Holds no credential. */
export const connection = z.strictObject({
	id: z.string(),
	name: settings.name,
	/** The profile of the system, which says how its API is called. */
	profile: z.string().max(100),
	/** Every call goes to this origin and below this path: https, or http on this machine. */
	baseUrl: z.url().max(500),
	/** What else the connector's addresses need, such as a tenant. */
	variables: z.record(z.string().max(100), z.string().max(500)),
	tls: z.strictObject({
		/** false: any certificate is accepted, which lets anyone between read the credential. */
		verify: z.boolean(),
		/** Certificates in PEM that are trusted too. */
		ca: z.string().max(30_000).nullable(),
	}),
	/** The fingerprint of the connector that the user has confirmed; null for a built-in one. */
	connectorHash: z.string().max(100).nullable(),
	/** What the server's own document says about its API, in place of the profile's connector. */
	connector: connector.exactOptional(),
	createdDate: date,
});
export type Connection = z.output<typeof connection>;

export const connectionInput = connection.omit({ id: true, createdDate: true, connector: true }).extend({
	variables: connection.shape.variables.default({}),
	tls: connection.shape.tls.default({ verify: true, ca: null }),
	connectorHash: connection.shape.connectorHash.default(null),
});
export type ConnectionInput = z.input<typeof connectionInput>;

export const connectionList = z.strictObject({ connections: z.array(connection) });
export type ConnectionList = z.output<typeof connectionList>;

/** The query of `DELETE /v1/connections/{id}`. `forget=true`: also while tokens that were made through it still work. */
export const deleteConnectionQuery = z.strictObject({ forget: z.literal("true").optional() });

/**
 * What one call to another system needs beside its connection: the header `Tokensmith-Access`, base64url of this as JSON.
 * The daemon keeps none of it.
 */
export const access = z.strictObject({
	/** Authenticates the call. */
	credential: z.string().min(1).max(5000),
	/** What the connector asks for with each creation, such as a password. */
	answers: z.record(z.string().max(100), z.string().max(1000)).exactOptional(),
	/** The secret of the token that the call is about, for systems that address a token by it. */
	secret: z.string().min(1).max(5000).exactOptional(),
	/** Never used for addresses of this machine. */
	proxy: z
		.strictObject({
			url: z.url().max(1000),
			noProxy: z.array(z.string().max(300)).max(200),
			/** The value of the proxy's own header `Proxy-Authorization`. */
			authorization: z
				.string()
				.max(5000)
				.regex(/^[\x21-\x7E](?:[\x20-\x7E]*[\x21-\x7E])?$/, "must be the value of a header")
				.exactOptional(),
		})
		.nullable()
		.exactOptional(),
});
export type Access = z.output<typeof access>;
