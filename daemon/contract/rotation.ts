/** The replacement of a token by a successor, and how it is undone. */
import * as z from "zod";
import { partialToken, remoteId, secretHash, settings } from "./scalars.ts";
import { createdToken, tokenRecord } from "./tokens.ts";

/** Without `expiry`, the successor lives as long as its predecessor was to live. */
export const rotateTokenRequest = z.strictObject({
	/** How long the predecessor still works. */
	overlapSeconds: z.int().min(0).max(31_536_000),
	/** The overlap ends earlier after this time without a use of the predecessor. */
	quietSeconds: z.int().min(1).max(31_536_000).optional(),
	expiry: settings.expiry.optional(),
	/** The successor, created by hand at a system whose API can't: it is recorded, and nothing is sent. */
	registered: z
		.strictObject({ hash: secretHash, partialToken, remoteId: remoteId.nullable().default(null) })
		.optional(),
});
export type RotateTokenRequest = z.output<typeof rotateTokenRequest>;

/** The successor with its secret. @property predecessor the rotated token after its rotation. */
export const rotatedToken = createdToken.extend({ predecessor: tokenRecord });
export type RotatedToken = z.output<typeof rotatedToken>;

/** @property token the token as it was before its rotation. @property successor the revoked successor. */
export const undoneRotation = z.strictObject({ token: tokenRecord, successor: tokenRecord });
export type UndoneRotation = z.output<typeof undoneRotation>;
