/**
 * The way to a shared server: ids are qualified in what it answers, and its own in what is sent to it. What fails is known
 * as the server's failure.
 */
import {
	type Endpoint,
	TokensmithProblemError,
	TokensmithUnavailableError,
	Transport,
} from "../../daemon/client/transport.ts";
import type { TokenRecord } from "../../daemon/contract.ts";
import { barePath, bareRequest, qualifiedAnswer } from "./qualified-ids.ts";
import { believedAnswer, mostCharacters, mostTokens } from "./server-answers.ts";

type Request = Parameters<Transport["json"]>[0];

/** What tells a server from others. */
export interface NamedServer {
	readonly key: string;
	readonly name: string;
	/** Of its address, with the port. */
	readonly host: string;
}

const failedAt = new WeakMap<object, NamedServer>();

/** The server that an error of a request comes from; undefined: none, or this machine's daemon. */
export function serverBehind(error: unknown): NamedServer | undefined {
	return typeof error === "object" && error !== null ? failedAt.get(error) : undefined;
}

export class ServerTransport extends Transport {
	readonly #server: NamedServer;

	constructor(server: NamedServer, locate: () => Promise<Endpoint>, options: { token: string }) {
		super(locate, { ...options, mostCharacters, mostTokens });
		this.#server = server;
	}

	override async json<Answer>(request: Request): Promise<Answer> {
		const bare = this.#bare(request);
		const answer = super.json<Answer>(bare).then((one) => believed(bare, one));
		return qualifiedAnswer(this.#server.key, await this.#noted(answer));
	}

	override listTokens(query?: Readonly<Record<string, string>>): Promise<TokenRecord[]> {
		return this.#noted(super.listTokens(query));
	}

	override empty(request: Request): Promise<void> {
		return this.#noted(super.empty(this.#bare(request)));
	}

	override async *stream(request: Request): AsyncGenerator<string> {
		try {
			yield* super.stream(this.#bare(request));
		} catch (error) {
			throw this.#note(error);
		}
	}

	/** What is wrong with a stream that this transport has begun. */
	failed(cause: unknown): unknown {
		const isKnown = cause instanceof TokensmithUnavailableError || cause instanceof TokensmithProblemError;
		return this.#note(isKnown ? cause : unusable("GET", cause));
	}

	async #noted<Answer>(answer: Promise<Answer>): Promise<Answer> {
		return await answer.catch((error: unknown) => {
			throw this.#note(error);
		});
	}

	#note(error: unknown): unknown {
		if (typeof error === "object" && error !== null) failedAt.set(error, this.#server);
		return error;
	}

	#bare(request: Request): Request {
		const { body, path } = request;
		const { key } = this.#server;
		const isPlain = body !== undefined && !(body instanceof URLSearchParams);
		return { ...request, path: barePath(key, path), ...(isPlain && { body: bareRequest(key, body) }) };
	}
}

/** @throws TokensmithUnavailableError for an answer that is not of the contract's shape */
function believed<Answer>(request: Request, answer: Answer): Answer {
	try {
		return believedAnswer(request, answer);
	} catch (cause) {
		throw unusable(request.method, cause);
	}
}

function unusable(method: string, cause: unknown): TokensmithUnavailableError {
	const outcome = method === "GET" ? "not-done" : "unknown";
	const message = "No answer came that could be understood as the daemon's.";
	return new TokensmithUnavailableError(message, { cause, outcome, reason: "unusable" });
}
