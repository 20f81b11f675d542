/** The tokens that have ended for good, for a clean-up. */
import { type Store, storedTokenFrom } from "../store.ts";
import type { Connection } from "./connection.ts";
import { storedTokenAsJson } from "./token-queries.ts";

/**
 * When a token ended; `never` is later than every date. A revoked one ended with that. The end of an overlap ends a token
 * only here: at another system it may work until it is deleted there.
 */
const end = `coalesce("revokedDate", min(coalesce("expiry", 'never'),
	iif("issuer" = 'local', coalesce("retiresDate", 'never'), 'never')))`;

/** Those that ended before `?1`, without the successors (`led`) to which tokens lead that stay. */
const ended = `with recursive
	"led" ("id") as (
		select "successorId" from "tokens" where "successorId" is not null and ${end} >= ?1
		union select "tokens"."successorId" from "led" join "tokens" on "tokens"."id" = "led"."id"
			where "tokens"."successorId" is not null
	)
	select ${storedTokenAsJson} as "json", "first"."count" as "count" from (
		select "id", ${end} as "end", count(*) over () as "count" from "tokens"
			where ${end} < ?1 and "id" not in "led" order by "end", "id" limit ?2
	) as "first" join "tokens" using ("id") order by "first"."end", "id"`;

/** See `Store.endedTokens`. */
export async function endedTokens(
	{ memory }: Connection,
	before: string,
	most: number,
): ReturnType<Store["endedTokens"]> {
	const rows = [...memory.all(ended, [before, most])];
	return { tokens: rows.map(({ json }) => storedTokenFrom(json)), count: Number(rows[0]?.count ?? 0) };
}
