/**
 * Tokens of other systems, known by the hash of their secret. Their issuer alone decides about them: a record is a note, and
 * no profile checks it.
 */
import { randomUUID } from "node:crypto";
import type { RegisterTokenRequest, UpdateTokenRequest } from "../contract.ts";
import type { Token } from "../store/store.ts";
import { type ActionContext, changed, refuseRevoked, untouched } from "./lifecycle.ts";

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

/**
 * The record after a change at the issuer.
 * @throws RuleError `token-dead`
 */
export function updateRecord(token: Token, request: UpdateTokenRequest, context: ActionContext): Token {
	refuseRevoked(token);
	return changed(token, request as Partial<Token>, context);
}
