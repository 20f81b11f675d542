/** The query for tokens that ended before a time. */
import { storedTokenAsJson } from "./rows.ts";

const endDate = `coalesce("revokedDate", least("expiry", case when "issuer" = 'local' then "retiresDate" end), 'infinity')`;

/** As on SQLite, with `not exists`, which PostgreSQL plans as one join: those that ended before `$1`, without the successors to which tokens lead that stay. */
export const endedTokens = `with recursive
	"led" ("id") as (
		select "successorId" from "tokens" where "successorId" is not null and ${endDate} >= $1::timestamptz
		union select "tokens"."successorId" from "led" join "tokens" on "tokens"."id" = "led"."id"
			where "tokens"."successorId" is not null
	)
	select ${storedTokenAsJson} as "json", "first"."count" as "count" from (
		select "id", ${endDate} as "end", count(*) over () as "count" from "tokens"
			where ${endDate} < $1::timestamptz and not exists (
				select from "led" where "led"."id" = "tokens"."id") order by "end", "id" limit $2
	) as "first" join "tokens" using ("id") order by "first"."end", "id"`;
