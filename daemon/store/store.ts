/**
 * What the rules need of a database: queries, and transactions that are durable before they are answered. Knows no SQL and
 * no rule; each kind of database implements it in a folder of its own.
 */
import type { AuditEvent, IncidentFilter, Notice, ServerEvents, TokenRecord, UsageDay } from "../contract.ts";
import type { TokenStatus } from "../facts.ts";

/** A token as it is stored. Immutable: a change makes another one with a higher version. Never holds the secret, only its hash. */
export interface Token
	extends Readonly<
		Omit<TokenRecord, "status" | "expiryKnown" | "lastUsedDate" | "lastUsedAddress" | "useCount">
	> {
	/** `sha256:…`; of a token whose secret was never seen, `unknown:…`, which no secret has. */
	readonly hash: string;
	/** The further fields of its creation at another system, which its successors get too. */
	readonly options: Readonly<Record<string, string>>;
	/** The name of the token user. */
	readonly userName: string;
}

/** How often a token was used, in all. */
export interface Usage {
	readonly useCount: number;
	/** Milliseconds since the epoch; 0: never used. */
	readonly lastUsed: number;
	readonly lastUsedAddress: string | null;
}

export const unused: Usage = { useCount: 0, lastUsed: 0, lastUsedAddress: null };

export interface StoredToken {
	readonly token: Token;
	readonly usage: Usage;
}

/** The part of a token that a verification and its answer need; what is kept of many tokens in memory. */
export type VerifiableToken = Pick<Token, (typeof verifiableFields)[number]>;

export const verifiableFields = [
	...(["id", "hash", "version", "issuer", "name", "userId", "userName", "creationDate"] as const),
	...(["permissions", "resources", "allowedAddresses", "defaultSource"] as const),
	...(["expiry", "retiresDate", "disabledDate", "inDoubtDate", "revokedDate", "successorId"] as const),
] as const;

/** What is stored of a token, in the order in which it is read. */
export const storedFields = [
	...([...verifiableFields, "lastModifiedDate", "createdUserInfo", "lastModifiedUserInfo"] as const),
	...(["description", "profile", "partialToken", "tags", "revokedReason"] as const),
	...(["quietSeconds", "predecessorId", "connectionId", "remoteId", "options"] as const),
	...(["useCount", "lastUsed", "lastUsedAddress"] as const),
] as const satisfies readonly (keyof Token | keyof Usage)[];

/** @param json of an object with the stored fields. */
export function storedTokenFrom(json: unknown): StoredToken {
	const { useCount, lastUsed, lastUsedAddress, ...token } = JSON.parse(String(json)) as Token & Usage;
	return { token, usage: { useCount, lastUsed, lastUsedAddress } };
}

/** One day of a token's usage. Counts of an overlap name its successor, since a rotation can be undone and repeated. */
export interface StoredDay extends UsageDay {
	overlapSuccessorId: string | null;
}

/** The uses of a token since they were last written. */
export interface UsageIncrement {
	tokenId: string;
	uses: Usage;
	days: StoredDay[];
}

export type SortColumn = "creationDate" | "expiry" | "name" | "lastUsed";

/** Where a page begins: after the token with this value of the sorted column and this id. */
export type ListPosition = readonly [value: string | number | null, id: string];

export interface ListPage {
	sort: SortColumn;
	direction: "asc" | "desc";
	/** -1: no limit. */
	limit: number;
	after?: ListPosition | undefined;
}

/** The setting that names the recoveries whose tokens in doubt the audit does not have yet, by their `inDoubtDate`. */
export const doubtDatesSetting = "doubtDates";

/** Conditions on tokens; a token has to meet all that are given. */
export type ListFilter = IncidentFilter;

/** An end of the audit chain. Both ends are stored apart from the events, so that removed events are noticed. */
export interface ChainEnd {
	sequence: number;
	hash: string;
}

export interface AuditFilter {
	tokenId?: string | undefined;
	action?: AuditEvent["action"] | undefined;
	/** The id or the name of the user. */
	actor?: string | undefined;
	since?: string | undefined;
	until?: string | undefined;
}

type TokenEvent = ServerEvents["token"];

/** What one committed transaction has changed. A deleted token is as it was before. */
export interface Committed {
	readonly tokens: readonly { change: TokenEvent["change"]; stored: StoredToken }[];
	readonly events: readonly AuditEvent[];
	/** By name. */
	readonly settings: ReadonlyMap<string, unknown>;
}

/** A place in the order of all changes: after a change, or after a part of it, or after so many events of that part. */
export interface Position {
	readonly change: number;
	readonly part?: number;
	readonly events?: number;
}

/** What was committed, and how many of its events a listener knows already. */
export interface Missed {
	readonly position: Position;
	readonly committed: Committed;
	readonly known: number;
}

/** The queries and changes of one transaction. It sees its own changes. */
export interface Transaction {
	token(id: string): Promise<StoredToken | undefined>;
	/** Tells which tokens the following questions are about, so that they are answered from one reading. */
	expect(tokens: readonly Token[]): Promise<void>;
	/** @param usage by default, none. */
	insertToken(token: Token, usage?: Usage): Promise<void>;
	/**
	 * Replaces a version, by default the one before.
	 * @throws VersionConflict when that is no longer the current one.
	 */
	updateToken(token: Token, usage: Usage, replacedVersion?: number): Promise<void>;
	/** Removes tokens and their usage for good. @throws VersionConflict when one of them has changed since it was read. */
	deleteTokens(tokens: readonly StoredToken[]): Promise<void>;
	/** Whether a local token of the profile that is not revoked has the name, other than the one with the id. */
	isNameTaken(taken: { profile: string; name: string; exceptId: string }): Promise<boolean>;
	/** Whether any token has the hash, whatever its issuer. */
	isHashKnown(hash: string): Promise<boolean>;
	/** Whether a token of the connection that is not revoked has this id at its system. */
	isRemoteIdKnown(known: { connectionId: string; remoteId: string }): Promise<boolean>;
	setting(name: string): Promise<unknown>;
	setSetting(name: string, value: unknown): Promise<void>;
	addUsage(increments: readonly UsageIncrement[]): Promise<void>;
	/** Removes the days before this one. */
	purgeUsage(before: string): Promise<void>;
	/** What the next event follows. */
	chainHead(): Promise<ChainEnd>;
	appendEvents(events: readonly AuditEvent[]): Promise<void>;
	/** Removes the events up to this one. Answers how many they were. */
	purgeEvents(last: ChainEnd): Promise<number>;
}

/** Queries see committed transactions only. Every method can reject with a StorageError. */
export interface Store {
	/** What the user must know about the state in which the data was found. */
	readonly notices: readonly Notice[];
	/** All notices, after a check of what a quick start has not read yet. */
	examined(): Promise<Notice[]>;
	/**
	 * Runs a transaction; resolves when it is durable, and when it counts in every process, as does what it has read. One that throws
	 * leaves nothing behind. It may be run again, where another one of the same moment failed.
	 * @throws StorageError when it can't be written.
	 */
	write<Result>(run: (transaction: Transaction) => Promise<Result>): Promise<Result>;
	/**
	 * Sets the one listener for committed transactions, of this process and of others. It is called, in order, after a
	 * transaction is durable and before `write` resolves, and must not throw.
	 */
	onCommitted(listener: (committed: Committed, position?: Position) => void): void;
	/** After what the listener has received last; undefined: this store does not number its changes. */
	position(): Position | undefined;
	/**
	 * Calls `deliver`, once, with what the listener has received since the position, before it receives more; with undefined
	 * where that is not known any more, or too much.
	 */
	replay(from: Position, deliver: (missed: Missed[] | undefined) => void): Promise<void>;
	/**
	 * Follows the changes of other processes, beginning with those since the store was opened. To be called once the
	 * listener is set.
	 */
	follow(): Promise<void>;
	/**
	 * Set while another process believes that a change of the token with this hash counts here, and it is still being read:
	 * until it is, nothing is known about the token. Rejects if it can't be read.
	 * @param digest the hash without the name of its scheme.
	 */
	coming(digest: string): Promise<void> | undefined;
	/**
	 * Whether what was read before may still be used. Not while changes of another process may have been answered that this
	 * one has not seen.
	 */
	isCurrent(): boolean;
	/**
	 * Set while what was read before may be used although it is not current, since the database can't be reached and the
	 * operator allows it: for how many seconds it may have been untrue.
	 */
	staleSeconds(): number | undefined;
	/** The local token with the hash. */
	verifiable(hash: string): Promise<VerifiableToken | undefined>;
	/** The hashes of all tokens of other issuers. */
	foreignHashes(): Promise<string[]>;
	token(id: string): Promise<StoredToken | undefined>;
	tokens(ids: readonly string[]): Promise<StoredToken[]>;
	/** Hashes that no token has are left out, here and in `idsByHash`. */
	tokensByHash(hashes: readonly string[]): Promise<StoredToken[]>;
	idsByHash(hashes: readonly string[]): Promise<Map<string, string>>;
	/** @param now RFC 3339, for the status. */
	list(filter: ListFilter, page: ListPage, now: string): Promise<StoredToken[]>;
	/** @param now RFC 3339. */
	countByStatus(now: string): Promise<Map<TokenStatus, number>>;
	/**
	 * Tokens that ended before the date, the oldest first, at most so many; and how many there are in all. A successor whose
	 * predecessor stays is left out, since the predecessor leads to it. @param before RFC 3339.
	 */
	endedTokens(before: string, most: number): Promise<{ tokens: StoredToken[]; count: number }>;
	/** Which tokens that are not revoked are granted which resource. */
	grants(): Promise<{ resource: string; tokenId: string }[]>;
	/** Tokens that are in an overlap which ends when they are no longer used. @param now RFC 3339. */
	quietOverlaps(now: string): Promise<StoredToken[]>;
	/** undefined: never set. */
	setting(name: string): Promise<unknown>;
	/** By name; undefined: never set. */
	settings(names: readonly string[]): Promise<Map<string, unknown>>;
	/** Newest first, those below the sequence `before`. */
	listEvents(
		filter: AuditFilter,
		page: { limit: number; before?: number | undefined },
	): Promise<AuditEvent[]>;
	/** All events, oldest first. */
	allEvents(): AsyncIterable<AuditEvent>;
	/** What the oldest event follows, and the newest event. */
	chainEnds(): Promise<{ tail: ChainEnd; head: ChainEnd }>;
	/** The last of the oldest events that are all older than the date, if any is. */
	lastEventBefore(date: string): Promise<ChainEnd | undefined>;
	/** By day and token. The counts of an overlap are those of the token's last rotation. */
	usage(filter: {
		tokenId?: string | undefined;
		from?: string | undefined;
		to?: string | undefined;
	}): Promise<UsageDay[]>;
	/** The days on which tokens were used, the first one first. */
	usageDays(): Promise<string[]>;
	/**
	 * How often each permission was asked for from the day on, the most often first. At most 1000.
	 * @param since YYYY-MM-DD
	 */
	permissionCounts(since: string): Promise<{ name: string; count: number; lastDay: string }[]>;
	/** Finishes what was requested, then closes. */
	close(): Promise<void>;
}

/** Another change of the token was committed first; nothing was written. */
export class VersionConflict extends Error {}

/** The storage failed; nothing of the change was kept. */
export class StorageError extends Error {
	constructor(cause: unknown, message = "The change could not be written to disk, so nothing was changed.") {
		super(message, { cause });
		this.name = "StorageError";
	}
}

/** The database can't be reached; nothing was changed. */
export class StoreUnreachable extends StorageError {
	constructor(cause: unknown, message = "The database can't be reached, so nothing was changed.") {
		super(cause, message);
		this.name = "StoreUnreachable";
	}
}

/** The database was lost in the middle of a change, which may have been kept. */
export class ChangeUncertain extends StorageError {
	constructor(cause: unknown) {
		super(
			cause,
			"The database was lost while the change was written, so it may have been made. Look before you repeat it.",
		);
		this.name = "ChangeUncertain";
	}
}

/** Written out, so that all these objects have one shape for the engine. */
export function verifiableOf(token: VerifiableToken): VerifiableToken {
	return {
		id: token.id,
		hash: token.hash,
		version: token.version,
		issuer: token.issuer,
		name: token.name,
		userId: token.userId,
		userName: token.userName,
		creationDate: token.creationDate,
		permissions: token.permissions,
		resources: token.resources,
		allowedAddresses: token.allowedAddresses,
		defaultSource: token.defaultSource,
		expiry: token.expiry,
		retiresDate: token.retiresDate,
		disabledDate: token.disabledDate,
		inDoubtDate: token.inDoubtDate,
		revokedDate: token.revokedDate,
		successorId: token.successorId,
	};
}
