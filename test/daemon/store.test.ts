/** What is on disk after everything that can happen to a process or a disk. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import type { DurableDatabase } from "../../daemon/store/sqlite/durable-database.ts";
import { insertRow } from "../../daemon/store/sqlite/insert.ts";
import { listSnapshots } from "../../daemon/store/sqlite/snapshot.ts";
import { StorageError } from "../../daemon/store/store.ts";
import { all, close, databasesOfEach, expected, insert, linesOf, names, set } from "./databases.ts";
import { openDatabase } from "./harness.ts";

describe("the durable database", () => {
	const databases = databasesOfEach();

	it("has every answered change after the process is gone without a word", async () => {
		const database = await databases.start();
		await Promise.all(names(50).map((name) => set(database, name, "1")));
		// Nothing is closed: the next one reads what a killed process would have left.
		assert.deepEqual(await all(await databases.start()), expected(names(50), "1"));
	});

	it("removes what a crash left half-written, but no lock that another process may be writing", async () => {
		for (const name of ["index.jsonl.tmp", "lock-other.tmp"]) writeFileSync(join(databases.folder, name), "");
		await databases.start();
		assert.deepEqual(
			readdirSync(databases.folder).filter((name) => name.endsWith(".tmp")),
			["lock-other.tmp"],
		);
	});

	it("answers reads only with what is on disk", async () => {
		const database = await databases.start();
		const writing = set(database, "a", "1");
		const reading = all(database);
		assert.deepEqual(await reading, {}, "the read came before the change was durable");
		await writing;
		assert.deepEqual(await all(database), { a: "1" });
	});

	it("keeps nothing of a change that throws, and all of its neighbours in the same group", async () => {
		const database = await databases.start();
		const results = await Promise.allSettled([
			set(database, "before", "1"),
			database.write(async ({ kysely }) => {
				await kysely.insertInto("settings").values({ name: "half", value: "1" }).execute();
				throw new Error("no");
			}),
			set(database, "after", "1"),
		]);
		assert.deepEqual(
			results.map((result) => result.status),
			["fulfilled", "rejected", "fulfilled"],
		);
		assert.deepEqual(await all(database), { before: "1", after: "1" });
		assert.deepEqual(await all(await databases.start()), { before: "1", after: "1" });
	});

	it("keeps a statement that fails out of the log", async () => {
		const database = await databases.start();
		await set(database, "a", "1");
		await assert.rejects(insert(database, "a", "2"), /UNIQUE/);
		assert.deepEqual(await all(await databases.start()), { a: "1" });
		assert.doesNotMatch(readFileSync(databases.logFile(), "utf8"), /"2"/);
	});

	it("writes a setting once for all changes of a group, as the last one that was kept has left it", async () => {
		const database = await databases.start();
		const count = (fails = false) =>
			database.write(async ({ settings }) => {
				settings.set("count", Number(settings.get("count") ?? 0) + 1);
				if (fails) throw new Error("not this one");
			});
		const [, refused] = await Promise.allSettled([count(), count(true), count(), count()]);
		assert.equal(refused?.status, "rejected");
		const countIn = (from: DurableDatabase) => from.read(async ({ settings }) => settings.get("count"));
		assert.equal(await countIn(database), 3);
		assert.equal(readFileSync(databases.logFile(), "utf8").match(/"count"/g)?.length, 1);
		assert.equal(await countIn(await databases.start()), 3);
	});

	it("gives SQLite the texts of a row as bytes, whatever characters they hold", async () => {
		const database = await databases.start();
		const row = { name: "Zoë 🗝 \u0000 end", value: JSON.stringify({ empty: "" }) };
		await database.write((connection) => insertRow(connection, "settings", row));
		assert.match(
			linesOf(databases.logFile()).toString(),
			/values \(cast\(\? as text\), cast\(\? as text\)\)/,
		);
		for (const each of [database, await databases.start()])
			assert.deepEqual(await all(each), { [row.name]: row.value });
	});

	it("turns many changes into snapshots and loses none", async () => {
		const database = await databases.start({ compactAtBytes: 2000 });
		for (let round = 0; round < 20; round++) {
			await Promise.all(names(50).map((name) => set(database, name, String(round))));
			await database.compacted();
			assert.deepEqual(await all(await databases.start()), expected(names(50), String(round)));
		}
		assert.ok(
			listSnapshots(databases.folder).length <= 2,
			"only the newest snapshot and its last resort are kept",
		);
		assert.ok((listSnapshots(databases.folder)[0]?.generation ?? 0) > 3);
	});

	it("makes another snapshot after as many changes again, and not before", async () => {
		const database = await databases.start({ compactAtBytes: 50_000 });
		const newest = () => listSnapshots(databases.folder)[0]?.generation ?? 0;
		const change = async (name: string, value: string) => {
			await set(database, name, value);
			// A snapshot begins after the answer, before any read.
			await all(database);
			await database.compacted();
		};
		let made = newest();
		for (let snapshot = 0; snapshot < 3; snapshot++) {
			for (let small = 0; small < 3; small++) await change("small", String(small));
			assert.equal(newest(), made);
			await change("long", String(snapshot).repeat(50_000));
			assert.ok(newest() > made);
			made = newest();
		}
	});

	it("keeps every change while no snapshot can be made, and does not try after each", async () => {
		const failures: unknown[] = [];
		const compaction = { script: join(databases.folder, "absent.js"), wasm: "" };
		const onCompactionError = (cause: unknown) => failures.push(cause);
		const database = await databases.start({ compactAtBytes: 3000, compaction, onCompactionError });
		for (const name of names(300)) {
			await set(database, name, "1");
			await database.compacted();
		}
		assert.ok(failures.length >= 2 && failures.length <= 6, `${failures.length} attempts`);
		assert.match(String(failures[0]), /compaction ended with 1.*absent/s);
		assert.deepEqual(await all(await databases.start()), expected(names(300), "1"));
	});

	it("does not wait for a large snapshot when it is closed, and the next start has every change", async () => {
		const database = await openDatabase(databases.folder, { compactAtBytes: 2000, quickSnapshotBytes: 0 });
		const failures: unknown[] = [];
		for (const name of names(40)) await set(database, name, "1");
		await close(database);
		const before = listSnapshots(databases.folder).length;
		const reopened = await databases.start({ onCompactionError: (cause) => failures.push(cause) });
		assert.deepEqual(await all(reopened), expected(names(40), "1"));
		assert.deepEqual([reopened.notices, failures, before], [[], [], 1]);
	});

	it("keeps what is answered while it is being closed, and takes nothing afterwards", async () => {
		const database = await openDatabase(databases.folder, {
			compactAtCloseBytes: 0,
			servesOthers: () => true,
		});
		const answered: string[] = [];
		await set(database, "first", "1");
		const writing = (async () => {
			for (let number = 0; ; number++) {
				await set(database, `name-${number}`, "1");
				answered.push(`name-${number}`);
				await new Promise(setImmediate);
			}
		})();
		await close(database);
		await assert.rejects(writing, StorageError);
		await assert.rejects(set(database, "late", "1"), StorageError);
		assert.deepEqual(await all(await databases.start()), { first: "1", ...expected(answered, "1") });
	});

	it("accepts nothing more when memory does not accept what is on disk, and the next start finds it", async () => {
		const damages: Error[] = [];
		const database = await databases.start({ onDamage: (damage) => damages.push(damage) });
		await set(database, "a", "1");
		await database.write(async ({ kysely, memory }) => {
			await kysely.insertInto("settings").values({ name: "b", value: "1" }).execute();
			// So that the commit of the group fails.
			memory.execute("commit");
		});
		await assert.rejects(set(database, "c", "1"), StorageError);
		await assert.rejects(all(database), StorageError);
		assert.match(damages[0]?.message ?? "", /only another start/);
		assert.deepEqual(await all(await databases.start()), { a: "1", b: "1" });
	});

	it("finds after a crash at any byte of the log just the changes before it", async () => {
		const database = await databases.start();
		for (const name of ["a", "b", "c"]) await set(database, name, "1");
		const path = databases.logFile();
		const whole = linesOf(path);
		const ends = [...whole.entries()].filter(([, byte]) => byte === 0x0a).map(([at]) => at + 1);
		const [begun = 0] = ends;
		await fc.assert(
			fc.asyncProperty(
				fc.integer({ min: begun, max: whole.length }),
				fc.integer({ min: 1, max: 5000 }),
				async (length, room) => {
					writeFileSync(path, Buffer.concat([whole.subarray(0, length), Buffer.alloc(room)]));
					// The copy is written after the log is synced.
					writeFileSync(
						databases.copyFile(),
						whole.subarray(
							0,
							ends.findLast((end) => end <= length),
						),
					);
					const reopened = await openDatabase(databases.folder);
					const kept = ["a", "b", "c"].filter((_, index) => (ends[index + 1] ?? 0) <= length);
					assert.deepEqual([await all(reopened), reopened.notices], [expected(kept, "1"), []]);
					await close(reopened);
				},
			),
			{ numRuns: 40 },
		);
	});
});

describe("a storage error", () => {
	it("says that nothing was changed and keeps its cause", () => {
		const cause = new Error("ENOSPC");
		assert.match(new StorageError(cause).message, /nothing was changed/);
		assert.equal(new StorageError(cause).cause, cause);
	});
});
