/** A sample of the damage that `npm run torture -- damage --long` does at every byte and every length. */
import assert from "node:assert/strict";
import { cpSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TokenRecord } from "../../daemon/contract.ts";
import { copyPath, listLogs, logPath } from "../../daemon/store/sqlite/snapshot.ts";
import type { SqliteStore } from "../../daemon/store/sqlite/sqlite-store.ts";
import { doubtDatesSetting } from "../../daemon/store/store.ts";
import { damage, makeScene, type Scene, tryDamage } from "../torture/damage.ts";
import { Tally } from "../torture/tally.ts";
import { replaceIn } from "./databases.ts";
import { daemonOfEach, onFiles, openStore, type TestDaemon, temporaryFolder } from "./harness.ts";

describe("a damaged data directory", () => {
	it("revives no token that had ended, loses none that works, and is told", async function () {
		this.timeout(600_000);
		const tally = new Tally();
		await damage(tally, 5999);
		assert.deepEqual(Object.fromEntries(tally.faults), {});
		assert.ok((tally.counts.get("tried") ?? 0) > 100, tally.report);
		assert.ok((tally.counts.get("told") ?? 0) > 80, tally.report);
	});
});

describe("a last line that is wrong in the log and in its copy", () => {
	let scene: Scene;
	before(async () => {
		scene = await makeScene("kill");
	});

	const wrong: [what: string, at: (line: Buffer) => number, becomes: string][] = [
		["has no end", (line) => line.length - 1, "*"],
		["has zeros for its end", (line) => line.length - 1, "\0"],
		["has a zero in its middle", (line) => line.lastIndexOf(" "), "\0"],
		["begins with a zero", () => 0, "\0"],
	];
	for (const [what, at, becomes] of wrong)
		it(`${what} is no line that was never completed`, async () => {
			const [newest = ""] = [...scene.files.keys()]
				.filter((name) => name.startsWith("copy-"))
				.sort()
				.reverse();
			const copy = Buffer.from(scene.files.get(newest) ?? "");
			const end = copy.lastIndexOf("\n");
			const start = copy.lastIndexOf("\n", end - 1) + 1;
			const changed = new Map(
				[newest, newest.replace("copy", "changes")].map((name) => {
					const bytes = Buffer.from(scene.files.get(name) ?? "");
					bytes.write(becomes, start + at(copy.subarray(start, end + 1)));
					return [name, bytes];
				}),
			);
			const tally = new Tally();
			await tryDamage(scene, { what, change: () => changed, isSingle: false }, tally);
			assert.deepEqual([Object.fromEntries(tally.faults), tally.counts.get("told")], [{}, 1]);
		});
});

describe("a log and its copy that are both cut after the same line", () => {
	it("are not taken for whole", async () => {
		const scene = await makeScene("kill", "small");
		const [newest = ""] = [...scene.files.keys()]
			.filter((name) => name.startsWith("changes-"))
			.sort()
			.reverse();
		const log = scene.files.get(newest) ?? Buffer.alloc(0);
		const tally = new Tally();
		let cuts = 0;
		for (let end = log.indexOf("\n") + 1; end > 0; end = log.indexOf("\n", end) + 1) {
			const names = [newest, newest.replace("changes", "copy")];
			const change = () => new Map(names.map((name) => [name, scene.files.get(name)?.subarray(0, end)]));
			await tryDamage(scene, { what: `cut at ${end}`, change, isSingle: false }, tally);
			cuts++;
		}
		assert.ok(cuts > 4, String(cuts));
		assert.deepEqual(Object.fromEntries(tally.faults), {});
		assert.equal(tally.counts.get("told"), cuts);
	});
});

describe("a start that puts tokens in doubt", () => {
	it("leaves the note for the audit to a later start, if it is killed before it wrote anything", async () => {
		const scene = await makeScene("kill");
		const folder = temporaryFolder();
		for (const [name, bytes] of scene.files) writeFileSync(join(folder, name), bytes);
		const newest = listLogs(folder).at(-1) ?? 0;
		for (const path of [logPath, copyPath]) replaceIn(path(folder, newest), '"revoke"', '"revive"');
		const notes: unknown[] = [];
		const stores: SqliteStore[] = [];
		for (let start = 0; start < 2; start++) {
			// The first one is as good as killed.
			const store = await openStore(folder);
			stores.push(store);
			notes.push(await store.setting(doubtDatesSetting));
		}
		for (const store of stores) await store.close();
		rmSync(folder, { recursive: true });
		assert.equal((notes[0] as string[]).length, 1);
		assert.deepEqual(notes[1], notes[0]);
	});
});

describe("a token in doubt", () => {
	let daemon: TestDaemon;
	daemonOfEach((started) => {
		daemon = started;
	});

	it("is refused and listed as such, and works again when its owner enables it", async () => {
		const { id, token } = await inDoubt();
		const refused = await daemon.verify(token);
		assert.deepEqual([refused.status, refused.body.reason], [401, "in-doubt"]);
		const { tokens } = (await daemon.call("GET", "/v1/api-tokens?status=in-doubt")).body;
		assert.deepEqual(
			tokens.map((each: TokenRecord) => [each.id, each.status]),
			[[id, "in-doubt"]],
		);
		assert.equal((await daemon.call("POST", `/v1/api-tokens/${id}/enable`)).body.status, "active");
		assert.equal((await daemon.verify(token)).status, 200);
	});

	it("can be revoked, and not rotated", async () => {
		const { id } = await inDoubt();
		const rotated = await daemon.tryRotate(id, { overlapSeconds: 60 });
		assert.match(rotated.body.detail, /in doubt; enable or revoke it first/);
		assert.equal((await daemon.call("DELETE", `/v1/api-tokens/${id}`)).body.status, "revoked");
	});

	it("is counted as such, also when it is disabled", async () => {
		const { id } = await inDoubt();
		await daemon.call("POST", `/v1/api-tokens/${id}/disable`);
		const counts = await daemon.store.countByStatus(daemon.now.toISOString());
		assert.deepEqual(Object.fromEntries(counts), { "in-doubt": 1 });
	});

	onFiles.it("is none that was deleted after the damage, and its deletion is no loss", async () => {
		const [doubted, deleted] = [await daemon.create(), await daemon.create()];
		await daemon.call("POST", `/v1/api-tokens/${doubted.id}/disable`);
		const stored = await daemon.store.token(deleted.id);
		assert.ok(stored !== undefined);
		await daemon.store.write((transaction) => transaction.deleteTokens([stored]));
		const crashed = temporaryFolder();
		cpSync(daemon.directory, crashed, { recursive: true });
		const newest = listLogs(crashed).at(-1) ?? 0;
		for (const path of [logPath, copyPath]) replaceIn(path(crashed, newest), '"disable"', '"enabled"');
		const store = await openStore(crashed);
		const found = await store.tokens([doubted.id, deleted.id]);
		assert.deepEqual(
			found.map(({ token }) => [token.id, token.inDoubtDate !== null]),
			[[doubted.id, true]],
		);
		assert.match(store.notices[0]?.detail ?? "", /^Up to 1 changes .* are in doubt, and refused: 1\./);
		await store.close();
		rmSync(crashed, { recursive: true });
	});

	async function inDoubt(): Promise<{ id: string; token: string }> {
		const { id, token } = await daemon.create();
		const stored = await daemon.store.token(id);
		assert.ok(stored !== undefined);
		const doubted = { ...stored.token, inDoubtDate: daemon.now.toISOString(), version: 2 };
		await daemon.store.write((transaction) => transaction.updateToken(doubted, stored.usage));
		return { id, token };
	}
});
