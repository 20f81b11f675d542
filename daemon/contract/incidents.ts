/** The revocation of many tokens at once. */
import * as z from "zod";
import { date, label } from "./scalars.ts";
import { createdToken, tokenFilter, tokenRecord } from "./tokens.ts";

export const incidentFilter = tokenFilter.extend({
	ids: z.array(z.string()).max(5000).optional(),
	/** A blank one would match every token, or nearly so. */
	q: z.string().max(200).regex(/\S/, "must not be blank; set all to true to revoke every token").optional(),
});
export type IncidentFilter = z.output<typeof incidentFilter>;

/** Revokes many tokens at once: all of them, or those that match every condition of the filter. */
export const incidentRequest = z
	.strictObject({
		reason: label(500),
		all: z.literal(true).optional(),
		filter: incidentFilter.optional(),
		/** Whether each token that still works gets a successor with the same settings. */
		createSuccessors: z.boolean().default(false),
	})
	.refine(
		(request) => (request.all === undefined) !== (request.filter === undefined),
		"must contain either all or filter",
	)
	.refine((request) => request.filter === undefined || Object.keys(request.filter).length > 0, {
		path: ["filter"],
		error: "must not be empty; set all to true to revoke every token",
	});
export type IncidentRequest = z.output<typeof incidentRequest>;
export type IncidentInput = z.input<typeof incidentRequest>;

export const incidentReport = z.strictObject({
	id: z.string(),
	date,
	reason: z.string(),
	revoked: z.array(z.strictObject({ token: tokenRecord, usedInLastHour: z.boolean() })),
	/** With their secrets, which no other answer contains. */
	successors: z.array(createdToken),
	/** Tokens that only their own system can revoke, by a call or on its pages: nothing was changed about them. */
	stillWorking: z.array(tokenRecord),
	nextSteps: z.array(z.string()),
});
export type IncidentReport = z.output<typeof incidentReport>;
