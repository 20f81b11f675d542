/** A change that meets a refusal of the database, or the loss of its connection: whether it was made, and what is said. */
import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";
import { PostgresStore } from "../../daemon/store/postgres/postgres-store.ts";
import {
	ChangeUncertain,
	StorageError,
	StoreUnreachable,
	type Transaction,
	unused,
} from "../../daemon/store/store.ts";
import { until } from "../daemon/harness.ts";
import { describeWhere } from "../where.ts";
import { Cluster, hasPostgres } from "./cluster.ts";
import { Relay } from "./relay.ts";
import { tokenOf } from "./store.ts";

describeWhere(hasPostgres, "PostgreSQL is not installed")("a change", () => {
	let cluster: Cluster;
	let database: string;
	let relay: Relay;
	let store: PostgresStore;
	let told: string[];

	before(async function () {
		this.timeout(60_000);
		cluster = await Cluster.start();
	});
	after(() => cluster.remove());

	beforeEach(async () => {
		database = await cluster.createDatabase();
		relay = await Relay.start(cluster.port);
		store = await PostgresStore.open({
			...{ url: cluster.url(database).replace(`:${cluster.port}/`, `:${relay.port}/`), poolSize: 2 },
			...{ version: "1.2.3", leaseMilliseconds: 2000, usesWrittenUntil: Date.now },
			onTrouble: () => {},
			onLost: () => {},
		});
		told = [];
		store.onCommitted(({ tokens }) => told.push(...tokens.map(({ stored }) => stored.token.id)));
		await store.follow();
	});
	afterEach(async () => {
		await store.close();
		relay.close();
	});

	const query = (text: string) => cluster.query(text, database);
	const create = (id: string) => store.write((transaction) => transaction.insertToken(tokenOf(id)));
	async function kept(): Promise<string[]> {
		const { rows } = await query('select "id" from "tokens" order by "id"');
		return rows.map(({ id }) => id);
	}
	/** Each commit of a change takes half a second, in which the connection can be lost. */
	async function linger(): Promise<void> {
		await query(`create function "linger"() returns trigger language plpgsql as
				'begin perform pg_sleep(0.5); return null; end';
			create constraint trigger "linger" after insert on "changes" deferrable initially deferred
				for each row execute function "linger"()`);
	}
	async function committing(): Promise<void> {
		const running = `select from pg_stat_activity where datname = '${database}' and query = 'commit' and state = 'active'`;
		while ((await cluster.query(running)).rowCount === 0) await pause(10);
	}

	it("is answered once where its commit was not, and the database has it", async () => {
		await linger();
		const creating = create("one");
		await committing();
		relay.mend();
		await creating;
		assert.deepEqual([await kept(), told], [["one"], ["one"]]);
		await create("two");
		assert.deepEqual(
			[await kept(), told],
			[
				["one", "two"],
				["one", "two"],
			],
		);
	});

	it("may have been made where its commit was not answered, and the database stays away", async () => {
		await linger();
		const creating = Promise.allSettled([create("one"), create("two")]);
		await committing();
		relay.cut("closed");
		for (const { status, reason } of (await creating) as PromiseRejectedResult[])
			assert.ok(status === "rejected" && reason instanceof ChangeUncertain, String(reason));
		relay.mend();
		await until(() => store.isCurrent());
		await create("three");
		assert.deepEqual(
			[await kept(), told.toSorted()],
			[
				["one", "three", "two"],
				["one", "three", "two"],
			],
		);
	});

	it("was certainly not made where the connection is lost before its commit", async () => {
		const changing = store.write(async (transaction: Transaction) => {
			await transaction.insertToken(tokenOf("one"));
			relay.cut("closed");
			await transaction.token("one");
		});
		await assert.rejects(changing, StoreUnreachable);
		await assert.rejects(create("two"), StoreUnreachable);
		relay.mend();
		await create("three");
		assert.deepEqual(await kept(), ["three"]);
	});

	it("is refused alone, and in words, where the database refuses it", async () => {
		await create("one");
		const results = await Promise.allSettled([create("two"), create("one"), create("three")]);
		assert.deepEqual(
			results.map(({ status }) => status),
			["fulfilled", "rejected", "fulfilled"],
		);
		const { reason } = results[1] as PromiseRejectedResult;
		assert.ok(reason instanceof StorageError);
		assert.match(reason.message, /^The database refused the change, so nothing was changed\.$/);
		assert.deepEqual(await kept(), ["one", "three", "two"]);
		await assert.rejects(create("one"), StorageError);
	});

	it("of many in one moment is refused alone too", async () => {
		await create("one");
		const ids = Array.from({ length: 150 }, (_, index) => (index % 60 === 10 ? "one" : `token ${index}`));
		const results = await Promise.allSettled(ids.map(create));
		assert.deepEqual(
			ids.filter((_, index) => results[index]?.status === "rejected"),
			["one", "one", "one"],
		);
		assert.deepEqual(await kept(), [...new Set(ids)].toSorted());
		assert.deepEqual(told.toSorted(), [...new Set(ids)].toSorted());
	});

	it("is not refused for what another one has failed with, where the connection is lost", async () => {
		const results = await Promise.allSettled([
			store.write((transaction) => transaction.updateToken(tokenOf("absent"), unused, 7)),
			store.write(async (transaction) => {
				await transaction.token("absent").catch(async (error) => {
					relay.cut("closed");
					await transaction.token("absent").catch(() => undefined);
					throw error;
				});
			}),
			create("one"),
		]);
		relay.mend();
		for (const result of results)
			assert.ok(result.status === "rejected" && result.reason instanceof StoreUnreachable, String(result));
		assert.deepEqual(await kept(), []);
	});

	it("is made before the store closes, if it was requested before, and else refused", async () => {
		const creating = Array.from({ length: 200 }, (_, index) => create(`token ${index}`));
		const closed = store.close();
		await assert.rejects(create("late"), StorageError);
		await Promise.all(creating);
		await closed;
		assert.equal((await kept()).length, 200);
	});

	it("is not made later either, where it arrives after it was given up", async () => {
		await create("one");
		await create("two");
		relay.hold();
		const creating = create("late");
		await until(() => relay.keeps("commit"));
		const deliver = relay.lose();
		await assert.rejects(creating, StoreUnreachable);
		deliver();
		await create("three");
		assert.deepEqual(await kept(), ["one", "three", "two"]);
	});

	it("adds uses once, where its commit was not answered", async () => {
		await create("one");
		await query(`create function "linger"() returns trigger language plpgsql as
				'begin perform pg_sleep(0.5); return null; end';
			create constraint trigger "linger" after update on "tokens" deferrable initially deferred
				for each row execute function "linger"()`);
		const uses = { useCount: 3, lastUsed: 1, lastUsedAddress: null };
		const counting = store.write((transaction) => transaction.addUsage([{ tokenId: "one", uses, days: [] }]));
		await committing();
		relay.mend();
		await counting;
		assert.equal((await store.token("one"))?.usage.useCount, 3);
	});

	it("has a number where it only reads: what it has read counts everywhere", async () => {
		await create("one");
		const found = await store.write(async (transaction) => (await transaction.token("one"))?.token.id);
		assert.deepEqual([found, store.position()], ["one", { change: 2 }]);
		assert.equal((await query('select from "changes"')).rowCount, 2);
	});

	it("has none where it only counts uses", async () => {
		await create("one");
		const before = store.position();
		const uses = { useCount: 3, lastUsed: 1, lastUsedAddress: null };
		await store.write((transaction) => transaction.addUsage([{ tokenId: "one", uses, days: [] }]));
		assert.deepEqual(store.position(), before);
		assert.equal((await query('select from "changes"')).rowCount, 1);
	});
});
