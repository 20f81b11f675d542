/**
 * The contract between the daemon and its clients: the shapes on the wire, the error codes with their HTTP status, and
 * what follows from a record alone. Imports only its parts: `facts.ts` without schemas, the language of connectors, and
 * what can be done with them.
 */
import * as z from "zod";
import { connector } from "./connector-schema.ts";
import {
	hashesPerRequest,
	maximumNameLength,
	maximumPermissionLength,
	maximumResources,
	type ProblemCode,
	permissionCharacters,
	problemStatus,
	rowsPerPage,
	tokenStatuses,
} from "./facts.ts";

export * from "./capabilities.ts";
export * from "./connector-schema.ts";
export * from "./facts.ts";

/** One invalid field: `pointer` is an RFC 6901 JSON pointer into the body, or `?name` for a query parameter. */
const fieldError = z.strictObject({ pointer: z.string(), detail: z.string() });
export type FieldError = z.output<typeof fieldError>;

/** Why a verification failed, in the order of the checks. */
const refusalReason = z.enum([
	"malformed",
	"unknown",
	"revoked",
	"disabled",
	"expired",
	"address",
	"permission",
	"resource",
]);
export type RefusalReason = z.output<typeof refusalReason>;

/** The body of every failure, `application/problem+json` (RFC 9457). */
export const problem = z.strictObject({
	type: z.string(),
	title: z.string(),
	status: z.int(),
	code: z.enum(Object.keys(problemStatus) as [ProblemCode, ...ProblemCode[]]),
	/** What is wrong and what to do about it, for the user. */
	detail: z.string(),
	/** The request's id, as in the daemon's log. */
	instance: z.string(),
	errors: z.array(fieldError).exactOptional(),
	/** Why a verification failed. */
	reason: refusalReason.exactOptional(),
	/** The permissions or resources that the token lacks. */
	missing: z.array(z.string()).exactOptional(),
	/** On the OAuth routes: the error code of RFC 6749 section 5.2. */
	error: z.string().exactOptional(),
	error_description: z.string().exactOptional(),
});
export type Problem = z.output<typeof problem>;

const date = z.iso.datetime();

const userInfo = z.strictObject({ userId: z.string(), userName: z.string() });
export type UserInfo = z.output<typeof userInfo>;

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
	/** null: never expires. */
	expiry: date.nullable(),
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

const permission = z
	.string()
	.min(1)
	.max(maximumPermissionLength, `must be at most ${maximumPermissionLength} characters long`)
	.regex(permissionCharacters, "must be printable ASCII without spaces, quotes and backslashes");

/** A resource in a grant or a verification: `kind/identifier`. */
export const resource = z
	.string()
	.max(200)
	.regex(/^[a-z][a-z0-9-]*\/[\x21-\x7E]+$/, "must have the form kind/identifier, for example channel/soc");

/** An instant with any offset; answers give it in UTC. */
const instant = z.iso
	.datetime({
		offset: true,
		error: "must be a date and time with a time zone, for example 2027-01-31T12:00:00Z",
	})
	.transform((value) => new Date(value).toISOString());

const distinct = <Item extends z.ZodType<string, string>>(item: Item, most: number) =>
	z
		.array(item)
		.max(most)
		.refine((items) => new Set(items).size === items.length, "must not contain duplicates");

const name = z
	.string()
	.max(maximumNameLength, `must be at most ${maximumNameLength} characters long`)
	.regex(/\S/, "must not be blank")
	.refine((value) => value.isWellFormed(), "must be well-formed Unicode")
	// Neither Cc nor line separators: names appear in logs, headers and one-line labels.
	.regex(/^[^\p{Cc}\u2028\u2029]*$/u, "must not contain control characters or line breaks")
	.transform((value) => value.trim());

/** A calendar duration in UTC; months and years keep the time of day and are clamped to the end of the month. */
export const calendarDuration = z
	.strictObject({
		days: z.int().min(1).max(36_500).optional(),
		months: z.int().min(1).max(1200).optional(),
		years: z.int().min(1).max(100).optional(),
	})
	.refine((parts) => Object.keys(parts).length > 0, "must contain days, months or years");
export type CalendarDuration = z.output<typeof calendarDuration>;

/** Text that UTF-8 can represent: without lone surrogates. */
const text = z.string().refine((value) => value.isWellFormed(), "must be well-formed Unicode");

const settings = {
	name,
	description: text.max(1000),
	/** null: never expires, which a client must request explicitly. */
	expiry: instant.nullable(),
	permissions: distinct(permission, 200),
	resources: distinct(resource, maximumResources),
	allowedAddresses: distinct(z.string().max(64), 100),
	defaultSource: text.min(1).max(200).nullable(),
	tags: distinct(text.min(1).max(50), 20),
};

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

/** `sha256:` and the SHA-256 of a secret in hexadecimal. */
const secretHash = z
	.string()
	.regex(/^sha256:[0-9a-f]{64}$/, "must be sha256: followed by 64 hexadecimal digits");

/** Limited to eight characters of the secret. */
const partialToken = z
	.string()
	// Escaped, since V8 takes half the memory for a bundle in ASCII.
	.regex(/^[\x21-\x7E]{0,4}\u2026[\x21-\x7E]{0,4}$/, "must be up to four characters, …, and up to four more");

/** A token's id at its system. */
const remoteId = text.min(1).max(500);

/** Without `expiry`, the successor lives as long as its predecessor was to live. */
export const rotateTokenRequest = z.strictObject({
	/** How long the predecessor still works. */
	overlapSeconds: z.int().min(0).max(31_536_000),
	/** The overlap ends earlier after this time without a use of the predecessor. */
	quietSeconds: z.int().min(1).max(31_536_000).optional(),
	expiry: settings.expiry.optional(),
	/** The successor, created by hand at a system whose API can't: it is recorded, and nothing is sent. */
	registered: z
		.strictObject({ hash: secretHash, partialToken, remoteId: remoteId.nullable().default(null) })
		.optional(),
});
export type RotateTokenRequest = z.output<typeof rotateTokenRequest>;

/** The successor with its secret. @property predecessor the rotated token after its rotation. */
export const rotatedToken = createdToken.extend({ predecessor: tokenRecord });
export type RotatedToken = z.output<typeof rotatedToken>;

/** @property token the token as it was before its rotation. @property successor the revoked successor. */
export const undoneRotation = z.strictObject({ token: tokenRecord, successor: tokenRecord });
export type UndoneRotation = z.output<typeof undoneRotation>;

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

const page = {
	limit: z.coerce.number().int().min(1).max(rowsPerPage).default(100),
	cursor: z.string().max(500).optional(),
};

/** Conditions on tokens; a token has to meet all that are given. The one definition, which the store implements. */
const tokenFilter = z.strictObject({
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

export const incidentFilter = tokenFilter.extend({ ids: z.array(z.string()).max(5000).optional() });
export type IncidentFilter = z.output<typeof incidentFilter>;

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
	reason: text.min(1).max(500).optional(),
	self: z.literal("true").optional(),
	/** The user has confirmed that the token is not the connection's own credential, where that can't be known. */
	confirmed: z.literal("true").optional(),
});

/** Revokes many tokens at once: all of them, or those that match every condition of the filter. */
export const incidentRequest = z
	.strictObject({
		reason: text.min(1).max(500),
		all: z.literal(true).optional(),
		filter: incidentFilter.optional(),
		/** Whether each token that still works gets a successor with the same settings. */
		createSuccessors: z.boolean().default(false),
	})
	.refine(
		(request) => (request.all === undefined) !== (request.filter === undefined),
		"must contain either all or filter",
	)
	.refine((request) => request.filter === undefined || Object.keys(request.filter).length > 0, {
		path: ["filter"],
		error: "must not be empty; set all to true to revoke every token",
	});
export type IncidentRequest = z.output<typeof incidentRequest>;
export type IncidentInput = z.input<typeof incidentRequest>;

export const incidentReport = z.strictObject({
	id: z.string(),
	date,
	reason: z.string(),
	revoked: z.array(z.strictObject({ token: tokenRecord, usedInLastHour: z.boolean() })),
	/** With their secrets, which no other answer contains. */
	successors: z.array(createdToken),
	/** Tokens that only their own system can revoke, through their connection: nothing was changed about them. */
	stillWorking: z.array(tokenRecord),
	nextSteps: z.array(z.string()),
});
export type IncidentReport = z.output<typeof incidentReport>;

/**
 * Deletes the records of tokens that ended longer ago than the policy keeps the audit. `preview`: deletes nothing, and
 * answers the same.
 */
export const cleanUpRequest = z.strictObject({
	preview: z.boolean().default(false),
	/** Only tokens that ended before this time. By default, and at the latest, as long ago as the policy says. */
	endedBefore: instant.optional(),
});
export type CleanUpRequest = z.output<typeof cleanUpRequest>;
export type CleanUpInput = z.input<typeof cleanUpRequest>;

export const cleanUpReport = z.strictObject({
	endedBefore: date,
	/** The deleted tokens, those that ended first at the front; at most 1000 per request. */
	tokens: z.array(tokenRecord),
	/** How many more there are. */
	left: z.int(),
});
export type CleanUpReport = z.output<typeof cleanUpReport>;

/** A resource that at least one token was granted. */
const resourceRecord = z.strictObject({ kind: z.string(), id: z.string(), tokenIds: z.array(z.string()) });
export const resourceList = z.strictObject({ resources: z.array(resourceRecord) });
export const resourceGrants = z.strictObject({
	kind: z.string(),
	id: z.string(),
	tokens: z.array(tokenRecord),
});
export type ResourceList = z.output<typeof resourceList>;
export type ResourceGrants = z.output<typeof resourceGrants>;

/** The query of `/v1/verify`; each parameter may be repeated. */
export interface VerifyQuery {
	/** The token must have all of these: `permission=`. */
	permissions: readonly string[];
	/** If not empty, the token must have at least one of these: `anyPermission=`. */
	anyPermissions: readonly string[];
	/** The token must be granted all of these: `resource=`. */
	resources: readonly string[];
}

/** The body of a successful `/v1/verify`. */
export const verifyAnswer = z.strictObject({
	valid: z.literal(true),
	token: tokenRecord
		.pick({ id: true, name: true, userId: true, permissions: true, resources: true })
		.extend(tokenRecord.pick({ defaultSource: true, expiry: true, status: true }).shape),
});
export type VerifyAnswer = z.output<typeof verifyAnswer>;

/** The form of `POST /oauth2/introspect` (RFC 7662 section 2.1). */
export const introspectRequest = z.object({
	token: z.string().min(1).max(500),
	token_type_hint: z.string().exactOptional(),
	/** Client IP address as the calling service saw it. A token with allowed addresses is inactive without it. */
	client_address: z.union([z.ipv4(), z.ipv6()]).exactOptional(),
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
	token: z.string().min(1).max(500),
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

/**
 * One change, or one use of a dead token. `hash` covers the event and the previous event's hash, so that no event can be
 * changed or removed unnoticed.
 */
export const auditEvent = z.strictObject({
	sequence: z.int(),
	date,
	actor: userInfo,
	action: z.enum([
		...([
			"create",
			"update",
			"rotate",
			"disable",
			"enable",
			"revoke",
			"delete",
			"grant",
			"withdraw",
		] as const),
		...(["undo-rotation", "end-overlap", "register"] as const),
		...(["incident", "policy", "profile", "permission", "connection", "dead-token-used", "purge"] as const),
	]),
	tokenId: z.string().nullable(),
	/** The changed fields, before and after. Never a secret or its hash. */
	before: z.record(z.string(), z.unknown()),
	after: z.record(z.string(), z.unknown()),
	previousHash: z.string(),
	hash: z.string(),
});
export type AuditEvent = z.output<typeof auditEvent>;

/** The query of `GET /v1/audit-events`. `verify=true`: also checks the chain of hashes. `format=jsonl`: one event per line. */
export const listAuditQuery = z.strictObject({
	tokenId: z.string().max(100).optional(),
	action: auditEvent.shape.action.optional(),
	actor: z.string().max(200).optional(),
	since: instant.optional(),
	until: instant.optional(),
	verify: z.literal("true").optional(),
	format: z.enum(["json", "jsonl"]).default("json"),
	...page,
});
export type ListAuditQuery = z.output<typeof listAuditQuery>;

/** Whether every event is unchanged; `brokenAt` is the sequence number of the first that is not. */
const chainCheck = z.strictObject({ intact: z.boolean(), checked: z.int(), brokenAt: z.int().nullable() });
export type ChainCheck = z.output<typeof chainCheck>;
/** Newest events first. */
export const auditList = z.strictObject({
	events: z.array(auditEvent),
	nextCursor: z.string().nullable(),
	chain: chainCheck.exactOptional(),
});
export type AuditList = z.output<typeof auditList>;

/** The query of `GET /v1/usage`. Days are in UTC, `YYYY-MM-DD`, inclusive. */
export const usageQuery = z.strictObject({
	tokenId: z.string().max(100).optional(),
	from: z.iso.date().optional(),
	to: z.iso.date().optional(),
});
export type UsageQuery = z.output<typeof usageQuery>;

const counts = z.record(z.string(), z.int());
export const usageDay = z.strictObject({
	tokenId: z.string(),
	day: z.iso.date(),
	verifications: z.int(),
	/** Refusals by reason. */
	refusals: counts,
	/** Verifications, and refusals for want of a permission, by the permissions that they required. */
	permissions: counts,
	/** The last five client addresses, newest first. */
	addresses: z.array(z.string()),
	/** Verifications during the token's overlap by client address, `unknown` where none was given. */
	overlapAddresses: counts,
});
export type UsageDay = z.output<typeof usageDay>;
export const usageList = z.strictObject({ usage: z.array(usageDay) });
export type UsageList = z.output<typeof usageList>;

function isPattern(text: string): boolean {
	try {
		return new RegExp(text).source !== "";
	} catch (error) {
		if (error instanceof SyntaxError) return false;
		throw error;
	}
}

export const catalogueEntry = z.strictObject({
	name: permission,
	/** The heading under which the catalogue shows the permission. */
	group: z.string().min(1).max(100),
	description: z.string().max(300),
});
export type CatalogueEntry = z.output<typeof catalogueEntry>;

/** An issuer's rules as data. */
export const profile = z.strictObject({
	$schema: z.string().exactOptional(),
	id: z.string().regex(/^[a-z][a-z0-9-]*$/, "must be lower-case letters, digits and hyphens, a letter first"),
	name: z.string().min(1).max(100),
	description: z.string().max(1000),
	names: z.strictObject({ unique: z.boolean() }),
	expiry: z.strictObject({
		/** Whether a token may have no expiry. */
		never: z.boolean(),
		/** null: the expiry is required, or, if `never` is true, defaults to never. */
		default: calendarDuration.nullable(),
		maximum: calendarDuration.nullable(),
		presets: z.array(calendarDuration),
		/** Whether `expiresIn` accepts only the presets. */
		presetsOnly: z.boolean(),
	}),
	permissions: z.strictObject({
		/** `creator`: a token has its creator's permissions and none of its own. */
		source: z.enum(["request", "creator"]),
		/** The smallest number of permissions per token. */
		minimum: z.int().min(0),
		catalogue: z.array(catalogueEntry),
		/** Whether a permission outside the catalogue is rejected, or kept if it matches the pattern. */
		others: z.enum(["reject", "keep"]),
		/** A regular expression that must match each permission as a whole. */
		pattern: z.string().max(500).refine(isPattern, "must be a regular expression").exactOptional(),
	}),
	resources: z.strictObject({
		/** The kinds that can be granted: `any` for all, an empty list for none. */
		kinds: z.union([z.literal("any"), z.array(z.string())]),
	}),
	allowedAddresses: z.boolean(),
	defaultSource: z.boolean(),
	/** The account that a token's actions are attributed to: its own token user, its creator's, or the company's. */
	identity: z.enum(["token-user", "creator", "company"]),
	/** The fields that `PATCH` may change. Other changes need a rotation or a new token. */
	changeable: z.array(z.enum(Object.keys(settings) as (keyof typeof settings)[])),
	links: z.array(
		z.strictObject({
			title: z.string(),
			url: z.url({ protocol: /^https$/, error: "must be an https address" }),
		}),
	),
	/** The manual steps on the issuer's own pages, in order. */
	steps: z.array(z.string()),
	/** The manual steps after an incident. */
	incidentSteps: z.array(z.string()).exactOptional(),
	/** How the system's API is called. Without one, its tokens are only recorded. */
	connector: connector.exactOptional(),
});
export type Profile = z.output<typeof profile>;
/** A profile, and where it comes from. */
export const listedProfile = profile.extend({
	source: z.enum(["built-in", "user", "workspace"]),
	/** The fingerprint of a connector that is not built in, which the user confirms before its first use. */
	connectorHash: z.string().exactOptional(),
});
export type ListedProfile = z.output<typeof listedProfile>;
/** The body of `PUT /v1/profiles/{id}`: a listed profile can be sent back, and where it came from is ignored. */
export const setProfileRequest = listedProfile.extend({ source: listedProfile.shape.source.exactOptional() });
export const profileList = z.strictObject({ profiles: z.array(listedProfile) });
export type ProfileList = z.output<typeof profileList>;

/** The body of `PUT /v1/permissions/{name}`. */
export const setPermissionRequest = z.strictObject({
	/** Default: the part of the name before the last dot or colon. */
	group: catalogueEntry.shape.group.optional(),
	description: catalogueEntry.shape.description.default(""),
});
export type SetPermissionRequest = z.output<typeof setPermissionRequest>;
export type SetPermissionInput = z.input<typeof setPermissionRequest>;

/** A permission that services asked for in the last 30 days, and that no catalogue has. */
const requestedPermission = z.strictObject({ name: permission, count: z.int(), lastDay: z.iso.date() });
export type RequestedPermission = z.output<typeof requestedPermission>;

/** `permissions`: what local tokens may be given, the owner's own and, last, those of the daemon's API. */
export const permissionList = z.strictObject({
	permissions: z.array(catalogueEntry.extend({ origin: z.enum(["own", "daemon"]) })),
	/** The most requested first. */
	requested: z.array(requestedPermission),
});
export type PermissionList = z.output<typeof permissionList>;

/** The body of `PUT /v1/workspaces/{id}/profiles`. */
export const workspaceProfiles = z.strictObject({ profiles: z.array(profile).max(50) });
/** `detail`: why it is not used, in a sentence. */
const refusedProfile = z.strictObject({ id: z.string(), detail: z.string() });
export type RefusedProfile = z.output<typeof refusedProfile>;
/** The profiles of the workspace that are not used, and why. */
export const broughtProfiles = z.strictObject({ refused: z.array(refusedProfile) });
export type BroughtProfiles = z.output<typeof broughtProfiles>;

/** The query of `GET /v1/events`. The profiles of a workspace last as long as a stream that names it, which only the owner may. */
export const eventsQuery = z.strictObject({ workspace: z.string().min(1).max(200).optional() });

/** The user's settings for the local profile. The extension sends them with the owner key, and the daemon stores them. */
export const policy = z
	.strictObject({
		secretPrefix: z
			.string()
			.regex(/^[a-z][a-z0-9]{1,9}$/, "must be 2 to 10 lower-case letters and digits, a letter first"),
		defaultExpiryDays: z.int().min(1).max(3650),
		maximumExpiryDays: z.int().min(1).max(3650),
		allowNever: z.boolean(),
		/** The longest allowed overlap of a rotation. */
		maximumOverlapSeconds: z
			.int()
			.min(0)
			.max(31_536_000)
			.default(7 * 24 * 3600),
		/** How long audit events are kept. */
		auditDays: z.int().min(1).max(3650).default(365),
	})
	.refine((value) => value.defaultExpiryDays <= value.maximumExpiryDays, {
		path: ["defaultExpiryDays"],
		error: "must not be more than maximumExpiryDays",
	});
export type Policy = z.output<typeof policy>;
/** The policy as a client sends it: fields with a default are optional. */
export type PolicyInput = z.input<typeof policy>;

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
		.strictObject({ url: z.url().max(1000), noProxy: z.array(z.string().max(300)).max(200) })
		.nullable()
		.exactOptional(),
});
export type Access = z.output<typeof access>;

/** The query of `POST /v1/connections/{id}/probe`. `kind=token`: the secret is one of a token, not the connection's credential. */
export const probeQuery = z.strictObject({ kind: z.literal("token").optional() });

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

export const healthQuery = z.strictObject({ challenge: z.string().min(1).max(200).optional() });

/** `GET /healthz`. `proof` is the hexadecimal HMAC-SHA-256 of `?challenge=` under the owner key. */
export const health = z.strictObject({
	status: z.literal("ok"),
	version: z.string(),
	protocol: z.int(),
	proof: z.string().exactOptional(),
});
export type Health = z.output<typeof health>;

/** Something that the user must know about the daemon's data, for example that a damaged file was set aside. */
export interface Notice {
	code: "data-recovered" | "data-lost";
	detail: string;
}

/** The server-sent events of `GET /v1/events`, by their `event:` name. */
export interface ServerEvents {
	/** The first event of every connection. */
	hello: { version: string; protocol: number; notices: Notice[] };
	/** A token was created, changed, used, revoked, or deleted by a clean-up. */
	token: { change: "created" | "changed" | "revoked" | "deleted"; token: TokenRecord };
	/** A revoked, expired or rotated-out token was used: it was forgotten somewhere, or stolen. */
	"dead-token-used": { token: TokenRecord; reason: RefusalReason; address: string };
	audit: AuditEvent;
	/** The profiles changed, or the policy and with it the local profile. */
	profiles: ProfileList;
	connections: ConnectionList;
}

/** `daemon.json` in the data directory, mode 0600: how the owner's clients find the daemon. */
export interface DaemonFile {
	url: string;
	pid: number;
	protocol: number;
	version: string;
	ownerKey: string;
}

/** The line that the daemon prints to stdout when it is ready for requests. */
export interface ReadyLine {
	event: "ready";
	url: string;
	pid: number;
}
