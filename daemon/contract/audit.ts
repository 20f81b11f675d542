/** The audit: what was changed, by which user and when. */
import * as z from "zod";
import { date, instant, page, userInfo } from "./scalars.ts";

/**
 * One change, or one use of a dead token. `hash` covers the event and the previous event's hash, so that no event can be
 * changed or removed unnoticed.
 */
export const auditEvent = z.strictObject({
	sequence: z.int(),
	date,
	actor: userInfo,
	action: z.enum([
		...([
			"create",
			"update",
			"rotate",
			"disable",
			"enable",
			"revoke",
			"delete",
			"grant",
			"withdraw",
		] as const),
		...(["undo-rotation", "end-overlap", "register", "doubt"] as const),
		...(["incident", "policy", "profile", "permission", "connection", "dead-token-used", "purge"] as const),
		...(["restore"] as const),
	]),
	tokenId: z.string().nullable(),
	/** The changed fields, before and after. Never a secret or its hash. */
	before: z.record(z.string(), z.unknown()),
	after: z.record(z.string(), z.unknown()),
	previousHash: z.string(),
	hash: z.string(),
});
export type AuditEvent = z.output<typeof auditEvent>;

/** The query of `GET /v1/audit-events`. `verify=true`: also checks the chain of hashes. `format=jsonl`: one event per line. */
export const listAuditQuery = z.strictObject({
	tokenId: z.string().max(100).optional(),
	action: auditEvent.shape.action.optional(),
	actor: z.string().max(200).optional(),
	since: instant.optional(),
	until: instant.optional(),
	verify: z.literal("true").optional(),
	format: z.enum(["json", "jsonl"]).default("json"),
	...page,
});
export type ListAuditQuery = z.output<typeof listAuditQuery>;

/** Whether every event is unchanged; `brokenAt` is the sequence number of the first that is not. */
const chainCheck = z.strictObject({ intact: z.boolean(), checked: z.int(), brokenAt: z.int().nullable() });
export type ChainCheck = z.output<typeof chainCheck>;

/** Newest events first. */
export const auditList = z.strictObject({
	events: z.array(auditEvent),
	nextCursor: z.string().nullable(),
	chain: chainCheck.exactOptional(),
});
export type AuditList = z.output<typeof auditList>;
