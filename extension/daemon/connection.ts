/**
 * The one way to the daemon over HTTP. Every request first asks for the endpoint, so that it goes to a daemon that has
 * just proved to be ours. Knows no route; no secret is ever part of an error.
 */
import { createHmac, randomBytes } from "node:crypto";
import * as l10n from "@vscode/l10n";
import { EventSourceParserStream } from "eventsource-parser/stream";
import type { Health, Problem } from "../../daemon/contract.ts";
import { codeOf } from "../error-code.ts";

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

interface Exchange<Answer> {
	method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
	path: string;
	/** A form is sent as one, all else as JSON. */
	body?: object | URLSearchParams;
	headers?: Record<string, string>;
	/** Ends the exchange, and what still streams after it. */
	signal?: AbortSignal;
	read(response: Response): Promise<Answer>;
}

export class Connection {
	readonly #endpoint: () => Promise<Endpoint>;
	readonly #timeout: number;

	constructor(endpoint: () => Promise<Endpoint>, timeout: number) {
		this.#endpoint = endpoint;
		this.#timeout = timeout;
	}

	/** @throws ProblemError, UnreachableError, and what the endpoint throws */
	async exchange<Answer>(exchange: Exchange<Answer>): Promise<Answer> {
		// The daemon may end between its proof and the request: what it certainly has not done is asked for once more.
		try {
			return await this.#exchangeOnce(exchange);
		} catch (error) {
			if (!isNotTaken(error)) throw error;
		}
		return this.#exchangeOnce(exchange);
	}

	async #exchangeOnce<Answer>(exchange: Exchange<Answer>): Promise<Answer> {
		const { url, ownerKey } = await this.#endpoint();
		const { method, path, headers, signal, read } = exchange;
		const { type, body } = encoded(exchange.body);
		const limit = new AbortController();
		const timer = setTimeout(() => limit.abort(new DOMException("Too slow", "TimeoutError")), this.#timeout);
		try {
			const response = await fetch(new URL(path, url), {
				method,
				headers: { ...type, ...headers, authorization: `Bearer ${ownerKey}` },
				...(body !== undefined && { body }),
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

/** A form brings its media type along. Text is sent as it is; a Blob, which would too, is read as a stream first. */
function encoded(body: object | URLSearchParams | undefined): {
	type?: { "content-type": string };
	body?: string | URLSearchParams;
} {
	if (body === undefined) return {};
	if (body instanceof URLSearchParams) return { body };
	return { type: { "content-type": "application/json" }, body: JSON.stringify(body) };
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

export async function json<Answer>(response: Response): Promise<Answer> {
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

async function fail(response: Response): Promise<never> {
	const problem = await json<Partial<Problem> | null>(response);
	if (typeof problem?.code === "string" && typeof problem.detail === "string")
		throw new ProblemError(problem as Problem);
	throw new Error(`Status ${response.status} without a problem's description`);
}

/** The messages of a stream of server-sent events. */
export async function* messages(response: Response) {
	if (response.body === null) return;
	try {
		yield* response.body.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream());
	} catch (error) {
		throw unreachable(error, "GET");
	}
}

function isNotTaken(error: unknown): boolean {
	if (error instanceof ProblemError) return error.problem.code === "stopping";
	return error instanceof UnreachableError && isRefused(error.cause);
}

function isRefused(error: unknown): boolean {
	// fetch hides what happened to the connection in the cause of a TypeError.
	return error instanceof Error && codeOf(error.cause) === "ECONNREFUSED";
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
