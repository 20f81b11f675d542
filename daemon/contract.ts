/**
 * What the daemon and everyone who talks to it agree on: the shapes on the wire, the error codes with their
 * HTTP status, and what follows from a record alone. Imports nothing of ours but the facts, which need no schema.
 */
import * as z from "zod";
import {
	maximumNameLength,
	maximumResources,
	type ProblemCode,
	problemStatus,
	tokenStatuses,
} from "./facts.ts";

export * from "./facts.ts";

/** One field that is wrong: `pointer` is an RFC 6901 JSON pointer into the body, or `?name` for a query parameter. */
const fieldError = z.strictObject({ pointer: z.string(), detail: z.string() });
export type FieldError = z.output<typeof fieldError>;

/** Why a verification said no, in the order in which they are looked at. */
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
	/** What is wrong and what to do about it, for a person. */
	detail: z.string(),
	/** The request's id, also in the daemon's log. */
	instance: z.string(),
	errors: z.array(fieldError).exactOptional(),
	/** Why a verification said no. */
	reason: refusalReason.exactOptional(),
	/** The permissions or resources that the token lacks. */
	missing: z.array(z.string()).exactOptional(),
	/** At the OAuth routes: the code of RFC 6749 section 5.2. */
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
	/** +1 at every change; also the ETag. */
	version: z.int(),
	creationDate: date,
	lastModifiedDate: date,
	createdUserInfo: userInfo,
	lastModifiedUserInfo: userInfo,
	/** The token user: the account that what the token does is attributed to. */
	userId: z.string(),
	name: z.string(),
	description: z.string(),
	issuer: z.string(),
	profile: z.string(),
	/** First and last four characters of the secret. */
	partialToken: z.string(),
	status: z.enum(tokenStatuses),
	/** null: never. */
	expiry: date.nullable(),
	permissions: z.array(z.string()),
	resources: z.array(z.string()),
	/** IP addresses and CIDR ranges that may use the token. Empty: any. */
	allowedAddresses: z.array(z.string()),
	defaultSource: z.string().nullable(),
	tags: z.array(z.string()),
	lastUsedDate: date.nullable(),
	lastUsedAddress: z.string().nullable(),
	useCount: z.int(),
	disabledDate: date.nullable(),
	revokedDate: date.nullable(),
	revokedReason: z.string().nullable(),
	/** Until when a rotated token still works. */
	retiresDate: date.nullable(),
	/** Of a rotated token: so long without a use ends its overlap before that. */
	quietSeconds: z.int().nullable(),
	predecessorId: z.string().nullable(),
	successorId: z.string().nullable(),
});
export type TokenRecord = z.output<typeof tokenRecord>;

/** The answer to a creation or a rotation, the only place where a secret (`token`) is ever answered. */
export const createdToken = tokenRecord.extend({ token: z.string() });
export type CreatedToken = z.output<typeof createdToken>;

/** A permission's characters are those of an OAuth scope token (RFC 6749 section 3.3). */
const permission = z
	.string()
	.min(1)
	.max(200)
	.regex(/^[\x21\x23-\x5B\x5D-\x7E]+$/, "must be printable ASCII without spaces, quotes and backslashes");

/** A resource, as it is granted and asked for: `kind/identifier`. */
export const resource = z
	.string()
	.max(200)
	.regex(/^[a-z][a-z0-9-]*\/[\x21-\x7E]+$/, "must read kind/identifier, for example channel/soc");

/** An instant; any offset is taken and answered in UTC. */
const instant = z.iso
	.datetime({
		offset: true,
		error: "must be a date and time with its zone, for example 2027-01-31T12:00:00Z",
	})
	.transform((value) => new Date(value).toISOString());

const distinct = <Item extends z.ZodType<string, string>>(item: Item, most: number) =>
	z
		.array(item)
		.max(most)
		.refine((items) => new Set(items).size === items.length, "must not name the same thing twice");

const name = z
	.string()
	.max(maximumNameLength, `must be at most ${maximumNameLength} characters long`)
	.regex(/\S/, "must not be blank")
	.refine((value) => value.isWellFormed(), "must be whole Unicode characters")
	// Cc and line separators: a name stands in logs, headers and one-line labels.
	.regex(/^[^\p{Cc}\u2028\u2029]*$/u, "must not contain control characters or line breaks")
	.transform((value) => value.trim());

/** A calendar distance in UTC; months and years keep the time of day and are clamped to the month's end. */
export const calendarDuration = z
	.strictObject({
		days: z.int().min(1).max(36_500).optional(),
		months: z.int().min(1).max(1200).optional(),
		years: z.int().min(1).max(100).optional(),
	})
	.refine((parts) => Object.keys(parts).length > 0, "must name days, months or years");
export type CalendarDuration = z.output<typeof calendarDuration>;

/** Text that survives UTF-8; half a surrogate pair does not. */
const text = z.string().refine((value) => value.isWellFormed(), "must be whole Unicode characters");

const settings = {
	name,
	description: text.max(1000),
	/** null: never, which has to be asked for in so many words. */
	expiry: instant.nullable(),
	permissions: distinct(permission, 200),
	resources: distinct(resource, maximumResources),
	allowedAddresses: distinct(z.string().max(64), 100),
	defaultSource: text.min(1).max(200).nullable(),
	tags: distinct(text.min(1).max(50), 20),
};

/** What is asked for when a token is created. With neither `expiry` nor `expiresIn`: the profile's default. */
export const createTokenRequest = z
	.strictObject({
		name: settings.name,
		description: settings.description.default(""),
		profile: z.string().default("local"),
		expiry: settings.expiry.optional(),
		/** Counted from the creation's own date and time. */
		expiresIn: calendarDuration.optional(),
		permissions: settings.permissions.default([]),
		resources: settings.resources.default([]),
		allowedAddresses: settings.allowedAddresses.default([]),
		defaultSource: settings.defaultSource.default(null),
		tags: settings.tags.default([]),
	})
	.refine((request) => request.expiry === undefined || request.expiresIn === undefined, {
		path: ["expiresIn"],
		error: "can't be given together with expiry",
	});
export type CreateTokenRequest = z.output<typeof createTokenRequest>;
export type CreateTokenInput = z.input<typeof createTokenRequest>;

/** What `PATCH /v1/api-tokens/{id}` changes; what is left out stays. */
export const updateTokenRequest = z.strictObject(settings).partial();
export type UpdateTokenRequest = z.output<typeof updateTokenRequest>;

/** How long the predecessor still works, and when the successor ends; left out: it lives as long as its predecessor did. */
export const rotateTokenRequest = z.strictObject({
	overlapSeconds: z.int().min(0).max(31_536_000),
	/** The overlap ends earlier once the predecessor has not been used for so long. */
	quietSeconds: z.int().min(1).max(31_536_000).optional(),
	expiry: settings.expiry.optional(),
});
export type RotateTokenRequest = z.output<typeof rotateTokenRequest>;

/** @property predecessor how the rotated token stands now. */
export const rotatedToken = createdToken.extend({ predecessor: tokenRecord });
export type RotatedToken = z.output<typeof rotatedToken>;

/** @property token the rotated token, as it was before. @property successor revoked. */
export const undoneRotation = z.strictObject({ token: tokenRecord, successor: tokenRecord });
export type UndoneRotation = z.output<typeof undoneRotation>;

/** `sha256:` and the SHA-256 of a secret in hex. */
const secretHash = z.string().regex(/^sha256:[0-9a-f]{64}$/, "must read sha256: and 64 hexadecimal digits");

/** A token of another system, which alone decides whether its secret is good. The secret itself is never sent. */
export const registerTokenRequest = z.strictObject({
	name: settings.name,
	/** `other`: any system that nothing is known of. */
	issuer: z
		.string()
		.max(100)
		.regex(/^[a-z][a-z0-9-]*$/, "must be lower-case letters, digits and hyphens, a letter first")
		.refine((issuer) => issuer !== "local", "must be another system; local tokens are created"),
	hash: secretHash,
	/** No more of the secret than that, whoever sends it. */
	partialToken: z
		.string()
		.regex(/^[\x21-\x7E]{0,4}…[\x21-\x7E]{0,4}$/, "must be at most four characters, … and four more"),
	expiry: settings.expiry.default(null),
	description: settings.description.default(""),
	permissions: settings.permissions.default([]),
	tags: settings.tags.default([]),
});
export type RegisterTokenRequest = z.output<typeof registerTokenRequest>;
export type RegisterTokenInput = z.input<typeof registerTokenRequest>;

export const identifyRequest = z.strictObject({ hashes: z.array(secretHash).max(800) });
/** `fields=id`: of each token its ID alone, which is what an index of many hashes needs. */
export const identifyQuery = z.strictObject({ fields: z.literal("id").optional() });
/** The tokens that were found, by the hash that they were asked for. */
export const identified = z.strictObject({ tokens: z.record(z.string(), tokenRecord) });
export type Identified = z.output<typeof identified>;
export const identifiedIds = z.strictObject({ tokens: z.record(z.string(), tokenRecord.pick({ id: true })) });
export type IdentifiedIds = z.output<typeof identifiedIds>;

const page = {
	limit: z.coerce.number().int().min(1).max(1000).default(100),
	cursor: z.string().max(500).optional(),
};

const tokenFilter = {
	status: tokenRecord.shape.status.optional(),
	issuer: z.string().max(100).optional(),
	profile: z.string().max(100).optional(),
	/** Part of a name or description, in any case. */
	q: z.string().max(200).optional(),
	tag: z.string().max(50).optional(),
	resource: z.string().max(200).optional(),
	expiresBefore: instant.optional(),
	/** Not used since then, or never. */
	unusedSince: instant.optional(),
};

/** The query of `GET /v1/api-tokens`. Tokens without an expiry or a use come last, whatever the direction. */
export const listTokensQuery = z.strictObject({
	...tokenFilter,
	sort: z
		.enum(["-creationDate", "creationDate", "expiry", "-expiry", "name", "-name", "lastUsed", "-lastUsed"])
		.default("-creationDate"),
	...page,
});
export type ListTokensQuery = z.output<typeof listTokensQuery>;

/** `nextCursor` null: nothing follows. */
export const tokenList = z.strictObject({ tokens: z.array(tokenRecord), nextCursor: z.string().nullable() });
export type TokenList = z.output<typeof tokenList>;

/** The query of `DELETE /v1/api-tokens/{id}`. `self=true`: yes, the very token that asks. */
export const revokeTokenQuery = z.strictObject({
	reason: text.min(1).max(500).optional(),
	self: z.literal("true").optional(),
});

/** Revokes many at once: those that all of the filter fits, or all that there are. */
export const incidentRequest = z
	.strictObject({
		reason: text.min(1).max(500),
		all: z.literal(true).optional(),
		filter: z.strictObject({ ...tokenFilter, ids: z.array(z.string()).max(5000).optional() }).optional(),
		/** Whether each token that still worked gets a successor with the same settings. */
		createSuccessors: z.boolean().default(false),
	})
	.refine(
		(request) => (request.all === undefined) !== (request.filter === undefined),
		"needs either all or a filter",
	)
	.refine((request) => request.filter === undefined || Object.keys(request.filter).length > 0, {
		path: ["filter"],
		error: "must not be empty; say all to mean all",
	});
export type IncidentRequest = z.output<typeof incidentRequest>;
export type IncidentInput = z.input<typeof incidentRequest>;

export const incidentReport = z.strictObject({
	id: z.string(),
	date,
	reason: z.string(),
	revoked: z.array(z.strictObject({ token: tokenRecord, usedInLastHour: z.boolean() })),
	/** With their secrets, this once. */
	successors: z.array(createdToken),
	nextSteps: z.array(z.string()),
});
export type IncidentReport = z.output<typeof incidentReport>;

/** A resource as it is known: because tokens were granted access to it. */
const resourceRecord = z.strictObject({ kind: z.string(), id: z.string(), tokenIds: z.array(z.string()) });
export const resourceList = z.strictObject({ resources: z.array(resourceRecord) });
export const resourceGrants = z.strictObject({
	kind: z.string(),
	id: z.string(),
	tokens: z.array(tokenRecord),
});
export type ResourceList = z.output<typeof resourceList>;
export type ResourceGrants = z.output<typeof resourceGrants>;

/** The query of `/v1/verify`: each name may be given several times. */
export interface VerifyQuery {
	/** All are needed: `permission=`. */
	permissions: readonly string[];
	/** At least one is needed, if any is named: `anyPermission=`. */
	anyPermissions: readonly string[];
	/** All are needed: `resource=`. */
	resources: readonly string[];
}

/** What `/v1/verify` answers with 200. */
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
	/** Whence the token came to the service that asks; a token with allowed addresses is inactive without it. */
	client_address: z.union([z.ipv4(), z.ipv6()]).exactOptional(),
});

/** The answer of RFC 7662 section 2.2; an inactive token is told nothing more of. */
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

/** One change, or one use of a dead token. `hash` covers the row and the hash before it, so no row can be changed or taken out unseen. */
export const auditEvent = z.strictObject({
	sequence: z.int(),
	date,
	actor: userInfo,
	action: z.enum([
		...(["create", "update", "rotate", "disable", "enable", "revoke", "grant", "withdraw"] as const),
		...(["undo-rotation", "end-overlap", "register"] as const),
		...(["incident", "policy", "profile", "dead-token-used", "purge"] as const),
	]),
	tokenId: z.string().nullable(),
	/** What changed, as it was and as it is. Never a secret, never a hash of one. */
	before: z.record(z.string(), z.unknown()),
	after: z.record(z.string(), z.unknown()),
	previousHash: z.string(),
	hash: z.string(),
});
export type AuditEvent = z.output<typeof auditEvent>;

/** The query of `GET /v1/audit-events`. `verify=true`: checks the whole chain as well. `format=jsonl`: one event a line. */
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

/** Whether every row is as it was written; `brokenAt` names the first sequence that is not. */
const chainCheck = z.strictObject({ intact: z.boolean(), checked: z.int(), brokenAt: z.int().nullable() });
export type ChainCheck = z.output<typeof chainCheck>;
/** Newest first. */
export const auditList = z.strictObject({
	events: z.array(auditEvent),
	nextCursor: z.string().nullable(),
	chain: chainCheck.exactOptional(),
});
export type AuditList = z.output<typeof auditList>;

/** The query of `GET /v1/usage`. Days are UTC, `YYYY-MM-DD`, both included. */
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
	/** How often each permission was really asked for. */
	permissions: counts,
	/** The last five, newest first. */
	addresses: z.array(z.string()),
	/** Verifications by address while the token was in its overlap; `unknown` where nobody said the address. */
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

const catalogueEntry = z.strictObject({
	name: permission,
	/** What the permission is about; people see the catalogue grouped by it. */
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
		/** Whether a token may be without an expiry. */
		never: z.boolean(),
		/** null: must be given, or, where never is allowed, is never. */
		default: calendarDuration.nullable(),
		maximum: calendarDuration.nullable(),
		presets: z.array(calendarDuration),
		/** Whether `expiresIn` takes nothing but the presets. */
		presetsOnly: z.boolean(),
	}),
	permissions: z.strictObject({
		/** `creator`: none of its own, it has what its creator has. */
		source: z.enum(["request", "creator"]),
		/** How many a token needs at least. */
		minimum: z.int().min(0),
		catalogue: z.array(catalogueEntry),
		/** What is done with a permission that the catalogue lacks: kept as it is, when it has the pattern. */
		others: z.enum(["reject", "keep"]),
		/** A regular expression that each permission has to match whole. */
		pattern: z.string().max(500).refine(isPattern, "is no regular expression").exactOptional(),
	}),
	resources: z.strictObject({
		/** The kinds that can be granted; `any` for all, empty for none. */
		kinds: z.union([z.literal("any"), z.array(z.string())]),
	}),
	allowedAddresses: z.boolean(),
	defaultSource: z.boolean(),
	/** Whose doing a token's doings are: a user of its own, its creator, or the whole company. */
	identity: z.enum(["token-user", "creator", "company"]),
	/** What `PATCH` may change; all else needs a rotation or another token. */
	changeable: z.array(z.enum(Object.keys(settings) as (keyof typeof settings)[])),
	links: z.array(z.strictObject({ title: z.string(), url: z.url() })),
	/** What a person does in the issuer's own pages, step by step. */
	steps: z.array(z.string()),
	/** What remains to be done after an incident. */
	incidentSteps: z.array(z.string()).exactOptional(),
});
export type Profile = z.output<typeof profile>;
export const profileList = z.strictObject({ profiles: z.array(profile) });
export type ProfileList = z.output<typeof profileList>;

/** What the person's settings say of the local profile. Sent by the extension with the owner key, kept by the daemon. */
export const policy = z
	.strictObject({
		secretPrefix: z
			.string()
			.regex(/^[a-z][a-z0-9]{1,9}$/, "must be 2 to 10 lower-case letters and digits, a letter first"),
		defaultExpiryDays: z.int().min(1).max(3650),
		maximumExpiryDays: z.int().min(1).max(3650),
		allowNever: z.boolean(),
		/** Added to the built-in catalogue. */
		permissions: z.array(catalogueEntry).max(500),
		/** The longest overlap of a rotation. */
		maximumOverlapSeconds: z
			.int()
			.min(0)
			.max(31_536_000)
			.default(7 * 24 * 3600),
		/** For how long audit events are kept. */
		auditDays: z.int().min(1).max(3650).default(365),
	})
	.refine((value) => value.defaultExpiryDays <= value.maximumExpiryDays, {
		path: ["defaultExpiryDays"],
		error: "must not be more than maximumExpiryDays",
	});
export type Policy = z.output<typeof policy>;
/** As it is sent: what is left out has a default. */
export type PolicyInput = z.input<typeof policy>;

/** `GET /healthz`. `proof` is the HMAC-SHA-256, in hex, of `?challenge=` under the owner key. */
export const health = z.strictObject({
	status: z.literal("ok"),
	version: z.string(),
	protocol: z.int(),
	proof: z.string().exactOptional(),
});
export type Health = z.output<typeof health>;

/** Something the person has to know about the daemon's data, for example that a damaged file was set aside. */
export interface Notice {
	code: "data-recovered" | "data-lost";
	detail: string;
}

/** The server-sent events of `GET /v1/events`, by their `event:` name. */
export interface ServerEvents {
	/** First, at every connection. */
	hello: { version: string; protocol: number; notices: Notice[] };
	/** A token was created, changed, used, or revoked. */
	token: { change: "created" | "changed" | "revoked"; token: TokenRecord };
	/** Somebody used a token that is revoked, expired or rotated away: it was forgotten somewhere, or stolen. */
	"dead-token-used": { token: TokenRecord; reason: RefusalReason; address: string };
	audit: AuditEvent;
	/** The policy, and with it the local profile, is another. */
	profiles: ProfileList;
}

/** `daemon.json` in the data directory, mode 0600: how the owner finds the daemon. */
export interface DaemonFile {
	url: string;
	pid: number;
	protocol: number;
	version: string;
	ownerKey: string;
}

/** The one line that the daemon prints to stdout when it answers. */
export interface ReadyLine {
	event: "ready";
	url: string;
	pid: number;
}
