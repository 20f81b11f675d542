/**
 * The shape of `tokensmith.json`, in which a repository declares the permissions, profiles and tokens that its developers
 * need. Invariant: a manifest can only offer and narrow, so it names no secret, no address of a system and no policy that
 * is wider than the user's.
 */
import * as z from "zod";
import { calendarDuration, createTokenRequest, type Profile, profile } from "../contract.ts";
import { isExample } from "../env-file/env-text.ts";

export const manifestName = "tokensmith.json";

/** As for a request to the daemon. Also the limit of each profile file that a manifest names. */
export const largestManifestBytes = 64 * 1024;

/** Control characters, line separators, and characters that change the direction of the text around them. */
const unprintable = /[\p{Cc}\u061C\u2028\u2029\u200E\u200F\u202A-\u202E\u2066-\u2069]/u;

const printable = (value: string) => !unprintable.test(value) && value.isWellFormed();
const isPrintable = "must not contain control characters or line breaks";
const line = (most: number) => z.string().min(1).max(most).refine(printable, isPrintable);

/** A path within the folder of the manifest. */
const relativePath = line(300)
	.refine((path) => !/^[/\\~]|^[A-Za-z]:|\\/.test(path), "must be a relative path with forward slashes")
	.refine(
		(path) => path.split("/").every((part) => part !== "" && part !== "." && part !== ".."),
		"must stay in this folder, without '.', '..' and empty parts",
	);

/** With words for the editor, which would quote the regular expression. */
const patterned = (schema: z.ZodString, pattern: RegExp, words: string) =>
	schema.regex(pattern, words).meta({ patternErrorMessage: `The value ${words}.` });

const isEnvFile = "must name an env file, '.env' or '.env.NAME', and no example or schema";
const envFile = patterned(relativePath, /(?:^|\/)\.env(?:\.[^/]+)?$/, isEnvFile).refine(
	(path) => !isExample(path.slice(path.lastIndexOf("/") + 1)),
	isEnvFile,
);
const envKey = patterned(
	z.string().max(200),
	/^[A-Za-z_][A-Za-z0-9_]*$/,
	"must consist of letters, digits and underscores, not starting with a digit",
);

const catalogueEntry = profile.shape.permissions.shape.catalogue.element.shape;
const request = createTokenRequest.shape;

const permission = z.strictObject({
	name: catalogueEntry.name.describe("The permission, for example billing.invoices.read."),
	group: line(100).exactOptional().describe("The heading under which pickers show the permission."),
	description: z
		.string()
		.max(300)
		.refine(printable, isPrintable)
		.exactOptional()
		.describe("What a token with this permission may do."),
});

const policy = z
	.strictObject({
		maximumExpiry: calendarDuration.describe(
			"The longest time that a token of this repository works. It applies where it is shorter than the user's own policy.",
		),
	})
	.describe("Narrows the user's policy. A wider value has no effect.");

const token = z
	.strictObject({
		key: envKey.describe("The key of the line that holds the token's secret, for example BILLING_TOKEN."),
		file: envFile.default(".env").describe("The env file of that line, relative to this file."),
		issuer: profile.shape.id
			.default("local")
			.describe(
				"The system that issues the token: 'local' for this machine's daemon, else the ID of the profile of a connection.",
			),
		profile: profile.shape.id
			.exactOptional()
			.describe("For tokens of 'local': the profile whose rules apply. Default: local."),
		name: request.name
			.refine(printable, isPrintable)
			.exactOptional()
			.describe("The token's name. Default: the key, and the name of the folder."),
		description: line(1000).exactOptional().describe("What the token is for."),
		permissions: request.permissions.describe("What the token may do."),
		resources: request.resources.describe("What the token may be used on, for example channel/soc."),
		allowedAddresses: request.allowedAddresses.describe(
			"The IP addresses and ranges that may use the token. Default: any.",
		),
		defaultSource: line(200)
			.nullable()
			.default(null)
			.describe("The group that incoming data is assigned to."),
		expiry: request.expiry.describe(
			"The date and time at which the token expires, with a time zone; null: never. Default: the profile's default.",
		),
		expiresIn: request.expiresIn.describe("How long the token works, counted from its creation."),
		tags: request.tags.describe("Labels to find the token by."),
		policy: policy.exactOptional(),
	})
	.refine(({ expiry, expiresIn }) => expiry === undefined || expiresIn === undefined, {
		path: ["expiresIn"],
		error: "can't be combined with expiry",
	})
	.refine((value) => value.issuer === "local" || [undefined, value.issuer].includes(value.profile), {
		path: ["profile"],
		error: "can only be chosen for tokens of the issuer 'local'",
	});
export type ManifestToken = z.output<typeof token>;

const distinct = <Item>(items: readonly Item[], keyOf: (item: Item) => string) =>
	new Set(items.map(keyOf)).size === items.length;

export const manifest = z.strictObject({
	$schema: z.string().max(500).exactOptional(),
	permissions: z
		.array(permission)
		.max(200)
		.refine((entries) => distinct(entries, ({ name }) => name), "must not contain a permission twice")
		.default([])
		.describe("The permissions that the services of this repository check. They are offered in pickers."),
	profiles: z
		.array(
			z.union([
				relativePath.describe("A JSON file with a profile, relative to this file."),
				profile.describe("A profile: the rules of a system's tokens."),
			]),
		)
		.max(20)
		.default([])
		.describe("The rules of systems that these services use, each as a file or in place."),
	tokens: z
		.array(token)
		.max(50)
		.refine(
			(entries) => distinct(entries, ({ file, key }) => `${file} ${key}`),
			"must not contain a key of the same file twice",
		)
		.default([])
		.describe("The tokens that a developer of this repository needs, each on its own line of an env file."),
	policy: policy.exactOptional(),
});
export type Manifest = z.output<typeof manifest>;
export type ManifestInput = z.input<typeof manifest>;
export type ManifestPermission = Manifest["permissions"][number];
export type ManifestPolicy = z.output<typeof policy>;

/** The profile that a token's request names. */
export function profileIdOf({ issuer, profile }: Pick<ManifestToken, "issuer" | "profile">): Profile["id"] {
	return profile ?? issuer;
}

/** The JSON Schema (draft 7, which VS Code reads) for completion and validation while typing. */
export function manifestJsonSchema() {
	return z.toJSONSchema(manifest, { target: "draft-7", io: "input" });
}

/** The same for a file with one profile. */
export function profileJsonSchema() {
	return z.toJSONSchema(profile, { target: "draft-7", io: "input" });
}
