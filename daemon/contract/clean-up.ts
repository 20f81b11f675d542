/** The deletion of records of tokens that ended long ago. */
import * as z from "zod";
import { date, instant } from "./scalars.ts";
import { tokenRecord } from "./tokens.ts";

/**
 * Deletes the records of tokens that ended longer ago than the policy keeps the audit. `preview`: deletes nothing, and
 * answers the same.
 */
export const cleanUpRequest = z.strictObject({
	preview: z.boolean().default(false),
	/** Only tokens that ended before this time. By default, and at the latest, as long ago as the policy says. */
	endedBefore: instant.optional(),
});
export type CleanUpRequest = z.output<typeof cleanUpRequest>;
export type CleanUpInput = z.input<typeof cleanUpRequest>;

export const cleanUpReport = z.strictObject({
	endedBefore: date,
	/** The deleted tokens, those that ended first at the front; at most 1000 per request. */
	tokens: z.array(tokenRecord),
	/** How many more there are. */
	left: z.int(),
});
export type CleanUpReport = z.output<typeof cleanUpReport>;
