/** Replicas that start in the same moment with different leases: each would wait for the other for too short a time. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { PostgresStore } from "../../daemon/store/postgres/postgres-store.ts";
import { StorageError } from "../../daemon/store/store.ts";
import { describeWhere } from "../where.ts";
import { hasPostgres } from "./cluster.ts";
import { forgetPostgresStore, urlOfPostgresStore } from "./store.ts";

describeWhere(hasPostgres, "PostgreSQL is not installed")("the lease of all replicas", () => {
	const directory = randomUUID();
	const stores: PostgresStore[] = [];

	afterEach(async () => {
		for (const store of stores.splice(0)) await store.close();
		await forgetPostgresStore(directory);
	});

	async function open(leaseMilliseconds: number): Promise<PostgresStore> {
		const store = await PostgresStore.open({
			...{ url: await urlOfPostgresStore(directory), poolSize: 1, version: "1.2.3", leaseMilliseconds },
			...{ usesWrittenUntil: Date.now, onTrouble: () => {}, onLost: () => {} },
		});
		stores.push(store);
		return store;
	}

	it("is the one of the last that started before any was there, and the others end", async () => {
		const [early, late] = [await open(2000), await open(3000)];
		const refused = (error: unknown) => error instanceof StorageError && /3000/.test(error.message);
		await assert.rejects(early.follow(), refused);
		await late.follow();
		await assert.rejects(open(2000), refused);
	});
});
