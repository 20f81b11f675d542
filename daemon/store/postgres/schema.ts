/** The tables, and how a database of any earlier version becomes one of this version. */
import pg from "pg";
import { StorageError } from "../store.ts";
import type { Link } from "./connect.ts";

/** Advisory locks, whose numbers are Tokensmith's own within its database. */
export const locks = { migration: 7_310_001, changes: 7_310_002 } as const;

/**
 * One script a version, in order. A released one is never changed. While replicas of two versions run, the older one reads
 * and writes what the newer one has made: what is no longer needed is removed one version later.
 */
const scripts: readonly string[] = [
	`
	create table "tokens" (
		"id" text collate "C" primary key,
		"hash" bytea not null,
		"version" integer not null,
		"creationDate" timestamptz(3) not null,
		"lastModifiedDate" timestamptz(3) not null,
		"createdUserInfo" json not null,
		"lastModifiedUserInfo" json not null,
		"userId" text not null,
		"userName" text not null,
		"name" text collate "C" not null,
		"description" text not null,
		"issuer" text not null,
		"profile" text not null,
		"partialToken" text not null,
		"expiry" timestamptz(3),
		"permissions" text[] not null,
		"resources" text[] not null,
		"allowedAddresses" text[] not null,
		"defaultSource" text,
		"tags" text[] not null,
		"disabledDate" timestamptz(3),
		"inDoubtDate" timestamptz(3),
		"revokedDate" timestamptz(3),
		"revokedReason" text,
		"retiresDate" timestamptz(3),
		"quietSeconds" integer,
		"predecessorId" text,
		"successorId" text,
		"connectionId" text,
		"remoteId" text,
		"options" json not null,
		"useCount" bigint not null,
		"lastUsed" bigint not null,
		"lastUsedAddress" text
	);
	create unique index "tokensByHash" on "tokens" ("hash");
	create index "tokensByCreation" on "tokens" ("creationDate", "id");
	create index "tokensByName" on "tokens" ("name", "id");
	create index "tokensByExpiry" on "tokens" ("expiry", "id");
	create index "tokensByLastUse" on "tokens" ("lastUsed", "id");
	create index "foreignTokens" on "tokens" ("connectionId", "remoteId") where "issuer" <> 'local';
	create index "tokensWithResources" on "tokens" using gin ("resources") where "resources" <> '{}';
	create index "tokensWithTags" on "tokens" using gin ("tags") where "tags" <> '{}';
	create index "quietOverlaps" on "tokens" ("retiresDate") where "quietSeconds" is not null;
	create index "successors" on "tokens" ("successorId") where "successorId" is not null;

	create table "usage" (
		"tokenId" text collate "C" not null,
		"day" text collate "C" not null,
		"verifications" bigint not null,
		"refusals" json not null,
		"permissions" json not null,
		"addresses" json not null,
		"overlapAddresses" json not null,
		"overlapSuccessorId" text,
		primary key ("tokenId", "day")
	);
	create index "usageByDay" on "usage" ("day");

	create table "settings" ("name" text primary key, "value" text not null);

	create table "auditEvents" (
		"sequence" bigint primary key,
		"date" timestamptz(3) not null,
		"tokenId" text,
		"action" text not null,
		"actorId" text not null,
		"actorName" text not null,
		"event" text not null
	);
	create index "auditEventsByToken" on "auditEvents" ("tokenId", "sequence");
	create index "auditEventsByDate" on "auditEvents" ("date");

	-- What each transaction changed, for the other replicas; long ones in parts.
	create table "changes" (
		"number" bigint not null,
		"part" integer not null,
		"batch" uuid not null,
		"date" timestamptz not null default clock_timestamp(),
		"committed" text not null,
		primary key ("number", "part")
	);
	create index "changesByBatch" on "changes" ("batch");
	create index "changesByDate" on "changes" ("date");

	create table "replicas" (
		"id" uuid primary key,
		"name" text not null,
		"version" text not null,
		"startedDate" timestamptz not null default clock_timestamp(),
		"leaseUntil" timestamptz not null,
		"known" bigint not null,
		-- Every use before this moment is written.
		"usesWrittenUntil" timestamptz not null
	);
	`,
];

/** The oldest version whose replicas may still run beside this one. */
const oldestBeside = 1;

export const schemaVersion = scripts.length;

/**
 * Brings the tables to this version, once, however many replicas start together. Answers the number of the last change.
 * @param leaseMilliseconds the same for all replicas.
 * @throws StorageError when they are of a version that this one may not write.
 */
export async function migrate(link: Link, leaseMilliseconds: number): Promise<number> {
	await link.query("begin");
	try {
		await link.query(`select pg_advisory_xact_lock(${locks.migration})`);
		await link.query(
			`create table if not exists "schemaVersion" ("version" integer not null, "oldestBeside" integer not null)`,
		);
		const found = await link.query(`select "version", "oldestBeside" from "schemaVersion"`);
		const known = found.rows[0] as { version: number; oldestBeside: number } | undefined;
		if (known !== undefined && known.oldestBeside > schemaVersion)
			throw new StorageError(undefined, tooNew(known));
		for (const script of scripts.slice(known?.version ?? 0)) await link.query(script);
		if (known === undefined)
			await link.query(`insert into "schemaVersion" values (${schemaVersion}, ${oldestBeside})`);
		else if (known.version < schemaVersion)
			await link.query(
				`update "schemaVersion" set "version" = ${schemaVersion}, "oldestBeside" = ${oldestBeside}`,
			);
		await agreeOnLease(link, leaseMilliseconds);
		const { rows } = await link.query(`select "value" from "settings" where "name" = 'changeNumber'`);
		await link.query("commit");
		return Number(rows[0]?.value ?? 0);
	} catch (error) {
		await link.query("rollback").catch(() => undefined);
		throw error;
	}
}

/** The number of the last change that is committed, where the tables are as they have to be, as at nearly every start. */
export async function lastChangeOf(link: Link, leaseMilliseconds: number): Promise<number | undefined> {
	try {
		const { rows } = await link.query(
			`select "version", (select "value" from "settings" where "name" = 'leaseMilliseconds') as "lease",
				(select "value" from "settings" where "name" = 'changeNumber') as "change" from "schemaVersion"`,
		);
		if (rows[0]?.version !== schemaVersion || rows[0]?.lease !== String(leaseMilliseconds)) return undefined;
		return Number(rows[0]?.change ?? 0);
	} catch (error) {
		// SQLSTATE: there is no such table.
		if (error instanceof pg.DatabaseError && error.code === "42P01") return undefined;
		throw error;
	}
}

/** A replica waits for others as long as its own lease is. @throws StorageError when others run with another one. */
async function agreeOnLease(link: Link, milliseconds: number): Promise<void> {
	const { rows } = await link.query(
		`select "value", exists (select 1 from "replicas" where "leaseUntil" > clock_timestamp()) as "isInUse"
			from "settings" where "name" = 'leaseMilliseconds'`,
	);
	const known = rows[0] as { value: string; isInUse: boolean } | undefined;
	if (known?.value === String(milliseconds)) return;
	if (known?.isInUse) throw otherLease(known.value);
	await link.query({
		text: `insert into "settings" values ('leaseMilliseconds', $1)
			on conflict ("name") do update set "value" = excluded."value"`,
		values: [String(milliseconds)],
	});
}

/** @throws StorageError when another lease was agreed on. */
export function requireLease(agreed: unknown, milliseconds: number): void {
	if (agreed !== milliseconds) throw otherLease(agreed);
}

function otherLease(value: unknown): StorageError {
	return new StorageError(
		undefined,
		`The servers of this database run with --lease-milliseconds ${value}. Give the same, or stop all of them first.`,
	);
}

function tooNew({ version }: { version: number }): string {
	return `The database has tables of version ${version}, and this Tokensmith knows version ${schemaVersion}. Install a newer Tokensmith.`;
}
