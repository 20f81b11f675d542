/** How often each token was verified, day by day. */
import * as z from "zod";

/** The query of `GET /v1/usage`. Days are in UTC, `YYYY-MM-DD`, inclusive. */
export const usageQuery = z.strictObject({
	tokenId: z.string().max(100).optional(),
	from: z.iso.date().optional(),
	to: z.iso.date().optional(),
});
export type UsageQuery = z.output<typeof usageQuery>;

const counts = z.record(z.string(), z.int());

export const usageDay = z.strictObject({
	tokenId: z.string(),
	day: z.iso.date(),
	verifications: z.int(),
	/** Refusals by reason. */
	refusals: counts,
	/** Verifications, and refusals for want of a permission, by the permissions that they required. */
	permissions: counts,
	/** The last five client addresses, newest first. */
	addresses: z.array(z.string()),
	/** Verifications during the token's overlap by client address, `unknown` where none was given. */
	overlapAddresses: counts,
});
export type UsageDay = z.output<typeof usageDay>;

export const usageList = z.strictObject({ usage: z.array(usageDay) });
export type UsageList = z.output<typeof usageList>;
