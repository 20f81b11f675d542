/** The daemon's API as the extension uses it, a method for each request. Knows no VS Code. */
import type { Readable } from "node:stream";
import { type Endpoint, Transport } from "../../daemon/client/transport.ts";
import type {
	Access,
	AuditList,
	BroughtProfiles,
	CatalogueEntry,
	CleanUpInput,
	CleanUpReport,
	Connection,
	ConnectionInput,
	ConnectionList,
	CreatedToken,
	CreateTokenInput,
	Health,
	ImportedTokens,
	IncidentInput,
	IncidentReport,
	Introspection,
	ListAuditQuery,
	ListedProfile,
	PermissionList,
	Policy,
	PolicyInForce,
	ProbeResult,
	Profile,
	ProfileList,
	Reconciliation,
	RegisterTokenInput,
	ResourceList,
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
} from "../../daemon/contract.ts";
import { readEvents, type ServerEventListener } from "./event-stream.ts";
import { type NamedServer, ServerTransport } from "./server-transport.ts";

/** For a large backup. */
const restoreMilliseconds = 600_000;

/** The id of what the request is about, where none of its other arguments says at which authority. */
type At = string | undefined;

/** What is known of a secret whose token is looked for. */
export interface AskedSecret {
	/** `sha256:…` */
	readonly hash: string;
	/** The first and last four characters, as in a record. Empty: it is looked for on this machine only. */
	readonly partial: string;
}

/** What is left out filters nothing. */
type AuditQuery = Partial<Omit<ListAuditQuery, "format">>;

export class Client {
	readonly #transport: Transport;
	readonly #server: string | undefined;

	/**
	 * `locate` is called before each request; the request throws what it throws. `timeout`, in milliseconds, is for one
	 * answer. `server`: a shared one, whose ids are qualified by its key.
	 */
	constructor(
		locate: () => Promise<Endpoint>,
		{ timeout, server }: { timeout?: number; server?: NamedServer & { token: string } } = {},
	) {
		this.#server = server?.key;
		this.#transport =
			server === undefined
				? new Transport(locate, { timeoutMilliseconds: timeout })
				: new ServerTransport(server, locate, { token: server.token });
	}

	/**
	 * What the daemon at an endpoint says of itself; undefined: none proves to be ours. The next request to it uses the
	 * connection on which it proved itself.
	 */
	health(endpoint: Endpoint): Promise<Health | undefined> {
		return this.#transport.health(endpoint);
	}

	/** The answer is the only one that ever holds the secret. `access`: for a token of a connected system. */
	async createToken(input: CreateTokenInput, access?: Access): Promise<CreatedToken> {
		return this.#post("/v1/api-tokens", input, access);
	}

	/** All tokens of every status, newest first. @param _at routes the request */
	listTokens(_at?: At): Promise<TokenRecord[]> {
		return this.#transport.listTokens();
	}

	/** The record of the token that this client acts with. */
	async currentToken(): Promise<TokenRecord> {
		return this.#get("/v1/api-tokens/current");
	}

	async getToken(id: string): Promise<TokenRecord> {
		return this.#get(tokenPath(id));
	}

	/** A successor with the same settings, with its secret; the predecessor works on for the overlap. */
	async rotateToken(id: string, request: RotateTokenRequest, access?: Access): Promise<RotatedToken> {
		return this.#post(tokenPath(id, "rotate"), request, access);
	}

	/** Reverts a rotation during its overlap, given the predecessor's id. The successor is revoked. */
	async undoRotation(id: string, access?: Access): Promise<UndoneRotation> {
		return this.#post(tokenPath(id, "undo-rotation"), {}, access);
	}

	/** Ends the overlap of a predecessor: only the successor works then. */
	async endOverlap(id: string): Promise<TokenRecord> {
		return this.#change(id, "end-overlap");
	}

	async disableToken(id: string): Promise<TokenRecord> {
		return this.#change(id, "disable");
	}

	async enableToken(id: string): Promise<TokenRecord> {
		return this.#change(id, "enable");
	}

	/** `version`: that of the record that the change was decided on; refused when it has changed since. */
	async updateToken(
		id: string,
		version: number,
		change: UpdateTokenRequest,
		access?: Access,
	): Promise<UpdatedToken> {
		const headers = { "if-match": `"${version}"` };
		return this.#transport.json({ method: "PATCH", path: tokenPath(id), headers, body: change, access });
	}

	/** Records a token of another system; only its secret's hash is sent. */
	async registerToken(input: RegisterTokenInput): Promise<TokenRecord> {
		return this.#post("/v1/api-tokens/register", input);
	}

	/** The tokens with these secrets, by hash; unknown ones are left out. Only hashes are sent. @param _at routes the request */
	identify(secrets: readonly AskedSecret[], _at?: At): Promise<Record<string, TokenRecord>> {
		return this.#transport.identify(secrets.map(({ hash }) => hash));
	}

	/** The same with each token's ID only, which is all that an index of many hashes needs. */
	idsOf(secrets: readonly AskedSecret[]): Promise<Record<string, Pick<TokenRecord, "id">>> {
		return this.#transport.identify(
			secrets.map(({ hash }) => hash),
			"?fields=id",
		);
	}

	/** Revokes many at once. The report holds the successors' secrets, this once. */
	async incident(request: IncidentInput): Promise<IncidentReport> {
		return this.#post("/v1/incidents", request);
	}

	/** Deletes the records of tokens that ended long ago, at most 1000 at once. */
	async cleanUp(request: CleanUpInput): Promise<CleanUpReport> {
		return this.#post("/v1/api-tokens/clean-up", request);
	}

	/** The resources that tokens were granted, and those tokens' ids. */
	async resources(): Promise<ResourceList["resources"]> {
		const list: ResourceList = await this.#get("/v1/resources");
		return list.resources;
	}

	/** Grants the resource to the token; a token that has it already stays as it is. */
	async grant(resource: string, tokenId: string, access?: Access): Promise<UpdatedToken> {
		return this.#transport.json({ method: "PUT", path: grantPath(resource, tokenId), access });
	}

	async withdraw(resource: string, tokenId: string, access?: Access): Promise<UpdatedToken> {
		return this.#transport.json({
			method: "DELETE",
			path: grantPath(resource, tokenId),
			access,
		});
	}

	/** One page, newest first. */
	async auditEvents(query: AuditQuery = {}): Promise<AuditList> {
		return this.#get(`/v1/audit-events${queryOf(query)}`);
	}

	async usage(query: UsageQuery = {}): Promise<UsageDay[]> {
		const list: UsageList = await this.#get(`/v1/usage${queryOf(query)}`);
		return list.usage;
	}

	/** Whether the secret is good, and its token. Called as the owner, so that it counts as no use of the token. */
	async introspect(secret: string): Promise<Introspection> {
		return this.#post("/oauth2/introspect", new URLSearchParams({ token: secret }));
	}

	/** @param how `confirmed`: the user agreed, although the token may be the credential of its connection. */
	async revokeToken(
		id: string,
		reason?: string,
		access?: Access,
		{ confirmed = false } = {},
	): Promise<TokenRecord> {
		const path = `${tokenPath(id)}${queryOf({ reason, confirmed: confirmed ? "true" : undefined })}`;
		return this.#transport.json({ method: "DELETE", path, access });
	}

	/** Whether the token's system accepts a secret, which `access` carries as the credential. */
	async probeToken(id: string, access: Access): Promise<ProbeResult> {
		return this.#post(tokenPath(id, "probe"), {}, access);
	}

	/** Records the hash of a secret, which `access` carries as the credential, once the token's system has proved it. */
	async addSecret(id: string, access: Access, { confirmed }: { confirmed: boolean }): Promise<TokenRecord> {
		return this.#post(tokenPath(id, `secret${confirmed ? "?confirmed=true" : ""}`), {}, access);
	}

	async profiles(): Promise<ListedProfile[]> {
		const list: ProfileList = await this.#get("/v1/profiles");
		return list.profiles;
	}

	/** The policy that applies to all editors of the data directory. */
	async policy(): Promise<PolicyInForce> {
		return this.#get("/v1/policy");
	}

	async putPolicy(policy: Policy): Promise<void> {
		await this.#transport.empty({ method: "PUT", path: "/v1/policy", body: policy });
	}

	async putProfile(profile: Profile): Promise<void> {
		const path = `/v1/profiles/${encodeURIComponent(profile.id)}`;
		await this.#transport.empty({ method: "PUT", path, body: profile });
	}

	async deleteProfile(id: string): Promise<void> {
		await this.#transport.empty({ method: "DELETE", path: `/v1/profiles/${encodeURIComponent(id)}` });
	}

	/** Sets the profiles that a workspace brings, which last as long as its stream of events. */
	async putWorkspaceProfiles(workspace: string, profiles: readonly Profile[]): Promise<BroughtProfiles> {
		const path = `/v1/workspaces/${encodeURIComponent(workspace)}/profiles`;
		return this.#transport.json({ method: "PUT", path, body: { profiles } });
	}

	async connections(): Promise<Connection[]> {
		const list: ConnectionList = await this.#get("/v1/connections");
		return list.connections;
	}

	/** Adds or replaces a connection. */
	async putConnection(id: string, connection: ConnectionInput): Promise<Connection> {
		return this.#transport.json({ method: "PUT", path: connectionPath(id), body: connection });
	}

	/** @param forget also while tokens that were made through it still work. */
	async deleteConnection(id: string, { forget = false } = {}): Promise<void> {
		const query = forget ? "?forget=true" : "";
		await this.#transport.empty({ method: "DELETE", path: `${connectionPath(id)}${query}` });
	}

	/** The catalogue of local tokens, and what services asked for that no catalogue has. */
	async permissions(_at?: At): Promise<PermissionList> {
		return this.#get("/v1/permissions");
	}

	/** Adds one of the user's own permissions, or replaces its description. */
	async putPermission(name: string, permission: SetPermissionInput = {}, _at?: At): Promise<CatalogueEntry> {
		const path = `/v1/permissions/${encodeURIComponent(name)}`;
		return this.#transport.json({ method: "PUT", path, body: permission });
	}

	/** Tokens that have it keep it. */
	async removePermission(name: string, _at?: At): Promise<void> {
		await this.#transport.empty({ method: "DELETE", path: `/v1/permissions/${encodeURIComponent(name)}` });
	}

	/** Whether the system accepts the credential, or the secret of a token of it, and what it says of that. */
	async probeConnection(
		id: string,
		access: Access,
		kind: "credential" | "token" = "credential",
	): Promise<ProbeResult> {
		const query = kind === "token" ? "?kind=token" : "";
		return this.#post(`${connectionPath(id)}/probe${query}`, {}, access);
	}

	/** Compares the records with the system's list. @param apply ids of records to bring up to date. */
	async reconcile(id: string, access: Access, apply: readonly string[] = []): Promise<Reconciliation> {
		return this.#post(`${connectionPath(id)}/reconcile`, { apply }, access);
	}

	/** Records tokens that the system lists, without their secrets. */
	async importTokens(id: string, remoteIds: readonly string[], access: Access): Promise<TokenRecord[]> {
		const imported: ImportedTokens = await this.#post(`${connectionPath(id)}/import`, { remoteIds }, access);
		return imported.tokens;
	}

	/** All data but secrets, as text in pieces. It is complete only with its last line. */
	backup(): AsyncIterable<string> {
		return this.#transport.stream({ method: "GET", path: "/v1/backup" });
	}

	/** All or nothing. @param open gives the backup from its start */
	async restore(open: () => Readable, mode: "preview" | "restore"): Promise<RestoreReport> {
		const path = `/v1/restore${mode === "preview" ? "?preview=true" : ""}`;
		const timeoutMilliseconds = restoreMilliseconds;
		return this.#transport.json({ method: "POST", path, upload: open, timeoutMilliseconds });
	}

	/** Stops the daemon. Its process ends some time after the answer. */
	async shutdown(): Promise<void> {
		await this.#transport.empty({ method: "POST", path: "/v1/shutdown" });
	}

	/**
	 * Calls `onEvent` for each server-sent event. Resolves when the daemon ends the stream or `signal` aborts, rejects
	 * when the stream does not begin, breaks, or `onEvent` throws.
	 * @param after the id of the last event that was received, after which a shared server goes on.
	 */
	async events(
		onEvent: ServerEventListener,
		signal: AbortSignal,
		{ workspace, after }: { workspace?: string | undefined; after?: string | undefined } = {},
	): Promise<void> {
		try {
			const query = workspace === undefined ? "" : `?${new URLSearchParams({ workspace })}`;
			const path = `/v1/events${query}`;
			const headers = after === undefined ? undefined : { "last-event-id": after };
			const pieces = this.#transport.stream({ method: "GET", path, signal, headers });
			await readEvents(pieces, onEvent, this.#server);
		} catch (error) {
			if (signal.aborted) return;
			throw this.#transport instanceof ServerTransport ? this.#transport.failed(error) : error;
		}
	}

	async #change(id: string, verb: "disable" | "enable" | "end-overlap"): Promise<TokenRecord> {
		return this.#post(tokenPath(id, verb), {});
	}

	#get<Answer>(path: string): Promise<Answer> {
		return this.#transport.json({ method: "GET", path });
	}

	#post<Answer>(path: string, body: object, access?: Access): Promise<Answer> {
		return this.#transport.json({ method: "POST", path, body, access });
	}
}

function connectionPath(id: string): string {
	return `/v1/connections/${encodeURIComponent(id)}`;
}

function grantPath(resource: string, tokenId: string): string {
	const slash = resource.indexOf("/");
	const [kind, id, token] = [resource.slice(0, slash), resource.slice(slash + 1), tokenId].map(
		encodeURIComponent,
	);
	return `/v1/resources/${kind}/${id}/grants/${token}`;
}

function tokenPath(id: string, verb?: string): string {
	const path = `/v1/api-tokens/${encodeURIComponent(id)}`;
	return verb === undefined ? path : `${path}/${verb}`;
}

function queryOf(asked: Readonly<Record<string, string | number | undefined>>): string {
	const query = new URLSearchParams();
	for (const [name, value] of Object.entries(asked)) if (value !== undefined) query.set(name, String(value));
	return query.size > 0 ? `?${query}` : "";
}
