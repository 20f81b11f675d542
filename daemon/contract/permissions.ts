/** The catalogue of permissions that local tokens may be given. */
import * as z from "zod";
import { label, permission } from "./scalars.ts";

export const catalogueEntry = z.strictObject({
	name: permission,
	/** The heading under which the catalogue shows the permission. */
	group: label(100),
	description: z
		.string()
		.max(300)
		.regex(/^[^\p{Cc}\u2028\u2029]*$/u, "must not contain control characters or line breaks"),
});
export type CatalogueEntry = z.output<typeof catalogueEntry>;

/** The body of `PUT /v1/permissions/{name}`. */
export const setPermissionRequest = z.strictObject({
	/** Default: the part of the name before the last dot or colon. */
	group: catalogueEntry.shape.group.optional(),
	description: catalogueEntry.shape.description.default(""),
});
export type SetPermissionRequest = z.output<typeof setPermissionRequest>;
export type SetPermissionInput = z.input<typeof setPermissionRequest>;

/** A permission that services asked for in the last 30 days, and that no catalogue has. */
const requestedPermission = z.strictObject({ name: permission, count: z.int(), lastDay: z.iso.date() });
export type RequestedPermission = z.output<typeof requestedPermission>;

/** `permissions`: what local tokens may be given, the owner's own and, last, those of the daemon's API. */
export const permissionList = z.strictObject({
	permissions: z.array(catalogueEntry.extend({ origin: z.enum(["own", "daemon"]) })),
	/** The most requested first. */
	requested: z.array(requestedPermission),
});
export type PermissionList = z.output<typeof permissionList>;
