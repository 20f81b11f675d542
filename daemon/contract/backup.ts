/** Backups of all data but secrets, and what a restore makes of one. */
import * as z from "zod";
import { date } from "./scalars.ts";

/** The query of `GET /v1/backup`. `move=true`: without the token that the caller acts with. */
export const backupQuery = z.strictObject({ move: z.literal("true").optional() });

/**
 * The query of `POST /v1/restore`. `preview=true`: changes nothing, and answers the same. `move=true`: where anything
 * contradicts the backup, changes nothing either; and takes tokens back that were handed over.
 */
export const restoreQuery = z.strictObject({
	preview: z.literal("true").optional(),
	move: z.literal("true").optional(),
});
export type RestoreQuery = z.output<typeof restoreQuery>;

/** A part of the backup that was not restored, since what is here contradicts it. */
const restoreConflict = z.strictObject({
	kind: z.enum(["token", "connection"]),
	id: z.string(),
	name: z.string(),
	reason: z.enum(["hash-known", "other-secret", "name-taken", "remote-id-known", "deleted"]),
});
export type RestoreConflict = z.output<typeof restoreConflict>;

export const restoreReport = z.strictObject({
	preview: z.boolean(),
	/** `empty`: nothing was here, so the audit is restored as it was. */
	into: z.enum(["empty", "merged"]),
	backup: z.strictObject({
		createdDate: date,
		/** The version of Tokensmith that wrote it. */
		daemonVersion: z.string(),
		tokens: z.int(),
		auditEvents: z.int(),
	}),
	tokens: z.strictObject({
		added: z.int(),
		/** The backup has a newer version. */
		replaced: z.int(),
		/** The backup says that they are revoked. */
		revoked: z.int(),
		/** What is here is as new, or has ended. */
		kept: z.int(),
		/** Of those that were added: refused until they are enabled, since what happened to them here is not known any more. */
		inDoubt: z.int(),
	}),
	/** Settings that were added. */
	settings: z.strictObject({
		policy: z.boolean(),
		permissions: z.int(),
		profiles: z.int(),
		connections: z.int(),
	}),
	/** `left`: events are not merged. `broken`: the backup's own chain is not sound. */
	audit: z.enum(["restored", "left", "broken"]),
	/** At most 1000. */
	conflicts: z.array(restoreConflict),
	/** How many there are in all. */
	conflictCount: z.int(),
});
export type RestoreReport = z.output<typeof restoreReport>;

/** What became of tokens that are kept elsewhere by now. */
export const handOverReport = z.strictObject({
	/** How many tokens were deleted here: all of the backup, or none. */
	removed: z.int(),
	/** How many are not here, or not as in the backup, so that none was deleted. */
	changed: z.int(),
});
export type HandOverReport = z.output<typeof handOverReport>;
