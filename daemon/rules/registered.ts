/**
 * Tokens of other systems, known by the hash of their secret. Their issuer alone decides about them: a record is a note, and
 * no profile checks it.
 */
import { randomUUID } from "node:crypto";
import type { RegisterTokenRequest, UpdateTokenRequest } from "../contract.ts";
import type { Token } from "../store/store.ts";
import { type ActionContext, changed, refuseRevoked, untouched } from "./lifecycle.ts";
import { RuleError } from "./rule-error.ts";

/** The record of a token that another system has issued. */
export function register(request: RegisterTokenRequest, { user, now }: ActionContext): Token {
	const date = now.toISOString();
	const { connection = null, profile = request.issuer, ...facts } = request;
	return {
		...facts,
		id: randomUUID(),
		version: 1,
		creationDate: date,
		lastModifiedDate: date,
		createdUserInfo: user,
		lastModifiedUserInfo: user,
		// Only the issuer knows the account.
		userId: request.issuer,
		userName: request.issuer,
		...untouched,
		profile,
		connectionId: connection,
		remoteId: request.remoteId,
	};
}

/** The fields of a registration. */
const recorded = new Set(["name", "description", "expiry", "permissions", "tags"]);

/**
 * The record after a change at the issuer.
 * @throws RuleError `token-dead` or `invalid-request`
 */
export function updateRecord(token: Token, request: UpdateTokenRequest, context: ActionContext): Token {
	refuseRevoked(token);
	const errors = Object.keys(request)
		.filter((name) => !recorded.has(name))
		.map((name) => ({ pointer: `/${name}`, detail: "is not recorded of another issuer's token" }));
	if (errors.length > 0) throw new RuleError("invalid-request", "Some of that can't be changed.", { errors });
	return changed(token, request as Partial<Token>, context);
}
