/**
 * The only door to the daemon over HTTP. Every request first asks for the endpoint, so that it goes to a daemon that
 * has just proved to be ours. Knows no VS Code; no secret is ever part of an error.
 */
import { createHmac, randomBytes } from "node:crypto";
import * as l10n from "@vscode/l10n";
import { EventSourceParserStream } from "eventsource-parser/stream";
import type {
	AuditList,
	CreatedToken,
	CreateTokenInput,
	Health,
	Identified,
	IncidentInput,
	IncidentReport,
	ListAuditQuery,
	Policy,
	Problem,
	Profile,
	ProfileList,
	RefusalReason,
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
	VerifyAnswer,
} from "../../daemon/contract.ts";

/** Where a daemon listens, and the key that makes its caller the owner. */
export interface Endpoint {
	url: string;
	ownerKey: string;
}

/** The daemon said no. The message is the problem's `detail`, which says what to do. */
export class ProblemError extends Error {
	readonly problem: Problem;

	constructor(problem: Problem) {
		super(problem.detail);
		this.name = "ProblemError";
		this.problem = problem;
	}
}

/**
 * What became of a request without an answer. "not-done": nothing has changed. "unknown": the daemon may have done
 * it, for example made a token whose secret nobody has.
 */
export type Outcome = "not-done" | "unknown";

/** No usable answer came. */
export class UnreachableError extends Error {
	readonly outcome: Outcome;

	constructor(message: string, { cause, outcome }: { cause: unknown; outcome: Outcome }) {
		super(message, { cause });
		this.name = "UnreachableError";
		this.outcome = outcome;
	}
}

export type ServerEventListener = <Name extends keyof ServerEvents>(
	name: Name,
	data: ServerEvents[Name],
) => void;

interface Exchange<Answer> {
	method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
	path: string;
	body?: unknown;
	headers?: Record<string, string>;
	/** Instead of the owner key. */
	bearer?: string;
	/** Ends the exchange, and what still streams after it. */
	signal?: AbortSignal;
	read(response: Response): Promise<Answer>;
}

/** Why a secret is not good. */
export interface Refusal {
	readonly valid: false;
	readonly reason: RefusalReason;
	/** The permissions that it lacks, where that is the reason. */
	readonly missing: readonly string[];
	readonly problem: Problem;
}

/** What is left out is not looked at. */
export type AuditQuery = Partial<Omit<ListAuditQuery, "format">>;

const pageSize = 1000;
/** So many hashes stay well under the 64 KiB that a body may have. */
const hashesPerRequest = 500;

export class Client {
	readonly #endpoint: () => Promise<Endpoint>;
	readonly #timeout: number;

	/**
	 * `endpoint` is asked before each request; what it throws, the request throws. `timeout`, in milliseconds, is for
	 * one answer.
	 */
	constructor(endpoint: () => Promise<Endpoint>, { timeout = 10_000 }: { timeout?: number } = {}) {
		this.#endpoint = endpoint;
		this.#timeout = timeout;
	}

	/** The answer is the only one that ever holds the secret. */
	async createToken(input: CreateTokenInput): Promise<CreatedToken> {
		return this.#exchange({ method: "POST", path: "/v1/api-tokens", body: input, read: json<CreatedToken> });
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
		return this.#exchange({
			method: "POST",
			path: tokenPath(id, "rotate"),
			body: request,
			read: json<RotatedToken>,
		});
	}

	/** Of the predecessor, while it is in its overlap. The successor is revoked. */
	async undoRotation(id: string): Promise<UndoneRotation> {
		return this.#exchange({
			method: "POST",
			path: tokenPath(id, "undo-rotation"),
			body: {},
			read: json<UndoneRotation>,
		});
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
		return this.#exchange({
			method: "PATCH",
			path: tokenPath(id),
			headers,
			body: change,
			read: json<TokenRecord>,
		});
	}

	/** Takes a token of another system into the records; only its secret's hash is sent. */
	async registerToken(input: RegisterTokenInput): Promise<TokenRecord> {
		const path = "/v1/api-tokens/register";
		return this.#exchange({ method: "POST", path, body: input, read: json<TokenRecord> });
	}

	/** The tokens whose secrets have these hashes (`sha256:…`), by hash; unknown ones are left out. */
	async identify(hashes: readonly string[]): Promise<Record<string, TokenRecord>> {
		const distinct = [...new Set(hashes)];
		const found: Record<string, TokenRecord> = {};
		for (let start = 0; start < distinct.length; start += hashesPerRequest) {
			const body = { hashes: distinct.slice(start, start + hashesPerRequest) };
			const path = "/v1/api-tokens/identify";
			const answer = await this.#exchange({ method: "POST", path, body, read: json<Identified> });
			Object.assign(found, answer.tokens);
		}
		return found;
	}

	/** Revokes many at once. The report holds the successors' secrets, this once. */
	async incident(request: IncidentInput): Promise<IncidentReport> {
		return this.#exchange({
			method: "POST",
			path: "/v1/incidents",
			body: request,
			read: json<IncidentReport>,
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

	/** Asks as whoever holds the secret would. That it is not good is an answer, and no error. */
	async verify(
		secret: string,
		{ permissions = [] }: { permissions?: readonly string[] } = {},
	): Promise<VerifyAnswer | Refusal> {
		const query = new URLSearchParams(
			permissions.map((permission): [string, string] => ["permission", permission]),
		);
		try {
			return await this.#exchange({
				method: "GET",
				path: `/v1/verify?${query}`,
				bearer: secret,
				read: json<VerifyAnswer>,
			});
		} catch (error) {
			if (!(error instanceof ProblemError) || error.problem.reason === undefined) throw error;
			const { reason, missing = [] } = error.problem;
			return { valid: false, reason, missing, problem: error.problem };
		}
	}

	async revokeToken(id: string, reason?: string): Promise<TokenRecord> {
		const query = reason === undefined ? "" : `?${new URLSearchParams({ reason })}`;
		const path = `${tokenPath(id)}${query}`;
		return this.#exchange({ method: "DELETE", path, read: json<TokenRecord> });
	}

	async profiles(): Promise<Profile[]> {
		const list: ProfileList = await this.#get("/v1/profiles");
		return list.profiles;
	}

	async putPolicy(policy: Policy): Promise<void> {
		await this.#exchange({ method: "PUT", path: "/v1/policy", body: policy, read: nothing });
	}

	async putProfile(profile: Profile): Promise<void> {
		const path = `/v1/profiles/${encodeURIComponent(profile.id)}`;
		await this.#exchange({ method: "PUT", path, body: profile, read: nothing });
	}

	/** Asks the daemon to stop. It is gone some time after this has been answered. */
	async shutdown(): Promise<void> {
		await this.#exchange({ method: "POST", path: "/v1/shutdown", read: nothing });
	}

	/**
	 * Calls `onEvent` for each server-sent event. Fulfils when the daemon ends the stream or `signal` aborts, rejects
	 * when the stream cannot be had, breaks, or `onEvent` throws.
	 */
	async events(onEvent: ServerEventListener, signal: AbortSignal): Promise<void> {
		const read = async (response: Response) => response;
		try {
			const response = await this.#exchange({ method: "GET", path: "/v1/events", signal, read });
			for await (const { event, data } of messages(response)) {
				if (isServerEvent(event)) onEvent(event, JSON.parse(data));
			}
		} catch (error) {
			if (!signal.aborted) throw error;
		}
	}

	async #change(id: string, verb: "disable" | "enable" | "end-overlap"): Promise<TokenRecord> {
		return this.#exchange({ method: "POST", path: tokenPath(id, verb), body: {}, read: json<TokenRecord> });
	}

	async #get<Answer>(path: string): Promise<Answer> {
		return this.#exchange({ method: "GET", path, read: json<Answer> });
	}

	/** The daemon may end between its proof and the request: what it certainly has not done is asked for once more. */
	async #exchange<Answer>(exchange: Exchange<Answer>): Promise<Answer> {
		try {
			return await this.#exchangeOnce(exchange);
		} catch (error) {
			if (!isNotTaken(error)) throw error;
		}
		return this.#exchangeOnce(exchange);
	}

	async #exchangeOnce<Answer>(exchange: Exchange<Answer>): Promise<Answer> {
		const { url, ownerKey } = await this.#endpoint();
		const { method, path, body, headers, bearer = ownerKey, signal, read } = exchange;
		const limit = new AbortController();
		const timer = setTimeout(() => limit.abort(new DOMException("Too slow", "TimeoutError")), this.#timeout);
		try {
			const response = await fetch(new URL(path, url), {
				method,
				headers: {
					...headers,
					authorization: `Bearer ${bearer}`,
					...(body !== undefined && { "content-type": "application/json" }),
				},
				...(body !== undefined && { body: JSON.stringify(body) }),
				// Our daemon never redirects, and the key must not follow one who does.
				redirect: "error",
				signal: signal === undefined ? limit.signal : AbortSignal.any([signal, limit.signal]),
			});
			return response.ok ? await read(response) : await fail(response);
		} catch (error) {
			throw error instanceof ProblemError ? error : unreachable(error, method);
		} finally {
			clearTimeout(timer);
		}
	}
}

/**
 * Lets whoever listens at `endpoint` prove to hold the owner key, which is not sent. Undefined: nobody answers there
 * within `timeout` milliseconds, or somebody else does.
 */
export async function provenHealth(endpoint: Endpoint, timeout: number): Promise<Health | undefined> {
	const challenge = randomBytes(32).toString("hex");
	const proof = createHmac("sha256", endpoint.ownerKey).update(challenge).digest("hex");
	const response = await fetch(new URL(`/healthz?challenge=${challenge}`, endpoint.url), {
		redirect: "error",
		signal: AbortSignal.timeout(timeout),
	})
		.then(json<Partial<Health> | null>, () => null)
		.catch(() => null);
	return response?.proof === proof ? (response as Health) : undefined;
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

async function json<Answer>(response: Response): Promise<Answer> {
	const text = await response.text();
	try {
		return JSON.parse(text) as Answer;
	} catch (error) {
		// No cause: the parser's message quotes the text, and a secret may be in it.
		throw new Error(
			`The answer is no JSON (${text.length} characters, ${error instanceof Error && error.name})`,
		);
	}
}

async function nothing(response: Response): Promise<void> {
	await response.arrayBuffer();
}

async function fail(response: Response): Promise<never> {
	const problem = await json<Partial<Problem> | null>(response);
	if (typeof problem?.code === "string" && typeof problem.detail === "string")
		throw new ProblemError(problem as Problem);
	throw new Error(`Status ${response.status} without a problem's description`);
}

async function* messages(response: Response) {
	if (response.body === null) return;
	try {
		yield* response.body.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream());
	} catch (error) {
		throw unreachable(error, "GET");
	}
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

function isNotTaken(error: unknown): boolean {
	if (error instanceof ProblemError) return error.problem.code === "stopping";
	return error instanceof UnreachableError && isRefused(error.cause);
}

function isRefused(error: unknown): boolean {
	// fetch hides what happened to the connection in the cause of a TypeError.
	const cause = error instanceof Error ? error.cause : undefined;
	return cause instanceof Error && "code" in cause && cause.code === "ECONNREFUSED";
}

function unreachable(cause: unknown, method: Exchange<unknown>["method"]): UnreachableError {
	if (isRefused(cause))
		return new UnreachableError(
			l10n.t("Nobody listens where the daemon was. Try again: this starts a new one."),
			{
				cause,
				outcome: "not-done",
			},
		);
	const what =
		cause instanceof Error && cause.name === "TimeoutError"
			? l10n.t("The daemon did not answer in time.")
			: l10n.t("The connection to the daemon broke before it had answered.");
	if (method === "GET")
		return new UnreachableError(l10n.t("{0} Try again.", what), { cause, outcome: "not-done" });
	return new UnreachableError(
		l10n.t(
			"{0} Whether it did what was asked is unknown: look at the list of tokens before trying again.",
			what,
		),
		{ cause, outcome: "unknown" },
	);
}
