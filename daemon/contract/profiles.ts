/** Profiles, the built-in ones, those of the user and those of a workspace. */
import * as z from "zod";
import { patternIssue } from "../connector-text.ts";
import { connector } from "./connector.ts";
import { catalogueEntry } from "./permissions.ts";
import { calendarDuration, settings } from "./scalars.ts";

/** An issuer's rules as data. */
export const profile = z.strictObject({
	$schema: z.string().exactOptional(),
	id: z.string().regex(/^[a-z][a-z0-9-]*$/, "must be lower-case letters, digits and hyphens, a letter first"),
	name: z.string().min(1).max(100),
	description: z.string().max(1000),
	names: z.strictObject({ unique: z.boolean() }),
	expiry: z.strictObject({
		/** Whether a token may have no expiry. */
		never: z.boolean(),
		/** null: the expiry is required, or, if `never` is true, defaults to never. */
		default: calendarDuration.nullable(),
		maximum: calendarDuration.nullable(),
		presets: z.array(calendarDuration),
		/** Whether `expiresIn` accepts only the presets. */
		presetsOnly: z.boolean(),
	}),
	permissions: z.strictObject({
		/** `creator`: a token has its creator's permissions and none of its own. */
		source: z.enum(["request", "creator"]),
		/** The smallest number of permissions per token. */
		minimum: z.int().min(0),
		catalogue: z.array(catalogueEntry),
		/** Whether a permission outside the catalogue is rejected, or kept if it matches the pattern. */
		others: z.enum(["reject", "keep"]),
		/** A regular expression that must match each permission as a whole. */
		pattern: z
			.string()
			.max(500)
			.refine((pattern) => patternIssue(pattern) === undefined, "must be a regular expression")
			.exactOptional(),
	}),
	resources: z.strictObject({
		/** The kinds that can be granted: `any` for all, an empty list for none. */
		kinds: z.union([z.literal("any"), z.array(z.string())]),
	}),
	allowedAddresses: z.boolean(),
	defaultSource: z.boolean(),
	/** The account that a token's actions are attributed to: its own token user, its creator's, or the company's. */
	identity: z.enum(["token-user", "creator", "company"]),
	/** The fields that `PATCH` may change. Other changes need a rotation or a new token. */
	changeable: z.array(z.enum(Object.keys(settings) as (keyof typeof settings)[])),
	links: z.array(
		z.strictObject({
			title: z.string(),
			url: z.url({ protocol: /^https$/, error: "must be an https address" }),
		}),
	),
	/** The manual steps on the issuer's own pages, in order. */
	steps: z.array(z.string()),
	/** The manual steps after an incident. */
	incidentSteps: z.array(z.string()).exactOptional(),
	/** How the system's API is called. Without one, its tokens are only recorded. */
	connector: connector.exactOptional(),
});
export type Profile = z.output<typeof profile>;

/** A profile, and where it comes from. */
export const listedProfile = profile.extend({
	source: z.enum(["built-in", "user", "workspace"]),
	/** The fingerprint of a connector that is not built in, which the user confirms before its first use. */
	connectorHash: z.string().exactOptional(),
});
export type ListedProfile = z.output<typeof listedProfile>;

/** The body of `PUT /v1/profiles/{id}`: a listed profile can be sent back, and where it came from is ignored. */
export const setProfileRequest = listedProfile.extend({ source: listedProfile.shape.source.exactOptional() });

export const profileList = z.strictObject({ profiles: z.array(listedProfile) });
export type ProfileList = z.output<typeof profileList>;

/** The body of `PUT /v1/workspaces/{id}/profiles`. */
export const workspaceProfiles = z.strictObject({ profiles: z.array(profile).max(50) });

/** `detail`: why it is not used, in a sentence. */
const refusedProfile = z.strictObject({ id: z.string(), detail: z.string() });
export type RefusedProfile = z.output<typeof refusedProfile>;

/** The profiles of the workspace that are not used, and why. */
export const broughtProfiles = z.strictObject({ refused: z.array(refusedProfile) });
export type BroughtProfiles = z.output<typeof broughtProfiles>;
