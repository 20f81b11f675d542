/**
 * What each issuer says of creating a token, and what follows from it. In quotation marks stand the words of the
 * issuer's own page, without them a fact of its reference; for the local profile, its own rules.
 */
import type { TokenRecord } from "../../daemon/contract.ts";

/** As the issuer's page names them, in its order. */
export const mindbridgePermissions = `
	api.organizations.read api.organizations.write api.organizations.delete api.engagements.read
	api.engagements.write api.engagements.delete api.analyses.read api.analyses.write api.analyses.delete
	api.analyses.run api.analysis-sources.read api.analysis-sources.write api.analysis-sources.delete
	api.file-manager.read api.file-manager.write api.file-manager.delete api.reporting-period-config.read
	api.reporting-period-config.write api.reporting-period-config.delete api.libraries.read api.libraries.write
	api.libraries.delete api.account-groupings.read api.account-groupings.write api.account-groupings.delete
	api.engagement-account-groupings.read api.engagement-account-groupings.write
	api.engagement-account-groupings.delete api.users.read api.users.write api.users.delete api.data-tables.read
	api.api-tokens.read api.api-tokens.write api.api-tokens.delete api.tasks.read api.tasks.write api.tasks.delete
	api.admin-reports.run api.analysis-types.read api.analysis-source-types.read
	api.analysis-type-configuration.read api.analysis-type-configuration.write
	api.analysis-type-configuration.delete api.risk-ranges.read api.risk-ranges.write api.risk-ranges.delete
	api.filters.read api.filters.write api.filters.delete api.file-infos.read api.webhooks.read api.webhooks.write
	api.webhooks.delete api.connections.read api.connections.write api.connections.delete
	api.connection-data-sources.read api.connection-data-sources.write api.connection-data-sources.delete
	scim.user.read scim.user.write scim.user.delete scim.user.schema`
	.trim()
	.split(/\s+/);

export type Body = Record<string, unknown>;

/** The least that each profile takes besides a name. */
export const least = {
	local: { permissions: ["orders.read"] },
	polarity: {},
	eclecticiq: {},
	mindbridge: { permissions: ["api.engagements.read"], expiresIn: { days: 30 } },
	narrative: { permissions: ["datasets:read"], expiresIn: { days: 30 } },
} satisfies Record<string, Body>;

export type Issuer = keyof typeof least;

/**
 * What is said; when and what is asked for beyond the least; and either the pointer to what is refused, the expiry, or
 * the record's fields. `kept`: the record has what was asked for, as it was written.
 */
export type Row = [says: string, now: string, asked: Body, expected: Expected];
export type Expected = "kept" | `/${string}` | `20${string}Z` | Partial<TokenRecord>;

const noon = "2026-03-10T12:00:00.000Z";
const leapDay = "2028-02-29T06:30:00.000Z";
const thirtyDays = "“The default expiration for API Keys is 30 days.”";
const grants = "“Select Integrations and / or Annotation Channels that the key should have access to.”";
const after = (months: number) =>
	`“the API token becomes invalid ${months} months after the creation date and time”`;
const exactDate =
	"“Select the desired token expiration date and time in the calendar, and in the hour and minute timer”";
const addresses = "“the set of addresses that are allowed to use this token”";
const necessary =
	"“Select only the permissions necessary for the API key to perform its intended functions.”";
const fiveAccesses = ["read", "write", "admin", "create", "revise"].map((access) => `datasets:${access}`);

export const rows: Record<Issuer, Row[]> = {
	local: [
		["a name is required", noon, { name: undefined }, "/name"],
		["default 30 days", "2028-01-31T08:00:00.000Z", {}, "2028-03-01T08:00:00.000Z"],
		["never, at an explicit request", noon, { expiry: null }, "kept"],
		["policy maximum", noon, { expiry: "2027-03-10T12:00:00.000Z" }, "kept"],
		["policy maximum", noon, { expiry: "2027-03-10T12:00:00.001Z" }, "/expiry"],
		["policy maximum", noon, { expiresIn: { days: 366 } }, "/expiresIn"],
		["at least 1 from the catalogue", noon, { permissions: [] }, "/permissions"],
		["at least 1 from the catalogue", noon, { permissions: ["orders.fly"] }, "/permissions/0"],
		["x.* covers x.…", noon, { permissions: ["orders.*"] }, "kept"],
		["resources: any", noon, { resources: ["host/web1"] }, "kept"],
		["allowed addresses", noon, { allowedAddresses: ["::1", "10.0.0.0/8"] }, "kept"],
		["allowed addresses", noon, { allowedAddresses: ["::1", "10.0.0.0/33"] }, "/allowedAddresses/1"],
		["default source: optional", noon, {}, { defaultSource: null }],
		["default source: optional", noon, { defaultSource: "soc" }, "kept"],
	],
	polarity: [
		["“provide a name for the key (required)”", noon, { name: undefined }, "/name"],
		["“provide a name for the key (required)”", noon, { name: "  " }, "/name"],
		["“Select an expiration date (required)”", noon, { expiry: null }, "/expiry"],
		["“Select an expiration date (required)”", noon, { expiry: "2026-05-01T00:00:00.000Z" }, "kept"],
		["“Select an expiration date (required)”", noon, { expiry: noon }, "/expiry"],
		[thirtyDays, noon, {}, "2026-04-09T12:00:00.000Z"],
		[thirtyDays, "2027-01-31T23:59:59.999Z", {}, "2027-03-02T23:59:59.999Z"],
		[thirtyDays, "2028-01-31T23:59:59.999Z", {}, "2028-03-01T23:59:59.999Z"],
		[grants, noon, { resources: ["integration/virustotal", "channel/soc"] }, "kept"],
		[grants, noon, { resources: ["channel/soc"] }, "kept"],
		[grants, noon, { resources: ["channel/soc", "host/web1"] }, "/resources/1"],
		["“Once the key is created, new permissions can be added”", noon, {}, { resources: [] }],
		["a key has grants, not permission strings", noon, { permissions: ["orders.read"] }, "/permissions/0"],
		["a key has no allowed addresses", noon, { allowedAddresses: ["127.0.0.1"] }, "/allowedAddresses"],
		["a key has no default source", noon, { defaultSource: "soc" }, "/defaultSource"],
	],
	eclecticiq: [
		["“enter a reader-friendly name to identify the API token”", noon, { name: undefined }, "/name"],
		[after(2), "2026-12-31T18:45:30.250Z", { expiresIn: { months: 2 } }, "2027-02-28T18:45:30.250Z"],
		[after(2), "2027-12-31T00:00:00.000Z", { expiresIn: { months: 2 } }, "2028-02-29T00:00:00.000Z"],
		[after(6), "2026-08-30T23:59:00.000Z", { expiresIn: { months: 6 } }, "2027-02-28T23:59:00.000Z"],
		[after(6), "2026-05-31T09:41:00.000Z", { expiresIn: { months: 6 } }, "2026-11-30T09:41:00.000Z"],
		[after(12), "2028-02-29T12:00:00.000Z", { expiresIn: { months: 12 } }, "2029-02-28T12:00:00.000Z"],
		[after(24), "2026-02-28T12:00:00.000Z", { expiresIn: { months: 24 } }, "2028-02-28T12:00:00.000Z"],
		[after(24), "2028-02-29T23:59:59.999Z", { expiresIn: { months: 24 } }, "2030-02-28T23:59:59.999Z"],
		["“one of the predefined time intervals”", noon, { expiresIn: { months: 3 } }, "/expiresIn"],
		["“one of the predefined time intervals”", noon, { expiresIn: { days: 60 } }, "/expiresIn"],
		["“one of the predefined time intervals”", noon, { expiresIn: { months: 2, days: 1 } }, "/expiresIn"],
		[exactDate, noon, { expiry: "2027-05-17T09:41:00.000Z" }, "kept"],
		[exactDate, noon, { expiry: "2027-05-17T09:41:00+02:00" }, "2027-05-17T07:41:00.000Z"],
		[exactDate, noon, { expiry: "2026-03-10T11:59:00Z" }, "/expiry"],
		["no longest life is documented", noon, { expiry: "2056-01-01T00:00:00.000Z" }, "kept"],
		["“If you want the token to become invalid after a period of time, select”", noon, {}, { expiry: null }],
		["it may never expire", noon, { expiry: null }, "kept"],
		["“Set your default source”", noon, { defaultSource: "CTI team" }, "kept"],
		["a token has its creator's permissions", noon, {}, { permissions: ["*"], userId: "owner" }],
		["a token has none of its own", noon, { permissions: ["orders.read"] }, "/permissions"],
		["a token has no grants of its own", noon, { resources: ["channel/soc"] }, "/resources/0"],
		["a token has no allowed addresses", noon, { allowedAddresses: ["127.0.0.1"] }, "/allowedAddresses"],
	],
	mindbridge: [
		["“The token record's name.” Required.", noon, { name: undefined }, "/name"],
		["a name is not blank", noon, { name: " " }, "/name"],
		["“The day on which the API token expires.” Required.", noon, { expiresIn: undefined }, "/expiry"],
		["“The day on which the API token expires.” Required.", noon, { expiry: null }, "/expiry"],
		["at most 2 years", noon, { expiresIn: { years: 2 } }, "2028-03-10T12:00:00.000Z"],
		["at most 2 years", noon, { expiry: "2028-03-10T12:00:00.000Z" }, "kept"],
		["at most 2 years", noon, { expiry: "2028-03-10T12:00:00.001Z" }, "/expiry"],
		["at most 2 years", noon, { expiresIn: { months: 25 } }, "/expiresIn"],
		["at most 2 years", leapDay, { expiry: "2030-02-28T06:30:00.000Z" }, "kept"],
		["at most 2 years", leapDay, { expiry: "2030-02-28T06:30:00.001Z" }, "/expiry"],
		["an expiry may be an hour ahead", noon, { expiry: "2026-03-10T13:00:00.000Z" }, "kept"],
		["at least one permission", noon, { permissions: [] }, "/permissions"],
		[
			"“which endpoints this token is authorized to access”",
			noon,
			{ permissions: mindbridgePermissions },
			"kept",
		],
		["the list grows", noon, { permissions: ["api.tasks.read", "api.ledgers.approve"] }, "kept"],
		["permissions are flat", noon, { permissions: ["api.tasks.*"] }, "/permissions/0"],
		["permissions are flat", noon, { permissions: ["api.tasks.read", "everything"] }, "/permissions/1"],
		["“If empty, any address may use it.”", noon, {}, { allowedAddresses: [] }],
		[addresses, noon, { allowedAddresses: ["192.0.2.7", "2001:db8::/32", "10.0.0.0/8"] }, "kept"],
		[addresses, noon, { allowedAddresses: ["10.0.0.0/33"] }, "/allowedAddresses/0"],
		["a token has no grants", noon, { resources: ["channel/soc"] }, "/resources/0"],
		["a token has no default source", noon, { defaultSource: "soc" }, "/defaultSource"],
	],
	narrative: [
		["“Give your API key a meaningful name”", noon, { name: undefined }, "/name"],
		["“Set an expiration date for the API key”", noon, { expiresIn: undefined }, "/expiry"],
		["“Set an expiration date for the API key”", noon, { expiry: null }, "/expiry"],
		["“max expiry is 1 year from today”", noon, { expiry: "2027-03-10T12:00:00.000Z" }, "kept"],
		["“max expiry is 1 year from today”", noon, { expiry: "2027-03-10T12:00:00.001Z" }, "/expiry"],
		["“max expiry is 1 year from today”", noon, { expiresIn: { months: 13 } }, "/expiresIn"],
		["“max expiry is 1 year from today”", leapDay, { expiresIn: { years: 1 } }, "2029-02-28T06:30:00.000Z"],
		["“max expiry is 1 year from today”", leapDay, { expiry: "2029-02-28T06:30:00.001Z" }, "/expiry"],
		[necessary, noon, { permissions: ["datasets:read", "datasets:write"] }, "kept"],
		[necessary, noon, { permissions: [] }, "/permissions"],
		["a resource is any text", noon, { permissions: ["data-planes:read", "Models:write"] }, "kept"],
		["an access is one of five", noon, { permissions: fiveAccesses }, "kept"],
		["an access is one of five", noon, { permissions: ["datasets:read", "datasets:own"] }, "/permissions/1"],
		["a permission is a resource and an access", noon, { permissions: ["datasets"] }, "/permissions/0"],
		["a permission is a resource and an access", noon, { permissions: [":read"] }, "/permissions/0"],
		["a key has no grants", noon, { resources: ["channel/soc"] }, "/resources/0"],
		["a key has no allowed addresses", noon, { allowedAddresses: ["127.0.0.1"] }, "/allowedAddresses"],
		["a key has no default source", noon, { defaultSource: "soc" }, "/defaultSource"],
	],
};
