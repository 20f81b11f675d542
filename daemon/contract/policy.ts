/** The policy of local tokens. */
import * as z from "zod";

/** The user's settings for the local profile. The extension sends them with the owner key, and the daemon stores them. */
export const policy = z
	.strictObject({
		secretPrefix: z
			.string()
			.regex(/^[a-z][a-z0-9]{1,9}$/, "must be 2 to 10 lower-case letters and digits, a letter first"),
		defaultExpiryDays: z.int().min(1).max(3650),
		maximumExpiryDays: z.int().min(1).max(3650),
		allowNever: z.boolean(),
		/** The longest allowed overlap of a rotation. */
		maximumOverlapSeconds: z
			.int()
			.min(0)
			.max(31_536_000)
			.default(7 * 24 * 3600),
		/** How long audit events are kept. */
		auditDays: z.int().min(1).max(3650).default(365),
	})
	.refine((value) => value.defaultExpiryDays <= value.maximumExpiryDays, {
		path: ["defaultExpiryDays"],
		error: "must not be more than maximumExpiryDays",
	});
export type Policy = z.output<typeof policy>;

/** `GET /v1/policy`: the policy that applies, and whether any client has set it. */
export const policyInForce = z.strictObject({ policy, isSet: z.boolean() });
export type PolicyInForce = z.output<typeof policyInForce>;

/** The policy as a client sends it: fields with a default are optional. */
export type PolicyInput = z.input<typeof policy>;
