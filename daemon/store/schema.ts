/** The tables, and how a database of any earlier version becomes one of this version. */
import type { Generated, Kysely, Selectable } from "kysely";
import { type Migration, Migrator } from "kysely/migration";

/** Lists stand as JSON text: they are read and written whole, and only the daemon's memory searches them. */
export interface TokensTable {
	id: string;
	hash: string;
	version: number;
	creationDate: string;
	lastModifiedDate: string;
	createdUserInfo: string;
	lastModifiedUserInfo: string;
	userId: string;
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
	revokedDate: string | null;
	revokedReason: string | null;
	retiresDate: string | null;
	predecessorId: string | null;
	successorId: string | null;
	useCount: Generated<number>;
	/** Milliseconds since the epoch; 0: never used. */
	lastUsed: Generated<number>;
	lastUsedAddress: Generated<string | null>;
}

export type TokenRow = Selectable<TokensTable>;

export interface Tables {
	tokens: TokensTable;
	/** What the person has set, one row a name. */
	settings: { name: string; value: string };
}

/** In order; one that has been released is never changed again. */
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
};

/** Whether anything had to be done. */
export async function migrate(database: Kysely<Tables>): Promise<boolean> {
	const migrator = new Migrator({ db: database, provider: { getMigrations: async () => migrations } });
	const { error, results } = await migrator.migrateToLatest();
	if (error !== undefined) {
		throw new Error(
			"The database could not be brought to this version; an older or newer Tokensmith wrote it.",
			{
				cause: error,
			},
		);
	}
	return (results?.length ?? 0) > 0;
}

/** The name of the newest migration, to tell at a glance whether there is anything to do. */
export function latestMigration(): string {
	return Object.keys(migrations).at(-1) ?? "";
}

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
