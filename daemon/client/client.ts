/**
 * The typed client of the daemon's API, for services and scripts. Checking a token has three outcomes, never two: it is
 * good, it is not, or nobody knows because the daemon gave no usable answer; only the last one throws.
 */
import { randomUUID } from "node:crypto";
import { isIP } from "node:net";
import type {
	CreatedToken,
	CreateTokenInput,
	ListTokensQuery,
	Problem,
	RefusalReason,
	RegisterTokenInput,
	RotatedToken,
	RotateTokenRequest,
	TokenList,
	TokenRecord,
	UndoneRotation,
	UpdateTokenRequest,
	VerifyAnswer,
} from "../contract.ts";
import { hashOf, partialTokenOf } from "../rules/secret.ts";
import { endpointFrom, fixedEndpoint } from "./endpoint.ts";
import {
	type Answer,
	type Asked,
	exchange,
	isSendable,
	type Line,
	TokensmithProblemError,
	TokensmithUnavailableError,
} from "./exchange.ts";

interface CallOptions {
	/** For one answer of the daemon; unless told otherwise 2000 to `verify`, 10000 for all else. */
	timeoutMilliseconds?: number | undefined;
	/** Instead of the global one. */
	fetch?: typeof globalThis.fetch | undefined;
}

/**
 * Either `url`, the daemon's address, or `dataDir`, its data directory: then the daemon is found wherever it listens,
 * has to prove itself before each request, and takes this client for its owner.
 */
export type TokensmithClientOptions = CallOptions &
	(
		| {
				url: string;
				/** The secret of the token that this client acts with. `verify` needs none. */
				token?: string | undefined;
				/** Instead of `token`, to act as the owner; the daemon then has to prove itself. */
				ownerKey?: string | undefined;
				dataDir?: undefined;
		  }
		| { dataDir: string; token?: string | undefined; url?: undefined; ownerKey?: undefined }
	);

/** What a token is asked to be good for. Left out: nothing in particular. */
export interface Question {
	/** All are needed. */
	permissions?: readonly string[] | undefined;
	/** One of them is needed. */
	anyPermissions?: readonly string[] | undefined;
	/** All are needed. */
	resources?: readonly string[] | undefined;
	/** The address of whoever presents the token; counts when the daemon was started with `--trusted-proxy` and this machine's address. */
	address?: string | undefined;
}

export type VerifiedToken = VerifyAnswer["token"];

export type Verification =
	| { readonly valid: true; readonly token: VerifiedToken }
	| {
			readonly valid: false;
			readonly reason: RefusalReason;
			/** The permissions that the token lacks, where that is the reason. */
			readonly missing?: readonly string[];
			/** What the daemon said, and the `WWW-Authenticate` header that it said it with: to be handed on. */
			readonly problem: Problem;
			readonly challenge: string;
	  };

export type TokenFilter = Partial<Omit<ListTokensQuery, "limit" | "cursor">>;

/** What is to be recorded of a token, besides what follows from its secret. */
export type RegisterInput = Omit<RegisterTokenInput, "hash" | "partialToken">;

/** All but `verify` throw `TokensmithProblemError` when the daemon says no. All throw `TokensmithUnavailableError`. */
export interface TokensmithClient {
	/** Is this secret good, for this? Throws only when that can't be known. */
	verify(secret: string, question?: Question): Promise<Verification>;
	/** The answer is the only one that ever holds the secret. */
	create(input: CreateTokenInput): Promise<CreatedToken>;
	/** All that fit, of every status unless one is asked for. */
	list(filter?: TokenFilter): Promise<TokenRecord[]>;
	get(id: string): Promise<TokenRecord>;
	/** `version`: that of the record that the changes were decided on; refused when it has changed since. */
	update(id: string, version: number, changes: UpdateTokenRequest): Promise<TokenRecord>;
	/** A successor with the same settings; the predecessor works for `overlapSeconds` more. */
	rotate(id: string, request: RotateTokenRequest): Promise<RotatedToken>;
	/** Puts a rotated token back, while it is in its overlap, and revokes its successor. */
	undoRotation(id: string): Promise<UndoneRotation>;
	/** Only the successor works then. */
	endOverlap(id: string): Promise<TokenRecord>;
	/** For good, and at once. `self`: yes, also when it is the very token that this client acts with. */
	revoke(
		id: string,
		options?: { reason?: string | undefined; self?: true | undefined },
	): Promise<TokenRecord>;
	disable(id: string): Promise<TokenRecord>;
	enable(id: string): Promise<TokenRecord>;
	/** Whose secrets these are, in their order; only their hashes are sent. */
	identify(secrets: readonly string[]): Promise<(TokenRecord | undefined)[]>;
	/** Records another system's token; of its secret only the hash and the ends are sent. */
	register(secret: string, input: RegisterInput): Promise<TokenRecord>;
	/** The record of the token that this client acts with. */
	whoami(): Promise<TokenRecord>;
}

/** @throws TypeError for options that can't be meant. */
export function createTokensmithClient(options: TokensmithClientOptions): TokensmithClient {
	if (options.token !== undefined && !isSendable(options.token)) {
		throw new TypeError("The token holds characters that no secret has. Is there a line break at its end?");
	}
	const endpoint =
		options.dataDir === undefined
			? fixedEndpoint(options.url, options.ownerKey)
			: endpointFrom(options.dataDir);
	const { fetch = globalThis.fetch, timeoutMilliseconds } = options;
	return new HttpClient({
		verifying: { endpoint, fetch, timeoutMilliseconds: timeoutMilliseconds ?? 2000 },
		managing: { endpoint, fetch, timeoutMilliseconds: timeoutMilliseconds ?? 10_000 },
		token: options.token,
	});
}

const pageSize = "1000";
/** So many hashes stay well under the 64 KiB that a body may have. */
const hashesPerRequest = 500;

class HttpClient implements TokensmithClient {
	readonly #parts: { verifying: Line; managing: Line; token: string | undefined };

	constructor(parts: { verifying: Line; managing: Line; token: string | undefined }) {
		this.#parts = parts;
	}

	async verify(secret: string, question: Question = {}): Promise<Verification> {
		const path = `/v1/verify${queryOf(question)}`;
		const headers = headersOf(question);
		if (!isSendable(secret)) return malformed();
		return verificationOf(
			await exchange(this.#parts.verifying, { method: "GET", path, bearer: secret, headers }),
		);
	}

	create(input: CreateTokenInput): Promise<CreatedToken> {
		return this.#ask({ method: "POST", path: "/v1/api-tokens", body: input });
	}

	async list(filter: TokenFilter = {}): Promise<TokenRecord[]> {
		const asked = Object.entries(filter).filter((entry): entry is [string, string] => entry[1] !== undefined);
		const tokens: TokenRecord[] = [];
		let cursor: string | null = null;
		do {
			const query = new URLSearchParams([...asked, ["limit", pageSize]]);
			if (cursor !== null) query.set("cursor", cursor);
			const page: TokenList = await this.#ask({ method: "GET", path: `/v1/api-tokens?${query}` });
			tokens.push(...page.tokens);
			cursor = page.nextCursor;
		} while (cursor !== null);
		return tokens;
	}

	get(id: string): Promise<TokenRecord> {
		return this.#ask({ method: "GET", path: pathOf(id) });
	}

	update(id: string, version: number, changes: UpdateTokenRequest): Promise<TokenRecord> {
		const headers = { "if-match": `"${version}"` };
		return this.#ask({ method: "PATCH", path: pathOf(id), headers, body: changes });
	}

	rotate(id: string, request: RotateTokenRequest): Promise<RotatedToken> {
		return this.#ask({ method: "POST", path: `${pathOf(id)}/rotate`, body: request });
	}

	undoRotation(id: string): Promise<UndoneRotation> {
		return this.#ask({ method: "POST", path: `${pathOf(id)}/undo-rotation` });
	}

	endOverlap(id: string): Promise<TokenRecord> {
		return this.#ask({ method: "POST", path: `${pathOf(id)}/end-overlap` });
	}

	revoke(
		id: string,
		options: { reason?: string | undefined; self?: true | undefined } = {},
	): Promise<TokenRecord> {
		const query = new URLSearchParams();
		if (options.reason !== undefined) query.set("reason", options.reason);
		if (options.self !== undefined) query.set("self", "true");
		return this.#ask({ method: "DELETE", path: `${pathOf(id)}${query.size > 0 ? `?${query}` : ""}` });
	}

	disable(id: string): Promise<TokenRecord> {
		return this.#ask({ method: "POST", path: `${pathOf(id)}/disable` });
	}

	enable(id: string): Promise<TokenRecord> {
		return this.#ask({ method: "POST", path: `${pathOf(id)}/enable` });
	}

	async identify(secrets: readonly string[]): Promise<(TokenRecord | undefined)[]> {
		const asked = secrets.map((secret) => hashOf(secret));
		const distinct = [...new Set(asked)];
		const found = new Map<string, TokenRecord>();
		for (let start = 0; start < distinct.length; start += hashesPerRequest) {
			const body = { hashes: distinct.slice(start, start + hashesPerRequest) };
			const path = "/v1/api-tokens/identify";
			const answer: { tokens: Record<string, TokenRecord> } = await this.#ask({ method: "POST", path, body });
			for (const [hash, token] of Object.entries(answer.tokens)) found.set(hash, token);
		}
		return asked.map((hash) => found.get(hash));
	}

	register(secret: string, input: RegisterInput): Promise<TokenRecord> {
		const body = { ...input, hash: hashOf(secret), partialToken: hintOf(secret) };
		return this.#ask({ method: "POST", path: "/v1/api-tokens/register", body });
	}

	whoami(): Promise<TokenRecord> {
		return this.get("current");
	}

	async #ask<Body>(asked: Omit<Asked, "bearer">): Promise<Body> {
		const { managing, token } = this.#parts;
		const { body, problem } = await exchange(managing, { ...asked, bearer: token });
		if (problem !== undefined) throw new TokensmithProblemError(problem);
		return body as Body;
	}
}

/** Eight characters of a short secret would be too much of it, and others than these are not for a label. */
function hintOf(secret: string): string {
	const partial = partialTokenOf(secret);
	return secret.length >= 16 && /^[\x21-\x7E]{4}…[\x21-\x7E]{4}$/.test(partial) ? partial : "…";
}

function pathOf(id: string): string {
	return `/v1/api-tokens/${encodeURIComponent(id)}`;
}

function queryOf({ permissions = [], anyPermissions, resources = [] }: Question): string {
	if (anyPermissions?.length === 0) {
		throw new TypeError(
			"anyPermissions must name at least one permission: without any, every token would do.",
		);
	}
	const query = new URLSearchParams();
	for (const permission of permissions) query.append("permission", permission);
	for (const permission of anyPermissions ?? []) query.append("anyPermission", permission);
	for (const resource of resources) query.append("resource", resource);
	return query.size > 0 ? `?${query}` : "";
}

/** A list of addresses would be taken for a chain of proxies. */
function headersOf({ address }: Question): Record<string, string> {
	if (address === undefined) return {};
	if (isIP(address) === 0) throw new TypeError("address must be one IP address.");
	return { "x-forwarded-for": address };
}

/** @throws TokensmithProblemError when the question itself was wrong. */
function verificationOf({ body, problem, challenge = "" }: Answer): Verification {
	if (problem === undefined) {
		const { valid, token } = (body ?? {}) as Partial<VerifyAnswer>;
		if (valid === true && typeof token?.id === "string") return { valid, token };
		throw notSaid(new Error("The answer has no token."));
	}
	if (problem.status === 400) throw new TokensmithProblemError(problem);
	// Somebody else between here and the daemon may say 401 or 403; a refusal names its reason.
	if (problem.reason === undefined) throw notSaid(new TokensmithProblemError(problem));
	const { reason, missing } = problem;
	return { valid: false, reason, ...(missing !== undefined && { missing }), problem, challenge };
}

function notSaid(cause: Error): TokensmithUnavailableError {
	const message = "The daemon did not say whether the token is good.";
	return new TokensmithUnavailableError(message, { cause, outcome: "not-done" });
}

/** What the daemon would have said, had it been possible to send the secret. */
function malformed(): Verification {
	const detail = "This is no token: it holds characters that no token has, or is too long.";
	return {
		valid: false,
		reason: "malformed",
		problem: {
			type: "about:blank",
			title: "Unauthorized",
			status: 401,
			code: "token-malformed",
			detail,
			instance: `urn:uuid:${randomUUID()}`,
			reason: "malformed",
		},
		challenge: `Bearer realm="tokensmith", error="invalid_token", error_description="${detail}"`,
	};
}
