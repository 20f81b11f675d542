/** How an overlap ends before its deadline, or is undone, and what is known of who used the old token in it. */
import assert from "node:assert/strict";
import type { AuditEvent, CreatedToken, RotatedToken, TokenRecord, UsageDay } from "../../daemon/contract.ts";
import { type Answer, daemonOfEach, TestDaemon } from "./harness.ts";

const noon = new Date("2026-03-10T12:00:00.000Z");

describe("an overlap", () => {
	let daemon: TestDaemon;
	daemonOfEach((started) => {
		daemon = started;
	});

	describe("that is undone", () => {
		it("leaves the token as it was and revokes the successor", async () => {
			const old = await daemon.create({ expiry: "2026-06-01T00:00:00Z", tags: ["ci"] });
			const successor = await rotate(old.id, { quietSeconds: 60 });
			at(10);
			const { status, body } = await undo(old.id);
			assert.equal(status, 200);
			const was = asRecord(old);
			assert.deepEqual(body.token, { ...was, version: 3, lastModifiedDate: daemon.now.toISOString() });
			assert.deepEqual(
				[body.successor.id, body.successor.status, body.successor.revokedReason],
				[successor.id, "revoked", "Its rotation was undone."],
			);
			assert.deepEqual(await daemon.record(old.id), body.token);
			assert.equal((await daemon.verify(old.token)).body.token.status, "active");
			assert.equal((await daemon.verify(successor.token)).body.reason, "revoked");
		});

		it("is audited, and reported to listeners", async () => {
			const old = await daemon.create();
			const successor = await rotate(old.id);
			await undo(old.id);
			const events: AuditEvent[] = (await daemon.call("GET", "/v1/audit-events?limit=2&verify=true")).body
				.events;
			assert.deepEqual(
				events.map(({ action, tokenId }) => [action, tokenId]),
				[
					["undo-rotation", old.id],
					["revoke", successor.id],
				],
			);
			assert.deepEqual(events[0]?.after, { retiresDate: null, successorId: null });
		});

		it("can be rotated again, and its use is then counted from zero", async () => {
			const old = await daemon.create();
			await rotate(old.id);
			await daemon.verify(old.token);
			await daemon.verify(old.token);
			assert.deepEqual(await overlapUses(old.id), { "127.0.0.1": 2 });
			await undo(old.id);
			await daemon.verify(old.token);
			assert.deepEqual(await overlapUses(old.id), {});
			const again = await rotate(old.id);
			assert.deepEqual(await overlapUses(old.id), {});
			await daemon.verify(old.token);
			assert.deepEqual(await overlapUses(old.id), { "127.0.0.1": 1 });
			assert.equal((await daemon.verify(again.token)).status, 200);
		});

		it("counts from zero also what was not written yet when it was undone", async () => {
			const old = await daemon.create();
			await rotate(old.id);
			await daemon.verify(old.token);
			await undo(old.id);
			await rotate(old.id);
			await daemon.verify(old.token);
			assert.deepEqual(await overlapUses(old.id), { "127.0.0.1": 1 });
		});

		it("stays disabled when it was disabled meanwhile", async () => {
			const old = await daemon.create();
			await rotate(old.id);
			await daemon.call("POST", `/v1/api-tokens/${old.id}/disable`);
			assert.equal((await undo(old.id)).body.token.status, "disabled");
		});

		it("takes its name back only while no other token has it", async () => {
			const permissions = [await permissionOf("mindbridge")];
			const settings = { profile: "mindbridge", permissions, expiry: "2026-06-01T00:00:00Z", name: "orders" };
			const old = await daemon.create(settings);
			const successor = await rotate(old.id);
			const renamed = await daemon.patch(successor.id, { name: "orders-2" });
			assert.equal(renamed.status, 200, JSON.stringify(renamed.body));
			await daemon.create(settings);
			assertProblem(await undo(old.id), 409, "name-taken");
			assert.equal((await daemon.verify(successor.token)).status, 200, "nothing of it was done");
		});
	});

	describe("can't be undone", () => {
		it("once it is over, by its deadline or by hand", async () => {
			const one = await daemon.create();
			await rotate(one.id, { overlapSeconds: 60 });
			at(60);
			assertProblem(await undo(one.id), 409, "not-rotated");
			const other = await daemon.create();
			const successor = await rotate(other.id);
			await end(other.id);
			assertProblem(await undo(other.id), 409, "not-rotated");
			assert.equal((await daemon.verify(successor.token)).status, 200);
		});

		it("of a token that was not rotated, or is revoked", async () => {
			const { id } = await daemon.create();
			assertProblem(await undo(id), 409, "not-rotated");
			await rotate(id);
			await daemon.call("DELETE", `/v1/api-tokens/${id}`);
			assertProblem(await undo(id), 409, "token-dead");
		});

		it("once the successor was rotated itself", async () => {
			const old = await daemon.create();
			const successor = await rotate(old.id);
			const last = await rotate(successor.id);
			const refused = await undo(old.id);
			assertProblem(refused, 409, "already-rotated");
			assert.match(refused.body.detail, new RegExp(successor.id));
			assert.equal((await undo(successor.id)).status, 200);
			assert.equal((await undo(old.id)).status, 200);
			for (const dead of [successor, last]) assert.equal((await daemon.verify(dead.token)).status, 401);
		});

		it("twice, or by two at once", async () => {
			const { id } = await daemon.create();
			await rotate(id);
			const answers = await Promise.all([undo(id), undo(id)]);
			assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 409]);
		});

		it("from a version that is not the present one", async () => {
			const { id } = await daemon.create();
			await rotate(id);
			for (const verb of ["undo-rotation", "end-overlap"]) {
				const headers = { "if-match": '"1"' };
				assertProblem(
					await daemon.call("POST", `/v1/api-tokens/${id}/${verb}`, { headers }),
					412,
					"version-stale",
				);
			}
		});

		it("by a token that may do less than the one that would come back", async () => {
			const writer = await daemon.create({ permissions: ["api.api-tokens.write"] });
			const stronger = await daemon.create({ permissions: ["orders.*"] });
			await rotate(stronger.id);
			assertProblem(await undo(stronger.id, writer.token), 403, "exceeds-caller");
		});

		it("by the very token that it would revoke", async () => {
			const old = await daemon.create({ permissions: ["api.api-tokens.write"] });
			const successor = await rotate(old.id);
			assertProblem(await undo(old.id, successor.token), 409, "own-token");
		});

		it("by the token that was rotated, for who rotated it may have had to be rid of it", async () => {
			const old = await daemon.create({ permissions: ["api.api-tokens.write"] });
			await rotate(old.id);
			assertProblem(await undo(old.id, old.token), 403, "exceeds-caller");
		});
	});

	describe("that is ended by hand", () => {
		it("ends at once, and only the successor works", async () => {
			const old = await daemon.create();
			const successor = await rotate(old.id);
			at(5);
			const { status, body, headers } = await end(old.id);
			assert.deepEqual(
				[status, body.status, body.retiresDate, headers.get("etag")],
				[200, "expired", daemon.now.toISOString(), '"3"'],
			);
			assert.equal((await daemon.verify(old.token)).body.reason, "expired");
			assert.equal((await daemon.verify(successor.token)).status, 200);
		});

		it("is no overlap before the rotation or after its end", async () => {
			const { id } = await daemon.create();
			assertProblem(await end(id), 409, "not-rotated");
			await rotate(id, { overlapSeconds: 0 });
			assertProblem(await end(id), 409, "not-rotated");
			await daemon.call("DELETE", `/v1/api-tokens/${id}`);
			assertProblem(await end(id), 409, "token-dead");
		});
	});

	describe("is seen in the usage", () => {
		it("by address, from the rotation on, for the token that was rotated alone", async () => {
			const proxied = await TestDaemon.start({ trustedProxies: ["127.0.0.1"] });
			try {
				const old = await proxied.create();
				await proxied.verify(old.token);
				const body = { overlapSeconds: 172_800 };
				const rotated = await proxied.call("POST", `/v1/api-tokens/${old.id}/rotate`, { body });
				for (const address of ["10.0.0.7", "10.0.0.7", "10.0.0.8"]) {
					const headers = { "x-forwarded-for": address };
					await proxied.call("GET", "/v1/verify", { secret: old.token, headers });
				}
				proxied.now = new Date(noon.getTime() + 86_400_000);
				await proxied.verify(old.token);
				await proxied.verify(rotated.body.token);
				const { usage } = (await proxied.call("GET", "/v1/usage")).body;
				const uses = (tokenId: string) =>
					usage
						.filter((day: UsageDay) => day.tokenId === tokenId)
						.map((day: UsageDay) => [day.day, day.verifications, day.overlapAddresses]);
				assert.deepEqual(uses(old.id), [
					["2026-03-10", 4, { "10.0.0.7": 2, "10.0.0.8": 1 }],
					["2026-03-11", 1, { "127.0.0.1": 1 }],
				]);
				assert.deepEqual(uses(rotated.body.id), [["2026-03-11", 1, {}]]);
			} finally {
				await proxied.remove();
			}
		});

		it("is added to what was written before, and kept when the overlap is over", async () => {
			const old = await daemon.create();
			await rotate(old.id, { overlapSeconds: 60 });
			await daemon.verify(old.token);
			await daemon.authority.saveUsage();
			await daemon.verify(old.token);
			at(61);
			assert.equal((await daemon.verify(old.token)).status, 401);
			assert.deepEqual(await overlapUses(old.id), { "127.0.0.1": 2 });
		});
	});

	function at(seconds: number): void {
		daemon.now = new Date(noon.getTime() + seconds * 1000);
	}

	function rotate(id: string, body: object = {}): Promise<RotatedToken> {
		return daemon.rotate(id, { overlapSeconds: 3600, ...body });
	}

	function undo(id: string, secret?: string): Promise<Answer> {
		const options = secret === undefined ? {} : { secret };
		return daemon.call("POST", `/v1/api-tokens/${id}/undo-rotation`, { body: {}, ...options });
	}

	function end(id: string): Promise<Answer> {
		return daemon.call("POST", `/v1/api-tokens/${id}/end-overlap`, { body: {} });
	}

	async function overlapUses(tokenId: string): Promise<Record<string, number>> {
		const { usage } = (await daemon.call("GET", `/v1/usage?tokenId=${tokenId}`)).body;
		return usage[0]?.overlapAddresses ?? {};
	}

	async function permissionOf(profileId: string): Promise<string> {
		const { profiles } = (await daemon.call("GET", "/v1/profiles")).body;
		const profile = profiles.find(({ id }: { id: string }) => id === profileId);
		return profile.permissions.catalogue[0].name;
	}
});

function asRecord({ token: _, ...record }: CreatedToken): TokenRecord {
	return record;
}

function assertProblem(answer: Answer, status: number, code: string): void {
	assert.deepEqual([answer.status, answer.body.code], [status, code], JSON.stringify(answer.body));
}
