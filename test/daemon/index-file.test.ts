/** A start from the index that an orderly stop has left, and from everything that may stand in its place. */
import assert from "node:assert/strict";
import { copyFileSync, existsSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { createTokenRequest } from "../../daemon/contract.ts";
import { Authority } from "../../daemon/rules/authority.ts";
import { defaultPolicy } from "../../daemon/rules/profile.ts";
import { nothingAsked } from "../../daemon/rules/verify.ts";
import { type DurableDatabase, type DurableOptions, StorageError } from "../../daemon/store/durable.ts";
import { IndexFile } from "../../daemon/store/index-file.ts";
import { schemaVersion } from "../../daemon/store/schema.ts";
import { listSnapshots } from "../../daemon/store/snapshot.ts";
import { openDatabase, ownerKey, sqlite, temporaryFolder } from "./harness.ts";

const owner = { userId: "owner", userName: "ada" };
const asOwner = { user: owner, token: undefined };

/** A database with its rules, and whether SQLite was asked for. */
class Start {
	sqliteLoads = 0;
	readonly damages: Error[] = [];
	database!: DurableDatabase;
	authority!: Authority;

	static async in(folder: string, options: Partial<DurableOptions> = {}): Promise<Start> {
		const start = new Start();
		start.database = await openDatabase(folder, {
			loadSqlite: async () => {
				start.sqliteLoads++;
				return sqlite;
			},
			onDamage: (cause) => start.damages.push(cause),
			...options,
		});
		start.authority = await Authority.open({
			database: start.database,
			ownerKey,
			owner,
			now: Date.now,
			notify: () => {},
			onError: (error) => assert.fail(String(error)),
		});
		return start;
	}

	async create(name: string): Promise<string> {
		const request = createTokenRequest.parse({ name, permissions: ["orders.read"] });
		return (await this.authority.create(asOwner, request)).token;
	}

	names(): string[] {
		return [...this.authority.indexed().rows].map(([, row]) => (row as { name: string }).name).sort();
	}

	verifies(secret: string): boolean {
		return this.authority.verify(secret, "127.0.0.1", nothingAsked).valid;
	}

	async stop(): Promise<void> {
		await this.authority.saveUsage();
		await this.database.close(() => this.authority.indexed());
	}
}

describe("the index of an orderly stop", () => {
	let folder: string;
	let index: string;
	beforeEach(() => {
		folder = temporaryFolder();
		index = join(folder, "index.jsonl");
	});
	afterEach(() => rmSync(folder, { recursive: true }));

	it("lets the next start verify, and know policy and profiles, without SQLite", async () => {
		const { secrets } = await stoppedWith(["a", 'b "b"', "ç"]);
		const next = await Start.in(folder);
		for (const secret of secrets) assert.equal(next.verifies(secret), true);
		assert.equal(next.verifies(`${secrets[0]}x`), false);
		assert.equal(next.authority.rulebook.policy.secretPrefix, "acme");
		assert.equal(next.sqliteLoads, 0);
		await next.stop();
	});

	it("loses no token, no fate and no use, whichever way the starts go", async () => {
		const { secrets } = await stoppedWith(["a", "b", "c"]);
		const second = await Start.in(folder);
		assert.equal(second.verifies(secrets[0] ?? ""), true);
		await second.authority.revokeHeld(secrets[1] ?? "");
		const kept = Object.fromEntries(second.authority.indexed().rows);
		await second.stop();
		const quick = await Start.in(folder);
		assert.deepEqual(Object.fromEntries(quick.authority.indexed().rows), kept);
		assert.equal(quick.sqliteLoads, 0);
		await quick.stop();
		rmSync(index);
		const slow = await Start.in(folder);
		assert.deepEqual(Object.fromEntries(slow.authority.indexed().rows), kept);
		assert.equal(slow.sqliteLoads, 1);
		await slow.stop();
	});

	it("takes in the rest between verifications, and counts what was used before", async () => {
		const { secrets } = await stoppedWith(["a", "b", "c"]);
		const next = await Start.in(folder);
		next.verifies(secrets[2] ?? "");
		await next.authority.settle();
		next.verifies(secrets[2] ?? "");
		const uses = [...next.authority.indexed().rows].map(([, row]) => (row as { useCount: number }).useCount);
		assert.deepEqual(uses.toSorted(), [0, 0, 2]);
		await next.stop();
	});

	it("is passed over when anything was written after it", async () => {
		await stoppedWith(["a"]);
		const killed = await Start.in(folder);
		await killed.create("b");
		// Nothing is stopped: the next one finds what a killed process would have left.
		const next = await Start.in(folder);
		assert.deepEqual([next.sqliteLoads, next.names()], [1, ["a", "b"]]);
		await next.stop();
	});

	it("is passed over when a log was cut or changed after it", async () => {
		const { log } = await stoppedWith(["a", "b"]);
		truncateSync(log, readFileSync(log).length - 7);
		const next = await Start.in(folder);
		assert.deepEqual([next.sqliteLoads, next.names()], [1, ["a"]]);
		await next.stop();
	});

	it("is passed over when any byte of it is another, or its end is missing", async () => {
		await stoppedWith(["a", "b"]);
		const whole = readFileSync(index);
		await fc.assert(
			fc.asyncProperty(fc.nat(whole.length - 1), fc.boolean(), async (at, isCut) => {
				const damaged = isCut ? whole.subarray(0, at) : Buffer.from(whole);
				if (!isCut) damaged[at] = (damaged[at] ?? 0) ^ 0x20;
				writeFileSync(index, damaged);
				assert.equal(IndexFile.read(folder, schemaVersion, "1.0.0"), undefined);
			}),
			{ numRuns: 100 },
		);
		const next = await Start.in(folder);
		assert.deepEqual([next.sqliteLoads, next.names()], [1, ["a", "b"]]);
		await next.stop();
	});

	it("is passed over when it is another directory's", async () => {
		await stoppedWith(["a"]);
		const other = temporaryFolder();
		const stranger = await Start.in(other);
		await stranger.create("stranger");
		await stranger.stop();
		copyFileSync(join(other, "index.jsonl"), index);
		rmSync(other, { recursive: true });
		const next = await Start.in(folder);
		assert.deepEqual([next.sqliteLoads, next.names()], [1, ["a"]]);
		await next.stop();
	});

	it("is passed over by a version with other tables", async () => {
		await stoppedWith(["a"]);
		assert.ok(IndexFile.read(folder, schemaVersion, "1.0.0") !== undefined);
		assert.equal(IndexFile.read(folder, schemaVersion + 1, "1.0.0"), undefined);
	});

	it("is passed over by another version of the program, which may keep its rows in another shape", async () => {
		await stoppedWith(["a"]);
		assert.equal(IndexFile.read(folder, schemaVersion, "1.0.1"), undefined);
	});

	it("is left as it is by a stop before which nothing was changed", async () => {
		await stoppedWith(["a"]);
		const before = readFileSync(index);
		const next = await Start.in(folder);
		await next.stop();
		assert.deepEqual(readFileSync(index), before);
	});

	it("has verifications go on when SQLite can't be loaded, and says that nothing was changed", async () => {
		const { secrets } = await stoppedWith(["a"]);
		let works = false;
		const next = await Start.in(folder, {
			loadSqlite: async () => {
				if (!works) throw new Error("out of memory");
				return sqlite;
			},
		});
		await assert.rejects(next.create("b"), (error) => {
			assert.ok(error instanceof StorageError);
			assert.match(error.message, /could not be opened, so nothing was changed/);
			assert.match(String(error.cause), /out of memory/);
			return true;
		});
		assert.equal(next.verifies(secrets[0] ?? ""), true);
		works = true;
		await next.create("c");
		assert.deepEqual(next.names(), ["a", "c"]);
		await next.stop();
	});

	it("is given up when the snapshot turns out to be damaged, so that the next start saves what can be saved", async () => {
		await stoppedWith(["a", "b"]);
		const next = await Start.in(folder);
		const snapshot = listSnapshots(folder)[0]?.path ?? "";
		const damaged = Buffer.from(readFileSync(snapshot));
		damaged[5000] = (damaged[5000] ?? 0) ^ 0xff;
		writeFileSync(snapshot, damaged);
		await assert.rejects(next.create("c"), StorageError);
		assert.equal(next.damages.length, 1);
		await next.stop();
		assert.ok(!existsSync(index));
		assert.deepEqual(readFileSync(snapshot), damaged, "nothing damaged is overwritten");
		const saved = await Start.in(folder);
		assert.deepEqual(saved.names(), ["a", "b"], "what stood in the log is there");
		assert.equal(saved.database.notices.length, 1);
		await saved.stop();
	});

	/** Leaves tokens, a policy and a use behind. */
	async function stoppedWith(names: readonly string[]): Promise<{ secrets: string[]; log: string }> {
		const start = await Start.in(folder);
		await start.authority.rulebook.setPolicy(asOwner, { ...defaultPolicy, secretPrefix: "acme" });
		const secrets: string[] = [];
		for (const name of names) secrets.push(await start.create(name));
		await start.stop();
		const generation = (listSnapshots(folder)[0]?.generation ?? 0) + 1;
		return { secrets, log: join(folder, `changes-${generation}.log`) };
	}
});
