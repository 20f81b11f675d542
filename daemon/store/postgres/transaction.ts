/**
 * One transaction on PostgreSQL, inside of a batch. What it changes is recorded, for all replicas. Writes are sent without waiting
 * for their answers: one that fails fails the whole batch, and `settled` tells why.
 */
import pg from "pg";
import type { AuditEvent } from "../../contract.ts";
import {
	type ChainEnd,
	type Committed,
	type StoredDay,
	type StoredToken,
	storedTokenFrom,
	type Token,
	type Transaction,
	type Usage,
	type UsageIncrement,
	unused,
	VersionConflict,
} from "../store.ts";
import { sumOfDays } from "../usage-days.ts";
import type { Link } from "./connect.ts";
import { askedOf, Expected } from "./expected.ts";
import {
	bytesOf,
	hashFrom,
	insertToken,
	insertValues,
	storedTokenAsJson,
	updateToken,
	updateValues,
} from "./rows.ts";
import { chainEnd, type Turn } from "./turn.ts";

const rowsAtOnce = 1000;
/** Of writes whose answers are not waited for, so that memory stays bounded. */
const mostUnanswered = 200;

/** From so many tokens on, a transaction takes its time between two queries, for their audit events and their texts. */
const manyTokens = 1000;
const allowPauses = "set local idle_in_transaction_session_timeout = '60s'";

/** What a transaction changed. */
export interface Recorded {
	readonly tokens: Committed["tokens"][number][];
	readonly events: AuditEvent[];
	readonly settings: Map<string, unknown>;
}

export class PostgresTransaction implements Transaction {
	readonly recorded: Recorded = { tokens: [], events: [], settings: new Map() };
	/** Whether something was sent that changes the database. */
	hasWritten = false;
	/** The database's id of the transaction, where it counts uses. */
	countedIn: string | undefined;
	#mayPause = false;
	readonly #link: Link;
	readonly #turn: Turn;
	#head: () => Promise<ChainEnd>;
	readonly #unanswered: Promise<unknown>[] = [];
	readonly #expected = new Expected();

	/** @param head the end of the audit chain before this transaction. */
	constructor(link: Link, turn: Turn, head: () => Promise<ChainEnd>) {
		this.#link = link;
		this.#turn = turn;
		this.#head = head;
	}

	/** Resolves when all writes are done. @throws what the first one failed with. */
	async settled(): Promise<void> {
		await Promise.all(this.#unanswered.splice(0));
	}

	async expect(tokens: readonly Token[]): Promise<void> {
		const asked = askedOf(tokens);
		const [stored, hashes, names, remoteIds] = await Promise.all([
			this.#read(
				"expect-tokens",
				`select ${storedTokenAsJson} as "json" from "tokens" where "id" = any($1)`,
				[asked.ids],
			),
			this.#read("expect-hashes", 'select "hash" from "tokens" where "hash" = any($1)', [
				asked.hashes.map(bytesOf),
			]),
			this.#read(
				"expect-names",
				`select "wanted".*, "found"."id" from unnest($1::text[], $2::text[]) as "wanted" ("profile", "name")
					cross join lateral (select "id" from "tokens" where "profile" = "wanted"."profile"
					and "name" = "wanted"."name" and "revokedDate" is null and "issuer" = 'local'
					and "successorId" is null limit $3) as "found"`,
				[...asked.names, tokens.length + 1],
			),
			this.#read(
				"expect-remote-ids",
				`select "wanted".*, "found"."id" from unnest($1::text[], $2::text[]) as "wanted" ("connectionId", "remoteId")
					cross join lateral (select "id" from "tokens" where "connectionId" = "wanted"."connectionId"
					and "remoteId" = "wanted"."remoteId" and "revokedDate" is null and "issuer" <> 'local'
					limit $3) as "found"`,
				[...asked.remoteIds, tokens.length + 1],
			),
		]);
		this.#expected.replace(asked, {
			tokens: stored.map(({ json }) => storedTokenFrom(json)),
			hashes: hashes.map(({ hash }) => hashFrom(hash as Buffer)),
			...{ names, remoteIds },
		});
	}

	async token(id: string): Promise<StoredToken | undefined> {
		const expected = this.#expected.token(id);
		if (expected !== undefined) return expected.stored;
		const [row] = await this.#read(
			"token",
			`select ${storedTokenAsJson} as "json" from "tokens" where "id" = $1`,
			[id],
		);
		return row === undefined ? undefined : storedTokenFrom(row.json);
	}

	/** A replica that is frozen in such a transaction holds the others up for longer, which a smaller one must not. */
	#allowPauses(): void {
		if (this.#mayPause || this.recorded.tokens.length < manyTokens) return;
		this.#mayPause = true;
		const answered = this.#link.query(allowPauses);
		answered.catch(() => undefined);
		this.#unanswered.push(answered);
	}

	async insertToken(token: Token, { useCount, lastUsed, lastUsedAddress }: Usage = unused): Promise<void> {
		const usage = { useCount, lastUsed, lastUsedAddress };
		await this.#sendAtOnce("insert-token", insertToken, insertValues(token, usage));
		this.#note("created", { token, usage });
		this.#allowPauses();
	}

	async updateToken(token: Token, usage: Usage, replacedVersion = token.version - 1): Promise<void> {
		await this.#sendAtOnce("update-token", updateToken, updateValues(token, usage, replacedVersion));
		this.#note(token.revokedDate === null ? "changed" : "revoked", { token, usage });
	}

	#note(change: Committed["tokens"][number]["change"], stored: StoredToken): void {
		this.#expected.note(stored);
		this.recorded.tokens.push({ change, stored });
	}

	async deleteTokens(tokens: readonly StoredToken[]): Promise<void> {
		for (let at = 0; at < tokens.length; at += rowsAtOnce) {
			const part = tokens.slice(at, at + rowsAtOnce);
			const ids = part.map(({ token }) => token.id);
			const versions = part.map(({ token }) => token.version);
			const count = await this.#write(
				"delete-tokens",
				`delete from "tokens" using unnest($1::text[], $2::int[]) as "gone" ("id", "version")
					where "tokens"."id" = "gone"."id" and "tokens"."version" = "gone"."version"`,
				[ids, versions],
			);
			if (count !== part.length) throw new VersionConflict();
			await this.#write("delete-usage", `delete from "usage" where "tokenId" = any($1)`, [ids]);
			for (const stored of part) this.recorded.tokens.push({ change: "deleted", stored });
			this.#allowPauses();
		}
	}

	async isNameTaken(taken: { profile: string; name: string; exceptId: string }): Promise<boolean> {
		const expected = this.#expected.isNameTaken(taken);
		if (expected !== undefined) return expected;
		const { profile, name, exceptId } = taken;
		return this.#exists(
			"name",
			`select 1 from "tokens" where "profile" = $1 and "name" = $2 and "id" <> $3 and "revokedDate" is null
				and "issuer" = 'local' and "successorId" is null limit 1`,
			[profile, name, exceptId],
		);
	}

	async isHashKnown(hash: string): Promise<boolean> {
		return this.#expected.isHashKnown(hash) ?? this.#hasHash(hash);
	}

	#hasHash(hash: string): Promise<boolean> {
		return this.#exists("hash", 'select 1 from "tokens" where "hash" = $1', [bytesOf(hash)]);
	}

	async isRemoteIdKnown(known: { connectionId: string; remoteId: string }): Promise<boolean> {
		const expected = this.#expected.isRemoteIdKnown(known);
		if (expected !== undefined) return expected;
		const { connectionId, remoteId } = known;
		return this.#exists(
			"remote-id",
			`select 1 from "tokens" where "issuer" <> 'local' and "connectionId" = $1 and "remoteId" = $2
				and "revokedDate" is null limit 1`,
			[connectionId, remoteId],
		);
	}

	async setting(name: string): Promise<unknown> {
		const [row] = await this.#read("setting", 'select "value" from "settings" where "name" = $1', [name]);
		return row === undefined ? undefined : JSON.parse(String(row.value));
	}

	async setSetting(name: string, value: unknown): Promise<void> {
		await this.#saveSetting(name, value);
		this.recorded.settings.set(name, value);
	}

	/** In the order of the tokens' ids, whatever the order of the counts. */
	async addUsage(increments: readonly UsageIncrement[]): Promise<void> {
		const ordered = increments.toSorted((one, other) => (one.tokenId < other.tokenId ? -1 : 1));
		for (let at = 0; at < ordered.length; at += rowsAtOnce) {
			const part = ordered.slice(at, at + rowsAtOnce);
			const known = await this.#addUses(part);
			const days = part.filter(({ tokenId }) => known.has(tokenId)).flatMap((increment) => increment.days);
			if (days.length > 0) await this.#addDays(days);
		}
	}

	async purgeUsage(before: string): Promise<void> {
		await this.#send("purge-usage", 'delete from "usage" where "day" < $1', [before]);
	}

	chainHead(): Promise<ChainEnd> {
		return this.#head();
	}

	async appendEvents(events: readonly AuditEvent[]): Promise<void> {
		const last = events.at(-1);
		if (last === undefined) return;
		for (const event of events) this.recorded.events.push(event);
		this.#head = async () => ({ sequence: last.sequence, hash: last.hash });
	}

	async purgeEvents(last: ChainEnd): Promise<number> {
		const { sequence } = chainEnd(await this.setting("auditTail"));
		if (last.sequence <= sequence) return 0;
		await this.#send("purge-events", 'delete from "auditEvents" where "sequence" <= $1', [last.sequence]);
		await this.#saveSetting("auditTail", last);
		return last.sequence - sequence;
	}

	async #addUses(part: readonly UsageIncrement[]): Promise<ReadonlySet<string>> {
		await this.#beforeWriting();
		const rows = await this.#read(
			"add-uses",
			`update "tokens" set "useCount" = "tokens"."useCount" + "more"."uses",
					"lastUsed" = greatest("tokens"."lastUsed", "more"."last"),
					"lastUsedAddress" = coalesce("more"."address", "tokens"."lastUsedAddress")
				from unnest($1::text[], $2::bigint[], $3::bigint[], $4::text[]) as "more" ("id", "uses", "last", "address")
				where "tokens"."id" = "more"."id" returning "tokens"."id", pg_current_xact_id()::text as "transaction"`,
			[
				part.map(({ tokenId }) => tokenId),
				part.map(({ uses }) => uses.useCount),
				part.map(({ uses }) => uses.lastUsed),
				part.map(({ uses }) => uses.lastUsedAddress),
			],
		);
		if (rows[0] !== undefined) this.countedIn = String(rows[0].transaction);
		return new Set(rows.map(({ id }) => String(id)));
	}

	async #addDays(days: readonly StoredDay[]): Promise<void> {
		const found = await this.#read(
			"days",
			`select row_to_json("usage")::text as "json" from "usage"
				join unnest($1::text[], $2::text[]) as "wanted" ("tokenId", "day") using ("tokenId", "day")`,
			[days.map(({ tokenId }) => tokenId), days.map(({ day }) => day)],
		);
		const sums = new Map<string, StoredDay>();
		for (const { json } of found) {
			const day: StoredDay = JSON.parse(String(json));
			sums.set(`${day.tokenId} ${day.day}`, day);
		}
		for (const day of days) {
			const key = `${day.tokenId} ${day.day}`;
			const known = sums.get(key);
			sums.set(key, known === undefined ? day : sumOfDays(known, day));
		}
		await this.#send(
			"add-days",
			`insert into "usage" select * from json_populate_recordset(null::"usage", $1)
				on conflict ("tokenId", "day") do update set "verifications" = excluded."verifications",
				"refusals" = excluded."refusals", "permissions" = excluded."permissions", "addresses" = excluded."addresses",
				"overlapAddresses" = excluded."overlapAddresses", "overlapSuccessorId" = excluded."overlapSuccessorId"`,
			[JSON.stringify([...sums.values()])],
		);
	}

	async #saveSetting(name: string, value: unknown): Promise<void> {
		await this.#send(
			"set-setting",
			`insert into "settings" values ($1, $2) on conflict ("name") do update set "value" = excluded."value"`,
			[name, JSON.stringify(value)],
		);
	}

	async #exists(name: string, text: string, values: unknown[]): Promise<boolean> {
		return (await this.#read(name, text, values)).length > 0;
	}

	async #read(name: string, text: string, values: unknown[]): Promise<Record<string, unknown>[]> {
		return (await this.#query(name, text, values)).rows;
	}

	/** Answers the number of rows. */
	async #write(name: string, text: string, values: unknown[]): Promise<number> {
		await this.#beforeWriting();
		return (await this.#query(name, text, values)).rowCount ?? 0;
	}

	/** Resolves when it is sent. */
	async #send(name: string, text: string, values: unknown[]): Promise<void> {
		await this.#beforeWriting();
		await this.#sendAtOnce(name, text, values);
	}

	/** The statement itself makes sure that it is in its turn. */
	async #sendAtOnce(name: string, text: string, values: unknown[]): Promise<void> {
		this.hasWritten = true;
		if (this.#unanswered.length >= mostUnanswered) await this.settled();
		const answered = this.#link.query({ name, text, values }).catch((error) => {
			throw isMissingVersion(error) ? new VersionConflict() : error;
		});
		answered.catch(() => undefined);
		this.#unanswered.push(answered);
	}

	/** Outside of a transaction, a write would count at once. */
	async #beforeWriting(): Promise<void> {
		this.hasWritten = true;
		await this.#turn.taken;
	}

	async #query(name: string, text: string, values: unknown[]): Promise<pg.QueryResult> {
		try {
			return await this.#link.query({ name, text, values });
		} catch (error) {
			// A write before it may be why the transaction is over.
			await this.settled();
			throw error;
		}
	}
}

/** SQLSTATE 22012, of `updateToken`. */
function isMissingVersion(error: unknown): boolean {
	return error instanceof pg.DatabaseError && error.code === "22012";
}
