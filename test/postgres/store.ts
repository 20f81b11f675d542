/** Stores on PostgreSQL for tests: a database each, which is the same one for the same directory. */
import { PostgresStore } from "../../daemon/store/postgres/postgres-store.ts";
import type { Token } from "../../daemon/store/store.ts";
import { sharedCluster } from "./cluster.ts";

const databases = new Map<string, Promise<string>>();
/** Of directories that are gone: to make one takes longer than most tests. */
const unused: string[] = [];

/** @param parameters of the connection, in the form of a query */
export async function openPostgresStore(directory: string, parameters = ""): Promise<PostgresStore> {
	return PostgresStore.open({
		url: (await urlOfPostgresStore(directory)) + parameters,
		poolSize: 4,
		version: "1.2.3",
		leaseMilliseconds: 2000,
		usesWrittenUntil: Date.now,
		onTrouble: () => {},
		onLost: () => {},
	});
}

/** Of the database of the directory. */
export async function urlOfPostgresStore(directory: string): Promise<string> {
	const cluster = await sharedCluster();
	let database = databases.get(directory);
	database ??= emptyDatabase();
	databases.set(directory, database);
	return cluster.url(await database);
}

/** The directory is gone, and its store is closed. */
export async function forgetPostgresStore(directory: string): Promise<void> {
	const database = databases.get(directory);
	databases.delete(directory);
	if (database !== undefined) unused.push(await database);
}

async function emptyDatabase(): Promise<string> {
	const cluster = await sharedCluster();
	const known = unused.pop();
	if (known === undefined) return cluster.createDatabase();
	const tables = ["tokens", "usage", "settings", "auditEvents", "changes", "replicas"];
	await cluster.query(tables.map((name) => `delete from "${name}"`).join("; "), known);
	return known;
}

export function tokenOf(id: string): Token {
	const date = "2026-03-10T12:00:00.000Z";
	const user = { userId: "u", userName: "User" };
	return {
		...{ id, hash: `sha256:${id}`, version: 1, issuer: "local", name: `name of ${id}`, ...user },
		...{ creationDate: date, permissions: [], resources: [], allowedAddresses: [], defaultSource: null },
		...{ expiry: null, retiresDate: null, disabledDate: null, inDoubtDate: null, revokedDate: null },
		...{ successorId: null, lastModifiedDate: date, createdUserInfo: user, lastModifiedUserInfo: user },
		...{ description: "", profile: "local", partialToken: "", tags: [], revokedReason: null },
		...{ quietSeconds: null, predecessorId: null, connectionId: null, remoteId: null, options: {} },
	};
}
