/** The tables, and how a database of any earlier version becomes one of this version. */
import type { ColumnDefinitionBuilder, Generated, Kysely, Selectable } from "kysely";
import type { Migration } from "kysely/migration";

export interface TokensTable {
	id: string;
	hash: string;
	version: number;
	creationDate: string;
	lastModifiedDate: string;
	createdUserInfo: string;
	lastModifiedUserInfo: string;
	userId: string;
	userName: string;
	name: string;
	description: string;
	issuer: string;
	profile: string;
	partialToken: string;
	expiry: string | null;
	permissions: string;
	resources: string;
	allowedAddresses: string;
	defaultSource: string | null;
	tags: string;
	disabledDate: string | null;
	inDoubtDate: string | null;
	revokedDate: string | null;
	revokedReason: string | null;
	retiresDate: string | null;
	quietSeconds: number | null;
	predecessorId: string | null;
	successorId: string | null;
	connectionId: string | null;
	remoteId: string | null;
	options: string;
	useCount: Generated<number>;
	/** Milliseconds since the epoch; 0: never used. */
	lastUsed: Generated<number>;
	lastUsedAddress: Generated<string | null>;
}

export type TokenRow = Selectable<TokensTable>;

/** The columns of a token that hold JSON text. */
export const jsonColumns: ReadonlySet<keyof TokenRow> = new Set([
	"createdUserInfo",
	"lastModifiedUserInfo",
	"permissions",
	"resources",
	"allowedAddresses",
	"tags",
	"options",
]);

/** One row a token and day; counts and addresses are JSON text. */
export interface UsageTable {
	tokenId: string;
	day: string;
	verifications: number;
	refusals: string;
	permissions: string;
	addresses: string;
	overlapAddresses: string;
	/** The successor of the overlap that `overlapAddresses` were counted in. */
	overlapSuccessorId: string | null;
}

export interface Tables {
	tokens: TokensTable;
	usage: UsageTable;
	/** One row per name; JSON text. */
	settings: { name: string; value: string };
}

/** In order. A released migration is never changed. */
const migrations: Record<string, Migration> = {
	"0001-tokens": {
		async up(database: Kysely<never>) {
			await createTokens(database);
			await database.schema
				.createTable("settings")
				.addColumn("name", "text", (column) => column.primaryKey())
				.addColumn("value", "text", (column) => column.notNull())
				.execute();
		},
	},
	"0002-audit-and-usage": {
		async up(database: Kysely<never>) {
			await addUserName(database);
			await createAuditEvents(database);
			await createUsage(database);
		},
	},
	"0003-overlaps": {
		async up(database: Kysely<never>) {
			await database.schema.alterTable("tokens").addColumn("quietSeconds", "integer").execute();
			const counts = (column: ColumnDefinitionBuilder) => column.notNull().defaultTo("{}");
			await database.schema.alterTable("usage").addColumn("overlapAddresses", "text", counts).execute();
			await database.schema.alterTable("usage").addColumn("overlapSuccessorId", "text").execute();
		},
	},
	"0004-audit-files-and-sorted-lists": {
		async up(database: Kysely<never>) {
			// Recovery has written the events to a file before: see `exportEvents`.
			await database.schema.dropTable("auditEvents").execute();
			await createListIndexes(database);
		},
	},
	"0005-connections": {
		async up(database: Kysely<never>) {
			await database.schema.alterTable("tokens").addColumn("connectionId", "text").execute();
			await database.schema.alterTable("tokens").addColumn("remoteId", "text").execute();
		},
	},
	"0006-options": {
		async up(database: Kysely<never>) {
			const none = (column: ColumnDefinitionBuilder) => column.notNull().defaultTo("{}");
			await database.schema.alterTable("tokens").addColumn("options", "text", none).execute();
		},
	},
	"0007-tokens-in-doubt": {
		async up(database: Kysely<never>) {
			await database.schema.alterTable("tokens").addColumn("inDoubtDate", "text").execute();
		},
	},
};

/** Brings the tables of any earlier version to this one. */
export async function migrate(database: Kysely<Tables>): Promise<void> {
	const { Migrator } = await import("kysely/migration");
	const migrator = new Migrator({ db: database, provider: { getMigrations: async () => migrations } });
	const { error } = await migrator.migrateToLatest();
	if (error !== undefined) {
		throw new Error(
			"The database could not be brought to this version; an older or newer Tokensmith wrote it.",
			{
				cause: error,
			},
		);
	}
}

/** The number of migrations, which identifies the tables of this version. */
export const schemaVersion = Object.keys(migrations).length;

async function createTokens(database: Kysely<never>): Promise<void> {
	const required = [
		"hash",
		"creationDate",
		"lastModifiedDate",
		"createdUserInfo",
		"lastModifiedUserInfo",
		"userId",
	]
		.concat(["name", "description", "issuer", "profile", "partialToken", "permissions", "resources"])
		.concat(["allowedAddresses", "tags"]);
	const optional = [
		"expiry",
		"defaultSource",
		"disabledDate",
		"revokedDate",
		"revokedReason",
		"retiresDate",
	].concat(["predecessorId", "successorId", "lastUsedAddress"]);
	let table = database.schema
		.createTable("tokens")
		.addColumn("id", "text", (column) => column.primaryKey())
		.addColumn("version", "integer", (column) => column.notNull())
		.addColumn("useCount", "integer", (column) => column.notNull().defaultTo(0))
		.addColumn("lastUsed", "integer", (column) => column.notNull().defaultTo(0));
	for (const name of required) table = table.addColumn(name, "text", (column) => column.notNull());
	for (const name of optional) table = table.addColumn(name, "text");
	await table.execute();
	await database.schema.createIndex("tokensByHash").on("tokens").column("hash").unique().execute();
	await database.schema
		.createIndex("tokensByCreation")
		.on("tokens")
		.columns(["creationDate", "id"])
		.execute();
}

async function addUserName(database: Kysely<never>): Promise<void> {
	const text = (column: ColumnDefinitionBuilder) => column.notNull().defaultTo("");
	await database.schema.alterTable("tokens").addColumn("userName", "text", text).execute();
	const { sql } = await import("kysely");
	// Before, every token had a token user of its own with the token's name.
	await sql`update "tokens" set "userName" = "name"`.execute(database);
}

async function createAuditEvents(database: Kysely<never>): Promise<void> {
	let table = database.schema
		.createTable("auditEvents")
		.addColumn("sequence", "integer", (column) => column.primaryKey())
		.addColumn("tokenId", "text");
	const required = ["date", "actorId", "actorName", "action", "before", "after", "previousHash", "hash"];
	for (const name of required) table = table.addColumn(name, "text", (column) => column.notNull());
	await table.execute();
	await database.schema.createIndex("auditEventsByToken").on("auditEvents").column("tokenId").execute();
}

/** For each order of the list, and for what few tokens have. */
async function createListIndexes(database: Kysely<never>): Promise<void> {
	const { sql } = await import("kysely");
	const statements = [
		`create index "tokensByName" on "tokens" ("name", "id")`,
		`create index "tokensByExpiry" on "tokens" ("expiry", "id")`,
		`create index "tokensByLastUse" on "tokens" ("lastUsed", "id")`,
		`create index "foreignTokens" on "tokens" ("issuer") where "issuer" <> 'local'`,
		`create index "tokensWithResources" on "tokens" ("id") where "resources" <> '[]'`,
		`create index "quietOverlaps" on "tokens" ("retiresDate") where "quietSeconds" is not null`,
	];
	for (const statement of statements) await sql.raw(statement).execute(database);
}

async function createUsage(database: Kysely<never>): Promise<void> {
	let table = database.schema
		.createTable("usage")
		.addColumn("verifications", "integer", (column) => column.notNull());
	for (const name of ["tokenId", "day", "refusals", "permissions", "addresses"]) {
		table = table.addColumn(name, "text", (column) => column.notNull());
	}
	// The type of the database names no table here, so Kysely can't check the key's columns.
	await table.addPrimaryKeyConstraint("usageByTokenAndDay", ["tokenId", "day"] as never).execute();
}
