/**
 * One request to the daemon and its answer: short, and never redirected. Where the owner key is known, nothing is sent
 * before the other side has proved to hold it too. No secret is ever part of an error.
 */
import { createHmac, randomBytes } from "node:crypto";
import type { Health, Problem } from "../contract.ts";

/** Where a daemon listens. */
export interface Endpoint {
	readonly url: string;
	/** Known: the daemon has to prove itself, and the caller can act as its owner. */
	readonly ownerKey: string | undefined;
}

/** The daemon said no. The message is the problem's `detail`, which says what to do. */
export class TokensmithProblemError extends Error {
	readonly problem: Problem;

	constructor(problem: Problem) {
		super(problem.detail);
		this.name = "TokensmithProblemError";
		this.problem = problem;
	}
}

/**
 * What became of a request that has no answer. "not-done": nothing has changed. "unknown": the daemon may have done
 * it, for example created a token whose secret nobody has.
 */
export type Outcome = "not-done" | "unknown";

/** No usable answer came, so nothing is known: neither that a token is good nor that it is not. */
export class TokensmithUnavailableError extends Error {
	readonly outcome: Outcome;

	constructor(message: string, { cause, outcome }: { cause?: unknown; outcome: Outcome }) {
		super(message, cause === undefined ? {} : { cause });
		this.name = "TokensmithUnavailableError";
		this.outcome = outcome;
	}
}

export interface Asked {
	method: "GET" | "POST" | "PATCH" | "DELETE";
	/** With the query, below the daemon's address. */
	path: string;
	/** The secret or key to send; undefined: the endpoint's owner key, if there is one. */
	bearer: string | undefined;
	headers?: Record<string, string>;
	body?: unknown;
}

/** `problem` is undefined when the daemon said yes. */
export interface Answer {
	readonly body: unknown;
	readonly problem: Problem | undefined;
	/** The `WWW-Authenticate` header. */
	readonly challenge: string | undefined;
}

export interface Line {
	/** Asked before each request, for a daemon may have started anew elsewhere. */
	readonly endpoint: () => Promise<Endpoint>;
	readonly fetch: typeof globalThis.fetch;
	/** For a proof, and then for an answer. */
	readonly timeoutMilliseconds: number;
}

/** Whether the text can stand in a header as it is; what can't is no secret, and an error would quote it. */
export function isSendable(secret: string): boolean {
	return /^[\x21-\x7E]{1,4096}$/.test(secret);
}

/** @throws TokensmithUnavailableError */
export async function exchange(line: Line, asked: Asked): Promise<Answer> {
	try {
		return await exchangeOnce(line, asked);
	} catch (error) {
		if (!isWorthAnotherTry(error)) throw error;
	}
	return exchangeOnce(line, asked);
}

async function exchangeOnce(line: Line, asked: Asked): Promise<Answer> {
	const endpoint = await line.endpoint();
	if (endpoint.ownerKey !== undefined) await prove(line, endpoint.url, endpoint.ownerKey);
	const bearer = asked.bearer ?? endpoint.ownerKey;
	const { method, path, headers, body } = asked;
	try {
		const response = await line.fetch(endpoint.url + path, {
			method,
			headers: {
				...headers,
				...(bearer !== undefined && { authorization: `Bearer ${bearer}` }),
				...(body !== undefined && { "content-type": "application/json" }),
			},
			...(body !== undefined && { body: JSON.stringify(body) }),
			// The daemon never redirects, and a secret must not follow one who does.
			redirect: "error",
			signal: AbortSignal.timeout(line.timeoutMilliseconds),
		});
		return await answerOf(response);
	} catch (cause) {
		throw unavailable(cause, method);
	}
}

/** Only the daemon that wrote daemon.json knows the owner key, so this tells it from a stranger on its port. */
async function prove(line: Line, url: string, ownerKey: string): Promise<void> {
	const challenge = randomBytes(32).toString("hex");
	const expected = createHmac("sha256", ownerKey).update(challenge).digest("hex");
	let health: Partial<Health> | null;
	try {
		const response = await line.fetch(`${url}/healthz?challenge=${challenge}`, {
			redirect: "error",
			signal: AbortSignal.timeout(line.timeoutMilliseconds),
		});
		health = (await readJson(response)) as Partial<Health> | null;
	} catch (cause) {
		throw unavailable(cause, "GET");
	}
	if (health?.proof === expected) return;
	const message = `Whoever answers at ${url} is not the daemon that this owner key belongs to; nothing was sent.`;
	throw new TokensmithUnavailableError(message, { outcome: "not-done" });
}

async function answerOf(response: Response): Promise<Answer> {
	const body = await readJson(response);
	const challenge = response.headers.get("www-authenticate") ?? undefined;
	if (response.ok) return { body, problem: undefined, challenge };
	if (!isProblem(body)) throw new Error(`Status ${response.status} without a problem's description`);
	if (body.code === "stopping") {
		throw new TokensmithUnavailableError("The daemon is just stopping.", { outcome: "not-done" });
	}
	return { body: undefined, problem: body, challenge };
}

async function readJson(response: Response): Promise<unknown> {
	const text = await response.text();
	try {
		return JSON.parse(text);
	} catch (error) {
		// No cause: the parser's message quotes the text, and a secret may be in it.
		const kind = error instanceof Error ? error.name : "unknown";
		throw new Error(`Status ${response.status} with ${text.length} characters that are no JSON (${kind})`);
	}
}

function isProblem(body: unknown): body is Problem {
	const { code, detail, status } = (body ?? {}) as Partial<Problem>;
	return typeof code === "string" && typeof detail === "string" && typeof status === "number";
}

/** A kept connection may have ended unseen; what has certainly not been done can be asked for again. */
function isWorthAnotherTry(error: unknown): boolean {
	if (!(error instanceof TokensmithUnavailableError) || error.outcome === "unknown") return false;
	return ["ECONNRESET", "EPIPE", "UND_ERR_SOCKET"].includes(codeOf(error.cause) ?? "");
}

function unavailable(cause: unknown, method: Asked["method"]): TokensmithUnavailableError {
	if (cause instanceof TokensmithUnavailableError) return cause;
	if (codeOf(cause) === "ECONNREFUSED") {
		const message = "Nobody listens at the daemon's address. Is the daemon running?";
		return new TokensmithUnavailableError(message, { cause, outcome: "not-done" });
	}
	const what = isTimeout(cause)
		? "The daemon did not answer in time."
		: "No answer came that could be understood as the daemon's.";
	if (method === "GET") return new TokensmithUnavailableError(what, { cause, outcome: "not-done" });
	const message = `${what} Whether it did what was asked is unknown: look at the list of tokens before trying again.`;
	return new TokensmithUnavailableError(message, { cause, outcome: "unknown" });
}

function isTimeout(cause: unknown): boolean {
	return cause instanceof Error && cause.name === "TimeoutError";
}

/** fetch hides what happened to the connection in the cause of a TypeError. */
function codeOf(cause: unknown): string | undefined {
	const inner = cause instanceof Error ? cause.cause : undefined;
	return inner instanceof Error && "code" in inner ? String(inner.code) : undefined;
}
