/** Whether a secret is valid for what its bearer asks for, and if not, why. */
import * as z from "zod";
import { tokenRecord } from "./tokens.ts";

/** Why a verification failed, in the order of the checks. */
export const refusalReason = z.enum([
	"malformed",
	"unknown",
	"revoked",
	"in-doubt",
	"disabled",
	"expired",
	"address",
	"permission",
	"resource",
]);
export type RefusalReason = z.output<typeof refusalReason>;

/** The query of `/v1/verify`; each parameter may be repeated. */
export interface VerifyQuery {
	/** The token must have all of these: `permission=`. */
	permissions: readonly string[];
	/** If not empty, the token must have at least one of these: `anyPermission=`. */
	anyPermissions: readonly string[];
	/** The token must be granted all of these: `resource=`. */
	resources: readonly string[];
}

/** The body of a successful `/v1/verify`. */
export const verifyAnswer = z.strictObject({
	valid: z.literal(true),
	token: tokenRecord
		.pick({ id: true, name: true, userId: true, permissions: true, resources: true })
		.extend(tokenRecord.pick({ defaultSource: true, expiry: true, status: true }).shape),
});
export type VerifyAnswer = z.output<typeof verifyAnswer>;
