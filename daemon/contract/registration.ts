/** Tokens of other systems as records, and the search for the token of a secret. */
import * as z from "zod";
import { hashesPerRequest } from "../facts.ts";
import { partialToken, remoteId, secretHash, settings } from "./scalars.ts";
import { tokenRecord } from "./tokens.ts";

/** A token of another system, which alone decides whether its secret is valid. The secret itself is never sent. */
export const registerTokenRequest = z.strictObject({
	name: settings.name,
	/** `other`: an unknown system. */
	issuer: z
		.string()
		.max(100)
		.regex(/^[a-z][a-z0-9-]*$/, "must be lower-case letters, digits and hyphens, a letter first")
		.refine((issuer) => issuer !== "local", "must be another system; local tokens are created"),
	hash: secretHash,
	partialToken,
	/** By default that of the issuer's name. */
	profile: z.string().max(100).optional(),
	/** The connection to the token's system. */
	connection: z.string().max(100).optional(),
	remoteId: remoteId.nullable().default(null),
	expiry: settings.expiry.default(null),
	description: settings.description.default(""),
	permissions: settings.permissions.default([]),
	resources: settings.resources.default([]),
	allowedAddresses: settings.allowedAddresses.default([]),
	defaultSource: settings.defaultSource.default(null),
	tags: settings.tags.default([]),
});
export type RegisterTokenRequest = z.output<typeof registerTokenRequest>;
export type RegisterTokenInput = z.input<typeof registerTokenRequest>;

export const identifyRequest = z.strictObject({ hashes: z.array(secretHash).max(hashesPerRequest) });

/** `fields=id`: only each token's id, which is what an index of many hashes needs. */
export const identifyQuery = z.strictObject({ fields: z.literal("id").optional() });

/** The tokens found, by hash. */
export const identified = z.strictObject({ tokens: z.record(z.string(), tokenRecord) });
export type Identified = z.output<typeof identified>;

export const identifiedIds = z.strictObject({ tokens: z.record(z.string(), tokenRecord.pick({ id: true })) });
export type IdentifiedIds = z.output<typeof identifiedIds>;

export const identifyAnswer = z.union([identified, identifiedIds]);
