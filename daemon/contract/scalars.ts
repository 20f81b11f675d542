/** Parts of the other schemas: the fields that a user sets, and how dates, names and hashes are written. */
import * as z from "zod";
import {
	maximumNameLength,
	maximumPermissionLength,
	maximumResources,
	permissionCharacters,
	rowsPerPage,
	visibleCharacter,
} from "../facts.ts";

export const date = z.iso.datetime();

export const userInfo = z.strictObject({ userId: z.string(), userName: z.string() });
export type UserInfo = z.output<typeof userInfo>;

export const permission = z
	.string()
	.min(1)
	.max(maximumPermissionLength, `must be at most ${maximumPermissionLength} characters long`)
	.regex(permissionCharacters, "must be printable ASCII without spaces, quotes and backslashes");

/** A resource in a grant or a verification: `kind/identifier`. */
export const resource = z
	.string()
	.max(200)
	.regex(/^[a-z][a-z0-9-]*\/[\x21-\x7E]+$/, "must have the form kind/identifier, for example channel/soc");

/** An instant with any offset; answers give it in UTC. */
export const instant = z.iso
	.datetime({
		offset: true,
		error: "must be a date and time with a time zone, for example 2027-01-31T12:00:00Z",
		// What is no date has no year.
		abort: true,
	})
	// In UTC it may be of another year.
	.refine((value) => /^\d{4}-/.test(new Date(value).toISOString()), "must be of the years 0 to 9999")
	.transform((value) => new Date(value).toISOString());

export const distinct = <Item extends z.ZodType<string, string>>(item: Item, most: number) =>
	z
		.array(item)
		.max(most)
		.refine((items) => new Set(items).size === items.length, "must not contain duplicates");

/** One line that can be seen. */
export const label = (most: number) =>
	z
		.string()
		.max(most, `must be at most ${most} characters long`)
		.regex(visibleCharacter, "must not be blank")
		.refine((value) => value.isWellFormed(), "must be well-formed Unicode")
		// Neither Cc nor line separators: labels appear in logs, headers and lists.
		.regex(/^[^\p{Cc}\u2028\u2029]*$/u, "must not contain control characters or line breaks");

const name = label(maximumNameLength).transform((value) => value.trim());

/** A calendar duration in UTC; months and years keep the time of day and are clamped to the end of the month. */
export const calendarDuration = z
	.strictObject({
		days: z.int().min(1).max(36_500).optional(),
		months: z.int().min(1).max(1200).optional(),
		years: z.int().min(1).max(100).optional(),
	})
	.refine((parts) => Object.keys(parts).length > 0, "must contain days, months or years");
export type CalendarDuration = z.output<typeof calendarDuration>;

/** Text that UTF-8 and every database can represent: without lone surrogates and NUL. */
export const text = z
	.string()
	.refine((value) => value.isWellFormed(), "must be well-formed Unicode")
	.refine((value) => !value.includes("\0"), "must not contain the character NUL");

export const settings = {
	name,
	description: text.max(1000),
	/** null: never expires, which a client must request explicitly. */
	expiry: instant.nullable(),
	permissions: distinct(permission, 200),
	resources: distinct(resource, maximumResources),
	allowedAddresses: distinct(z.string().max(64), 100),
	defaultSource: label(200).nullable(),
	tags: distinct(label(50), 20),
};

/** `sha256:` and the SHA-256 of a secret in hexadecimal. */
export const secretHash = z
	.string()
	.regex(/^sha256:[0-9a-f]{64}$/, "must be sha256: followed by 64 hexadecimal digits");

/** Limited to eight characters of the secret. */
export const partialToken = z
	.string()
	// Escaped, since V8 takes half the memory for a bundle in ASCII.
	.regex(/^[\x21-\x7E]{0,4}\u2026[\x21-\x7E]{0,4}$/, "must be up to four characters, …, and up to four more");

/** A token's id at its system. */
export const remoteId = text.min(1).max(1000);

export const page = {
	limit: z.coerce.number().int().min(1).max(rowsPerPage).default(100),
	cursor: z.string().max(500).optional(),
};
