/**
 * Tokens of other systems, known by the hash of their secret. Their issuer alone rules over them, so what is kept here
 * are notes, and no profile checks them.
 */
import { randomUUID } from "node:crypto";
import type { RegisterTokenRequest, UpdateTokenRequest } from "../contract.ts";
import type { Token } from "../store/tokens.ts";
import { changed, type Doing, refuseRevoked, untouched } from "./lifecycle.ts";
import { RuleError } from "./rule-error.ts";

/** The record of a token that another system has made. */
export function register(request: RegisterTokenRequest, { user, now }: Doing): Token {
	const date = now.toISOString();
	return {
		...request,
		id: randomUUID(),
		version: 1,
		creationDate: date,
		lastModifiedDate: date,
		createdUserInfo: user,
		lastModifiedUserInfo: user,
		// Whose account it is there, only the issuer knows.
		userId: request.issuer,
		userName: request.issuer,
		profile: request.issuer,
		resources: [],
		allowedAddresses: [],
		defaultSource: null,
		...untouched,
	};
}

/** What is recorded when a token is registered, and nothing else. */
const recorded = new Set(["name", "description", "expiry", "permissions", "tags"]);

/**
 * Another record of the same token, after its issuer has changed it.
 * @throws RuleError `token-dead` or `invalid-request`
 */
export function updateRecord(token: Token, request: UpdateTokenRequest, doing: Doing): Token {
	refuseRevoked(token);
	const errors = Object.keys(request)
		.filter((name) => !recorded.has(name))
		.map((name) => ({ pointer: `/${name}`, detail: "is not recorded of another issuer's token" }));
	if (errors.length > 0) throw new RuleError("invalid-request", "Some of that can't be changed.", { errors });
	return changed(token, request as Partial<Token>, doing);
}
