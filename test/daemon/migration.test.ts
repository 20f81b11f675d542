/** A data directory of an earlier version opens with everything that was in it. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import type { RotatedToken } from "../../daemon/contract.ts";
import { generateSecret, hashOf } from "../../daemon/rules/secret.ts";
import { schemaVersion } from "../../daemon/store/sqlite/schema.ts";
import { listSnapshots, logPath, writeSnapshot } from "../../daemon/store/sqlite/snapshot.ts";
import { imageOf, TestDaemon } from "./harness.ts";

const oldId = "70ce1af3-19f6-413a-b041-e5917a94d207";
const newId = "c9fe0ba9-ff37-4063-bd49-334ccdc3f528";
const oldSecret = "tks_OldOldOldOldOldOldOldOldOldOldOl09b71u";
const newSecret = "tks_NewNewNewNewNewNewNewNewNewNewNe0c0cNI";

/** Of another system, whose secrets look like this daemon's; the second is revoked. */
const foreignSecrets = [generateSecret("tks"), generateSecret("tks")];

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

	it("has the tokens of other systems as they were, without a connection, and none of them verifies", async () => {
		for (const [id, status] of [
			["gitlab-1", "active"],
			["gitlab-2", "revoked"],
		]) {
			const { body } = await daemon.call("GET", `/v1/api-tokens/${id}`);
			assert.deepEqual([body.status, body.connectionId, body.remoteId], [status, null, null]);
		}
		for (let starts = 0; starts < 2; starts++) {
			for (const secret of foreignSecrets) {
				const { status, body } = await daemon.verify(secret);
				assert.deepEqual([status, body.reason], [401, "unknown"]);
			}
			await daemon.close();
			await daemon.open();
		}
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
	const statement = [
		'update "tokens" set "description" = ? where "id" = ?',
		["from the log", oldId],
	] as const;
	const statements = [statement, ...foreignSecrets.map(foreignStatement)];
	const named = statements.map(([sql, parameters], index) => [`0.${index}`, parameters, sql]);
	writeFileSync(logPath(directory, 2), oldLine(named));
}

/** A line of a log as versions with six migrations and fewer wrote it. */
function oldLine(statements: unknown): string {
	const json = JSON.stringify(statements);
	return `${crc32(json).toString(16).padStart(8, "0")} ${json}\n`;
}

/** A token of that time, like the one that is there. */
function foreignStatement(secret: string, index: number): readonly [string, readonly (string | null)[]] {
	const number = index + 1;
	const own: Record<string, string | null> = {
		id: `gitlab-${number}`,
		hash: hashOf(secret),
		name: `gitlab-${number}`,
		issuer: "gitlab",
		profile: "gitlab",
		revokedDate: number === 1 ? null : "2026-03-10T12:00:00.000Z",
		successorId: null,
		retiresDate: null,
	};
	const copied = ["version", "creationDate", "lastModifiedDate", "createdUserInfo", "lastModifiedUserInfo"];
	const plain = ["userId", "userName", "description", "partialToken"];
	const lists = ["permissions", "resources", "allowedAddresses", "tags"];
	const others = [...copied, ...plain, ...lists].map((name) => `"${name}"`).join(", ");
	const names = Object.keys(own);
	const columns = names.map((name) => `"${name}"`).join(", ");
	const marks = names.map(() => "?").join(", ");
	const sql = `insert into "tokens" (${columns}, ${others}) select ${marks}, ${others} from "tokens" where "id" = ?`;
	return [sql, [...Object.values(own), oldId]];
}
