/** What is on disk after everything that can happen to a process, a file or a disk. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { ChangeLog, createLog } from "../../daemon/store/sqlite/change-log.ts";
import type { DurableDatabase, DurableOptions } from "../../daemon/store/sqlite/durable-database.ts";
import { insertRow } from "../../daemon/store/sqlite/insert.ts";
import { listLogs, listSnapshots } from "../../daemon/store/sqlite/snapshot.ts";
import { StorageError } from "../../daemon/store/store.ts";
import { openDatabase, temporaryFolder } from "./harness.ts";

describe("the durable database", () => {
	let folder: string;
	const open: DurableDatabase[] = [];
	beforeEach(() => {
		folder = temporaryFolder();
	});
	afterEach(async () => {
		for (const database of open.splice(0)) await close(database);
		rmSync(folder, { recursive: true });
	});

	it("has every answered change after the process is gone without a word", async () => {
		const database = await start();
		await Promise.all(names(50).map((name) => set(database, name, "1")));
		// Nothing is closed: the next one reads what a killed process would have left.
		assert.deepEqual(await all(await start()), expected(names(50), "1"));
	});

	it("removes what a crash left half-written, but no lock that another process may be writing", async () => {
		for (const name of ["index.jsonl.tmp", "lock-other.tmp"]) writeFileSync(join(folder, name), "");
		await start();
		assert.deepEqual(
			readdirSync(folder).filter((name) => name.endsWith(".tmp")),
			["lock-other.tmp"],
		);
	});

	it("answers reads only with what is on disk", async () => {
		const database = await start();
		const writing = set(database, "a", "1");
		const reading = all(database);
		assert.deepEqual(await reading, {}, "the read came before the change was durable");
		await writing;
		assert.deepEqual(await all(database), { a: "1" });
	});

	it("keeps nothing of a change that throws, and all of its neighbours in the same group", async () => {
		const database = await start();
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
		assert.deepEqual(await all(await start()), { before: "1", after: "1" });
	});

	it("keeps a statement that fails out of the log", async () => {
		const database = await start();
		await set(database, "a", "1");
		await assert.rejects(insert(database, "a", "2"), /UNIQUE/);
		assert.deepEqual(await all(await start()), { a: "1" });
		assert.doesNotMatch(readFileSync(logFile(), "utf8"), /"2"/);
	});

	it("writes a setting once for all changes of a group, as the last one that was kept has left it", async () => {
		const database = await start();
		const count = (fails = false) =>
			database.write(async ({ settings }) => {
				settings.set("count", Number(settings.get("count") ?? 0) + 1);
				if (fails) throw new Error("not this one");
			});
		const [, refused] = await Promise.allSettled([count(), count(true), count(), count()]);
		assert.equal(refused?.status, "rejected");
		const countIn = (from: DurableDatabase) => from.read(async ({ settings }) => settings.get("count"));
		assert.equal(await countIn(database), 3);
		assert.equal(readFileSync(logFile(), "utf8").match(/"count"/g)?.length, 1);
		assert.equal(await countIn(await start()), 3);
	});

	it("gives SQLite the texts of a row as bytes, whatever characters they hold", async () => {
		const database = await start();
		const row = { name: "Zoë 🗝 \u0000 end", value: JSON.stringify({ empty: "" }) };
		await database.write((connection) => insertRow(connection, "settings", row));
		assert.match(linesOf(logFile()).toString(), /values \(cast\(\? as text\), cast\(\? as text\)\)/);
		for (const each of [database, await start()])
			assert.deepEqual(await all(each), { [row.name]: row.value });
	});

	it("turns many changes into snapshots and loses none", async () => {
		const database = await start({ compactAtBytes: 2000 });
		for (let round = 0; round < 20; round++) {
			await Promise.all(names(50).map((name) => set(database, name, String(round))));
			await database.compacted();
			assert.deepEqual(await all(await start()), expected(names(50), String(round)));
		}
		assert.ok(listSnapshots(folder).length <= 2, "only the newest snapshot and its last resort are kept");
		assert.ok((listSnapshots(folder)[0]?.generation ?? 0) > 3);
	});

	it("keeps every change while no snapshot can be made, and does not try after each", async () => {
		const failures: unknown[] = [];
		const compaction = { script: join(folder, "absent.js"), wasm: "" };
		const onCompactionError = (cause: unknown) => failures.push(cause);
		const database = await start({ compactAtBytes: 3000, compaction, onCompactionError });
		for (const name of names(300)) {
			await set(database, name, "1");
			await database.compacted();
		}
		assert.ok(failures.length >= 2 && failures.length <= 6, `${failures.length} attempts`);
		assert.match(String(failures[0]), /compaction ended with 1.*absent/s);
		assert.deepEqual(await all(await start()), expected(names(300), "1"));
	});

	it("does not wait for a large snapshot when it is closed, and the next start has every change", async () => {
		const database = await openDatabase(folder, { compactAtBytes: 2000, quickSnapshotBytes: 0 });
		const failures: unknown[] = [];
		for (const name of names(40)) await set(database, name, "1");
		await close(database);
		const before = listSnapshots(folder).length;
		const reopened = await start({ onCompactionError: (cause) => failures.push(cause) });
		assert.deepEqual(await all(reopened), expected(names(40), "1"));
		assert.deepEqual([reopened.notices, failures, before], [[], [], 1]);
	});

	it("builds a damaged snapshot again from the one before, and says so", async () => {
		const database = await start({ compactAtBytes: 500 });
		for (let round = 0; round < 20; round++) {
			await Promise.all(names(50).map((name) => set(database, name, String(round))));
			await database.compacted();
		}
		assert.ok((listSnapshots(folder)[0]?.generation ?? 0) > 3, "more than the first snapshot is there");
		const newest = listSnapshots(folder)[0]?.path ?? "";
		const damaged = Buffer.from(readFileSync(newest));
		damaged[5000] = (damaged[5000] ?? 0) ^ 0xff;
		writeFileSync(newest, damaged);

		const reopened = await start();
		assert.deepEqual(await all(reopened), expected(names(50), "19"));
		assert.equal(reopened.notices[0]?.code, "data-recovered");
		const aside = readdirSync(folder).filter((name) => name.includes(".damaged"));
		assert.equal(aside.length, 1);
		assert.deepEqual(
			readFileSync(join(folder, aside[0] ?? "")),
			damaged,
			"the damaged file is kept as it was",
		);
		assert.deepEqual((await start()).notices, [], "and is reported once");
	});

	it("takes from a log's copy what the log has lost, sets the log aside and says so", async () => {
		const database = await start();
		for (const name of ["a", "b", "c"]) await set(database, name, "1");
		replaceIn(logFile(), '"b"', '"x"');
		const reopened = await start();
		assert.deepEqual(await all(reopened), expected(["a", "b", "c"], "1"));
		const [notice] = reopened.notices;
		assert.equal(notice?.code, "data-recovered");
		assert.match(notice?.detail ?? "", /set aside: changes-\d+\.log\.damaged\. Nothing is lost/);
		await set(reopened, "d", "1");
		const third = await start();
		assert.deepEqual([await all(third), third.notices], [expected(["a", "b", "c", "d"], "1"), []]);
	});

	it("keeps what comes before and after damage that both a log and its copy have, and says so", async () => {
		const database = await start();
		for (const name of ["a", "b", "c"]) await set(database, name, "1");
		for (const path of [logFile(), copyFile()]) replaceIn(path, '"b"', '"x"');
		const reopened = await start();
		assert.deepEqual(await all(reopened), { a: "1", c: "1" });
		assert.equal(reopened.notices[0]?.code, "data-lost");
		assert.match(reopened.notices[0]?.detail ?? "", /^Up to 1 changes could not be read/);
		await set(reopened, "d", "1");
		assert.deepEqual(await all(await start()), { a: "1", c: "1", d: "1" });
		assert.ok(readdirSync(folder).some((name) => name.endsWith(".log.damaged")));
	});

	it("sets a second damaged file of the same name aside beside the first", async () => {
		for (const wrong of ["one", "two", "three"]) {
			await close(await openDatabase(folder));
			writeFileSync(join(folder, "index.jsonl"), wrong);
		}
		assert.equal((await start()).notices[0]?.code, "data-recovered");
		const aside = readdirSync(folder).filter((name) => name.startsWith("index.jsonl."));
		assert.deepEqual(aside.map((name) => [name, readFileSync(join(folder, name), "utf8")]).sort(), [
			["index.jsonl.damaged", "one"],
			["index.jsonl.damaged-2", "two"],
			["index.jsonl.damaged-3", "three"],
		]);
	});

	it("leaves out a statement that does not fit the tables, and says so", async () => {
		await set(await start(), "a", "1");
		const generation = (listLogs(folder).at(-1) ?? 0) + 1;
		const log = new ChangeLog(folder, generation, createLog(folder, generation, 2));
		const fits = `update "settings" set "value" = ? where "name" = ?`;
		await log.append({ statements: [[`delete from "missing"`, []]], events: [] }, "none");
		await log.append({ statements: [[fits, ["2", "a"]]], events: [] }, "none");
		log.close();
		const reopened = await start();
		assert.deepEqual(await all(reopened), { a: "2" });
		assert.match(reopened.notices[0]?.detail ?? "", /^Up to 1 changes/);
		await set(reopened, "b", "1");
		assert.deepEqual(await all(await start()), { a: "2", b: "1" });
	});

	it("misses the last line of a log when the next one tells of it", async () => {
		const database = await start({ compactAtBytes: 1 << 30 });
		await set(database, "a", "1");
		await set(database, "b", "1");
		const [path, copy, generation] = [logFile(), copyFile(), listLogs(folder).at(-1) ?? 0];
		const whole = linesOf(path);
		createLog(folder, generation + 1, 3);
		const before = whole.lastIndexOf("\n", whole.length - 2) + 1;
		writeFileSync(path, Buffer.concat([whole.subarray(0, before), Buffer.alloc(512)]));
		truncateSync(copy, before);
		const reopened = await start();
		assert.deepEqual(await all(reopened), { a: "1" });
		assert.match(reopened.notices[0]?.detail ?? "", /^Up to 1 changes/);
	});

	it("starts again, empty, when all is damaged, and has kept the pieces", async () => {
		await set(await start(), "a", "1");
		for (const snapshot of listSnapshots(folder)) writeFileSync(snapshot.path, "nothing of worth");
		for (const path of [logFile(), copyFile()]) writeFileSync(path, "neither here\n");
		const reopened = await start();
		assert.deepEqual(await all(reopened), {});
		assert.deepEqual(
			reopened.notices.map((notice) => notice.code),
			["data-lost", "data-lost"],
		);
		await set(reopened, "b", "1");
		assert.deepEqual(await all(await start()), { b: "1" });
	});

	it("treats any missing part of the last line as a power cut, not as damage", async () => {
		const database = await start();
		await set(database, "a", "1");
		const path = logFile();
		const before = linesOf(path).length;
		await set(database, "b", "long ".repeat(500));
		const written = readFileSync(path);
		const end = linesOf(path).length;
		const sectors = Array.from({ length: Math.ceil(end / 512) }, (_, index) => index * 512);
		await fc.assert(
			fc.asyncProperty(fc.subarray(sectors, { minLength: 1 }), async (missing) => {
				const torn = Buffer.from(written);
				for (const sector of missing) torn.fill(0, Math.max(sector, before), sector + 512);
				writeFileSync(path, torn);
				truncateSync(copyFile(), before);
				const reopened = await openDatabase(folder);
				assert.deepEqual([await all(reopened), reopened.notices], [{ a: "1" }, []]);
				await close(reopened);
			}),
			{ numRuns: 30 },
		);
	});

	it("treats a missing part of the last line of a closed log as damage", async () => {
		const database = await openDatabase(folder);
		for (const name of ["a", "b"]) await set(database, name, "long ".repeat(500));
		await close(database);
		for (const path of [logFile(), copyFile()]) {
			const damaged = readFileSync(path);
			damaged.fill(0, linesOf(path).length - 1024, linesOf(path).length - 512);
			writeFileSync(path, damaged);
		}
		assert.equal((await start()).notices[0]?.code, "data-lost");
	});

	it("keeps what is answered while it is being closed, and takes nothing afterwards", async () => {
		const database = await openDatabase(folder, { compactAtCloseBytes: 0, servesOthers: () => true });
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
		assert.deepEqual(await all(await start()), { first: "1", ...expected(answered, "1") });
	});

	it("treats a complete but wrong last line as damage", async () => {
		const database = await start();
		for (const name of ["a", "b"]) await set(database, name, "1");
		for (const path of [logFile(), copyFile()]) replaceIn(path, '"b"', '"x"');
		const reopened = await start();
		assert.deepEqual(await all(reopened), { a: "1" });
		assert.equal(reopened.notices[0]?.code, "data-lost");
	});

	it("accepts nothing more when memory does not accept what is on disk, and the next start finds it", async () => {
		const damages: Error[] = [];
		const database = await start({ onDamage: (damage) => damages.push(damage) });
		await set(database, "a", "1");
		await database.write(async ({ kysely, memory }) => {
			await kysely.insertInto("settings").values({ name: "b", value: "1" }).execute();
			// So that the commit of the group fails.
			memory.execute("commit");
		});
		await assert.rejects(set(database, "c", "1"), StorageError);
		await assert.rejects(all(database), StorageError);
		assert.match(damages[0]?.message ?? "", /only another start/);
		assert.deepEqual(await all(await start()), { a: "1", b: "1" });
	});

	it("finds after a crash at any byte of the log just the changes before it", async () => {
		const database = await start();
		for (const name of ["a", "b", "c"]) await set(database, name, "1");
		const path = logFile();
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
						copyFile(),
						whole.subarray(
							0,
							ends.findLast((end) => end <= length),
						),
					);
					const reopened = await openDatabase(folder);
					const kept = ["a", "b", "c"].filter((_, index) => (ends[index + 1] ?? 0) <= length);
					assert.deepEqual([await all(reopened), reopened.notices], [expected(kept, "1"), []]);
					await close(reopened);
				},
			),
			{ numRuns: 40 },
		);
	});

	async function start(options: Partial<DurableOptions> = {}): Promise<DurableDatabase> {
		const database = await openDatabase(folder, options);
		open.push(database);
		return database;
	}

	function copyFile(): string {
		return logFile().replace("changes-", "copy-");
	}

	function logFile(): string {
		const numbers = readdirSync(folder).flatMap((name) => /^changes-(\d+)\.log$/.exec(name)?.[1] ?? []);
		return join(folder, `changes-${Math.max(...numbers.map(Number))}.log`);
	}
});

function replaceIn(path: string, text: string, by: string): void {
	writeFileSync(path, readFileSync(path, "latin1").replace(text, by), "latin1");
}

/** What a log holds before the room at its end. */
function linesOf(path: string): Buffer {
	const bytes = readFileSync(path);
	return bytes.subarray(0, bytes.lastIndexOf("\n") + 1);
}

describe("a storage error", () => {
	it("says that nothing was changed and keeps its cause", () => {
		const cause = new Error("ENOSPC");
		assert.match(new StorageError(cause).message, /nothing was changed/);
		assert.equal(new StorageError(cause).cause, cause);
	});
});

function names(count: number): string[] {
	return Array.from({ length: count }, (_, index) => `name-${index}`);
}

function expected(all: readonly string[], value: string): Record<string, string> {
	return Object.fromEntries(all.map((name) => [name, value]));
}

function close(database: DurableDatabase): Promise<void> {
	return database.close(() => undefined);
}

async function insert(database: DurableDatabase, name: string, value: string): Promise<void> {
	await database.write(({ kysely }) => kysely.insertInto("settings").values({ name, value }).execute());
}

async function set(database: DurableDatabase, name: string, value: string): Promise<void> {
	await database.write(({ kysely }) =>
		kysely
			.insertInto("settings")
			.values({ name, value })
			.onConflict((conflict) => conflict.column("name").doUpdateSet({ value }))
			.execute(),
	);
}

async function all(database: DurableDatabase): Promise<Record<string, string>> {
	const rows = await database.read(({ kysely }) => kysely.selectFrom("settings").selectAll().execute());
	return Object.fromEntries(rows.map((row) => [row.name, row.value]));
}
