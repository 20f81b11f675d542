/** Tokens as records, without their secrets: how they are created, changed, listed and revoked. */
import * as z from "zod";
import { tokenStatuses } from "../facts.ts";
import { calendarDuration, date, instant, label, page, settings, userInfo } from "./scalars.ts";

/** A token, without its secret. Times are RFC 3339 in UTC, with milliseconds. */
export const tokenRecord = z.strictObject({
	id: z.string(),
	/** Increases by 1 with every change; also the ETag. */
	version: z.int(),
	creationDate: date,
	lastModifiedDate: date,
	createdUserInfo: userInfo,
	lastModifiedUserInfo: userInfo,
	/** The token user: the account that the token's actions are attributed to. */
	userId: z.string(),
	name: z.string(),
	description: z.string(),
	issuer: z.string(),
	profile: z.string(),
	/** The first and last four characters of the secret. */
	partialToken: z.string(),
	status: z.enum(tokenStatuses),
	/** null: never expires, if `expiryKnown`. */
	expiry: date.nullable(),
	/** false: the token's system does not tell when the token expires, so that null says nothing. */
	expiryKnown: z.boolean(),
	permissions: z.array(z.string()),
	resources: z.array(z.string()),
	/** The IP addresses and CIDR ranges that may use the token. Empty: any. */
	allowedAddresses: z.array(z.string()),
	defaultSource: z.string().nullable(),
	tags: z.array(z.string()),
	lastUsedDate: date.nullable(),
	lastUsedAddress: z.string().nullable(),
	useCount: z.int(),
	disabledDate: date.nullable(),
	/** When damaged files left the token's state unknown. It is refused until it is enabled. */
	inDoubtDate: date.nullable(),
	revokedDate: date.nullable(),
	revokedReason: z.string().nullable(),
	/** The end of a rotated token's overlap, until which it still works. */
	retiresDate: date.nullable(),
	/** The overlap of a rotated token ends earlier after this time without a use. */
	quietSeconds: z.int().nullable(),
	predecessorId: z.string().nullable(),
	successorId: z.string().nullable(),
	/** The connection through which the token was made at its issuer; null for local tokens and mere records. */
	connectionId: z.string().nullable(),
	/** The token's id at its issuer. Never its secret, even where a system uses that as the id. */
	remoteId: z.string().nullable(),
});
export type TokenRecord = z.output<typeof tokenRecord>;

const ignoredField = z.strictObject({ field: z.string(), asked: z.unknown(), answered: z.unknown() });
export type IgnoredField = z.output<typeof ignoredField>;

/** The answer to a creation or a rotation, the only one that contains the secret (`token`). */
export const createdToken = tokenRecord.extend({
	token: z.string(),
	/** What the issuer decided otherwise than requested. */
	ignored: z.array(ignoredField).exactOptional(),
});
export type CreatedToken = z.output<typeof createdToken>;

/** The body of a creation. Without `expiry` and `expiresIn`, the profile's default expiry applies. */
export const createTokenRequest = z
	.strictObject({
		name: settings.name,
		description: settings.description.default(""),
		/** By default that of the connection, else `local`. */
		profile: z.string().optional(),
		/** Creates the token at another system, through this connection; without it, here. */
		connection: z.string().max(100).optional(),
		/** Further fields that the connector of the system offers. */
		options: z.record(z.string().max(100), z.string().max(500)).default({}),
		expiry: settings.expiry.optional(),
		/** Counted from the date and time of creation. */
		expiresIn: calendarDuration.optional(),
		permissions: settings.permissions.default([]),
		resources: settings.resources.default([]),
		allowedAddresses: settings.allowedAddresses.default([]),
		defaultSource: settings.defaultSource.default(null),
		tags: settings.tags.default([]),
	})
	.refine((request) => request.expiry === undefined || request.expiresIn === undefined, {
		path: ["expiresIn"],
		error: "can't be combined with expiry",
	});
export type CreateTokenRequest = z.output<typeof createTokenRequest>;
export type CreateTokenInput = z.input<typeof createTokenRequest>;

/** The body of `PATCH /v1/api-tokens/{id}`; omitted fields stay unchanged. */
export const updateTokenRequest = z.strictObject(settings).partial();
export type UpdateTokenRequest = z.output<typeof updateTokenRequest>;

/** The answer to a change: the token as it is now. */
export const updatedToken = tokenRecord.extend({
	/** What the issuer decided otherwise than requested, as far as it tells. */
	ignored: z.array(ignoredField).exactOptional(),
});
export type UpdatedToken = z.output<typeof updatedToken>;

/** Conditions on tokens; a token has to meet all that are given. The one definition, which the store implements. */
export const tokenFilter = z.strictObject({
	status: tokenRecord.shape.status.optional(),
	issuer: z.string().max(100).optional(),
	profile: z.string().max(100).optional(),
	/** Made through the connection with this id. */
	connection: z.string().max(100).optional(),
	/** Part of a name or description, ignoring case. */
	q: z.string().max(200).optional(),
	tag: z.string().max(50).optional(),
	resource: z.string().max(200).optional(),
	expiresBefore: instant.optional(),
	/** Not used since then, or never used. */
	unusedSince: instant.optional(),
});

/** The query of `GET /v1/api-tokens`. Tokens without an expiry or a use come last, whatever the direction. */
export const listTokensQuery = tokenFilter.extend({
	sort: z
		.enum(["-creationDate", "creationDate", "expiry", "-expiry", "name", "-name", "lastUsed", "-lastUsed"])
		.default("-creationDate"),
	...page,
});
export type ListTokensQuery = z.output<typeof listTokensQuery>;

/** `nextCursor` null: this is the last page. */
export const tokenList = z.strictObject({ tokens: z.array(tokenRecord), nextCursor: z.string().nullable() });
export type TokenList = z.output<typeof tokenList>;

/** The query of `DELETE /v1/api-tokens/{id}`. `self=true`: the caller means to revoke its own token. */
export const revokeTokenQuery = z.strictObject({
	reason: label(500).optional(),
	self: z.literal("true").optional(),
	/** The user has confirmed that the token is not the connection's own credential, where that can't be known. */
	confirmed: z.literal("true").optional(),
});
