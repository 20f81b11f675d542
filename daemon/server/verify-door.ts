/**
 * `/v1/verify` on plain `node:http`, in front of Express, which would cost four fifths of the speed. It only reads the
 * request and writes an answer that was prepared once per token; the verdict is the one verify function's. What came
 * together is answered together: a client that was woken by the first answer is still awake for the others, and to wake
 * it is dearer than to verify.
 */
import { type IncomingMessage, type ServerResponse, validateHeaderValue } from "node:http";
import type { VerifyAnswer, VerifyQuery } from "../contract.ts";
import type { Authority } from "../rules/authority.ts";
import { refusalCodes, refusalDetail } from "../rules/callers.ts";
import { nothingAsked, type Refusal } from "../rules/verify.ts";
import type { Token } from "../store/tokens.ts";
import type { AddressOf } from "./client-address.ts";
import { bearerOf, challenge } from "./credentials.ts";
import { problemOf, sendProblem } from "./problem.ts";

interface PreparedAnswer {
	headers: string[];
	body: string;
}

export class VerifyDoor {
	readonly #authority: Authority;
	readonly #addressOf: AddressOf;
	readonly #answers = new WeakMap<Token, PreparedAnswer>();
	/** Until all that has come is read. */
	#ready: { response: ServerResponse; answer: PreparedAnswer }[] = [];
	/** Services ask the same few questions. */
	readonly #queries = new Map<string, VerifyQuery>();

	/** How many requests were answered, by the reason of a refusal or `valid`. */
	readonly outcomes = new Map<string, number>();

	constructor(authority: Authority, addressOf: AddressOf) {
		this.#authority = authority;
		this.#addressOf = addressOf;
	}

	/** Whether the request is for this door. */
	static serves(url: string): boolean {
		return url.startsWith("/v1/verify") && (url.length === 10 || url.charCodeAt(10) === 0x3f);
	}

	handle(request: IncomingMessage, response: ServerResponse): void {
		if (request.method !== "GET" && request.method !== "POST" && request.method !== "HEAD") {
			return sendProblem(response, problemOf("method-not-allowed", "This path takes GET, HEAD or POST."), {
				Allow: "GET, HEAD, POST",
			});
		}
		const query = this.#queryOf(request.url ?? "");
		if (query === undefined) {
			const detail =
				"Ask with ?permission=…, ?anyPermission=… and ?resource=…, each as often as needed; nothing else is known here.";
			return sendProblem(response, problemOf("invalid-request", detail));
		}
		const secret = bearerOf(authorizationOf(request.rawHeaders));
		if (secret === undefined) return sendMissing(response);
		const verification = this.#authority.verify(secret, this.#addressOf(request), query);
		this.#count(verification.valid ? "valid" : verification.reason);
		if (!verification.valid) return sendRefusal(response, verification);
		const answer = this.#answerFor(verification.token);
		if (this.#ready.push({ response, answer }) === 1) setImmediate(() => this.#send());
	}

	#send(): void {
		const ready = this.#ready;
		this.#ready = [];
		for (const { response, answer } of ready) {
			response.writeHead(200, answer.headers);
			// As text, it goes out in one write with the head.
			response.end(answer.body);
		}
	}

	#count(outcome: string): void {
		this.outcomes.set(outcome, (this.outcomes.get(outcome) ?? 0) + 1);
	}

	#answerFor(token: Token): PreparedAnswer {
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
		// A stranger with many questions must not fill the memory.
		if (this.#queries.size >= 1000) this.#queries.clear();
		const query = parseQuery(url.slice(11));
		if (query !== undefined) this.#queries.set(url, query);
		return query;
	}
}

const asked = new Set(["permission", "anyPermission", "resource"]);

/** The first of them, as `headers` would answer, without reading all the others. */
function authorizationOf(rawHeaders: readonly string[]): string | undefined {
	for (let at = 0; at < rawHeaders.length; at += 2) {
		const name = rawHeaders[at];
		if (name?.length === 13 && name.toLowerCase() === "authorization") return rawHeaders[at + 1];
	}
	return undefined;
}

function parseQuery(text: string): VerifyQuery | undefined {
	const query = new URLSearchParams(text);
	for (const [name, value] of query) if (!asked.has(name) || value === "") return undefined;
	return {
		permissions: query.getAll("permission"),
		anyPermissions: query.getAll("anyPermission"),
		resources: query.getAll("resource"),
	};
}

function prepare(token: Token): PreparedAnswer {
	const { id, name, userId, permissions, resources, defaultSource, expiry } = token;
	const status = token.retiresDate === null ? "active" : "retiring";
	const answer: VerifyAnswer = {
		valid: true,
		token: { id, name, userId, permissions, resources, defaultSource, expiry, status },
	};
	const body = JSON.stringify(answer);
	const headers = [
		["Content-Type", "application/json"],
		["Content-Length", String(Buffer.byteLength(body))],
		["Cache-Control", "no-store"],
		["X-Token-Id", id],
		["X-Token-Name", headerText(name)],
		["X-Token-User-Id", userId],
		["X-Token-User-Name", headerText(token.userName)],
		["X-Token-Permissions", permissions.join(" ")],
		["X-Token-Resources", resources.join(" ")],
		...(defaultSource === null ? [] : [["X-Token-Default-Source", headerText(defaultSource)]]),
		...(expiry === null ? [] : [["X-Token-Expiry", expiry]]),
	];
	// What can't stand in a header is this request's own failure here, and would be that of all others once it is written.
	for (const [header = "", value = ""] of headers) validateHeaderValue(header, value);
	return { headers: headers.flat(), body };
}

/** A header holds printable ASCII; the rest, and the percent sign, is percent-encoded UTF-8. */
function headerText(text: string): string {
	return text.toWellFormed().replace(/[^\x20-\x24\x26-\x7E]+/gu, encodeURIComponent);
}

function sendMissing(response: ServerResponse): void {
	const detail = "Send the header 'Authorization: Bearer <token>'.";
	// RFC 6750 section 3.1: a request without credentials is told no error code.
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
