/** What a start loads from damaged files, what it tells, and what it keeps. */
import assert from "node:assert/strict";
import {
	copyFileSync,
	existsSync,
	readdirSync,
	readFileSync,
	renameSync,
	rmSync,
	truncateSync,
	writeFileSync,
} from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { ChangeLog, createLog } from "../../daemon/store/sqlite/change-log.ts";
import {
	checksumOf,
	copyPath,
	dropCopy,
	listLogs,
	listSnapshots,
	logPath,
} from "../../daemon/store/sqlite/snapshot.ts";
import { all, close, databasesOfEach, expected, linesOf, names, replaceIn, set } from "./databases.ts";
import { openDatabase } from "./harness.ts";

describe("a start with damaged files", () => {
	const databases = databasesOfEach();

	it("builds a damaged snapshot again from the one before, and says so", async () => {
		const database = await databases.start({ compactAtBytes: 500 });
		for (let round = 0; round < 20; round++) {
			await Promise.all(names(50).map((name) => set(database, name, String(round))));
			await database.compacted();
		}
		assert.ok(
			(listSnapshots(databases.folder)[0]?.generation ?? 0) > 3,
			"more than the first snapshot is there",
		);
		const damaged = flip(listSnapshots(databases.folder)[0]?.path ?? "");
		const reopened = await databases.start();
		assert.deepEqual(await all(reopened), expected(names(50), "19"));
		assert.equal(reopened.notices[0]?.code, "data-recovered");
		const aside = readdirSync(databases.folder).filter((name) => name.includes(".damaged"));
		assert.equal(aside.length, 1);
		assert.deepEqual(
			readFileSync(join(databases.folder, aside[0] ?? "")),
			damaged,
			"the damaged file is kept as it was",
		);
		assert.deepEqual((await databases.start()).notices, [], "and is reported once");
	});

	for (const [how, place] of [
		["copied", copyFileSync],
		["renamed", renameSync],
	] as const)
		it(`loses nothing by a snapshot that was ${how} to a higher number, and says so`, async () => {
			const database = await databases.start({ compactAtBytes: 500 });
			for (let round = 0; round < 5; round++) {
				await Promise.all(names(50).map((name) => set(database, name, String(round))));
				await database.compacted();
			}
			await set(database, names(50)[0] ?? "", "last");
			const [newest] = listSnapshots(databases.folder);
			assert.ok(newest !== undefined);
			place(newest.path, newest.path.replace(/snapshot-\d+/, `snapshot-${newest.generation + 7}`));
			const reopened = await databases.start();
			assert.deepEqual(await all(reopened), { ...expected(names(50), "4"), [names(50)[0] ?? ""]: "last" });
			assert.equal(reopened.notices[0]?.code, "data-recovered");
			assert.deepEqual((await databases.start()).notices, [], "and says so once");
		});

	it("sets aside a file that is no image, under a snapshot's name with its checksum", async () => {
		const database = await databases.start();
		await set(database, "a", "1");
		const bytes = Buffer.from("x");
		writeFileSync(join(databases.folder, `snapshot-9-7-${checksumOf(bytes)}.db`), bytes);
		const reopened = await databases.start();
		assert.deepEqual(await all(reopened), { a: "1" });
		assert.equal(reopened.notices[0]?.code, "data-recovered");
	});

	it("misses the snapshot before the newest, also beside a damaged one with the newest's number", async () => {
		const database = await databases.start({ compactAtBytes: 500 });
		for (let round = 0; round < 5; round++) {
			await Promise.all(names(50).map((name) => set(database, name, String(round))));
			await database.compacted();
		}
		const [newest, older] = listSnapshots(databases.folder);
		writeFileSync(`${newest?.path.replace(/-\w+\.db$/, "-00000000.db")}.damaged`, "was set aside");
		rmSync(older?.path ?? "");
		const reopened = await databases.start();
		assert.match(reopened.notices[0]?.detail ?? "", /were missing: the older snapshot/);
		assert.deepEqual(await all(reopened), expected(names(50), "4"));
	});

	it("finds damage in the snapshot before the newest, which it does not need, and makes another", async () => {
		const database = await databases.start({ compactAtBytes: 500 });
		for (let round = 0; round < 5; round++) {
			await Promise.all(names(50).map((name) => set(database, name, String(round))));
			await database.compacted();
		}
		const [, older] = listSnapshots(databases.folder);
		flip(older?.path ?? "");
		const reopened = await databases.start();
		await reopened.examine();
		assert.match(reopened.notices[0]?.detail ?? "", /set aside: snapshot-\S+\.damaged\. Nothing is lost/);
		await reopened.compacted();
		const [newest, ...others] = listSnapshots(databases.folder);
		assert.equal(others.length, 1);
		flip(newest?.path ?? "");
		const third = await databases.start();
		assert.deepEqual(await all(third), expected(names(50), "4"));
		assert.deepEqual(
			third.notices.map(({ code }) => code),
			["data-recovered"],
		);
	});

	it("tells once that the snapshot before the newest was damaged, although no other could be made", async () => {
		const database = await databases.start({ compactAtBytes: 500 });
		for (let round = 0; round < 5; round++) {
			await Promise.all(names(50).map((name) => set(database, name, String(round))));
			await database.compacted();
		}
		flip(listSnapshots(databases.folder)[1]?.path ?? "");
		const failures: unknown[] = [];
		const compaction = { script: join(databases.folder, "absent.js"), wasm: "" };
		const reopened = await databases.start({
			compaction,
			onCompactionError: (cause) => failures.push(cause),
		});
		await reopened.examine();
		await reopened.compacted();
		assert.deepEqual([reopened.notices.length, failures.length], [1, 1]);
		const again = await databases.start();
		await again.examine();
		assert.deepEqual(again.notices, []);
	});

	it("misses no copy that the daemon itself removed, and makes it again", async () => {
		for (const isOrderly of [true, false]) {
			const database = await openDatabase(databases.folder);
			await set(database, "a", "1");
			if (isOrderly) await close(database);
			const copy = databases.copyFile();
			dropCopy(databases.folder, listLogs(databases.folder).at(-1) ?? 0);
			assert.equal(existsSync(copy), false);
			const reopened = await databases.start();
			assert.deepEqual([await all(reopened), reopened.notices], [{ a: "1" }, []]);
			assert.ok(linesOf(copy).equals(linesOf(databases.logFile())));
			rmSync(copy);
			const later = await databases.start();
			assert.match(later.notices[0]?.detail ?? "", /were missing: copy-\d+\.log/, "which another removed");
		}
	});

	it("makes the lost copy of an earlier log again, for when that log is damaged later", async () => {
		const compaction = { script: join(databases.folder, "absent.js"), wasm: "" };
		const database = await databases.start({ compactAtBytes: 500, compaction, onCompactionError: () => {} });
		for (let round = 0; round < 3; round++) {
			await Promise.all(names(50).map((name) => set(database, name, String(round))));
			await database.compacted();
		}
		const earlier = (listSnapshots(databases.folder)[0]?.generation ?? 0) + 1;
		assert.ok((listLogs(databases.folder).at(-1) ?? 0) > earlier);
		const [log, copy] = [logPath(databases.folder, earlier), copyPath(databases.folder, earlier)];
		rmSync(copy);
		const reopened = await databases.start();
		assert.match(reopened.notices[0]?.detail ?? "", /were missing: copy-\d+\.log/);
		assert.ok(linesOf(copy).equals(linesOf(log)));
		replaceIn(log, '"name-7"', '"name-x"');
		const third = await databases.start();
		assert.deepEqual(await all(third), expected(names(50), "2"));
		assert.match(third.notices[0]?.detail ?? "", /set aside: changes-\d+\.log\.damaged\. Nothing is lost/);
	});

	it("takes from a log's copy what the log has lost, sets the log aside and says so", async () => {
		const database = await databases.start();
		for (const name of ["a", "b", "c"]) await set(database, name, "1");
		replaceIn(databases.logFile(), '"b"', '"x"');
		const reopened = await databases.start();
		assert.deepEqual(await all(reopened), expected(["a", "b", "c"], "1"));
		const [notice] = reopened.notices;
		assert.equal(notice?.code, "data-recovered");
		assert.match(notice?.detail ?? "", /set aside: changes-\d+\.log\.damaged\. Nothing is lost/);
		await set(reopened, "d", "1");
		const third = await databases.start();
		assert.deepEqual([await all(third), third.notices], [expected(["a", "b", "c", "d"], "1"), []]);
	});

	it("keeps what comes before and after damage that both a log and its copy have, and says so", async () => {
		const database = await databases.start();
		for (const name of ["a", "b", "c"]) await set(database, name, "1");
		for (const path of [databases.logFile(), databases.copyFile()]) replaceIn(path, '"b"', '"x"');
		const reopened = await databases.start();
		assert.deepEqual(await all(reopened), { a: "1", c: "1" });
		assert.equal(reopened.notices[0]?.code, "data-lost");
		assert.match(reopened.notices[0]?.detail ?? "", /^Up to 1 changes could not be read/);
		await set(reopened, "d", "1");
		assert.deepEqual(await all(await databases.start()), { a: "1", c: "1", d: "1" });
		assert.ok(readdirSync(databases.folder).some((name) => name.endsWith(".log.damaged")));
	});

	it("sets a second damaged file of the same name aside beside the first", async () => {
		for (const wrong of ["one", "two", "three"]) {
			await close(await openDatabase(databases.folder));
			writeFileSync(join(databases.folder, "index.jsonl"), wrong);
		}
		assert.equal((await databases.start()).notices[0]?.code, "data-recovered");
		const aside = readdirSync(databases.folder).filter((name) => name.startsWith("index.jsonl."));
		assert.deepEqual(aside.map((name) => [name, readFileSync(join(databases.folder, name), "utf8")]).sort(), [
			["index.jsonl.damaged", "one"],
			["index.jsonl.damaged-2", "two"],
			["index.jsonl.damaged-3", "three"],
		]);
	});

	for (const generation of [40, 100_000, 999_999_999_999, 99_999_999_999_999_999_999n]) {
		it(`loses nothing by a copy of a log with the number ${generation}`, async () => {
			const database = await databases.start();
			for (const name of ["a", "b"]) await set(database, name, "1");
			await close(database);
			writeFileSync(join(databases.folder, `changes-${generation}.log`), readFileSync(databases.logFile()));
			const reopened = await databases.start();
			assert.deepEqual(await all(reopened), expected(["a", "b"], "1"));
			await set(reopened, "c", "1");
			const third = await databases.start();
			assert.deepEqual([await all(third), third.notices], [expected(["a", "b", "c"], "1"), []]);
		});
	}

	it("sets aside a snapshot and an index that have become larger than Node.js reads", async () => {
		const database = await databases.start();
		await set(database, "a", "1");
		await close(database);
		const paths = [join(databases.folder, "index.jsonl"), listSnapshots(databases.folder)[0]?.path ?? ""];
		writeFileSync(join(databases.folder, "index.jsonl"), "");
		for (const path of paths) truncateSync(path, 3 * 2 ** 30);
		const reopened = await databases.start();
		assert.deepEqual(await all(reopened), { a: "1" });
		assert.match(reopened.notices[0]?.detail ?? "", /set aside: .*index\.jsonl\.damaged/);
		assert.match(reopened.notices[0]?.detail ?? "", /set aside: .*snapshot-\S+\.damaged/);
	});

	it("leaves out a statement that does not fit the tables, and says so", async () => {
		await set(await databases.start(), "a", "1");
		const generation = (listLogs(databases.folder).at(-1) ?? 0) + 1;
		const log = new ChangeLog(databases.folder, generation, createLog(databases.folder, generation, 2));
		const fits = `update "settings" set "value" = ? where "name" = ?`;
		await log.append({ statements: [[`delete from "missing"`, []]], events: [] }, "none");
		await log.append({ statements: [[fits, ["2", "a"]]], events: [] }, "none");
		log.close();
		const reopened = await databases.start();
		assert.deepEqual(await all(reopened), { a: "2" });
		assert.match(reopened.notices[0]?.detail ?? "", /^Up to 1 changes/);
		await set(reopened, "b", "1");
		assert.deepEqual(await all(await databases.start()), { a: "2", b: "1" });
	});

	it("misses the last line of a log when the next one tells of it", async () => {
		const database = await databases.start({ compactAtBytes: 1 << 30 });
		await set(database, "a", "1");
		await set(database, "b", "1");
		const [path, copy, generation] = [
			databases.logFile(),
			databases.copyFile(),
			listLogs(databases.folder).at(-1) ?? 0,
		];
		const whole = linesOf(path);
		createLog(databases.folder, generation + 1, 3);
		const before = whole.lastIndexOf("\n", whole.length - 2) + 1;
		writeFileSync(path, Buffer.concat([whole.subarray(0, before), Buffer.alloc(512)]));
		truncateSync(copy, before);
		const reopened = await databases.start();
		assert.deepEqual(await all(reopened), { a: "1" });
		assert.match(reopened.notices[0]?.detail ?? "", /^Up to 1 changes/);
	});

	it("counts what is missing without a snapshot, when the log has the first changes", async () => {
		const database = await databases.start();
		for (const name of ["a", "b", "c"]) await set(database, name, "1");
		for (const { path } of listSnapshots(databases.folder)) rmSync(path);
		for (const path of [databases.logFile(), databases.copyFile()]) replaceIn(path, '"b"', '"x"');
		const reopened = await databases.start();
		assert.deepEqual(await all(reopened), { a: "1", c: "1" });
		assert.match(reopened.notices[0]?.detail ?? "", /^Up to 1 changes could not be read/);
	});

	it("knows of no number of missing changes without a snapshot, when the log begins after one", async () => {
		// The snapshots that it would build upon are removed.
		const database = await databases.start({ compactAtBytes: 500, onCompactionError: () => {} });
		for (let round = 0; round < 3; round++) {
			await Promise.all(names(50).map((name) => set(database, name, String(round))));
			await database.compacted();
		}
		await set(database, "last", "1");
		const newest = listLogs(databases.folder).at(-1) ?? 0;
		assert.ok(newest > 3);
		for (const { path } of listSnapshots(databases.folder)) rmSync(path);
		for (const generation of listLogs(databases.folder))
			if (generation < newest)
				for (const path of [logPath, copyPath]) rmSync(path(databases.folder, generation), { force: true });
		const reopened = await databases.start();
		assert.equal((await all(reopened)).last, "1");
		assert.deepEqual(
			reopened.notices.map(({ code }) => code),
			["data-lost", "data-lost"],
		);
		assert.match(reopened.notices[0]?.detail ?? "", /^An unknown number of changes could not be read/);
	});

	it("starts again, empty, when all is damaged, and has kept the pieces", async () => {
		await set(await databases.start(), "a", "1");
		for (const snapshot of listSnapshots(databases.folder)) writeFileSync(snapshot.path, "nothing of worth");
		for (const path of [databases.logFile(), databases.copyFile()]) writeFileSync(path, "neither here\n");
		const reopened = await databases.start();
		assert.deepEqual(await all(reopened), {});
		assert.deepEqual(
			reopened.notices.map((notice) => notice.code),
			["data-lost", "data-lost"],
		);
		await set(reopened, "b", "1");
		assert.deepEqual(await all(await databases.start()), { b: "1" });
	});

	it("treats any missing part of the last line as a power cut, not as damage", async () => {
		const database = await databases.start();
		await set(database, "a", "1");
		const path = databases.logFile();
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
				truncateSync(databases.copyFile(), before);
				const reopened = await openDatabase(databases.folder);
				assert.deepEqual([await all(reopened), reopened.notices], [{ a: "1" }, []]);
				await close(reopened);
			}),
			{ numRuns: 30 },
		);
	});

	it("treats a missing part of the last line of a closed log as damage", async () => {
		const database = await openDatabase(databases.folder);
		for (const name of ["a", "b"]) await set(database, name, "long ".repeat(500));
		await close(database);
		for (const path of [databases.logFile(), databases.copyFile()]) {
			const damaged = readFileSync(path);
			damaged.fill(0, linesOf(path).length - 1024, linesOf(path).length - 512);
			writeFileSync(path, damaged);
		}
		assert.equal((await databases.start()).notices[0]?.code, "data-lost");
	});

	it("treats a complete but wrong last line as damage", async () => {
		const database = await databases.start();
		for (const name of ["a", "b"]) await set(database, name, "1");
		for (const path of [databases.logFile(), databases.copyFile()]) replaceIn(path, '"b"', '"x"');
		const reopened = await databases.start();
		assert.deepEqual(await all(reopened), { a: "1" });
		assert.equal(reopened.notices[0]?.code, "data-lost");
	});
});

/** Changes one byte of a file. Answers what it holds then. */
function flip(path: string): Buffer {
	const bytes = readFileSync(path);
	bytes[5000] = (bytes[5000] ?? 0) ^ 0xff;
	writeFileSync(path, bytes);
	return bytes;
}
