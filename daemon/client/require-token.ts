/**
 * The middleware that lets a request pass only with a good token, for Express and for plain `node:http`. Fails closed:
 * unless the daemon accepts the token, the handler is never called. Writes nothing to any log.
 */
import { randomUUID } from "node:crypto";
import { type IncomingMessage, type ServerResponse, STATUS_CODES } from "node:http";
import {
	createTokensmithClient,
	type Question,
	type TokensmithClient,
	type VerifiedToken,
} from "./client.ts";
import { TokensmithUnavailableError } from "./unavailable.ts";
import { VerifiedTokens } from "./verified-tokens.ts";

declare global {
	namespace Express {
		interface Request {
			/** The token that `requireToken` let pass. */
			token?: VerifiedToken | undefined;
		}
	}
}

/** What the middleware reads from a request and puts on it. */
export type GuardedRequest = IncomingMessage & {
	token?: VerifiedToken | undefined;
	/** Express knows which proxies the service trusts. */
	ip?: string | undefined;
};

export interface RequireTokenOptions<Request extends IncomingMessage = IncomingMessage> {
	/** Required, as are all of `permissions` and one of `anyPermission`. */
	permission?: string;
	permissions?: readonly string[];
	anyPermission?: readonly string[];
	/** Required too: `channel/soc`, or a function of the request. */
	resource?: string | readonly string[] | ((request: Request) => string | readonly string[]);
	/**
	 * The verifier: a client, or the daemon with this data directory or at this address, which holds its identity:
	 * `http://tki-…@127.0.0.1:47600`. By default TOKENSMITH_DATA_DIR or TOKENSMITH_URL of the environment, else the daemon of
	 * this user.
	 */
	client?: TokensmithClient | undefined;
	url?: string | undefined;
	dataDir?: string | undefined;
	/** For how long an accepted token is not verified again. A revocation takes that long to take effect. */
	cacheSeconds?: number;
	/** The caller's address; by default Express's `request.ip`, else the socket's. */
	address?: (request: Request) => string | undefined;
	/** Receives the error when a token can't be verified. It never contains a secret. */
	onError?: (error: unknown) => void;
}

/**
 * Calls `next`, without arguments, if the token is valid; else answers the request itself: with the daemon's 401 or 403,
 * 503 when the daemon can't be reached, 500 when the options are wrong. Resolves when `next` does, or when answered.
 */
export type TokenMiddleware<Request extends IncomingMessage = IncomingMessage> = (
	request: Request,
	response: ServerResponse,
	next: () => unknown,
) => Promise<void>;

/** @throws TypeError for options that can't be meant, for example a permission that is undefined, or a daemon without identity. */
export function requireToken<Request extends IncomingMessage = IncomingMessage>(
	options: RequireTokenOptions<Request> = {},
): TokenMiddleware<Request> {
	const guard = new Guard(options);
	return async (request, response, next) => {
		const verdict = await guard.judge(request);
		if (verdict.pass) {
			(request as GuardedRequest).token = verdict.token;
			await next();
		} else {
			send(response, verdict);
		}
	};
}

/** The token that `requireToken` let pass. @throws Error where it has not run, so that no token was checked. */
export function tokenOf(request: IncomingMessage): VerifiedToken {
	const { token } = request as GuardedRequest;
	if (token === undefined) throw new Error("requireToken has not let this request pass.");
	return token;
}

interface Refusal {
	readonly pass: false;
	/** RFC 9457. */
	readonly problem: { status: number; detail: string };
	readonly headers: Record<string, string>;
}
type Verdict = { readonly pass: true; readonly token: VerifiedToken } | Refusal;

const retryAfterSeconds = 5;

class Guard<Request extends IncomingMessage> {
	readonly #options: RequireTokenOptions<Request>;
	readonly #client: TokensmithClient;
	readonly #verified: VerifiedTokens;
	readonly #permissions: readonly string[];

	constructor(options: RequireTokenOptions<Request>) {
		const { permission, permissions = [], anyPermission, resource, cacheSeconds = 0 } = options;
		check(options);
		this.#options = options;
		this.#client = clientOf(options);
		this.#verified = new VerifiedTokens(cacheSeconds);
		this.#permissions = permission === undefined ? permissions : [permission, ...permissions];
		checkNames("permissions", this.#permissions);
		if (anyPermission !== undefined) checkNames("anyPermission", anyPermission, "at least one");
		if (resource !== undefined && typeof resource !== "function") resourcesOf(resource);
	}

	/** Never rejects. */
	async judge(request: Request): Promise<Verdict> {
		try {
			// Another program on the way may have checked another one of several.
			if (authorizationsOf(request) > 1) return repeated();
			const secret = bearerOf(request.headers.authorization);
			if (secret === undefined) return missing();
			return await this.#verify(secret, this.#questionOf(request));
		} catch (error) {
			this.#options.onError?.(error);
			return error instanceof TokensmithUnavailableError ? unavailable() : broken();
		}
	}

	async #verify(secret: string, question: Question): Promise<Verdict> {
		const known = this.#verified.get(secret, question);
		if (known !== undefined) return { pass: true, token: known };
		const verification = await this.#client.verify(secret, question);
		if (!verification.valid) {
			const { problem, challenge } = verification;
			return { pass: false, problem, headers: { "WWW-Authenticate": challenge } };
		}
		this.#verified.keep(secret, question, verification.token);
		return { pass: true, token: verification.token };
	}

	#questionOf(request: Request): Question {
		const { anyPermission, resource, address: addressOf = remoteAddress } = this.#options;
		const address = addressOf(request);
		// Without one the daemon would take the service's own address, which may be allowed more.
		if (address === undefined) {
			throw new TypeError("The request has no client address; set it with the option `address`.");
		}
		const asked = typeof resource === "function" ? resource(request) : resource;
		return {
			permissions: this.#permissions,
			address,
			...(anyPermission !== undefined && { anyPermissions: anyPermission }),
			...(asked !== undefined && { resources: resourcesOf(asked) }),
		};
	}
}

/** A requirement that is present but undefined is a mistake that would let every token pass. */
function check<Request extends IncomingMessage>(options: RequireTokenOptions<Request>): void {
	for (const name of ["permission", "permissions", "anyPermission", "resource"] as const) {
		if (name in options && options[name] === undefined) throw new TypeError(`${name} is undefined.`);
	}
	const { cacheSeconds = 0 } = options;
	if (!(cacheSeconds >= 0 && cacheSeconds <= 300)) {
		throw new TypeError("cacheSeconds must be a number from 0 to 300.");
	}
}

function checkNames(
	what: string,
	names: readonly string[],
	least: "any number" | "at least one" = "any number",
) {
	if (least === "at least one" && names.length === 0) throw new TypeError(`${what} names none.`);
	if (names.some((name) => typeof name !== "string" || name === "")) {
		throw new TypeError(`${what} must be names that are not empty.`);
	}
}

function resourcesOf(asked: string | readonly string[]): readonly string[] {
	const resources = typeof asked === "string" ? [asked] : asked;
	checkNames("resource", resources, "at least one");
	return resources;
}

function clientOf<Request extends IncomingMessage>(options: RequireTokenOptions<Request>): TokensmithClient {
	const { client, dataDir, url } = options;
	if (client !== undefined) return client;
	if (dataDir !== undefined) return createTokensmithClient({ dataDir });
	if (url !== undefined) return createTokensmithClient({ url });
	return createTokensmithClient();
}

function remoteAddress(request: GuardedRequest): string | undefined {
	return request.ip ?? request.socket.remoteAddress;
}

/** How many there are: `headers` has the first only. */
function authorizationsOf({ rawHeaders }: IncomingMessage): number {
	return rawHeaders.filter((text, at) => at % 2 === 0 && text.toLowerCase() === "authorization").length;
}

/** RFC 6750 section 2.1; secrets in a URL or a form are ignored. */
function bearerOf(header: string | undefined): string | undefined {
	if (header === undefined || !/^bearer /i.test(header)) return undefined;
	return header.slice("bearer ".length).trim() || undefined;
}

function missing(): Refusal {
	const detail = "Send the header 'Authorization: Bearer <token>'.";
	const problem = problemOf(401, "credentials-missing", detail);
	// RFC 6750 section 3.1: the challenge to a request without credentials has no error code.
	return { pass: false, problem, headers: { "WWW-Authenticate": 'Bearer realm="tokensmith"' } };
}

function repeated(): Refusal {
	return {
		pass: false,
		problem: problemOf(400, "invalid-request", "Send one Authorization header."),
		headers: {},
	};
}

function unavailable(): Refusal {
	const detail = "Tokens can't be checked at the moment. Nothing was done; try again.";
	const headers = { "Retry-After": String(retryAfterSeconds) };
	return { pass: false, problem: problemOf(503, "verification-unavailable", detail), headers };
}

function broken(): Refusal {
	const detail = "This service could not check the token. Nothing was done; its operator has to fix that.";
	return { pass: false, problem: problemOf(500, "verification-failed", detail), headers: {} };
}

function problemOf(status: number, code: string, detail: string) {
	const title = STATUS_CODES[status] ?? "Error";
	return { type: "about:blank", title, status, code, detail, instance: `urn:uuid:${randomUUID()}` };
}

function send(response: ServerResponse, { problem, headers }: Refusal): void {
	const body = Buffer.from(JSON.stringify(problem));
	response.statusCode = problem.status;
	response.setHeader("Content-Type", "application/problem+json");
	response.setHeader("Content-Length", body.length);
	response.setHeader("Cache-Control", "no-store");
	for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
	response.end(body);
}
