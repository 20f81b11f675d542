/** Stores on PostgreSQL for tests: a database each, which is the same one for the same directory. */
import { PostgresStore } from "../../daemon/store/postgres/postgres-store.ts";
import { sharedCluster } from "./cluster.ts";

const databases = new Map<string, Promise<string>>();

export async function openPostgresStore(directory: string): Promise<PostgresStore> {
	const cluster = await sharedCluster();
	let database = databases.get(directory);
	database ??= cluster.createDatabase();
	databases.set(directory, database);
	return PostgresStore.open({
		url: cluster.url(await database),
		poolSize: 4,
		version: "1.2.3",
		leaseMilliseconds: 2000,
		usesWrittenUntil: Date.now,
		onTrouble: () => {},
		onLost: () => {},
	});
}
