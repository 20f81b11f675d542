/** Changes of one moment share a transaction of the database, and yet fail each alone. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { checkChain, record } from "../../daemon/rules/audit.ts";
import { linkToPrimary, targetsOf } from "../../daemon/store/postgres/connect.ts";
import type { PostgresStore } from "../../daemon/store/postgres/postgres-store.ts";
import { insertToken, insertValues, updateToken, updateValues } from "../../daemon/store/postgres/rows.ts";
import { type Transaction, unused, VersionConflict } from "../../daemon/store/store.ts";
import { describeWhere } from "../where.ts";
import { hasPostgres } from "./cluster.ts";
import { forgetPostgresStore, openPostgresStore, tokenOf, urlOfPostgresStore } from "./store.ts";

describeWhere(hasPostgres, "PostgreSQL is not installed")("changes of one moment", () => {
	const directory = randomUUID();
	let store: PostgresStore;

	beforeEach(async () => {
		store = await openPostgresStore(directory);
		await store.follow();
	});

	afterEach(async () => {
		await store.close();
		await forgetPostgresStore(directory);
	});

	it("are all kept but for the one of a version that was replaced", async () => {
		const token = tokenOf("first");
		await store.write((transaction) => transaction.insertToken(token));
		const results = await Promise.allSettled([
			store.write((transaction) => create(transaction, "second")),
			store.write((transaction) => transaction.updateToken({ ...token, version: 8 }, unused, 7)),
			store.write((transaction) => create(transaction, "third")),
		]);
		assert.deepEqual(
			results.map(({ status }) => status),
			["fulfilled", "rejected", "fulfilled"],
		);
		assert.ok((results[1] as PromiseRejectedResult).reason instanceof VersionConflict);
		const stored = await store.tokens(["first", "second", "third"]);
		assert.deepEqual(stored.map((one) => [one.token.id, one.token.version]).toSorted(), [
			["first", 1],
			["second", 1],
			["third", 1],
		]);
		assert.equal((await store.chainEnds()).head.sequence, 2);
	});

	it("are kept however long a large one computes between two queries", async function () {
		this.timeout(60_000);
		await store.write(async (transaction) => {
			for (let index = 0; index < 1000; index++) await create(transaction, `many ${index}`);
			await transaction.token("many 0");
			// As long as the events and texts of 100,000 tokens take: for 3 seconds the database waits in a small change.
			const end = performance.now() + 4000;
			while (performance.now() < end);
		});
		assert.equal((await store.tokens(["many 0", "many 999"])).length, 2);
	});

	it("are all kept but for the one that a rule refuses after it has written", async () => {
		const refused = new Error("refused");
		const results = await Promise.allSettled([
			store.write((transaction) => create(transaction, "kept")),
			store.write(async (transaction) => {
				await create(transaction, "taken back");
				throw refused;
			}),
		]);
		assert.deepEqual(results, [
			{ status: "fulfilled", value: undefined },
			{ status: "rejected", reason: refused },
		]);
		assert.deepEqual(
			(await store.tokens(["kept", "taken back"])).map(({ token }) => token.id),
			["kept"],
		);
		assert.equal((await store.chainEnds()).head.sequence, 1);
	});

	it("see what those before have changed", async () => {
		const taken = { profile: "local", name: "name of one", exceptId: "two" };
		const [, isTaken] = await Promise.all([
			store.write((transaction) => create(transaction, "one")),
			store.write((transaction) => transaction.isNameTaken(taken)),
		]);
		assert.equal(isTaken, true);
	});

	it("say what failed, where something is read after it", async () => {
		const failing = store.write(async (transaction) => {
			await transaction.updateToken(tokenOf("absent"), unused, 7);
			await transaction.token("absent");
		});
		await assert.rejects(failing, VersionConflict);
	});

	for (const level of ["read committed", "serializable"])
		it(`continue one audit chain, whichever replica has made those before, where transactions are ${level}`, async () => {
			const others = await Promise.all(
				[1, 2].map(() =>
					openPostgresStore(
						directory,
						`?options=${encodeURIComponent(`-c default_transaction_isolation=${level.replace(" ", "\\ ")}`)}`,
					),
				),
			);
			for (const other of others) await other.follow();
			try {
				for (let round = 0; round < 10; round++) {
					await Promise.all(others.map((one, at) => one.write((to) => create(to, `${round} ${at}`))));
					await store.write((transaction) => create(transaction, `${round} alone`));
				}
				assert.deepEqual(await checkChain(store), { intact: true, checked: 30, brokenAt: null });
			} finally {
				for (const other of others) await other.close();
			}
		});

	it("are not written outside of their turn, whatever the database has answered to its begin", async () => {
		const link = await linkToPrimary(targetsOf(await urlOfPostgresStore(directory)));
		try {
			const token = tokenOf("early");
			await store.write((transaction) => transaction.insertToken(token));
			const statements = [
				{ text: insertToken, values: insertValues(tokenOf("another"), unused) },
				{ text: updateToken, values: updateValues({ ...token, version: 2 }, unused, 1) },
			];
			for (const statement of statements) await assert.rejects(link.query(statement));
			assert.deepEqual(
				(await store.tokens(["early", "another"])).map(({ token: { id, version } }) => [id, version]),
				[["early", 1]],
			);
		} finally {
			await link.close();
		}
	});

	it("are told to the listener once each, in order, before they are answered", async () => {
		const told: string[] = [];
		store.onCommitted(({ events }) => told.push(...events.map(({ tokenId }) => String(tokenId))));
		const ids = Array.from({ length: 100 }, (_, index) => `token ${index}`);
		await Promise.all(
			ids.map(async (id) => {
				await store.write((transaction) => create(transaction, id));
				assert.ok(told.includes(id));
			}),
		);
		assert.deepEqual(told, ids);
	});
});

async function create(transaction: Transaction, id: string): Promise<void> {
	await transaction.insertToken(tokenOf(id));
	const actor = { userId: "u", userName: "User" };
	await record(transaction, new Date().toISOString(), [
		{ action: "create", actor, tokenId: id, before: {}, after: {} },
	]);
}
