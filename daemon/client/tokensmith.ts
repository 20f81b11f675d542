/** The public API of the package `tokensmith`. */

export type {
	CreatedToken,
	CreateTokenInput,
	Problem,
	RefusalReason,
	RotatedToken,
	RotateTokenRequest,
	TokenRecord,
	UndoneRotation,
	UpdatedToken,
	UpdateTokenRequest,
} from "../contract.ts";
export {
	createTokensmithClient,
	type RegisterInput,
	type TokenFilter,
	type TokensmithClient,
	type TokensmithClientOptions,
} from "./client.ts";
export { type Incoming, isPreflight, type NodeRequest } from "./incoming.ts";
export {
	type GuardedRequest,
	type RequireTokenOptions,
	requireToken,
	type TokenMiddleware,
} from "./require-token.ts";
export { tokenOf } from "./token-of.ts";
export {
	type Outcome,
	TokensmithProblemError,
	TokensmithUnavailableError,
	type UnavailableReason,
} from "./transport.ts";
export type { Question, Verification, VerifiedToken } from "./verification.ts";
export { type VerifiedRequest, type VerifyRequestOptions, verifyRequest } from "./verify-request.ts";
