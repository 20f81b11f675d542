/** A replica whose network takes longer for a large change than for anything else. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { PostgresStore } from "../../daemon/store/postgres/postgres-store.ts";
import { describeWhere } from "../where.ts";
import { hasPostgres } from "./cluster.ts";
import { Relay } from "./relay.ts";
import { forgetPostgresStore, openPostgresStore, tokenOf, urlOfPostgresStore } from "./store.ts";

describeWhere(hasPostgres, "PostgreSQL is not installed")("a replica on a narrow network", function () {
	this.timeout(60_000);
	const directory = randomUUID();
	let near: PostgresStore;
	let far: PostgresStore;
	let relay: Relay;

	afterEach(async () => {
		for (const store of [near, far]) await store.close();
		relay.close();
		await forgetPostgresStore(directory);
	});

	it("reads a change that takes longer than its lease, and answers from memory again", async () => {
		const url = new URL(await urlOfPostgresStore(directory));
		relay = await Relay.start(Number(url.port));
		url.port = String(relay.port);
		near = await openPostgresStore(directory);
		const told = new Set<string>();
		let troubles = 0;
		far = await PostgresStore.open({
			...{
				url: url.href,
				poolSize: 1,
				version: "1.2.3",
				leaseMilliseconds: 2000,
				usesWrittenUntil: Date.now,
			},
			onTrouble: () => troubles++,
			onLost: () => {},
		});
		far.onCommitted(({ tokens }) => {
			for (const { stored } of tokens) told.add(stored.token.id);
		});
		for (const store of [near, far]) await store.follow();
		relay.narrow(1_500_000);
		await near.write(async (transaction) => {
			for (let index = 0; index < 8000; index++)
				await transaction.insertToken({ ...tokenOf(`many ${index}`), description: "x".repeat(500) });
		});
		while (!(told.size === 8000 && far.isCurrent())) await pause(20);
		assert.equal(troubles, 0);
	});
});
