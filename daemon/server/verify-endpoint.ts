/**
 * `/v1/verify` on plain `node:http`: Express would cost four fifths of the speed. It reads the request and writes an
 * answer that is prepared once per token; the one verify function decides. Requests that arrive together are answered
 * together: the first answer wakes the client, and waking it again for each of the others costs more than verifying.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import QuickLRU from "quick-lru";
import type { VerifyAnswer, VerifyQuery } from "../contract.ts";
import { problemStatus, staleHeader } from "../facts.ts";
import type { Authority } from "../rules/authority.ts";
import { refusalCodes, refusalDetail } from "../rules/callers.ts";
import { type MaybeLoaded, nothingAsked, type Refusal, type Verification } from "../rules/verify.ts";
import type { VerifiableToken } from "../store/store.ts";
import type { AddressOf } from "./client-address.ts";
import { bearerOf, challenge, credentialsOf } from "./credentials.ts";
import { rawGuardHeaders } from "./guard-headers.ts";
import { recognize } from "./peers.ts";
import { problemOf, sendProblem } from "./problem.ts";
import type { StrangerLimit } from "./strangers.ts";
import { tokenHeaders } from "./token-headers.ts";

/** At least so many of the answers used last stay in memory. */
const preparedAnswers = 5000;
/** The same for the queries, except for long ones, which no service repeats. */
const parsedQueries = 500;
const longestKeptUrl = 512;
/** No token holds more permissions or resources. */
const namesPerQuery = 200;

interface PreparedAnswer {
	headers: string[];
	body: string;
}

export class VerifyEndpoint {
	readonly #authority: Authority;
	readonly #addressOf: AddressOf;
	readonly #strangers: StrangerLimit | undefined;
	/** By token object: another version of a token is another object. */
	readonly #answers = new QuickLRU<VerifiableToken, PreparedAnswer>({ maxSize: preparedAnswers });
	/** Sent once all requests that have arrived are read. */
	#ready: { response: ServerResponse; answer: PreparedAnswer }[] = [];
	/** Parsed queries by URL: services repeat the same few. */
	readonly #queries = new QuickLRU<string, VerifyQuery>({ maxSize: parsedQueries });

	/** The number of answers by outcome: `valid`, or the reason for the refusal. */
	readonly outcomes = new Map<string, number>();

	constructor(authority: Authority, addressOf: AddressOf, strangers?: StrangerLimit) {
		this.#authority = authority;
		this.#addressOf = addressOf;
		this.#strangers = strangers;
	}

	/** Whether the URL is this endpoint's. */
	static serves(url: string): boolean {
		return url.startsWith("/v1/verify") && (url.length === 10 || url.charCodeAt(10) === 0x3f);
	}

	/** Whether a request has the secret of a token that is remembered and works. */
	recognizes(request: IncomingMessage): boolean {
		const { secret, address } = credentialsOf(request, this.#addressOf);
		return secret !== undefined && this.#authority.access.remembers(secret, address);
	}

	/** @returns a promise when the token has to be loaded first. */
	handle(request: IncomingMessage, response: ServerResponse): MaybeLoaded<void> {
		if (request.method !== "GET" && request.method !== "POST" && request.method !== "HEAD") {
			return sendProblem(
				response,
				problemOf("method-not-allowed", "This path supports GET, HEAD and POST."),
				{
					Allow: "GET, HEAD, POST",
				},
			);
		}
		const query = this.#queryOf(request.url ?? "");
		if (query === undefined) {
			const detail = `The query may hold permission, anyPermission and resource, each up to ${namesPerQuery} times, and none of them empty.`;
			return sendProblem(response, problemOf("invalid-request", detail));
		}
		const secret = bearerOf(authorizationOf(request.rawHeaders));
		if (secret === undefined) return sendMissing(response);
		const address = this.#addressOf(request);
		const verification = this.#authority.access.verify(secret, address, query);
		if (!(verification instanceof Promise)) return this.#answer(response, verification, address);
		return verification.then((loaded) => this.#answer(response, loaded, address));
	}

	#answer(response: ServerResponse, verification: Verification, address: string): void {
		if (isAuthenticated(verification)) this.#strangers?.know(address);
		this.#count(verification.valid ? "valid" : verification.reason);
		if (verification.staleSeconds !== undefined)
			response.setHeader(staleHeader, String(verification.staleSeconds));
		if (!verification.valid) return sendRefusal(response, verification);
		recognize(response.req, verification.token.id);
		const answer = this.#answerFor(verification.token);
		if (this.#ready.push({ response, answer }) === 1) setImmediate(() => this.#send());
	}

	#send(): void {
		const ready = this.#ready;
		this.#ready = [];
		for (const { response, answer } of ready) {
			response.writeHead(200, answer.headers);
			// A string body is written together with the head.
			response.end(answer.body);
		}
	}

	#count(outcome: string): void {
		this.outcomes.set(outcome, (this.outcomes.get(outcome) ?? 0) + 1);
	}

	#answerFor(token: VerifiableToken): PreparedAnswer {
		let answer = this.#answers.get(token);
		if (answer === undefined) {
			answer = prepare(token);
			this.#answers.set(token, answer);
		}
		return answer;
	}

	#queryOf(url: string): VerifyQuery | undefined {
		if (url.length <= 11) return nothingAsked;
		const known = this.#queries.get(url);
		if (known !== undefined) return known;
		const query = parseQuery(url.slice(11));
		// A client with many different or long queries must not fill the memory.
		if (query !== undefined && url.length <= longestKeptUrl) this.#queries.set(url, query);
		return query;
	}
}

const parameters = ["permission", "anyPermission", "resource"];

/** The first Authorization header, as in `headers`, which would parse all the others too. */
function authorizationOf(rawHeaders: readonly string[]): string | undefined {
	for (let at = 0; at < rawHeaders.length; at += 2) {
		const name = rawHeaders[at];
		if (name?.length === 13 && name.toLowerCase() === "authorization") return rawHeaders[at + 1];
	}
	return undefined;
}

function parseQuery(text: string): VerifyQuery | undefined {
	const query = new URLSearchParams(text);
	for (const [name, value] of query) if (!parameters.includes(name) || value === "") return undefined;
	const [permissions = [], anyPermissions = [], resources = []] = parameters.map((name) =>
		query.getAll(name),
	);
	const longest = Math.max(permissions.length, anyPermissions.length, resources.length);
	return longest > namesPerQuery ? undefined : { permissions, anyPermissions, resources };
}

function prepare(token: VerifiableToken): PreparedAnswer {
	const { id, name, userId, permissions, resources, defaultSource, expiry } = token;
	const status = token.retiresDate === null ? "active" : "retiring";
	const answer: VerifyAnswer = {
		valid: true,
		token: { id, name, userId, permissions, resources, defaultSource, expiry, status },
	};
	const body = JSON.stringify(answer);
	const headers = [
		...["Content-Type", "application/json", "Content-Length", String(Buffer.byteLength(body))],
		...[...rawGuardHeaders, "Cache-Control", "no-store"],
		// An invalid header fails this request here; when written, it would also fail the answers that are sent with it.
		...tokenHeaders(token),
	];
	return { headers, body };
}

/** Whether the secret is that of a token which works, whatever it may do. */
function isAuthenticated(verification: Verification): boolean {
	return verification.valid || problemStatus[refusalCodes[verification.reason]] !== 401;
}

function sendMissing(response: ServerResponse): void {
	const detail = "Send the header 'Authorization: Bearer <token>'.";
	// RFC 6750 section 3.1: no error code for a request without credentials.
	sendProblem(response, problemOf("credentials-missing", detail), { "WWW-Authenticate": challenge() });
}

function sendRefusal(response: ServerResponse, refusal: Refusal): void {
	const { reason, missing = [] } = refusal;
	const detail = refusalDetail(refusal);
	const scope = reason === "permission" ? { scope: missing.join(" ") } : {};
	const error = reason === "permission" || reason === "resource" ? "insufficient_scope" : "invalid_token";
	sendProblem(
		response,
		problemOf(refusalCodes[reason], detail, { reason, ...(missing.length > 0 && { missing: [...missing] }) }),
		{
			"WWW-Authenticate": challenge({ error, error_description: detail, ...scope }),
		},
	);
}
