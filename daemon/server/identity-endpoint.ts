/**
 * `/v1/identity` on plain `node:http`, since it comes before a service's first verification. It confirms the identity that
 * the request names, and tells it to no other caller: a web page could recognize the machine by it.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { addressOf, type Identity, isIdentity } from "../rules/identity.ts";
import { problemOf, sendProblem } from "./problem.ts";

const path = "/v1/identity";

export class IdentityEndpoint {
	readonly #identity: Identity;

	constructor(identity: Identity) {
		this.#identity = identity;
	}

	/** Whether the URL is this endpoint's. */
	static serves(url: string): boolean {
		return url.startsWith(path) && (url.length === path.length || url[path.length] === "?");
	}

	handle(request: IncomingMessage, response: ServerResponse): void {
		if (request.method !== "GET" && request.method !== "HEAD") {
			const problem = problemOf("method-not-allowed", "This path supports GET and HEAD.");
			return sendProblem(response, problem, { Allow: "GET, HEAD" });
		}
		const asked = askedIn(request.url ?? "");
		if (asked === undefined) {
			const detail = "The query must hold an identity, and a challenge of 64 lowercase hexadecimal digits.";
			return sendProblem(response, problemOf("invalid-request", detail));
		}
		if (asked.identity !== this.#identity.name) {
			const detail = "This daemon has another identity. Copy its address for services again.";
			return sendProblem(response, problemOf("not-found", detail));
		}
		this.#prove(asked.challenge, request, response);
	}

	#prove(challenge: string, { socket }: IncomingMessage, response: ServerResponse): void {
		const address = addressOf(socket.localAddress, socket.localPort);
		const body = JSON.stringify({ proof: this.#identity.prove(challenge, address), address });
		response.writeHead(200, {
			"Content-Type": "application/json",
			"Content-Length": Buffer.byteLength(body),
			"Cache-Control": "no-store",
		});
		response.end(body);
	}
}

/** The parameters, if they are those of the contract's `identityQuery`. */
function askedIn(url: string): { identity: string; challenge: string } | undefined {
	const query = new URLSearchParams(url.slice(path.length));
	const identity = query.get("identity") ?? "";
	const challenge = query.get("challenge") ?? "";
	return query.size === 2 && isIdentity(identity) && /^[0-9a-f]{64}$/.test(challenge)
		? { identity, challenge }
		: undefined;
}
