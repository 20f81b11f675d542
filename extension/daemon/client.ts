/** What the daemon can be asked for, a method each. Knows no VS Code. */
import type {
	AuditList,
	CreatedToken,
	CreateTokenInput,
	Identified,
	IdentifiedIds,
	IncidentInput,
	IncidentReport,
	Introspection,
	ListAuditQuery,
	Policy,
	Profile,
	ProfileList,
	RegisterTokenInput,
	RotatedToken,
	RotateTokenRequest,
	ServerEvents,
	TokenList,
	TokenRecord,
	UndoneRotation,
	UpdateTokenRequest,
	UsageDay,
	UsageList,
	UsageQuery,
} from "../../daemon/contract.ts";
import { Connection, type Endpoint, json, messages } from "./connection.ts";

type ServerEventListener = <Name extends keyof ServerEvents>(name: Name, data: ServerEvents[Name]) => void;

/** What is left out is not looked at. */
type AuditQuery = Partial<Omit<ListAuditQuery, "format">>;

const pageSize = 1000;
/** As many as the contract takes at once. */
const hashesPerRequest = 800;

export class Client {
	readonly #connection: Connection;

	/**
	 * `endpoint` is asked before each request; what it throws, the request throws. `timeout`, in milliseconds, is for
	 * one answer.
	 */
	constructor(endpoint: () => Promise<Endpoint>, { timeout = 10_000 }: { timeout?: number } = {}) {
		this.#connection = new Connection(endpoint, timeout);
	}

	/** The answer is the only one that ever holds the secret. */
	async createToken(input: CreateTokenInput): Promise<CreatedToken> {
		return this.#post("/v1/api-tokens", input);
	}

	/** All tokens of every status, newest first. */
	async listTokens(): Promise<TokenRecord[]> {
		const tokens: TokenRecord[] = [];
		let cursor: string | null = null;
		do {
			const query = new URLSearchParams({ limit: String(pageSize), ...(cursor !== null && { cursor }) });
			const page: TokenList = await this.#get(`/v1/api-tokens?${query}`);
			tokens.push(...page.tokens);
			cursor = page.nextCursor;
		} while (cursor !== null);
		return tokens;
	}

	async getToken(id: string): Promise<TokenRecord> {
		return this.#get(tokenPath(id));
	}

	/** A successor with the same settings, with its secret; the predecessor works on for the overlap. */
	async rotateToken(id: string, request: RotateTokenRequest): Promise<RotatedToken> {
		return this.#post(tokenPath(id, "rotate"), request);
	}

	/** Of the predecessor, while it is in its overlap. The successor is revoked. */
	async undoRotation(id: string): Promise<UndoneRotation> {
		return this.#post(tokenPath(id, "undo-rotation"), {});
	}

	/** Of the predecessor, while it is in its overlap: only the successor works then. */
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
	async updateToken(id: string, version: number, change: UpdateTokenRequest): Promise<TokenRecord> {
		const headers = { "if-match": `"${version}"` };
		return this.#connection.exchange({
			method: "PATCH",
			path: tokenPath(id),
			headers,
			body: change,
			read: json<TokenRecord>,
		});
	}

	/** Takes a token of another system into the records; only its secret's hash is sent. */
	async registerToken(input: RegisterTokenInput): Promise<TokenRecord> {
		return this.#post("/v1/api-tokens/register", input);
	}

	/** The tokens whose secrets have these hashes (`sha256:…`), by hash; unknown ones are left out. */
	async identify(hashes: readonly string[]): Promise<Identified["tokens"]> {
		return this.#identify<Identified>("/v1/api-tokens/identify", hashes);
	}

	/** The same, of each token its ID alone: an index of many hashes needs no more. */
	async idsOf(hashes: readonly string[]): Promise<IdentifiedIds["tokens"]> {
		return this.#identify<IdentifiedIds>("/v1/api-tokens/identify?fields=id", hashes);
	}

	/** Revokes many at once. The report holds the successors' secrets, this once. */
	async incident(request: IncidentInput): Promise<IncidentReport> {
		return this.#post("/v1/incidents", request);
	}

	/** One page, newest first. */
	async auditEvents(query: AuditQuery = {}): Promise<AuditList> {
		return this.#get(`/v1/audit-events${queryOf(query)}`);
	}

	async usage(query: UsageQuery = {}): Promise<UsageDay[]> {
		const list: UsageList = await this.#get(`/v1/usage${queryOf(query)}`);
		return list.usage;
	}

	/** Whether the secret is good, and then whose. The owner looks, so that it counts as no use of the token. */
	async introspect(secret: string): Promise<Introspection> {
		return this.#connection.exchange({
			method: "POST",
			path: "/oauth2/introspect",
			body: new URLSearchParams({ token: secret }),
			read: json<Introspection>,
		});
	}

	async revokeToken(id: string, reason?: string): Promise<TokenRecord> {
		const query = reason === undefined ? "" : `?${new URLSearchParams({ reason })}`;
		const path = `${tokenPath(id)}${query}`;
		return this.#connection.exchange({ method: "DELETE", path, read: json<TokenRecord> });
	}

	async profiles(): Promise<Profile[]> {
		const list: ProfileList = await this.#get("/v1/profiles");
		return list.profiles;
	}

	async putPolicy(policy: Policy): Promise<void> {
		await this.#connection.exchange({ method: "PUT", path: "/v1/policy", body: policy, read: nothing });
	}

	async putProfile(profile: Profile): Promise<void> {
		const path = `/v1/profiles/${encodeURIComponent(profile.id)}`;
		await this.#connection.exchange({ method: "PUT", path, body: profile, read: nothing });
	}

	/** Asks the daemon to stop. It is gone some time after this has been answered. */
	async shutdown(): Promise<void> {
		await this.#connection.exchange({ method: "POST", path: "/v1/shutdown", read: nothing });
	}

	/**
	 * Calls `onEvent` for each server-sent event. Fulfils when the daemon ends the stream or `signal` aborts, rejects
	 * when the stream cannot be had, breaks, or `onEvent` throws.
	 */
	async events(onEvent: ServerEventListener, signal: AbortSignal): Promise<void> {
		const read = async (response: Response) => response;
		try {
			const response = await this.#connection.exchange({ method: "GET", path: "/v1/events", signal, read });
			for await (const { event, data } of messages(response)) {
				if (isServerEvent(event)) onEvent(event, JSON.parse(data));
			}
		} catch (error) {
			if (!signal.aborted) throw error;
		}
	}

	async #identify<Answer extends Identified | IdentifiedIds>(
		path: string,
		hashes: readonly string[],
	): Promise<Answer["tokens"]> {
		const distinct = [...new Set(hashes)];
		const count = Math.ceil(distinct.length / hashesPerRequest);
		const parts = Array.from({ length: count }, (_, part) =>
			distinct.slice(part * hashesPerRequest, (part + 1) * hashesPerRequest),
		);
		const answers = await Promise.all(parts.map((part) => this.#post<Answer>(path, { hashes: part })));
		return Object.assign({}, ...answers.map(({ tokens }) => tokens));
	}

	async #change(id: string, verb: "disable" | "enable" | "end-overlap"): Promise<TokenRecord> {
		return this.#post(tokenPath(id, verb), {});
	}

	#get<Answer>(path: string): Promise<Answer> {
		return this.#connection.exchange({ method: "GET", path, read: json<Answer> });
	}

	#post<Answer>(path: string, body: object): Promise<Answer> {
		return this.#connection.exchange({ method: "POST", path, body, read: json<Answer> });
	}
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

async function nothing(response: Response): Promise<void> {
	await response.arrayBuffer();
}

/** The names of the events that this client knows; a newer daemon may send more. */
const serverEvents: Record<keyof ServerEvents, true> = {
	hello: true,
	token: true,
	profiles: true,
	"dead-token-used": true,
	audit: true,
};

function isServerEvent(name: string | undefined): name is keyof ServerEvents {
	return name !== undefined && Object.hasOwn(serverEvents, name);
}
