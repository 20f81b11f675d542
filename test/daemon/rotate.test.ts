/** Rotation: what a successor inherits, and how long both secrets work. */
import assert from "node:assert/strict";
import { type Answer, daemonOfEach, type TestDaemon } from "./harness.ts";

const day = 24 * 3600;

describe("the lifecycle of a token", () => {
	let daemon: TestDaemon;
	daemonOfEach((started) => {
		daemon = started;
	});

	describe("rotate", () => {
		it("gives no successor an end after the year 9999, whose text would sort before all others", async () => {
			const expiry = "9999-12-30T00:00:00.000Z";
			const old = await daemon.create({ profile: "eclecticiq", permissions: [], expiry });
			daemon.now = new Date(daemon.now.getTime() + 5 * day * 1000);
			const successor = await daemon.rotate(old.id, { overlapSeconds: 60 });
			assert.equal(successor.expiry, "9999-12-31T23:59:59.999Z");
			assert.equal(successor.status, "active");
		});

		it("gives a successor with the same settings and another secret, and lineage on both", async () => {
			const settings = {
				permissions: ["orders.*"],
				resources: ["channel/soc"],
				allowedAddresses: ["127.0.0.0/8"],
				tags: ["ci"],
			};
			const old = await daemon.create({ ...settings, description: "d", defaultSource: "soc" });
			daemon.now = new Date("2026-03-20T12:00:00.000Z");
			const successor = await daemon.rotate(old.id, { overlapSeconds: 3600 });
			for (const name of [
				"name",
				"description",
				"profile",
				"permissions",
				"resources",
				"allowedAddresses",
				"defaultSource",
				"tags",
				"userId",
			] as const) {
				assert.deepEqual(successor[name], old[name], name);
			}
			assert.notEqual(successor.token, old.token);
			assert.equal(successor.predecessorId, old.id);
			assert.equal(successor.expiry, "2026-04-19T12:00:00.000Z", "its lifetime is that of the old one");
			const { predecessor } = successor;
			assert.deepEqual(
				[predecessor.status, predecessor.successorId, predecessor.retiresDate],
				["retiring", successor.id, "2026-03-20T13:00:00.000Z"],
			);
			assert.equal(predecessor.expiry, old.expiry);
		});

		it("lets both work until the overlap's last millisecond, then only the successor", async () => {
			const old = await daemon.create();
			const successor = await daemon.rotate(old.id, { overlapSeconds: 60 });
			daemon.now = new Date("2026-03-10T12:00:59.999Z");
			assert.deepEqual(
				[(await daemon.verify(old.token)).status, (await daemon.verify(successor.token)).status],
				[200, 200],
			);
			daemon.now = new Date("2026-03-10T12:01:00.000Z");
			const refused = await daemon.verify(old.token);
			assert.equal(refused.body.reason, "expired");
			assert.match(String(refused.body.detail), /was rotated.*use the secret of its successor/);
			assert.equal((await daemon.record(old.id)).status, "expired");
			assert.equal((await daemon.verify(successor.token)).status, 200);
		});

		it("ends the old one at once without an overlap", async () => {
			const old = await daemon.create();
			const successor = await daemon.rotate(old.id, { overlapSeconds: 0 });
			assert.deepEqual(
				[(await daemon.verify(old.token)).status, (await daemon.verify(successor.token)).status],
				[401, 200],
			);
		});

		it("points from a refused request of the rotated token to its successor, and to none otherwise", async () => {
			const expired = await daemon.create({ expiry: "2026-03-10T12:00:30Z" });
			const old = await daemon.create({ permissions: ["api.api-tokens.read"] });
			await daemon.rotate(old.id, { overlapSeconds: 0 });
			const asCaller = await daemon.call("GET", "/v1/api-tokens", { secret: old.token });
			assert.match(String(asCaller.body.detail), /use the secret of its successor/);
			daemon.now = new Date("2026-03-10T12:00:30Z");
			assert.doesNotMatch(String((await daemon.verify(expired.token)).body.detail), /successor/);
		});

		it("never makes an expiring token eternal, nor one that outlives policy", async () => {
			const old = await daemon.create({ expiry: "2026-03-20T12:00:00Z" });
			const eternal = await daemon.tryRotate(old.id, { overlapSeconds: 0, expiry: null });
			assert.deepEqual([eternal.status, ...pointersOf(eternal)], [400, "/expiry"]);
			const late = await daemon.tryRotate(old.id, { overlapSeconds: 0, expiry: "2028-01-01T00:00:00Z" });
			assert.deepEqual([late.status, ...pointersOf(late)], [400, "/expiry"]);
			await daemon.call("PUT", "/v1/policy", {
				body: policy({ defaultExpiryDays: 3, maximumExpiryDays: 5 }),
			});
			assert.equal((await daemon.rotate(old.id, { overlapSeconds: 0 })).expiry, "2026-03-15T12:00:00.000Z");
		});

		it("never moves the expiry of a rotated token later, and lets it end sooner", async () => {
			const { id } = await daemon.create({ expiry: "2026-03-20T12:00:00Z" });
			await daemon.rotate(id, { overlapSeconds: 3600 });
			for (const expiry of ["2026-03-20T12:00:01Z", null]) {
				const answer = await daemon.patch(id, { expiry });
				assert.deepEqual([answer.status, ...pointersOf(answer)], [400, "/expiry"], String(expiry));
			}
			const sooner = await daemon.patch(id, { expiry: "2026-03-10T12:30:00Z" });
			assert.deepEqual([sooner.status, sooner.body.expiry], [200, "2026-03-10T12:30:00.000Z"]);
		});

		it("keeps an eternal token eternal only while policy has such tokens", async () => {
			const first = await daemon.create({ expiry: null });
			assert.equal((await daemon.rotate(first.id, { overlapSeconds: 0 })).expiry, null);
			const second = await daemon.create({ expiry: null });
			await daemon.call("PUT", "/v1/policy", { body: policy({ allowNever: false }) });
			assert.equal(
				(await daemon.rotate(second.id, { overlapSeconds: 0 })).expiry,
				"2026-04-09T12:00:00.000Z",
			);
		});

		it("refuses an overlap past the old expiry or past policy, and changes nothing", async () => {
			const { id, token } = await daemon.create({ expiry: "2026-03-10T13:00:00Z" });
			for (const overlapSeconds of [3601, 8 * day, -1, 1.5]) {
				const answer = await daemon.tryRotate(id, { overlapSeconds });
				assert.deepEqual(
					[answer.status, ...pointersOf(answer)],
					[400, "/overlapSeconds"],
					String(overlapSeconds),
				);
			}
			assert.equal((await daemon.record(id)).version, 1);
			assert.equal(
				(await daemon.rotate(id, { overlapSeconds: 3600 })).predecessor.retiresDate,
				"2026-03-10T13:00:00.000Z",
			);
			assert.equal((await daemon.verify(token)).status, 200);
		});

		it("rotates once: of two requests, the second gets the successor's id", async () => {
			const { id } = await daemon.create();
			const answers = await Promise.all([
				daemon.tryRotate(id, { overlapSeconds: 60 }),
				daemon.tryRotate(id, { overlapSeconds: 60 }),
			]);
			const [made, refused] = answers[0]?.status === 201 ? answers : answers.reverse();
			assert.deepEqual([made?.status, refused?.status, refused?.body.code], [201, 409, "already-rotated"]);
			assert.match(refused?.body.detail, new RegExp(made?.body.id));
		});

		it("refuses the revoked and the disabled, and replaces the expired", async () => {
			const revoked = await daemon.create();
			await daemon.call("DELETE", `/v1/api-tokens/${revoked.id}`);
			const disabled = await daemon.create();
			await daemon.call("POST", `/v1/api-tokens/${disabled.id}/disable`);
			for (const { id } of [revoked, disabled]) {
				const answer = await daemon.tryRotate(id, { overlapSeconds: 0 });
				assert.deepEqual([answer.status, answer.body.code], [409, "token-dead"]);
			}
			const expired = await daemon.create({ expiry: "2026-03-10T12:00:10Z" });
			daemon.now = new Date("2026-03-10T12:01:00.000Z");
			const successor = await daemon.rotate(expired.id, { overlapSeconds: 0 });
			assert.equal((await daemon.verify(successor.token)).status, 200);
			assert.equal((await daemon.verify(expired.token)).status, 401);
		});

		it("can be done by the token itself when it may, and then for itself only", async () => {
			const own = await daemon.create({ permissions: ["api.api-tokens.rotate-self", "orders.read"] });
			const other = await daemon.create();
			const body = { overlapSeconds: 0 };
			const foreign = await daemon.call("POST", `/v1/api-tokens/${other.id}/rotate`, {
				secret: own.token,
				body,
			});
			assert.deepEqual([foreign.status, foreign.body.code], [403, "permission-missing"]);
			const answer = await daemon.call("POST", `/v1/api-tokens/${own.id}/rotate`, {
				secret: own.token,
				body,
			});
			assert.equal(answer.status, 201);
			assert.deepEqual(answer.body.createdUserInfo, { userId: own.userId, userName: own.name });
			const without = await daemon.create();
			const refused = await daemon.call("POST", `/v1/api-tokens/${without.id}/rotate`, {
				secret: without.token,
				body,
			});
			assert.equal(refused.status, 403);
		});

		it("lets the successor of an eternal token end with the token that rotates it", async () => {
			const writer = await daemon.create({ permissions: ["api.api-tokens.write", "orders.read"] });
			const eternal = await daemon.create({ expiry: null });
			const body = { overlapSeconds: 0 };
			const answer = await daemon.call("POST", `/v1/api-tokens/${eternal.id}/rotate`, {
				secret: writer.token,
				body,
			});
			assert.deepEqual([answer.status, answer.body.expiry], [201, writer.expiry]);
		});

		it("does not hand a writer the secret of a token that may do more than itself", async () => {
			const writer = await daemon.create({ permissions: ["api.api-tokens.write", "orders.read"] });
			const limited = { permissions: ["orders.*"], allowedAddresses: ["10.0.0.0/8"] };
			const stronger = await daemon.create(limited);
			const body = { overlapSeconds: 0 };
			const answer = await daemon.call("POST", `/v1/api-tokens/${stronger.id}/rotate`, {
				secret: writer.token,
				body,
			});
			assert.deepEqual([answer.status, answer.body.code], [403, "exceeds-caller"]);
			assert.equal((await daemon.record(stronger.id)).version, 1);
			const widened = await daemon.call("PATCH", `/v1/api-tokens/${stronger.id}`, {
				secret: writer.token,
				body: { allowedAddresses: [] },
				headers: { "if-match": "*" },
			});
			assert.equal(widened.body.code, "exceeds-caller");
		});
	});
});

function pointersOf(answer: Answer): string[] {
	return answer.body.errors.map((error: { pointer: string }) => error.pointer);
}

function policy(change: object): object {
	return {
		secretPrefix: "tks",
		defaultExpiryDays: 30,
		maximumExpiryDays: 365,
		allowNever: true,
		...change,
	};
}
