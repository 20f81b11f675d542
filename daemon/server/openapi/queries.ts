/**
 * The descriptions of the OpenAPI document's query parameters. A parameter of the contract that is not described here
 * does not compile.
 */
import * as z from "zod";
import * as contract from "../../contract.ts";
import { filterFields } from "./field-descriptions.ts";

const pageFields = {
	limit: "The largest number of entries per page.",
	cursor: "The `nextCursor` of the previous page, with otherwise equal parameters.",
};

/** The query of `/v1/verify`, whose endpoint parses it without a schema. */
export const verifyQuery = z.strictObject({
	permission: z.array(z.string().min(1)).optional(),
	anyPermission: z.array(z.string().min(1)).optional(),
	resource: z.array(z.string().min(1)).optional(),
});

/** The descriptions of query parameters, by the query's schema. */
export const queryFields: ReadonlyMap<z.ZodType, Readonly<Record<string, string>>> = new Map([
	query(contract.listTokensQuery, {
		...filterFields,
		sort: "The order; descending with a leading `-`. Tokens without an expiry or a use come last in either.",
		...pageFields,
	}),
	query(contract.identifyQuery, { fields: "`id` answers with the tokens' ids only." }),
	query(contract.revokeTokenQuery, {
		reason: "Why the token is revoked.",
		self: "Required for a token to revoke itself.",
		confirmed:
			"`true` revokes a token that may be its connection's own credential, where that can't be known.",
	}),
	query(contract.listAuditQuery, {
		tokenId: "Only events that concern this token.",
		action: "Only events with this action.",
		actor: "Only events of the account with this id or name.",
		since: "Only events at or after this time.",
		until: "Only events at or before this time.",
		verify: "Also checks the chain of all events.",
		format: "`jsonl` answers with all matching events, one per line, instead of a page.",
		...pageFields,
	}),
	query(contract.backupQuery, { move: "`true` leaves out the token that the caller acts with." }),
	query(contract.restoreQuery, {
		preview: "`true` changes nothing, and answers what would be restored.",
		move: "`true` changes nothing where there is a conflict, and answers as a preview does. Takes back tokens that were handed over.",
	}),
	query(contract.probeQuery, {
		kind: "`token`: the secret is one of a token. By default, it is the connection's credential.",
	}),
	query(contract.addSecretQuery, {
		confirmed: "`true`: the secret is this token's, although its system does not tell which token it is of.",
	}),
	query(contract.eventsQuery, {
		workspace:
			"For the owner: the profiles that this workspace brought last as long as a stream that names it.",
	}),
	query(contract.deleteConnectionQuery, {
		forget: "`true` deletes the connection while tokens that were made through it still work.",
	}),
	query(contract.usageQuery, {
		tokenId: "Only this token's usage.",
		from: "The first day, in UTC.",
		to: "The last day, in UTC.",
	}),
	query(contract.identityQuery, {
		identity: "The identity that the daemon should have, as in the address for services.",
		challenge: "32 random bytes, as lowercase hexadecimal digits.",
	}),
	query(contract.healthQuery, { challenge: "A text for the daemon to prove its identity with." }),
	query(verifyQuery, {
		permission: "A permission that the token must have. All repeated ones are required.",
		anyPermission: "A permission of which the token must have at least one of those given.",
		resource: "A resource that the token must be granted. All repeated ones are required.",
	}),
]);

function query<Shape extends z.ZodRawShape>(
	schema: z.ZodObject<Shape>,
	fields: Record<keyof Shape & string, string>,
): [z.ZodType, Record<string, string>] {
	return [schema, fields];
}
