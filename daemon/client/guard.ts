/**
 * Whether a request may pass: the one decision behind `requireToken` and `verifyRequest`. Fails closed: unless the daemon
 * accepts the token, there is a refusal, ready to be sent. Writes nothing to any log.
 */
import { randomUUID } from "node:crypto";
import { STATUS_CODES } from "node:http";
import type { TokensmithClient } from "./client.ts";
import { authorizationsOf, type Incoming, isFetch, remoteAddressOf } from "./incoming.ts";
import { clientOf, type Verifier, verifiedTokensOf } from "./shared-clients.ts";
import { TokensmithUnavailableError } from "./unavailable.ts";
import type { Question, VerifiedToken } from "./verification.ts";
import type { VerifiedTokens } from "./verified-tokens.ts";

/** What a request's token has to be good for, and how that is found out. */
export interface GuardOptions<Asking extends Incoming> extends Verifier {
	/** Required, as are all of `permissions` and one of `anyPermission`. */
	permission?: string;
	permissions?: readonly string[];
	anyPermission?: readonly string[];
	/** Required too: `channel/soc`, or a function of the request. */
	resource?: string | readonly string[] | ((request: Asking) => string | readonly string[]);
	/** For how long an accepted token is not verified again. A revocation takes that long to take effect. */
	cacheSeconds?: number;
	/** Receives the error when a token can't be verified. It never contains a secret. */
	onError?: (error: unknown) => void;
}

export interface Refusal {
	readonly pass: false;
	readonly status: number;
	readonly headers: Readonly<Record<string, string>>;
	/** RFC 9457. */
	readonly body: string;
}
export type Verdict = { readonly pass: true; readonly token: VerifiedToken } | Refusal;

type AddressOption<Asking> = { address?: string | ((request: Asking) => string | undefined) };

const retryAfterSeconds = 5;

export class Guard<Asking extends Incoming> {
	readonly #options: GuardOptions<Asking> & AddressOption<Asking>;
	readonly #client: TokensmithClient;
	readonly #verified: VerifiedTokens;
	readonly #permissions: readonly string[];

	/** @throws TypeError for options that can't be meant. */
	constructor(options: GuardOptions<Asking> & AddressOption<Asking>) {
		const { permission, permissions = [], anyPermission, resource, cacheSeconds = 0 } = options;
		check(options);
		this.#options = options;
		this.#permissions = permission === undefined ? permissions : [permission, ...permissions];
		checkNames("permissions", this.#permissions);
		if (anyPermission !== undefined) checkNames("anyPermission", anyPermission, "at least one");
		if (resource !== undefined && typeof resource !== "function") resourcesOf(resource);
		this.#client = clientOf(options);
		this.#verified = verifiedTokensOf(this.#client, cacheSeconds);
	}

	/** Never rejects. */
	async judge(request: Asking): Promise<Verdict> {
		try {
			const authorizations = authorizationsOf(request);
			// Another program on the way may have checked another one of several.
			if (areSeveral(authorizations)) return repeated();
			const secret = bearerOf(authorizations[0]);
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
			return refusal(problem, { "WWW-Authenticate": challenge });
		}
		this.#verified.keep(secret, question, verification.token);
		return { pass: true, token: verification.token };
	}

	#questionOf(request: Asking): Question {
		const { anyPermission, resource } = this.#options;
		const asked = typeof resource === "function" ? resource(request) : resource;
		return {
			permissions: this.#permissions,
			address: this.#addressOf(request),
			...(anyPermission !== undefined && { anyPermissions: anyPermission }),
			...(asked !== undefined && { resources: resourcesOf(asked) }),
		};
	}

	/** Without one the daemon would take the service's own address, which may be allowed more. */
	#addressOf(request: Asking): string {
		const { address: given } = this.#options;
		if (given === undefined && isFetch(request)) return "unknown";
		const address = typeof given === "function" ? given(request) : (given ?? remoteAddressOf(request));
		if (address !== undefined) return address;
		throw new TypeError("The request has no client address; set it with the option `address`.");
	}
}

const knownOptions: Record<keyof GuardOptions<Incoming> | "address" | "preflight", true> = {
	...{ permission: true, permissions: true, anyPermission: true, resource: true },
	...{ client: true, url: true, dataDir: true, start: true },
	...{ address: true, preflight: true, cacheSeconds: true, onError: true },
};

/** A requirement that is misspelled, or present but undefined, is a mistake that would let every token pass. */
function check<Asking extends Incoming>(options: GuardOptions<Asking> & AddressOption<Asking>): void {
	const unknown = Object.keys(options).find((name) => !Object.hasOwn(knownOptions, name));
	if (unknown !== undefined) {
		throw new TypeError(`${unknown} is no option; the options are ${Object.keys(knownOptions).join(", ")}.`);
	}
	for (const name of ["permission", "permissions", "anyPermission", "resource", "address"] as const) {
		if (name in options && options[name] === undefined) throw new TypeError(`${name} is undefined.`);
	}
	const { cacheSeconds = 0 } = options;
	if (typeof cacheSeconds !== "number" || !(cacheSeconds >= 0 && cacheSeconds <= 300)) {
		throw new TypeError("cacheSeconds must be a number from 0 to 300.");
	}
}

function checkNames(
	what: string,
	names: readonly string[],
	least: "any number" | "at least one" = "any number",
) {
	if (!Array.isArray(names)) throw new TypeError(`${what} must be a list of names.`);
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

/** No token has a comma in it (RFC 6750 section 2.1), so one beside `Bearer` joins two headers. */
function areSeveral(authorizations: readonly string[]): boolean {
	if (authorizations.length > 1) return true;
	const [only = ""] = authorizations;
	return only.includes(",") && /(?:^|[\s,])bearer\s/i.test(only);
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
	return refusal(problem, { "WWW-Authenticate": 'Bearer realm="tokensmith"' });
}

function repeated(): Refusal {
	return refusal(problemOf(400, "invalid-request", "Send one Authorization header."));
}

function unavailable(): Refusal {
	const detail = "Tokens can't be checked at the moment. Nothing was done; try again.";
	const headers = { "Retry-After": String(retryAfterSeconds) };
	return refusal(problemOf(503, "verification-unavailable", detail), headers);
}

function broken(): Refusal {
	const detail = "This service could not check the token. Nothing was done; its operator has to fix that.";
	return refusal(problemOf(500, "verification-failed", detail));
}

function problemOf(status: number, code: string, detail: string) {
	const title = STATUS_CODES[status] ?? "Error";
	return { type: "about:blank", title, status, code, detail, instance: `urn:uuid:${randomUUID()}` };
}

function refusal(problem: { readonly status: number }, headers: Record<string, string> = {}): Refusal {
	return {
		pass: false,
		status: problem.status,
		headers: { "Content-Type": "application/problem+json", "Cache-Control": "no-store", ...headers },
		body: JSON.stringify(problem),
	};
}
