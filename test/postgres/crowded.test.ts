/** Changes while another replica has the turn for longer than they may wait. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { type Link, linkToPrimary, targetsOf } from "../../daemon/store/postgres/connect.ts";
import type { PostgresStore } from "../../daemon/store/postgres/postgres-store.ts";
import { locks } from "../../daemon/store/postgres/schema.ts";
import { StoreUnreachable } from "../../daemon/store/store.ts";
import { describeWhere } from "../where.ts";
import { hasPostgres } from "./cluster.ts";
import { forgetPostgresStore, openPostgresStore, tokenOf, urlOfPostgresStore } from "./store.ts";

describeWhere(hasPostgres, "PostgreSQL is not installed")("changes that wait for their turn", () => {
	const directory = randomUUID();
	let store: PostgresStore;
	let holder: Link;

	beforeEach(async () => {
		store = await openPostgresStore(directory, "?lock_timeout=300");
		await store.follow();
		holder = await linkToPrimary(targetsOf(await urlOfPostgresStore(directory)));
		await holder.query(`begin; select pg_advisory_xact_lock(${locks.changes})`);
	});

	afterEach(async () => {
		await holder.close();
		await store.close();
		await forgetPostgresStore(directory);
	});

	it("are refused together once the first one has waited for too long, those behind it too", async () => {
		const create = (id: string) => store.write((transaction) => transaction.insertToken(tokenOf(id)));
		const first = create("first").finally(() => holder.query("rollback"));
		await new Promise(setImmediate);
		const results = await Promise.allSettled([first, create("second"), create("third")]);
		for (const result of results) assert.ok(result.status === "rejected", "it was made to wait again");
		await create("later");
		assert.deepEqual(
			(await store.tokens(["first", "second", "third", "later"])).map(({ token }) => token.id),
			["later"],
		);
	});

	it("say that the database is busy, where they read first", async () => {
		await assert.rejects(
			store.write((transaction) => transaction.setting("policy")),
			(error) => error instanceof StoreUnreachable && /too busy/.test(error.message),
		);
	});
});
