/** The resources, and the tokens that were granted them. */
import * as z from "zod";
import { tokenRecord } from "./tokens.ts";

/** A resource that at least one token was granted. */
const resourceRecord = z.strictObject({ kind: z.string(), id: z.string(), tokenIds: z.array(z.string()) });

export const resourceList = z.strictObject({ resources: z.array(resourceRecord) });

export const resourceGrants = z.strictObject({
	kind: z.string(),
	id: z.string(),
	tokens: z.array(tokenRecord),
});
export type ResourceList = z.output<typeof resourceList>;
export type ResourceGrants = z.output<typeof resourceGrants>;
