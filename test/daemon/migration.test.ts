/** A data directory of an earlier version opens with everything that was in it. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { RotatedToken } from "../../daemon/contract.ts";
import { ChangeLog } from "../../daemon/store/sqlite/change-log.ts";
import { schemaVersion } from "../../daemon/store/sqlite/schema.ts";
import { listSnapshots, logPath, writeSnapshot } from "../../daemon/store/sqlite/snapshot.ts";
import { imageOf, TestDaemon } from "./harness.ts";

const oldId = "70ce1af3-19f6-413a-b041-e5917a94d207";
const newId = "c9fe0ba9-ff37-4063-bd49-334ccdc3f528";
const oldSecret = "tks_OldOldOldOldOldOldOldOldOldOldOl09b71u";
const newSecret = "tks_NewNewNewNewNewNewNewNewNewNewNe0c0cNI";

describe("a data directory with two migrations", () => {
	let daemon: TestDaemon;
	beforeEach(async () => {
		daemon = await TestDaemon.start();
		await daemon.close();
		for (const name of readdirSync(daemon.directory))
			rmSync(join(daemon.directory, name), { recursive: true });
		await leaveSchema2(daemon.directory);
		await daemon.open();
	});
	afterEach(async () => {
		assert.deepEqual(daemon.failures, [], "nothing failed unseen");
		await daemon.remove();
	});

	it("has its tokens, with what its change log says of them and without a time of quiet", async () => {
		const { body } = await daemon.call("GET", `/v1/api-tokens/${oldId}`);
		assert.deepEqual(
			[body.name, body.status, body.successorId, body.quietSeconds, body.description, body.useCount],
			["rotated-api", "retiring", newId, null, "from the log", 1],
		);
		assert.equal((await daemon.verify(oldSecret)).status, 200);
		assert.equal((await daemon.verify(newSecret)).status, 200);
		assert.deepEqual(daemon.store.notices, []);
	});

	it("has its audit whole, and its usage without anything counted in an overlap", async () => {
		const { chain } = (await daemon.call("GET", "/v1/audit-events?verify=true")).body;
		assert.deepEqual(chain, { intact: true, checked: 3, brokenAt: null });
		const { usage } = (await daemon.call("GET", "/v1/usage")).body;
		assert.deepEqual(
			usage.map(({ day, verifications, overlapAddresses }: Record<string, unknown>) => [
				day,
				verifications,
				overlapAddresses,
			]),
			[["2026-03-10", 1, {}]],
		);
	});

	it("accepts new data afterwards, also in the usage of a day that had begun", async () => {
		await daemon.verify(oldSecret);
		const { usage } = (await daemon.call("GET", `/v1/usage?tokenId=${oldId}`)).body;
		assert.deepEqual([usage[0].verifications, usage[0].overlapAddresses], [2, { "127.0.0.1": 1 }]);
		assert.equal((await daemon.call("POST", `/v1/api-tokens/${oldId}/undo-rotation`)).status, 200);
		const body = { overlapSeconds: 3600, quietSeconds: 60 };
		const rotated: RotatedToken = (await daemon.call("POST", `/v1/api-tokens/${oldId}/rotate`, { body }))
			.body;
		assert.equal(rotated.predecessor.quietSeconds, 60);
	});

	it("has tokens that a clean-up deletes for good after their time", async () => {
		daemon.now = new Date("2028-06-01T00:00:00.000Z");
		const { tokens } = (await daemon.call("POST", "/v1/api-tokens/clean-up", { body: {} })).body;
		assert.ok(tokens.some(({ id }: { id: string }) => id === oldId));
		await daemon.close();
		await daemon.open();
		assert.equal((await daemon.verify(oldSecret)).body.reason, "unknown");
	});

	it("is one of this version after its first start, and opens again", async () => {
		assert.equal(listSnapshots(daemon.directory)[0]?.schema, schemaVersion);
		await daemon.close();
		await daemon.open();
		assert.deepEqual(daemon.store.notices, []);
		assert.equal((await daemon.verify(oldSecret)).status, 200);
	});
});

describe("a data directory after its migration", () => {
	it("has every change since, even if the migrated snapshot is damaged", async () => {
		const daemon = await TestDaemon.start();
		try {
			await daemon.close();
			for (const name of readdirSync(daemon.directory))
				rmSync(join(daemon.directory, name), { recursive: true });
			await leaveSchema2(daemon.directory);
			await daemon.open();
			assert.equal((await daemon.call("DELETE", `/v1/api-tokens/${newId}`)).status, 200);
			await daemon.close();
			const [newest] = listSnapshots(daemon.directory);
			writeFileSync(newest?.path ?? "", "damaged");
			await daemon.open();
			assert.equal((await daemon.verify(newSecret)).body.reason, "revoked");
			assert.deepEqual(
				daemon.store.notices.map(({ code }) => code),
				["data-recovered"],
			);
			const { chain } = (await daemon.call("GET", "/v1/audit-events?verify=true")).body;
			assert.equal(chain.intact, true);
		} finally {
			await daemon.remove();
		}
	});
});

/** A snapshot and a log since it, both in the tables of that time. */
async function leaveSchema2(directory: string): Promise<void> {
	const sql = readFileSync(join(import.meta.dirname, "schema-2.sql"), "utf8");
	writeSnapshot(directory, { generation: 1, schema: 2 }, imageOf(sql));
	const log = new ChangeLog(logPath(directory, 2), 0);
	const statement = [
		'update "tokens" set "description" = ? where "id" = ?',
		["from the log", oldId],
	] as const;
	await log.append({ statements: [statement], events: [] }, "none");
	log.close();
}
