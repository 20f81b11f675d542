/**
 * The one way to the daemon over HTTP, for the extension, the command line and services: which requests are sent again,
 * how long an answer may take, how many hashes or tokens one request carries, and what an error means. No secret is
 * ever part of an error.
 */
import type { IncomingMessage } from "node:http";
import type { Readable } from "node:stream";
import { setImmediate } from "node:timers/promises";
import type { Access, Health, Problem, TokenList, TokenRecord } from "../contract.ts";
import { accessHeader, hashesPerRequest, type ProblemCode, rowsPerPage } from "../facts.ts";
import { Connections } from "./connections.ts";
import type { Endpoint } from "./proof.ts";
import { type Outcome, reasonOf, TokensmithUnavailableError, type UnavailableReason } from "./unavailable.ts";

/** @internal */
export { addressForServices, fixedEndpoint, readDaemonFile } from "./endpoint.ts";
/** @internal */
export { ownDataDirectory } from "./own-directory.ts";
/** @internal */
export { isAlive } from "./process-alive.ts";
export type { Endpoint } from "./proof.ts";
export { type Outcome, TokensmithUnavailableError, type UnavailableReason } from "./unavailable.ts";

/** The daemon refused. The message is the problem's `detail`, which says what to do. */
export class TokensmithProblemError extends Error {
	readonly problem: Problem;
	readonly code: Problem["code"];
	/** The `WWW-Authenticate` header. */
	readonly challenge: string | undefined;

	constructor(problem: Problem, challenge?: string) {
		super(problem.detail);
		this.name = "TokensmithProblemError";
		this.problem = problem;
		this.code = problem.code;
		this.challenge = challenge;
	}
}

interface Request {
	readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
	/** With the query, below the daemon's address. */
	readonly path: string;
	/** A form is sent as one, all else as JSON. */
	readonly body?: object | undefined;
	/** Sent instead of a body, piece by piece; opened for each attempt. */
	readonly upload?: (() => Readable) | undefined;
	readonly headers?: Readonly<Record<string, string>> | undefined;
	/** Sent instead of the transport's own token or owner key. */
	readonly bearer?: string | undefined;
	/** Ends the exchange. */
	readonly signal?: AbortSignal | undefined;
	readonly timeoutMilliseconds?: number | undefined;
	/** For the daemon's call to another system, instead of the transport's own. */
	readonly access?: Access | undefined;
}

interface TransportOptions {
	/** The secret to act with; without one, the endpoint's owner key. */
	token?: string | undefined;
	/** For an answer, with the connection and its proof; 10000 by default. */
	timeoutMilliseconds?: number | undefined;
	/** For tokens of other systems: what the daemon needs to call them. Sent with what may change something. */
	access?: Access | undefined;
	/** Starts the daemon unless it runs, and says where it is. A request that no daemon took is then sent to it. */
	start?: (() => Promise<Endpoint>) | undefined;
	/** Of an answer that is read as a whole; unlimited by default. */
	mostCharacters?: number | undefined;
	/** Of a list on any number of pages; unlimited by default. */
	mostTokens?: number | undefined;
}

/** The daemon answers a call to another system within half a minute. */
const systemMilliseconds = 60_000;

/** All throw TokensmithProblemError, TokensmithUnavailableError, and what `locate` throws. */
export class Transport {
	readonly #locate: () => Promise<Endpoint>;
	readonly #options: TransportOptions;
	#locating: Promise<Endpoint> | undefined;
	#connections: Connections | undefined;

	/** `locate` is called before each request, since a daemon may have been restarted on another port. */
	constructor(locate: () => Promise<Endpoint>, options: TransportOptions = {}) {
		this.#locate = locate;
		this.#options = options;
	}

	/** The JSON that answers. */
	json<Answer>(request: Request): Promise<Answer> {
		return this.#send(request, (response) =>
			jsonOf(response, this.#options.mostCharacters),
		) as Promise<Answer>;
	}

	/** For a request whose answer says no more than that it succeeded. */
	async empty(request: Request): Promise<void> {
		await this.#send(request, (response) => wholeText(response, this.#options.mostCharacters));
	}

	/** An answer that does not end by itself, in pieces. The time limit counts until it begins. */
	async *stream(request: Request): AsyncGenerator<string> {
		const response = await this.#send(request, async (begun) => begun.setEncoding("utf8"));
		try {
			yield* response;
		} catch (cause) {
			throw unavailable(cause, request.method);
		}
	}

	/** All tokens that match the query, on however many pages. */
	async listTokens(query: Readonly<Record<string, string>> = {}): Promise<TokenRecord[]> {
		const { mostTokens = Number.POSITIVE_INFINITY } = this.#options;
		const tokens: TokenRecord[] = [];
		let cursor: string | null = null;
		do {
			const page = { ...query, limit: String(rowsPerPage), ...(cursor !== null && { cursor }) };
			const path = `/v1/api-tokens?${new URLSearchParams(page)}`;
			const list: TokenList = await this.json({ method: "GET", path });
			tokens.push(...list.tokens);
			cursor = list.nextCursor;
			// A page without tokens is the last.
			if (tokens.length > mostTokens || (cursor !== null && list.tokens.length === 0)) throw endless();
		} while (cursor !== null);
		return tokens;
	}

	/** The tokens whose secrets have these hashes, by hash, in as many requests as that takes. */
	async identify<Found = TokenRecord>(
		hashes: readonly string[],
		query: "" | "?fields=id" = "",
	): Promise<Record<string, Found>> {
		const path = `/v1/api-tokens/identify${query}`;
		const answers = batchesOf([...new Set(hashes)]).map((batch) =>
			this.json<{ tokens: Record<string, Found> }>({ method: "POST", path, body: { hashes: batch } }),
		);
		return Object.assign({}, ...(await Promise.all(answers)).map(({ tokens }) => tokens));
	}

	/**
	 * What the daemon at an endpoint says of itself, once it has proved itself; undefined: none does.
	 * @internal
	 */
	async health(endpoint: Endpoint): Promise<Health | undefined> {
		try {
			return await this.#connectionsTo(endpoint).health();
		} catch (error) {
			if (error instanceof TokensmithUnavailableError) return undefined;
			throw error;
		}
	}

	/**
	 * Sends a request a second time only when the first has certainly changed nothing: when no daemon took it and the
	 * daemon is elsewhere by now, or when it only reads and a kept connection broke.
	 */
	async #send<Answer>(
		request: Request,
		read: (response: IncomingMessage) => Promise<Answer>,
	): Promise<Answer> {
		const connections = this.#connectionsTo(await this.#endpoint());
		try {
			return await this.#exchange(connections, request, read);
		} catch (error) {
			if (!(error instanceof TokensmithUnavailableError)) throw error;
			// The next request checks again whether the daemon is running.
			if (this.#connections === connections) this.#connections = undefined;
			if (error.outcome === "unknown" || ["timeout", "unusable"].includes(error.reason)) throw error;
			const next = await (this.#options.start?.() ?? this.#endpoint());
			if (error.reason !== "broken" && isSame(next, connections.endpoint)) throw error;
			return this.#exchange(this.#connectionsTo(next), request, read);
		}
	}

	async #exchange<Answer>(
		connections: Connections,
		request: Request,
		read: (response: IncomingMessage) => Promise<Answer>,
	): Promise<Answer> {
		const { method, path } = request;
		const access = request.access ?? (method === "GET" ? undefined : this.#options.access);
		const standard = access === undefined ? 10_000 : systemMilliseconds;
		const { timeoutMilliseconds = this.#options.timeoutMilliseconds ?? standard } = request;
		const bearer = request.bearer ?? this.#options.token ?? connections.endpoint.ownerKey;
		const { type, body } = encoded(request.body);
		const authorization = bearer === undefined ? {} : { authorization: `Bearer ${bearer}` };
		const headers = { ...type, ...request.headers, ...headersFor(access), ...authorization };
		const limit = new AbortController();
		const tooSlow = new DOMException("The daemon did not answer in time.", "TimeoutError");
		const timer = setTimeout(() => limit.abort(tooSlow), timeoutMilliseconds);
		const signal =
			request.signal === undefined ? limit.signal : AbortSignal.any([limit.signal, request.signal]);
		try {
			// What changes something is sent once: Node.js polls first, and sees which connections have ended.
			if (method !== "GET") await setImmediate().then(() => setImmediate());
			const sent = request.upload?.() ?? body;
			const response = await connections.open({ method, path, headers, body: sent, signal });
			return isSuccess(response) ? await read(response) : await fail(response, this.#options.mostCharacters);
		} catch (cause) {
			throw unavailable(limit.signal.aborted ? limit.signal.reason : cause, method);
		} finally {
			clearTimeout(timer);
		}
	}

	/** Located once for all requests that begin meanwhile. */
	#endpoint(): Promise<Endpoint> {
		this.#locating ??= this.#locate().finally(() => {
			this.#locating = undefined;
		});
		return this.#locating;
	}

	/** Those that are open, unless the daemon is another one by now. */
	#connectionsTo(endpoint: Endpoint): Connections {
		if (this.#connections === undefined || !isSame(this.#connections.endpoint, endpoint))
			this.#connections = new Connections(endpoint);
		return this.#connections;
	}
}

/** The daemon uses it for this one call and keeps nothing of it. */
function headersFor(access: Access | undefined): Record<string, string> {
	if (access === undefined) return {};
	return { [accessHeader.toLowerCase()]: Buffer.from(JSON.stringify(access)).toString("base64url") };
}

function isSame(one: Endpoint, other: Endpoint): boolean {
	return one.url === other.url && one.ownerKey === other.ownerKey && one.identity === other.identity;
}

function batchesOf(hashes: readonly string[]): string[][] {
	return Array.from({ length: Math.ceil(hashes.length / hashesPerRequest) }, (_, index) =>
		hashes.slice(index * hashesPerRequest, (index + 1) * hashesPerRequest),
	);
}

function encoded(body: object | undefined): { type?: { "content-type": string }; body?: string } {
	if (body === undefined) return {};
	if (body instanceof URLSearchParams)
		return { type: { "content-type": "application/x-www-form-urlencoded" }, body: body.toString() };
	return { type: { "content-type": "application/json" }, body: JSON.stringify(body) };
}

async function jsonOf(response: IncomingMessage, most?: number): Promise<unknown> {
	const content = await wholeText(response, most);
	try {
		return JSON.parse(content);
	} catch (error) {
		// No cause: the parser's message quotes the answer, and a secret may be in it.
		const kind = error instanceof Error ? error.name : "unknown";
		const what = `Status ${response.statusCode} with ${content.length} characters that are no JSON`;
		throw new Error(`${what} (${kind})`);
	}
}

function isSuccess({ statusCode = 0 }: IncomingMessage): boolean {
	return statusCode >= 200 && statusCode < 300;
}

async function wholeText(response: IncomingMessage, most = Number.POSITIVE_INFINITY): Promise<string> {
	let content = "";
	for await (const piece of response.setEncoding("utf8")) {
		content += piece;
		if (content.length > most) throw new Error("The answer is too long.");
	}
	return content;
}

function endless(): TokensmithUnavailableError {
	const message = "The list of tokens is longer than can be read.";
	return new TokensmithUnavailableError(message, { outcome: "not-done", reason: "unusable" });
}

async function fail(response: IncomingMessage, most?: number): Promise<never> {
	const problem = await jsonOf(response, most);
	if (!isProblem(problem)) throw new Error(`Status ${response.statusCode} without a problem's description`);
	throw new TokensmithProblemError(problem, response.headers["www-authenticate"]);
}

function isProblem(body: unknown): body is Problem {
	const { code, detail, status } = (body ?? {}) as Partial<Problem>;
	return typeof code === "string" && typeof detail === "string" && typeof status === "number";
}

const unavailableCodes: Partial<Record<ProblemCode, UnavailableReason>> = {
	stopping: "stopping",
	"database-unreachable": "no-database",
	"change-uncertain": "no-database",
};

/** A problem stays one, unless it says that the daemon can answer nothing. */
function unavailable(cause: unknown, method: Request["method"]): Error {
	if (cause instanceof TokensmithUnavailableError) return cause;
	if (cause instanceof TokensmithProblemError) {
		const reason = unavailableCodes[cause.code];
		if (reason === undefined) return cause;
		const outcome = cause.code === "change-uncertain" ? "unknown" : "not-done";
		return new TokensmithUnavailableError(cause.message, { cause, outcome, reason });
	}
	const reason = reasonOf(cause);
	const outcome: Outcome = method === "GET" ? "not-done" : "unknown";
	const what =
		reason === "timeout"
			? "The daemon did not answer in time."
			: "No answer came that could be understood as the daemon's.";
	const then = "Whether the request took effect is unknown: check the list of tokens before you try again.";
	const message = outcome === "unknown" ? `${what} ${then}` : what;
	return new TokensmithUnavailableError(message, { cause, outcome, reason });
}
