/** Connections to other systems. */
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
