/**
 * The part of the contract without schemas: constants, codes, and what follows from a record alone. Code that answers a
 * verification imports this file and not the contract, whose schemas would double the time of a start.
 */

/** Incremented when daemons and extensions of different versions become incompatible. */
export const protocol = 1;

/** The port that a daemon tries first; `daemon.json` holds the one that it uses. */
export const preferredPort = 47600;

/** What a user types to delete all data, in every language. */
export const deletionWord = "DELETE";

/** The most hashes that one request to identify secrets carries: they stay under the 64 KiB of a body. */
export const hashesPerRequest = 800;

/** The most rows that one page of a list holds. */
export const rowsPerPage = 1000;

/** The permissions that this API requires of callers other than the owner. */
export const apiPermissions = {
	read: "api.api-tokens.read",
	write: "api.api-tokens.write",
	delete: "api.api-tokens.delete",
	introspect: "api.api-tokens.introspect",
	rotateSelf: "api.api-tokens.rotate-self",
} as const;

/** On a shared server: everything that the owner of a machine's own daemon may do. */
export const administerPermission = "api.server.administer";

/** The request header that carries the credential for one call to another system. */
export const accessHeader = "Tokensmith-Access";

/**
 * The response header of a shared server that answers from memory while it can't reach its database: for how many seconds it
 * may have missed changes. `Warning: 110` is obsolete (RFC 9111), and `Cache-Status` (RFC 9211) is for HTTP caches, of which
 * a client that asks for an answer may see several.
 */
export const staleHeader = "Tokensmith-Stale";

/** Every code of a problem (RFC 9457), with its HTTP status. A closed list. */
export const problemStatus = {
	"invalid-json": 400,
	"invalid-request": 400,
	/** It is damaged, or no backup of a version that this daemon knows. */
	"backup-refused": 400,
	"credentials-missing": 401,
	"token-malformed": 401,
	"token-unknown": 401,
	"token-revoked": 401,
	"token-disabled": 401,
	/** A damaged file may hide that the token was ended. */
	"token-in-doubt": 401,
	"token-expired": 401,
	"address-not-allowed": 403,
	"permission-missing": 403,
	"resource-not-granted": 403,
	"exceeds-caller": 403,
	"owner-only": 403,
	"host-not-allowed": 403,
	"origin-not-allowed": 403,
	"not-found": 404,
	"nothing-matched": 404,
	"method-not-allowed": 405,
	/** The connection is closed. */
	"request-too-slow": 408,
	"name-taken": 409,
	"token-dead": 409,
	"already-rotated": 409,
	"own-token": 409,
	"profile-in-use": 409,
	"not-rotated": 409,
	"issuer-elsewhere": 409,
	"already-known": 409,
	/** The call to another system lacks the header Tokensmith-Access. */
	"credential-needed": 409,
	/** The system refuses the connection's credential. */
	"credential-dead": 409,
	/** The token is the connection's own credential. */
	"credential-in-use": 409,
	"credential-maybe-in-use": 409,
	"secret-unconfirmed": 409,
	"connection-in-use": 409,
	/** The profile's connector is not the one that the user has confirmed for the connection. */
	"connector-changed": 409,
	"not-supported": 409,
	"version-stale": 412,
	"body-too-large": 413,
	"media-type-unsupported": 415,
	"version-missing": 428,
	/** The system accepts no more calls for a time. */
	"issuer-limited": 429,
	"too-many-streams": 429,
	/** From an address of which no valid credentials came lately. */
	"too-many-requests": 429,
	/** The connection is closed. */
	"headers-too-large": 431,
	"internal-error": 500,
	/** The system answered with a refusal. */
	"issuer-refused": 502,
	/** Nothing was done at the system. */
	"issuer-unreachable": 502,
	/** The system gave no answer, and may have done what was requested. */
	"issuer-unanswered": 504,
	stopping: 503,
	/** A shared server is cut off from its database. */
	"database-unreachable": 503,
	/** A shared server lost its database in the middle of a change, which may have been made. */
	"change-uncertain": 504,
	"storage-failed": 507,
} as const;

export type ProblemCode = keyof typeof problemStatus;

/** The fields of a token that a connector can send, read or change. */
export const tokenFields = [
	"name",
	"description",
	"permissions",
	"resources",
	"allowedAddresses",
	"defaultSource",
	"expiry",
] as const;
export type TokenField = (typeof tokenFields)[number];

export const tokenStatuses = ["active", "retiring", "expired", "disabled", "in-doubt", "revoked"] as const;
export type TokenStatus = (typeof tokenStatuses)[number];

/** RFC 3339; null for never. */
interface Ends {
	readonly expiry: string | null;
	readonly retiresDate: string | null;
}

/** A token's status at `now` (milliseconds since the epoch), from its dates, in the order in which verify checks them. */
export function statusOf(
	dates: Ends & {
		readonly revokedDate: string | null;
		readonly inDoubtDate: string | null;
		readonly disabledDate: string | null;
	},
	now: number,
): TokenStatus {
	if (dates.revokedDate !== null) return "revoked";
	if (dates.inDoubtDate !== null) return "in-doubt";
	if (dates.disabledDate !== null) return "disabled";
	if (endOf(dates) <= now) return "expired";
	return dates.retiresDate === null ? "active" : "retiring";
}

/** When a token stops working on its own: at its expiry or its overlap's end, in milliseconds; Infinity for never. */
export function endOf(dates: Ends): number {
	const ends = [dates.expiry, dates.retiresDate]
		.filter((date) => date !== null)
		.map((date) => Date.parse(date));
	return Math.min(...ends);
}

/** The last moment of a date whose year has four digits, in milliseconds. Later ones would sort before all others. */
export const lastMoment = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

/** The next step after an incident that created successors. A client that replaces the secrets itself omits it. */
export const successorsToPlace = "Put the successors' secrets in place of the old ones.";

/** The largest number of resources per token. */
export const maximumResources = 200;

/** The longest permission. */
export const maximumPermissionLength = 200;

/** A permission's characters are those of an OAuth scope token (RFC 6749 section 3.3). */
export const permissionCharacters = /^[\x21\x23-\x5B\x5D-\x7E]+$/;

/** The longest token name, in UTF-16 code units. */
export const maximumNameLength = 200;

/** A character that can be seen: neither a space nor one that is drawn as nothing, such as U+200B or U+2800. */
export const visibleCharacter = /[^\s\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}\u2800\u{1D159}]/u;
