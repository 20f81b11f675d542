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
	type Question,
	type RegisterInput,
	type TokenFilter,
	type TokensmithClient,
	type TokensmithClientOptions,
	type Verification,
	type VerifiedToken,
} from "./client.ts";
export {
	type GuardedRequest,
	type RequireTokenOptions,
	requireToken,
	type TokenMiddleware,
	tokenOf,
} from "./require-token.ts";
export {
	type Outcome,
	TokensmithProblemError,
	TokensmithUnavailableError,
	type UnavailableReason,
} from "./transport.ts";
