/** Tokens as their own systems know them, and how they compare with the records. */
import * as z from "zod";
import { date, distinct, remoteId } from "./scalars.ts";
import { tokenRecord } from "./tokens.ts";

/** The query of `POST /v1/connections/{id}/probe`. `kind=token`: the secret is one of a token, not the connection's credential. */
export const probeQuery = z.strictObject({ kind: z.literal("token").optional() });

/** The query of `POST /v1/api-tokens/{id}/secret`. `confirmed=true`: the user says whose secret it is, where the system does not. */
export const addSecretQuery = z.strictObject({ confirmed: z.literal("true").optional() });

/** A token as its system answers it. What the system does not tell is absent. */
export const remoteToken = z.strictObject({
	/** The system's id; `sha256:` and the secret's hash where the system knows a token by its secret only. */
	id: z.string(),
	name: z.string().exactOptional(),
	description: z.string().exactOptional(),
	created: date.exactOptional(),
	/** null: never. */
	expiry: date.nullable().exactOptional(),
	permissions: z.array(z.string()).exactOptional(),
	resources: z.array(z.string()).exactOptional(),
	allowedAddresses: z.array(z.string()).exactOptional(),
	defaultSource: z.string().exactOptional(),
	partial: z.string().exactOptional(),
	lastUsed: date.exactOptional(),
	/** The values of the connector's options that the system tells; an empty one: none was chosen. */
	options: z.record(z.string(), z.string()).exactOptional(),
	isDead: z.boolean().exactOptional(),
	/** Of a secret that the answer showed. */
	secretHash: z.string().exactOptional(),
});
export type RemoteToken = z.output<typeof remoteToken>;

/** Whether a secret works at its system. `unknown`: the system's answer decides nothing. */
export const probeResult = z.strictObject({
	outcome: z.enum(["live", "dead", "unknown"]),
	/** In words, for the user. */
	detail: z.string(),
	/** What the system tells about the token. */
	token: remoteToken.partial().exactOptional(),
});
export type ProbeResult = z.output<typeof probeResult>;

/** The body of `POST /v1/connections/{id}/reconcile`. */
export const reconcileRequest = z.strictObject({
	/** The ids of records that are brought up to date, if the comparison still finds them changed, dead or missing. */
	apply: distinct(z.string().max(100), 1000).default([]),
});
export type ReconcileRequest = z.output<typeof reconcileRequest>;

/** How the records of a connection and the tokens at its system compare. Nothing is changed by the comparison. */
export const reconciliation = z.strictObject({
	/** How many are the same. */
	same: z.int(),
	/** At the system, and not recorded. */
	unknown: z.array(remoteToken),
	/** Recorded, and no longer at the system. */
	missing: z.array(tokenRecord),
	/** At the system, which says that they no longer work. */
	dead: z.array(tokenRecord),
	changed: z.array(
		z.strictObject({
			token: tokenRecord,
			remote: remoteToken,
			fields: z.array(z.strictObject({ field: z.string(), here: z.unknown(), there: z.unknown() })),
		}),
	),
	/** Recorded without an id that the system knows, so that they can't be found there. */
	unmatched: z.array(tokenRecord),
	/** The records that were brought up to date, as they are now. */
	applied: z.array(tokenRecord),
});
export type Reconciliation = z.output<typeof reconciliation>;

/** The body of `POST /v1/connections/{id}/import`. */
export const importRequest = z.strictObject({ remoteIds: distinct(remoteId, 1000).min(1) });
export type ImportRequest = z.output<typeof importRequest>;

export const importedTokens = z.strictObject({ tokens: z.array(tokenRecord) });
export type ImportedTokens = z.output<typeof importedTokens>;
