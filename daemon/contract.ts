/**
 * What the daemon and everyone who talks to it agree on: the shapes on the wire, the error codes with their
 * HTTP status, and what follows from a record alone. Imports nothing of ours.
 */
import * as z from "zod";

/** Raised when a daemon and an extension of different versions can no longer talk to each other. */
export const protocol = 1;

/** Where a new daemon tries to listen first; `daemon.json` says where it really does. */
export const preferredPort = 47600;

/** The permissions that this API itself asks of a caller that is not the owner. */
export const apiPermissions = {
	read: "api.api-tokens.read",
	write: "api.api-tokens.write",
	delete: "api.api-tokens.delete",
} as const;

/** Every code that a problem (RFC 9457) can carry, with its HTTP status. A closed list. */
export const problemStatus = {
	"invalid-json": 400,
	"invalid-request": 400,
	"credentials-missing": 401,
	"token-malformed": 401,
	"token-unknown": 401,
	"token-revoked": 401,
	"token-disabled": 401,
	"token-expired": 401,
	"address-not-allowed": 403,
	"permission-missing": 403,
	"resource-not-granted": 403,
	"exceeds-caller": 403,
	"owner-only": 403,
	"host-not-allowed": 403,
	"origin-not-allowed": 403,
	"not-found": 404,
	"method-not-allowed": 405,
	"body-too-large": 413,
	"media-type-unsupported": 415,
	"internal-error": 500,
	stopping: 503,
	"storage-failed": 507,
} as const;

export type ProblemCode = keyof typeof problemStatus;

/** One field that is wrong: `pointer` is an RFC 6901 JSON pointer into the body, or `?name` for a query parameter. */
export interface FieldError {
	pointer: string;
	detail: string;
}

/** The body of every failure, `application/problem+json` (RFC 9457). */
export interface Problem {
	type: string;
	title: string;
	status: number;
	code: ProblemCode;
	/** What is wrong and what to do about it, for a person. */
	detail: string;
	/** The request's id, also in the daemon's log. */
	instance: string;
	errors?: FieldError[];
	/** Why a verification said no. */
	reason?: RefusalReason;
}

/** Why a verification said no, in the order in which they are looked at. */
export type RefusalReason =
	| "malformed"
	| "unknown"
	| "revoked"
	| "disabled"
	| "expired"
	| "address"
	| "permission"
	| "resource";

export type TokenStatus = "active" | "retiring" | "expired" | "disabled" | "revoked";

export interface UserInfo {
	userId: string;
	userName: string;
}

/** A token, without its secret. Times are RFC 3339 in UTC, with milliseconds. */
export interface TokenRecord {
	id: string;
	/** +1 at every change; also the ETag. */
	version: number;
	creationDate: string;
	lastModifiedDate: string;
	createdUserInfo: UserInfo;
	lastModifiedUserInfo: UserInfo;
	/** The token user: the non-human account that what the token does is attributed to. */
	userId: string;
	name: string;
	description: string;
	issuer: string;
	profile: string;
	/** First and last four characters of the secret. */
	partialToken: string;
	status: TokenStatus;
	/** null: never. */
	expiry: string | null;
	permissions: string[];
	resources: string[];
	/** IP addresses and CIDR ranges that may use the token. Empty: any. */
	allowedAddresses: string[];
	defaultSource: string | null;
	tags: string[];
	lastUsedDate: string | null;
	lastUsedAddress: string | null;
	useCount: number;
	disabledDate: string | null;
	revokedDate: string | null;
	revokedReason: string | null;
	/** Until when a rotated token still works. */
	retiresDate: string | null;
	predecessorId: string | null;
	successorId: string | null;
}

/** The answer to a creation, the only place where a secret (`token`) is ever answered. */
export interface CreatedToken extends TokenRecord {
	token: string;
}

/** What a token's dates say of it at `now` (milliseconds since the epoch), in the order in which verify looks at them. */
export function statusOf(
	dates: Pick<TokenRecord, "revokedDate" | "disabledDate" | "expiry" | "retiresDate">,
	now: number,
): TokenStatus {
	if (dates.revokedDate !== null) return "revoked";
	if (dates.disabledDate !== null) return "disabled";
	if (endOf(dates) <= now) return "expired";
	return dates.retiresDate === null ? "active" : "retiring";
}

/** When a token stops working by itself: its expiry or its overlap's end, in milliseconds; Infinity for never. */
export function endOf(dates: Pick<TokenRecord, "expiry" | "retiresDate">): number {
	const ends = [dates.expiry, dates.retiresDate]
		.filter((date) => date !== null)
		.map((date) => Date.parse(date));
	return Math.min(...ends);
}

/** The longest name a token may have, in UTF-16 code units. */
export const maximumNameLength = 200;

/** A permission's characters are those of an OAuth scope token (RFC 6749 section 3.3). */
const permission = z
	.string()
	.min(1)
	.max(200)
	.regex(/^[\x21\x23-\x5B\x5D-\x7E]+$/, "must be printable ASCII without spaces, quotes and backslashes");

const resource = z
	.string()
	.max(200)
	.regex(/^[a-z][a-z0-9-]*\/[\x21-\x7E]+$/, "must read kind/identifier, for example channel/soc");

/** An instant; any offset is taken and answered in UTC. */
const instant = z.iso
	.datetime({
		offset: true,
		error: "must be a date and time with its zone, for example 2027-01-31T12:00:00Z",
	})
	.transform((text) => new Date(text).toISOString());

const distinct = <Item extends z.ZodType<string, string>>(item: Item, most: number) =>
	z
		.array(item)
		.max(most)
		.refine((items) => new Set(items).size === items.length, "must not name the same thing twice");

const name = z
	.string()
	.max(maximumNameLength, `must be at most ${maximumNameLength} characters long`)
	.regex(/\S/, "must not be blank")
	// Cc and line separators: a name stands in logs, headers and one-line labels.
	.regex(/^[^\p{Cc}\u2028\u2029]*$/u, "must not contain control characters or line breaks")
	.transform((text) => text.trim());

/**
 * What is asked for when a token is created. `expiry` left out: the profile's default; null: never, which has to be
 * asked for in so many words.
 */
export const createTokenRequest = z.strictObject({
	name,
	description: z.string().max(1000).default(""),
	profile: z.string().default("local"),
	expiry: instant.nullable().optional(),
	permissions: distinct(permission, 200).default([]),
	resources: distinct(resource, 200).default([]),
	allowedAddresses: distinct(z.string().max(64), 100).default([]),
	defaultSource: z.string().min(1).max(200).nullable().default(null),
	tags: distinct(z.string().min(1).max(50), 20).default([]),
});
export type CreateTokenRequest = z.output<typeof createTokenRequest>;
export type CreateTokenInput = z.input<typeof createTokenRequest>;

const queryBase = {
	limit: z.coerce.number().int().min(1).max(1000).default(100),
	cursor: z.string().max(500).optional(),
};

/** The query of `GET /v1/api-tokens`. */
export const listTokensQuery = z.strictObject({
	status: z.enum(["active", "retiring", "expired", "disabled", "revoked"]).optional(),
	/** Part of a name or description, in any case. */
	q: z.string().max(200).optional(),
	...queryBase,
});
export type ListTokensQuery = z.output<typeof listTokensQuery>;

/** Newest first. `nextCursor` null: nothing follows. */
export interface TokenList {
	tokens: TokenRecord[];
	nextCursor: string | null;
}

/** The query of `DELETE /v1/api-tokens/{id}`. */
export const revokeTokenQuery = z.strictObject({ reason: z.string().min(1).max(500).optional() });

/** The query of `/v1/verify`: each `permission` and `resource` may be given several times, and all are needed. */
export interface VerifyQuery {
	permissions: readonly string[];
	resources: readonly string[];
}

/** What `/v1/verify` answers with 200. */
export interface VerifyAnswer {
	valid: true;
	token: Pick<
		TokenRecord,
		"id" | "name" | "userId" | "permissions" | "resources" | "defaultSource" | "expiry" | "status"
	>;
}

/** A calendar distance; months and years keep the time of day and are clamped to the month's end. */
export const calendarDuration = z.strictObject({
	days: z.number().int().min(1).optional(),
	months: z.number().int().min(1).optional(),
	years: z.number().int().min(1).optional(),
});
export type CalendarDuration = z.output<typeof calendarDuration>;

const catalogueEntry = z.strictObject({
	name: permission,
	/** What the permission is about; people see the catalogue grouped by it. */
	group: z.string().min(1).max(100),
	description: z.string().max(300),
});
export type CatalogueEntry = z.output<typeof catalogueEntry>;

/** An issuer's rules as data. */
export const profile = z.strictObject({
	id: z.string().regex(/^[a-z][a-z0-9-]*$/),
	name: z.string().min(1),
	description: z.string(),
	expiry: z.strictObject({
		/** Whether a token may be without an expiry, when that is asked for in so many words. */
		never: z.boolean(),
		default: calendarDuration.nullable(),
		maximum: calendarDuration.nullable(),
		presets: z.array(calendarDuration),
	}),
	permissions: z.strictObject({ minimum: z.number().int().min(0), catalogue: z.array(catalogueEntry) }),
});
export type Profile = z.output<typeof profile>;

export interface ProfileList {
	profiles: Profile[];
}

/** What the person's settings say of the local profile. Sent by the extension with the owner key, kept by the daemon. */
export const policy = z
	.strictObject({
		secretPrefix: z
			.string()
			.regex(/^[a-z][a-z0-9]{1,9}$/, "must be 2 to 10 lower-case letters and digits, a letter first"),
		defaultExpiryDays: z.number().int().min(1).max(3650),
		maximumExpiryDays: z.number().int().min(1).max(3650),
		allowNever: z.boolean(),
		/** Added to the built-in catalogue. */
		permissions: z.array(catalogueEntry).max(500),
	})
	.refine((value) => value.defaultExpiryDays <= value.maximumExpiryDays, {
		path: ["defaultExpiryDays"],
		error: "must not be more than maximumExpiryDays",
	});
export type Policy = z.output<typeof policy>;

/** `GET /healthz`. `proof` is the HMAC-SHA-256, in hex, of `?challenge=` under the owner key. */
export interface Health {
	status: "ok";
	version: string;
	protocol: number;
	proof?: string;
}

/** Something the person has to know about the daemon's data, for example that a damaged file was set aside. */
export interface Notice {
	code: "data-recovered" | "data-lost";
	detail: string;
}

/** The server-sent events of `GET /v1/events`, by their `event:` name. */
export interface ServerEvents {
	/** First, at every connection. */
	hello: { version: string; protocol: number; notices: Notice[] };
	/** A token was created, changed, used for the first time in a while, or revoked. */
	token: { change: "created" | "changed" | "revoked"; token: TokenRecord };
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
