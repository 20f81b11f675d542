/**
 * The typed client of the daemon's API, for services and scripts. Checking a token has three outcomes, never two: it is
 * good, it is not, or that is unknown because the daemon gave no usable answer; only the last one throws.
 */
import type { Readable } from "node:stream";
import type {
	Access,
	AuditList,
	CatalogueEntry,
	CleanUpInput,
	CleanUpReport,
	Connection,
	ConnectionInput,
	ConnectionList,
	CreatedToken,
	CreateTokenInput,
	HandOverReport,
	ImportedTokens,
	ListAuditQuery,
	ListTokensQuery,
	PermissionList,
	ProbeResult,
	Profile,
	ProfileList,
	Reconciliation,
	RegisterTokenInput,
	RestoreReport,
	RotatedToken,
	RotateTokenRequest,
	SetPermissionInput,
	TokenRecord,
	UndoneRotation,
	UpdatedToken,
	UpdateTokenRequest,
	UsageDay,
	UsageList,
	UsageQuery,
} from "../contract.ts";
import { hashOf, partialTokenOf } from "../rules/secret.ts";
import { endpointOf } from "./endpoint-of.ts";
import { TokensmithProblemError, Transport } from "./transport.ts";
import {
	acceptance,
	headersOf,
	malformed,
	type Question,
	queryOf,
	refusal,
	type Verification,
} from "./verification.ts";

/** For a large backup. */
const restoreMilliseconds = 600_000;

interface CallOptions {
	/** For one answer of the daemon; by default 2000 for `verify`, 10000 for all else, and 60000 with `access`. */
	timeoutMilliseconds?: number | undefined;
	/** For tokens of other systems: the credential of their connection, which the daemon keeps nowhere. */
	access?: Access | undefined;
}

/**
 * Either `url`, the daemon's address, or `dataDir`, its data directory: then the daemon is found wherever it listens, and
 * takes this client for its owner. On each connection the daemon proves that it is the one before anything is sent.
 */
export type TokensmithClientOptions = CallOptions &
	(
		| {
				/** With the daemon's identity, `http://tki-…@127.0.0.1:47600`; over https, the certificate is enough. */
				url: string;
				/** The secret of the token that this client acts with. `verify` needs none. */
				token?: string | undefined;
				/** Instead of `token`, to act as the owner; the daemon then proves that it knows the key. */
				ownerKey?: string | undefined;
				dataDir?: undefined;
				start?: undefined;
		  }
		| {
				/** By default TOKENSMITH_DATA_DIR or TOKENSMITH_URL of the environment, else the data directory of this user. */
				dataDir?: string | undefined;
				token?: string | undefined;
				/** Starts the daemon of the data directory when it does not run. With TOKENSMITH_URL it is started elsewhere. */
				start?: boolean | undefined;
				url?: undefined;
				ownerKey?: undefined;
		  }
	);

/** What is left out filters nothing. */
export type AuditQuery = Partial<Omit<ListAuditQuery, "format">>;

export type TokenFilter = Partial<Omit<ListTokensQuery, "limit" | "cursor">>;

/** The record of another system's token, without the fields that follow from its secret. */
export type RegisterInput = Omit<RegisterTokenInput, "hash" | "partialToken">;

/** All but `verify` throw `TokensmithProblemError` when the daemon refuses. All throw `TokensmithUnavailableError`. */
export type TokensmithClient = Pick<HttpClient, keyof HttpClient>;

/** @throws TypeError for options that make no sense, and without any if this user has no home folder. */
export function createTokensmithClient(options: TokensmithClientOptions = {}): TokensmithClient {
	if (options.token !== undefined && !isSendable(options.token)) {
		throw new TypeError("The token has characters that no secret has. Is there a line break at its end?");
	}
	const { locate, start } = endpointOf(options);
	return new HttpClient(new Transport(locate, { ...options, start }), options.timeoutMilliseconds ?? 2000);
}

class HttpClient {
	readonly #transport: Transport;
	readonly #verifyMilliseconds: number;

	constructor(transport: Transport, verifyMilliseconds: number) {
		this.#transport = transport;
		this.#verifyMilliseconds = verifyMilliseconds;
	}

	/** Is this secret good, for this? Throws only when that can't be known. */
	async verify(secret: string, question: Question = {}): Promise<Verification> {
		const request = {
			method: "GET",
			path: `/v1/verify${queryOf(question)}`,
			headers: headersOf(question),
			bearer: secret,
			timeoutMilliseconds: this.#verifyMilliseconds,
		} as const;
		if (!isSendable(secret)) return malformed();
		try {
			return acceptance(await this.#transport.json(request));
		} catch (error) {
			if (!(error instanceof TokensmithProblemError)) throw error;
			return refusal(error);
		}
	}

	/** The answer is the only one that ever holds the secret. */
	create(input: CreateTokenInput): Promise<CreatedToken> {
		return this.#post("/v1/api-tokens", input);
	}

	/** All that match, of every status unless the filter names one. */
	list(filter: TokenFilter = {}): Promise<TokenRecord[]> {
		const given = Object.entries(filter).filter((entry): entry is [string, string] => entry[1] !== undefined);
		return this.#transport.listTokens(Object.fromEntries(given));
	}

	get(id: string): Promise<TokenRecord> {
		return this.#transport.json({ method: "GET", path: pathOf(id) });
	}

	/** `version`: that of the record that the changes were decided on; refused when it has changed since. */
	update(id: string, version: number, changes: UpdateTokenRequest): Promise<UpdatedToken> {
		const headers = { "if-match": `"${version}"` };
		return this.#transport.json({ method: "PATCH", path: pathOf(id), headers, body: changes });
	}

	/** A successor with the same settings; the predecessor works for `overlapSeconds` more. */
	rotate(id: string, request: RotateTokenRequest): Promise<RotatedToken> {
		return this.#post(`${pathOf(id)}/rotate`, request);
	}

	/** Puts a rotated token back, while it is in its overlap, and revokes its successor. */
	undoRotation(id: string): Promise<UndoneRotation> {
		return this.#post(`${pathOf(id)}/undo-rotation`);
	}

	/** Only the successor works then. */
	endOverlap(id: string): Promise<TokenRecord> {
		return this.#post(`${pathOf(id)}/end-overlap`);
	}

	/**
	 * For good, and at once. `self`: yes, also when it is the very token that this client acts with. `confirmed`: it is not
	 * the credential of its connection, where that can't be known.
	 */
	revoke(
		id: string,
		options: { reason?: string | undefined; self?: true | undefined; confirmed?: true | undefined } = {},
	): Promise<TokenRecord> {
		const path = `${pathOf(id)}${searchOf(options)}`;
		return this.#transport.json({ method: "DELETE", path });
	}

	disable(id: string): Promise<TokenRecord> {
		return this.#post(`${pathOf(id)}/disable`);
	}

	enable(id: string): Promise<TokenRecord> {
		return this.#post(`${pathOf(id)}/enable`);
	}

	/** The tokens that these secrets belong to, in their order; only hashes are sent. */
	async identify(secrets: readonly string[]): Promise<(TokenRecord | undefined)[]> {
		const hashes = secrets.map((secret) => hashOf(secret));
		const found = await this.#transport.identify(hashes);
		return hashes.map((hash) => found[hash]);
	}

	/** Records another system's token; of its secret only the hash and the ends are sent. */
	register(secret: string, input: RegisterInput): Promise<TokenRecord> {
		const body = { ...input, hash: hashOf(secret), partialToken: hintOf(secret) };
		return this.#post("/v1/api-tokens/register", body);
	}

	/** Deletes the records of tokens that ended long ago, at most 1000 at once; `preview` only lists them. */
	cleanUp(input: CleanUpInput = {}): Promise<CleanUpReport> {
		return this.#post("/v1/api-tokens/clean-up", input);
	}

	/** The other systems whose tokens the daemon manages. */
	async connections(): Promise<Connection[]> {
		const list: ConnectionList = await this.#transport.json({ method: "GET", path: "/v1/connections" });
		return list.connections;
	}

	/** Adds or replaces one of the user's own profiles. Owner only. */
	putProfile(profile: Profile): Promise<Profile> {
		const path = `/v1/profiles/${encodeURIComponent(profile.id)}`;
		return this.#transport.json({ method: "PUT", path, body: profile });
	}

	/** Adds or replaces a connection to another system. Owner only. */
	putConnection(id: string, input: ConnectionInput): Promise<Connection> {
		return this.#transport.json({ method: "PUT", path: connectionPath(id), body: input });
	}

	/** `forget`: also while tokens that were made through it still work there. Owner only. */
	async removeConnection(id: string, options: { forget?: true | undefined } = {}): Promise<void> {
		await this.#transport.empty({ method: "DELETE", path: `${connectionPath(id)}${searchOf(options)}` });
	}

	/** Whether the system of a connection accepts the credential that this client has for it. */
	probeConnection(id: string): Promise<ProbeResult> {
		return this.#post(`${connectionPath(id)}/probe`, {});
	}

	/** Compares the tokens at the system of a connection with their records; those of `apply` are brought up to date. */
	compare(
		connection: string,
		options: { apply?: readonly string[] | undefined } = {},
	): Promise<Reconciliation> {
		const body = { ...(options.apply !== undefined && { apply: options.apply }) };
		return this.#post(`${connectionPath(connection)}/reconcile`, body);
	}

	/** Records tokens that a comparison has found at the system, by their ids there. */
	async importTokens(connection: string, remoteIds: readonly string[]): Promise<TokenRecord[]> {
		const path = `${connectionPath(connection)}/import`;
		const { tokens } = await this.#post<ImportedTokens>(path, { remoteIds });
		return tokens;
	}

	/** Whether a token of another system still works there, by its own secret. */
	probe(id: string, secret: string): Promise<ProbeResult> {
		const access = { credential: secret };
		return this.#transport.json({ method: "POST", path: `${pathOf(id)}/probe`, access });
	}

	/**
	 * Records the secret of a token that was found at its system, once the system says that it is this token's; of the
	 * secret only the hash and the ends are kept. `confirmed`: it is, where the system does not tell.
	 */
	addSecret(
		id: string,
		secret: string,
		options: { confirmed?: true | undefined } = {},
	): Promise<TokenRecord> {
		const path = `${pathOf(id)}/secret${searchOf(options)}`;
		return this.#transport.json({ method: "POST", path, access: { credential: secret } });
	}

	/** Whether the system of a connection accepts the secret of a token that need not be recorded. */
	probeSecret(connection: string, secret: string): Promise<ProbeResult> {
		const path = `${connectionPath(connection)}/probe?kind=token`;
		return this.#transport.json({ method: "POST", path, body: {}, access: { credential: secret } });
	}

	/** The record of the token that this client acts with. */
	whoami(): Promise<TokenRecord> {
		return this.get("current");
	}

	/** The rules of every system that the daemon knows. */
	async profiles(): Promise<ProfileList["profiles"]> {
		const { profiles }: ProfileList = await this.#transport.json({ method: "GET", path: "/v1/profiles" });
		return profiles;
	}

	/** The catalogue of local tokens, and what services asked for that no catalogue has. */
	permissions(): Promise<PermissionList> {
		return this.#transport.json({ method: "GET", path: "/v1/permissions" });
	}

	/** Adds one of the user's own permissions to the catalogue, or replaces its description. Owner only. */
	putPermission(name: string, permission: SetPermissionInput = {}): Promise<CatalogueEntry> {
		return this.#transport.json({ method: "PUT", path: permissionPath(name), body: permission });
	}

	/** Tokens that have it keep it. Owner only. */
	async removePermission(name: string): Promise<void> {
		await this.#transport.empty({ method: "DELETE", path: permissionPath(name) });
	}

	/** One page of changes and uses of dead tokens, newest first. */
	auditEvents(query: AuditQuery = {}): Promise<AuditList> {
		return this.#transport.json({ method: "GET", path: `/v1/audit-events${searchOf(query)}` });
	}

	/** How often each token was verified, day by day. */
	async usage(query: UsageQuery = {}): Promise<UsageDay[]> {
		const list: UsageList = await this.#transport.json({
			method: "GET",
			path: `/v1/usage${searchOf(query)}`,
		});
		return list.usage;
	}

	/**
	 * All data but secrets, as text in pieces. It is complete only with its last line, which has the kind `end`. `move`:
	 * without the token that this client acts with. Owner only.
	 */
	backup(options: { move?: true | undefined } = {}): AsyncIterable<string> {
		return this.#transport.stream({ method: "GET", path: `/v1/backup${searchOf(options)}` });
	}

	/**
	 * Restores a backup, all or nothing; `preview` only tells what would be restored. `move`: restores nothing where anything
	 * contradicts the backup, and takes back tokens that were handed over. Owner only.
	 * @param open gives the backup from its start.
	 */
	restore(
		open: () => Readable,
		options: { preview?: true | undefined; move?: true | undefined } = {},
	): Promise<RestoreReport> {
		return this.#upload(`/v1/restore${searchOf(options)}`, open);
	}

	/** Deletes the tokens of a backup that are kept elsewhere by now; none, if any has changed since. Owner only. */
	handOver(open: () => Readable): Promise<HandOverReport> {
		return this.#upload("/v1/hand-over", open);
	}

	#upload<Answer>(path: string, open: () => Readable): Promise<Answer> {
		const timeoutMilliseconds = restoreMilliseconds;
		return this.#transport.json({ method: "POST", path, upload: open, timeoutMilliseconds });
	}

	#post<Answer>(path: string, body?: object): Promise<Answer> {
		return this.#transport.json({ method: "POST", path, body });
	}
}

function searchOf(query: object): string {
	const search = new URLSearchParams();
	for (const [name, value] of Object.entries(query))
		if (value !== undefined) search.append(name, String(value));
	return search.size === 0 ? "" : `?${search}`;
}

/** Whether the text is a valid header value. Another text is no secret, and an error would quote it. */
function isSendable(secret: string): boolean {
	return /^[\x21-\x7E]{1,4096}$/.test(secret);
}

/** Eight characters would reveal too much of a short secret; control characters don't belong in a label. */
function hintOf(secret: string): string {
	const partial = partialTokenOf(secret);
	return secret.length >= 16 && /^[\x21-\x7E]{4}…[\x21-\x7E]{4}$/.test(partial) ? partial : "…";
}

/** @throws TypeError for a text that would make the path that of another request. */
function pathOf(id: string): string {
	if (/^\.{0,2}$/.test(id.trim())) throw new TypeError("The id of a token is needed.");
	return `/v1/api-tokens/${encodeURIComponent(id)}`;
}

function connectionPath(id: string): string {
	return `/v1/connections/${encodeURIComponent(id)}`;
}

function permissionPath(name: string): string {
	return `/v1/permissions/${encodeURIComponent(name)}`;
}
