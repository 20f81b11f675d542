/** What happens in between: a change, a purge, a stop or another process in the middle of something longer. */
import assert from "node:assert/strict";
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { apiPermissions } from "../../daemon/facts.ts";
import { checkChain } from "../../daemon/rules/audit.ts";
import { AuditFiles, writeAuditFile } from "../../daemon/store/sqlite/audit-files.ts";
import type { DurableOptions } from "../../daemon/store/sqlite/durable-database.ts";
import { writeSnapshot } from "../../daemon/store/sqlite/snapshot.ts";
import { SqliteStore } from "../../daemon/store/sqlite/sqlite-store.ts";
import type { ChainEnd } from "../../daemon/store/store.ts";
import { daemonOfEach, onFiles, openDatabase, TestDaemon, temporaryFolder } from "./harness.ts";

const owner = { userId: "owner", userName: "ada" };

describe("in the middle of something longer", () => {
	let daemon: TestDaemon;
	daemonOfEach((started) => {
		daemon = started;
	});

	it("a token that is revoked before its stream begins receives no event", async () => {
		const { id, token } = await daemon.create({ permissions: [apiPermissions.read] });
		const caller = await daemon.authority.access.callerOf(
			{ secret: token, address: "127.0.0.1" },
			apiPermissions.read,
		);
		await daemon.call("DELETE", `/v1/api-tokens/${id}`);
		assert.equal(daemon.authority.access.follow(caller, apiPermissions.read).isAllowed(), false);
	});

	it("an overlap whose token was used does not end, though the use was written meanwhile", async () => {
		const tokens = [await daemon.create(), await daemon.create()];
		for (const { id } of tokens) await daemon.rotate(id, { overlapSeconds: 3600, quietSeconds: 60 });
		daemon.now = new Date(daemon.now.getTime() + 50_000);
		await daemon.authority.rotations.endQuiet();
		daemon.now = new Date(daemon.now.getTime() + 10_000);
		const { store } = daemon;
		const { quietOverlaps } = store;
		store.quietOverlaps = async (now) => {
			const found = await quietOverlaps.call(store, now);
			for (const { token } of tokens) assert.equal((await daemon.verify(token)).status, 200);
			await daemon.authority.saveUsage();
			return found;
		};
		await daemon.authority.rotations.endQuiet();
		for (const { id } of tokens) assert.equal((await daemon.record(id)).status, "retiring");
	});

	it("a purge between the ends and the events breaks no check of the chain", async () => {
		for (let count = 0; count < 3; count++) await daemon.create();
		daemon.now = new Date("2026-05-10T12:00:00.000Z");
		await daemon.create();
		const { store } = daemon;
		let purging: Promise<void> | undefined;
		const chain = await checkChain({
			chainEnds: () => store.chainEnds(),
			async *allEvents() {
				purging ??= daemon.records.purge(30, daemon.now, owner);
				await purging;
				yield* store.allEvents();
			},
		});
		assert.deepEqual(chain, { intact: true, checked: 2, brokenAt: null });
	});

	onFiles.it("an audit file that can't be removed fails no purge", async () => {
		const errors: unknown[] = [];
		await reopen({ compactAtBytes: 1, onAuditError: (error) => errors.push(error) });
		await daemon.create();
		assert.ok(daemon.store instanceof SqliteStore);
		await daemon.store.database.compacted();
		const last = (await daemon.store.lastEventBefore("2026-05-10T12:00:00.000Z")) as ChainEnd;
		const name = readdirSync(daemon.directory).find((one) => one.startsWith("audit-")) ?? "";
		// As a folder, even an administrator can't remove it like a file.
		rmSync(join(daemon.directory, name));
		mkdirSync(join(daemon.directory, name));
		assert.equal(await daemon.store.write((transaction) => transaction.purgeEvents(last)), 1);
		assert.equal(errors.length, 1);
		await daemon.create();
	});

	async function reopen(options: Partial<DurableOptions>): Promise<void> {
		await daemon.close();
		await daemon.open(options);
	}
});

describe("reading all audit events", () => {
	it("leaves none out when a snapshot moves them from memory to a file meanwhile", async () => {
		const folder = temporaryFolder();
		try {
			const lines = Array.from({ length: 600 }, (_, index) => `{"sequence":${index + 1}}`);
			const files = new AuditFiles(folder);
			files.add(lines);
			const read: number[] = [];
			for await (const { sequence } of files.all(0)) {
				read.push(sequence);
				// While the reading of the second part has begun.
				if (sequence === 250) moveToFile();
			}
			function moveToFile() {
				writeAuditFile(folder, lines.slice(0, 500));
				files.refresh();
			}
			const all = lines.map((_, index) => index + 1);
			assert.deepEqual(read, all);
		} finally {
			rmSync(folder, { recursive: true });
		}
	});
});

describe("reading audit events beyond damage", () => {
	it("continues after the last line of a file", async () => {
		const folder = temporaryFolder();
		try {
			writeFileSync(join(folder, "audit-1-2-00000000.jsonl"), '{"sequence":1}\n{"sequ\n');
			writeFileSync(join(folder, "audit-3-5-00000000.jsonl"), '{"sequence":3}\n');
			const files = new AuditFiles(folder);
			files.add(['{"sequence":6}']);
			const read: number[] = [];
			for await (const { sequence } of files.all(0)) read.push(sequence);
			assert.deepEqual(read, [1, 3, 6]);
		} finally {
			rmSync(folder, { recursive: true });
		}
	});
});

describe("a database that is closed while it checks the audit files", () => {
	it("keeps every change that it answers", async () => {
		const folder = temporaryFolder();
		try {
			// Large, so that its check takes a while.
			writeFileSync(join(folder, "audit-1-1-00000000.jsonl"), Buffer.alloc(64 << 20, "{}\n"));
			const database = await openDatabase(folder, { servesOthers: () => true });
			const answered: string[] = [];
			const writing = (async () => {
				for (let number = 0; ; number++) {
					const name = `name-${number}`;
					await database.write(async ({ kysely }) => {
						await kysely.insertInto("settings").values({ name, value: "1" }).execute();
					});
					answered.push(name);
					await new Promise((resolve) => setTimeout(resolve, 1));
				}
			})();
			await database.close(() => undefined);
			await assert.rejects(writing, /closed|could not be/);
			const reopened = await openDatabase(folder);
			const rows = await reopened.read(({ kysely }) => kysely.selectFrom("settings").selectAll().execute());
			const names = new Set(rows.map(({ name }) => name));
			assert.deepEqual(
				answered.filter((name) => !names.has(name)),
				[],
			);
			await reopened.close(() => undefined);
		} finally {
			rmSync(folder, { recursive: true });
		}
	});
});

describe("a snapshot that can't be written", () => {
	it("leaves no part of it on the disk", () => {
		const folder = temporaryFolder();
		try {
			// A folder of its name: the last step fails.
			const image = Buffer.from("image");
			mkdirSync(join(folder, "snapshot-1-4-c53d045f.db"));
			assert.throws(() => writeSnapshot(folder, { generation: 1, schema: 4 }, image));
			assert.deepEqual(readdirSync(folder), ["snapshot-1-4-c53d045f.db"]);
		} finally {
			rmSync(folder, { recursive: true });
		}
	});
});

describe("an answer that fails after its token was loaded", () => {
	it("fails that request alone", async () => {
		const daemon = await TestDaemon.start();
		try {
			const { id, token } = await daemon.create();
			const stored = await daemon.store.token(id);
			assert.ok(stored);
			// No request can store such a permission; a header can't hold it.
			const changed = { ...stored.token, version: stored.token.version + 1, permissions: ["✓"] };
			await daemon.store.write((transaction) => transaction.updateToken(changed, stored.usage));
			await daemon.close();
			await daemon.open();
			for (const state of ["loaded", "remembered"])
				assert.equal((await daemon.verify(token)).status, 500, state);
			assert.equal(daemon.failures.length, 2);
		} finally {
			await daemon.remove();
		}
	});
});
