/** One of several replicas over a database that it loses and finds again: what it knows, and what it must not answer by. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { Acknowledgements } from "../../daemon/store/postgres/acknowledgements.ts";
import { linkToPrimary, targetsOf } from "../../daemon/store/postgres/connect.ts";
import { PostgresStore } from "../../daemon/store/postgres/postgres-store.ts";
import { StoreUnreachable, type Transaction } from "../../daemon/store/store.ts";
import { until } from "../daemon/harness.ts";
import { describeWhere } from "../where.ts";
import { hasPostgres, sharedCluster } from "./cluster.ts";
import { Relay } from "./relay.ts";
import { forgetPostgresStore, tokenOf, urlOfPostgresStore } from "./store.ts";

const leaseMilliseconds = 1000;
/** Longer than any test takes. */
const long = 600_000;

/** What a replica was told, and what has become of it. */
class Watched {
	readonly told: string[] = [];
	readonly positions: number[] = [];
	lost = 0;
	troubles = 0;
	recovered = 0;
	store!: PostgresStore;

	/** @param addresses the database's, and another one for the connection that listens */
	async open(
		[url, directUrl]: [url: string, directUrl?: string],
		more: { staleMilliseconds?: number; leaseMilliseconds?: number } = {},
	): Promise<this> {
		this.store = await PostgresStore.open({
			...{ url, poolSize: 2, version: "1.2.3", leaseMilliseconds, usesWrittenUntil: Date.now },
			...(directUrl !== undefined && { directUrl }),
			...more,
			onTrouble: () => this.troubles++,
			onRecovered: () => this.recovered++,
			onLost: () => this.lost++,
		});
		this.store.onCommitted(({ tokens, settings }, { change }) => {
			this.told.push(...tokens.map(({ stored }) => stored.token.id), ...settings.keys());
			this.positions.push(change);
		});
		await this.store.follow();
		return this;
	}

	create(id: string): Promise<void> {
		return this.store.write((transaction: Transaction) => transaction.insertToken(tokenOf(id)));
	}
}

describeWhere(hasPostgres, "PostgreSQL is not installed")("a replica", () => {
	let directory: string;
	let url: string;
	let relay: Relay;
	let throughRelay: string;
	let near: Watched;
	let far: Watched;

	beforeEach(async () => {
		directory = randomUUID();
		url = await urlOfPostgresStore(directory);
		const { port } = await sharedCluster();
		relay = await Relay.start(port);
		throughRelay = url.replace(`:${port}/`, `:${relay.port}/`);
		near = await new Watched().open([url]);
	});
	afterEach(async () => {
		await Promise.all([near, far].map(({ store }) => store.close()));
		relay.close();
		await forgetPostgresStore(directory);
	});

	async function query(text: string): Promise<Record<string, unknown>[]> {
		const { rows } = await (await sharedCluster()).query(text, new URL(url).pathname.slice(1));
		return rows;
	}

	async function cutOff(): Promise<void> {
		relay.cut("closed");
		await until(() => !far.store.isCurrent());
	}

	it("knows a change of settings once that is answered, and of a token at least that it comes", async () => {
		far = await new Watched().open([throughRelay]);
		relay.slow(50);
		await near.store.write((transaction) => transaction.setSetting("policy", {}));
		assert.deepEqual(far.told, ["policy"]);
		await near.create("one");
		await far.store.coming("one");
		assert.equal(far.store.coming("one"), undefined, "it is read");
		assert.deepEqual(
			[far.told, near.told],
			[
				["policy", "one"],
				["policy", "one"],
			],
		);
		assert.deepEqual(far.store.position(), near.store.position());
		assert.deepEqual(
			[near.store.replica.acknowledgements.count, far.store.replica.acknowledgements.count],
			[2, 0],
		);
	});

	it("is waited for until it has read a change, not until its lease has ended", async () => {
		await near.store.close();
		near = await new Watched().open([url], { leaseMilliseconds: long });
		far = await new Watched().open([url], { leaseMilliseconds: long });
		for (const one of [near, far, near]) {
			await one.create(`token ${near.told.length}`);
			await one.store.write((transaction) => transaction.setSetting("policy", { changes: near.told.length }));
		}
		assert.deepEqual([near.told.length, far.told], [6, near.told]);
	});

	it("answers from memory no longer than its lease lasts, and then reads all that it has missed, each once", async () => {
		far = await new Watched().open([throughRelay]);
		await near.create("before");
		// It is not waited for if its lease had ended, as it does on a machine with too much to do.
		await until(() => far.told.length > 0);
		await cutOff();
		assert.equal(far.store.staleSeconds(), undefined, "nothing allows it to answer by what it knew");
		const ids = Array.from({ length: 250 }, (_, index) => `missed ${index}`);
		for (const id of ids) await near.create(id);
		assert.deepEqual(far.told, ["before"]);
		await until(() => far.troubles > 0);
		assert.deepEqual([far.recovered, far.lost], [0, 0]);
		relay.mend();
		await until(() => far.store.isCurrent());
		assert.deepEqual(far.told, ["before", ...ids]);
		assert.deepEqual(far.positions, near.positions);
		assert.deepEqual(far.store.position(), near.store.position());
		assert.deepEqual([far.recovered, far.lost], [1, 0]);
	}).timeout(30_000);

	it("answers by what it knew for as long as it may, and says how old that is", async () => {
		far = await new Watched().open([throughRelay], { staleMilliseconds: 1500 });
		assert.equal(far.store.staleSeconds(), undefined, "it is current");
		await cutOff();
		await until(() => far.store.staleSeconds() !== undefined);
		const seconds = far.store.staleSeconds() ?? 0;
		assert.ok(seconds === Math.ceil(far.store.replica.age / 1000) && seconds >= 1, `${seconds}`);
		await until(() => far.store.staleSeconds() === undefined);
		assert.equal(far.store.isCurrent(), false);
	});

	it("answers by nothing that it knew before a change of its own that it could not read", async () => {
		far = await new Watched().open([url, throughRelay], { staleMilliseconds: long });
		await cutOff();
		await until(() => far.store.staleSeconds() !== undefined);
		await far.create("own");
		assert.deepEqual(far.told, ["own"]);
		assert.notEqual(far.store.staleSeconds(), undefined, "it knows its own change");
		await near.create("between");
		await far.create("unread");
		assert.deepEqual([far.told, far.store.staleSeconds()], [["own"], undefined]);
		relay.mend();
		await until(() => far.store.isCurrent());
		assert.deepEqual([far.told, near.told], [near.told, ["own", "between", "unread"]]);
		await cutOff();
		await until(() => far.store.staleSeconds() !== undefined);
	});

	it("is lost where changes that it has missed are no longer kept", async () => {
		far = await new Watched().open([throughRelay]);
		await cutOff();
		for (const id of ["one", "two"]) await near.create(id);
		await query(`delete from "changes" where "number" = 1`);
		assert.equal(far.lost, 0);
		relay.mend();
		await until(() => far.lost > 0);
		assert.deepEqual(far.told, []);
	});

	it("is lost where changes between others are no longer kept", async () => {
		far = await new Watched().open([throughRelay]);
		await cutOff();
		for (const id of ["one", "two", "three"]) await near.create(id);
		await query(`delete from "changes" where "number" = 2`);
		relay.mend();
		await until(() => far.lost > 0);
		assert.ok(!far.told.includes("three"));
	});

	it("is lost where the database has another change in the place of one that it knows", async () => {
		far = await new Watched().open([throughRelay]);
		await near.create("one");
		await until(() => far.told.length > 0);
		await cutOff();
		await query(`update "changes" set "batch" = gen_random_uuid()`);
		relay.mend();
		await until(() => far.lost > 0);
		assert.equal(far.store.isCurrent(), false);
	});

	it("is lost before it changes a database that has another change in the place of one that it knows", async () => {
		far = await new Watched().open([url]);
		await near.create("one");
		await query(`update "changes" set "batch" = gen_random_uuid()`);
		// Of the connections only the one that changes is new: as that of a host which took over.
		const ended = await query(`select pg_terminate_backend("pid") from pg_stat_activity
			where "datname" = current_database() and "query" like 'select "id", extract(epoch from "leaseUntil"%'`);
		assert.equal(ended.length, 1);
		await assert.rejects(near.create("two"));
		await assert.rejects(near.create("three"), StoreUnreachable);
		assert.deepEqual([near.lost > 0, await query(`select "id" from "tokens"`)], [true, [{ id: "one" }]]);
	});

	it("answers a change of its own after its lease, where it can neither read nor ask who else has one", async () => {
		far = await new Watched().open([throughRelay]);
		await cutOff();
		// A rejection that is handled nowhere would end the process.
		const unhandled: unknown[] = [];
		const note = (error: unknown) => unhandled.push(error);
		const others = process.rawListeners("unhandledRejection");
		process.removeAllListeners("unhandledRejection").on("unhandledRejection", note);
		try {
			await far.store.replica.settle({ number: 7, batch: randomUUID(), committed: [] });
		} finally {
			process.off("unhandledRejection", note);
			for (const one of others) process.on("unhandledRejection", one as NodeJS.UnhandledRejectionListener);
		}
		assert.deepEqual(unhandled, []);
	});

	it("goes on where the database has the last change that it has made itself", async () => {
		far = await new Watched().open([throughRelay]);
		await far.create("own");
		await cutOff();
		relay.mend();
		await until(() => far.store.isCurrent());
		assert.deepEqual([far.lost, far.told], [0, ["own"]]);
	});

	it("knows how many there are, and which is the first", async () => {
		far = await new Watched().open([url]);
		await until(() => near.store.replica.seen.replicas === 2);
		assert.deepEqual([near.store.replica.seen.isFirst, far.store.replica.seen.isFirst], [true, false]);
		const ids = [near, far].map(({ store }) => store.replica.id).toSorted();
		assert.deepEqual(
			(await query(`select "id" from "replicas" order by "id"`)).map(({ id }) => id),
			ids,
		);
		await near.store.close();
		assert.equal(near.store.isCurrent(), false);
		assert.equal((await query('select from "replicas"')).length, 1);
		await until(() => far.store.replica.seen.isFirst);
		assert.equal(far.store.replica.seen.replicas, 1);
	});

	it("forgets what another one had read only once that one is gone", async () => {
		far = await new Watched().open([url]);
		const { id } = far.store.replica;
		const link = await linkToPrimary(targetsOf(url));
		try {
			const acknowledgements = new Acknowledgements();
			for (const replica of [id, "gone"]) acknowledgements.hear(`${replica} 7`);
			const others = await acknowledgements.others(link, near.store.replica.id);
			assert.deepEqual(
				others.map((other) => other.id),
				[id],
			);
			const [{ remaining } = { remaining: 0 }] = others;
			assert.ok(remaining > 0 && remaining <= leaseMilliseconds, `${remaining}`);
			await acknowledgements.wait({ id, remaining: long }, 7);
			const forgotten = acknowledgements.wait({ id: "gone", remaining: long }, 7).then(() => "forgotten");
			assert.equal(await Promise.race([forgotten, pause(0, "it waits")]), "it waits");
			acknowledgements.hear("gone 7");
			await forgotten;
		} finally {
			await link.close();
		}
	});
});
