/** One verification: what is asked, and what its answer says. */
import { randomUUID } from "node:crypto";
import type { Problem, RefusalReason, VerifyAnswer } from "../contract.ts";
import { clientAddress } from "../rules/address.ts";
import { type TokensmithProblemError, TokensmithUnavailableError } from "./transport.ts";

/** What a token has to be good for. Left out: nothing in particular. */
export interface Question {
	/** All are needed. */
	permissions?: readonly string[] | undefined;
	/** One of them is needed. */
	anyPermissions?: readonly string[] | undefined;
	/** All are needed. */
	resources?: readonly string[] | undefined;
	/**
	 * The address of the caller that presents the token; counts when the daemon was started with `--trusted-proxy` and this
	 * machine's address. "unknown": a token that is limited to addresses is refused.
	 */
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
			/** The daemon's answer and its `WWW-Authenticate` header, to be passed on. */
			readonly problem: Problem;
			readonly challenge: string;
	  };

export function queryOf({ permissions = [], anyPermissions, resources = [] }: Question): string {
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

/** The daemon would take a list of addresses for a chain of proxies, and takes `unknown` for no address (RFC 7239 section 6.2). */
export function headersOf({ address }: Question): Record<string, string> {
	if (address === undefined) return {};
	// Some proxies write a port behind it.
	const plain = address === "unknown" ? address : clientAddress(address);
	if (plain === undefined) throw new TypeError("address must be one IP address.");
	return { "x-forwarded-for": plain };
}

export function acceptance(answer: Partial<VerifyAnswer> | null): Verification {
	const { valid, token } = answer ?? {};
	if (valid === true && typeof token?.id === "string") return { valid, token };
	throw unknown(new Error("The answer has no token."));
}

/** @throws TokensmithProblemError when the question itself was wrong. */
export function refusal(error: TokensmithProblemError): Verification {
	const { problem, challenge = "" } = error;
	if (problem.status === 400) throw error;
	// A proxy on the way may answer 401 or 403 as well; a refusal of the daemon names its reason.
	if (problem.reason === undefined) throw unknown(error);
	const { reason, missing } = problem;
	return { valid: false, reason, ...(missing !== undefined && { missing }), problem, challenge };
}

function unknown(cause: Error): TokensmithUnavailableError {
	const message = "The daemon did not answer whether the token is valid.";
	return new TokensmithUnavailableError(message, { cause, outcome: "not-done" });
}

/** The daemon's answer to a secret that can't be sent. */
export function malformed(): Verification {
	const detail = "This is not a token: it has characters that no token has, or is too long.";
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
