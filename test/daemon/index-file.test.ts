/** Starts with the index of an orderly stop, and with whatever may be in its place. */
import assert from "node:assert/strict";
import { copyFileSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import {
	createTokenRequest,
	listTokensQuery,
	registerTokenRequest,
	type TokenRecord,
} from "../../daemon/contract.ts";
import { createIssuers } from "../../daemon/issuers/issuers.ts";
import { Authority } from "../../daemon/rules/authority.ts";
import { defaultPolicy } from "../../daemon/rules/profile.ts";
import { hashOf } from "../../daemon/rules/secret.ts";
import { nothingAsked } from "../../daemon/rules/verify.ts";
import type { DurableOptions } from "../../daemon/store/sqlite/durable-database.ts";
import { IndexFile } from "../../daemon/store/sqlite/index-file.ts";
import { schemaVersion } from "../../daemon/store/sqlite/schema.ts";
import { listSnapshots } from "../../daemon/store/sqlite/snapshot.ts";
import type { SqliteStore } from "../../daemon/store/sqlite/sqlite-store.ts";
import { StorageError } from "../../daemon/store/store.ts";
import { openStore, ownerKey, sqlite, temporaryFolder } from "./harness.ts";

const owner = { userId: "owner", userName: "ada" };
const asOwner = { user: owner, token: undefined };

/** A store with its rules, and how often SQLite was loaded. */
class Start {
	sqliteLoads = 0;
	readonly damages: Error[] = [];
	store!: SqliteStore;
	authority!: Authority;

	static async in(folder: string, options: Partial<DurableOptions> = {}): Promise<Start> {
		const start = new Start();
		start.store = await openStore(folder, {
			loadSqlite: async () => {
				start.sqliteLoads++;
				return sqlite;
			},
			onDamage: (cause) => start.damages.push(cause),
			...options,
		});
		start.authority = await Authority.open({
			store: start.store,
			issuers: createIssuers,
			ownerKey,
			owner,
			now: Date.now,
			notify: () => {},
			onError: (error) => assert.fail(String(error)),
		});
		return start;
	}

	async create(name: string): Promise<string> {
		const request = createTokenRequest.parse({ name, permissions: ["api.api-tokens.read"] });
		return (await this.authority.create(asOwner, request)).token;
	}

	async tokens(): Promise<TokenRecord[]> {
		return (await this.authority.tokens.list(listTokensQuery.parse({ sort: "name" }))).tokens;
	}

	async names(): Promise<string[]> {
		return (await this.tokens()).map(({ name }) => name);
	}

	async verifies(secret: string): Promise<boolean> {
		return (await this.authority.access.verify(secret, "127.0.0.1", nothingAsked)).valid;
	}

	async stop(): Promise<void> {
		await this.authority.saveUsage();
		await this.store.close();
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
		for (const secret of secrets) assert.equal(await next.verifies(secret), true);
		assert.equal(await next.verifies(`${secrets[0]}x`), false);
		assert.equal(next.authority.rulebook.policy.secretPrefix, "acme");
		assert.equal(next.sqliteLoads, 0);
		await next.stop();
	});

	it("loses no token, no revocation and no use, whether the next start has it or not", async () => {
		const { secrets } = await stoppedWith(["a", "b", "c"]);
		const second = await Start.in(folder);
		assert.equal(await second.verifies(secrets[0] ?? ""), true);
		await second.authority.revokeHeld(secrets[1] ?? "");
		await second.authority.saveUsage();
		const kept = await second.tokens();
		assert.deepEqual(
			kept.map(({ name, status, useCount }) => [name, status, useCount]),
			[
				["a", "active", 1],
				["b", "revoked", 0],
				["c", "active", 0],
			],
		);
		await second.stop();
		const quick = await Start.in(folder);
		assert.equal(await quick.verifies(secrets[1] ?? ""), false);
		assert.equal(quick.sqliteLoads, 0);
		assert.deepEqual(
			await quick.tokens(),
			kept.map((token) => ({ ...token, lastUsedDate: token.lastUsedDate })),
		);
		await quick.stop();
		rmSync(index);
		const slow = await Start.in(folder);
		assert.deepEqual(await slow.tokens(), kept);
		assert.equal(slow.sqliteLoads, 1);
		await slow.stop();
	});

	it("counts what was used before SQLite was loaded", async () => {
		const { secrets } = await stoppedWith(["a", "b", "c"]);
		const next = await Start.in(folder);
		await next.verifies(secrets[2] ?? "");
		assert.equal(next.sqliteLoads, 0);
		assert.deepEqual(
			(await next.tokens()).map(({ useCount }) => useCount),
			[0, 0, 1],
		);
		await next.verifies(secrets[2] ?? "");
		await next.authority.saveUsage();
		assert.deepEqual(
			(await next.tokens()).map(({ useCount }) => useCount),
			[0, 0, 2],
		);
		await next.stop();
	});

	it("is not written with more tokens than it is for, and then the next start verifies from SQLite", async () => {
		const start = await Start.in(folder, { indexedTokens: 1 });
		const secrets = [await start.create("a"), await start.create("b")];
		await start.stop();
		assert.ok(!existsSync(index));
		const next = await Start.in(folder, { indexedTokens: 1 });
		for (const secret of secrets) assert.equal(await next.verifies(secret), true);
		assert.equal(next.sqliteLoads, 1);
		await next.stop();
	});

	it("knows the tokens of other systems, whose secrets are unknown rather than malformed", async () => {
		const start = await Start.in(folder);
		const secret = "ghp_another-system";
		await start.authority.register(
			asOwner,
			registerTokenRequest.parse({
				name: "g",
				issuer: "github",
				hash: hashOf(secret),
				partialToken: "ghp_…stem",
			}),
		);
		await start.stop();
		const next = await Start.in(folder);
		const reasonOf = async (each: string) => {
			const verification = await next.authority.access.verify(each, "127.0.0.1", nothingAsked);
			return verification.valid ? undefined : verification.reason;
		};
		assert.deepEqual([await reasonOf(secret), await reasonOf(`${secret}x`)], ["unknown", "malformed"]);
		assert.equal(next.sqliteLoads, 0);
		await next.stop();
	});

	it("is ignored when anything was written after it", async () => {
		await stoppedWith(["a"]);
		const killed = await Start.in(folder);
		await killed.create("b");
		assert.equal(IndexFile.read(folder, schemaVersion, "1.0.0"), undefined);
		// Nothing is stopped: the next one finds what a killed process would have left.
		const next = await Start.in(folder);
		assert.deepEqual([await next.names(), next.sqliteLoads], [["a", "b"], 1]);
		await next.stop();
	});

	it("is ignored when a log or its copy has another byte or length, or is missing; nothing is lost, and it is told", async () => {
		const { log } = await stoppedWith(["a", "b"]);
		for (const path of [log, log.replace("changes-", "copy-")]) {
			const whole = readFileSync(path);
			const other = Buffer.from(whole);
			other[200] = (other[200] ?? 0) ^ 1;
			for (const damaged of [other, whole.subarray(0, 900), whole.subarray(0, 0), undefined]) {
				const files = readFiles(folder);
				if (damaged === undefined) rmSync(path);
				else writeFileSync(path, damaged);
				assert.equal(IndexFile.read(folder, schemaVersion, "1.0.0"), undefined);
				const next = await Start.in(folder);
				assert.deepEqual([await next.names(), next.sqliteLoads], [["a", "b"], 1]);
				assert.deepEqual(
					next.store.notices.map(({ code }) => code),
					["data-recovered"],
				);
				await next.stop();
				writeFiles(folder, files);
			}
		}
	});

	it("is ignored when the log and its copy have the same other byte", async () => {
		const { log } = await stoppedWith(["a"]);
		const copy = log.replace("changes-", "copy-");
		assert.ok(IndexFile.read(folder, schemaVersion, "1.0.0") !== undefined);
		for (const at of [0, 200, readFileSync(copy).lastIndexOf("\n")]) {
			const files = readFiles(folder);
			for (const path of [log, copy]) {
				const bytes = readFileSync(path);
				bytes[at] = (bytes[at] ?? 0) ^ 1;
				writeFileSync(path, bytes);
			}
			assert.equal(IndexFile.read(folder, schemaVersion, "1.0.0"), undefined, `byte ${at}`);
			writeFiles(folder, files);
		}
	});

	it("is ignored when the log does not end with room, and nothing is lost", async () => {
		const { log } = await stoppedWith(["a"]);
		const whole = readFileSync(log);
		const end = whole.lastIndexOf("\n") + 1;
		const room = Buffer.alloc(whole.length - end);
		for (const [text, codes] of [
			["", ["data-recovered"]],
			["\0\0x", []],
		] as const) {
			const files = readFiles(folder);
			room.write(text);
			writeFileSync(log, Buffer.concat([whole.subarray(0, end), text === "" ? Buffer.of() : room]));
			assert.equal(IndexFile.read(folder, schemaVersion, "1.0.0"), undefined);
			const next = await Start.in(folder);
			assert.deepEqual(await next.names(), ["a"]);
			assert.deepEqual(
				next.store.notices.map(({ code }) => code),
				codes,
			);
			await next.stop();
			writeFiles(folder, files);
		}
	});

	it("is ignored when the snapshot has another length", async () => {
		await stoppedWith(["a"]);
		const { path = "" } = listSnapshots(folder)[0] ?? {};
		writeFileSync(path, readFileSync(path).subarray(0, -1));
		assert.equal(IndexFile.read(folder, schemaVersion, "1.0.0"), undefined);
	});

	it("tells the state of every token when both logs and both snapshots are gone", async () => {
		const { secrets } = await stoppedWith(["a", "b", "c"]);
		const second = await Start.in(folder);
		await second.authority.revokeHeld(secrets[1] ?? "");
		await second.stop();
		for (const name of readdirSync(folder))
			if (/^(changes|copy|snapshot)-/.test(name)) rmSync(join(folder, name));
		const saved = await Start.in(folder);
		assert.deepEqual(await Promise.all(secrets.map((secret) => saved.verifies(secret))), [true, false, true]);
		assert.equal(saved.store.notices[0]?.code, "data-lost");
		assert.deepEqual(
			(await saved.tokens()).map(({ status }) => status),
			["active", "revoked", "active"],
		);
		assert.equal(saved.authority.rulebook.policy.secretPrefix, "acme");
		await saved.stop();
	});

	it("is missed when it is gone", async () => {
		await stoppedWith(["a"]);
		rmSync(index);
		const next = await Start.in(folder);
		assert.deepEqual(await next.names(), ["a"]);
		assert.match(next.store.notices[0]?.detail ?? "", /Files were missing: index\.jsonl\. Nothing is lost/);
		await next.stop();
	});

	it("is ignored when any byte of it is another, or its end is missing", async () => {
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
		assert.deepEqual([await next.names(), next.sqliteLoads], [["a", "b"], 1]);
		await next.stop();
	});

	it("is ignored when it is another directory's", async () => {
		await stoppedWith(["a"]);
		const other = temporaryFolder();
		const stranger = await Start.in(other);
		await stranger.create("stranger");
		await stranger.stop();
		copyFileSync(join(other, "index.jsonl"), index);
		rmSync(other, { recursive: true });
		const next = await Start.in(folder);
		assert.deepEqual([await next.names(), next.sqliteLoads], [["a"], 1]);
		await next.stop();
	});

	it("is ignored by a version with other tables", async () => {
		await stoppedWith(["a"]);
		assert.ok(IndexFile.read(folder, schemaVersion, "1.0.0") !== undefined);
		assert.equal(IndexFile.read(folder, schemaVersion + 1, "1.0.0"), undefined);
	});

	it("is ignored by another version of the program, which may keep its rows in another shape", async () => {
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
		assert.equal(await next.verifies(secrets[0] ?? ""), true);
		works = true;
		await next.create("c");
		assert.deepEqual(await next.names(), ["a", "c"]);
		await next.stop();
	});

	it("answers also when the snapshot turns out to be damaged, which the first stream of events tells", async () => {
		const { secrets } = await stoppedWith(["a", "b"]);
		const snapshot = listSnapshots(folder)[0]?.path ?? "";
		const damaged = Buffer.from(readFileSync(snapshot));
		damaged[5000] = (damaged[5000] ?? 0) ^ 0xff;
		writeFileSync(snapshot, damaged);
		const next = await Start.in(folder);
		assert.equal(await next.verifies(secrets[0] ?? ""), true);
		assert.equal(next.sqliteLoads, 0);
		assert.deepEqual(
			(await next.store.examined()).map(({ code }) => code),
			["data-recovered"],
		);
		assert.deepEqual(await next.names(), ["a", "b"], "what stood in the log is there");
		assert.deepEqual(readFileSync(`${snapshot}.damaged`), damaged, "nothing damaged is overwritten");
		await next.stop();
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

function readFiles(folder: string): Map<string, Buffer> {
	return new Map(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name))]));
}

/** Leaves these files, and no others. */
function writeFiles(folder: string, files: ReadonlyMap<string, Buffer>): void {
	for (const name of readdirSync(folder)) rmSync(join(folder, name));
	for (const [name, bytes] of files) writeFileSync(join(folder, name), bytes);
}
