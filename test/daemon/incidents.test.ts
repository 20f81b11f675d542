/** Incidents: which tokens they revoke, which they keep, and their successors. */
import assert from "node:assert/strict";
import type { CreatedToken, TokenRecord } from "../../daemon/contract.ts";
import { daemonOfEach, type TestDaemon } from "./harness.ts";

const day = 24 * 3600;

describe("the lifecycle of a token", () => {
	let daemon: TestDaemon;
	daemonOfEach((started) => {
		daemon = started;
	});

	describe("an incident", () => {
		it("revokes all, makes successors of those that worked, and reports what was in use", async () => {
			const used = await daemon.create({ name: "used" });
			const idle = await daemon.create({ name: "idle" });
			const old = await daemon.create({ name: "old" });
			await daemon.rotate(old.id, { overlapSeconds: day });
			await daemon.verify(idle.token);
			daemon.now = new Date("2026-03-10T13:00:01.000Z");
			await daemon.verify(used.token);
			const body = { reason: "laptop stolen", all: true, createSuccessors: true };
			const { status, body: report } = await daemon.call("POST", "/v1/incidents", { body });
			assert.equal(status, 201);
			assert.equal(report.revoked.length, 4);
			for (const { token } of report.revoked)
				assert.deepEqual([token.status, token.revokedReason], ["revoked", "laptop stolen"]);
			const inUse = report.revoked.filter((one: { usedInLastHour: boolean }) => one.usedInLastHour);
			assert.deepEqual(
				inUse.map((one: { token: TokenRecord }) => one.token.name),
				["used"],
			);
			assert.match(report.nextSteps.join(" "), /used/);
			const names = report.successors.map((one: CreatedToken) => one.name).sort();
			assert.deepEqual(names, ["idle", "old", "used"], "the retiring one has its successor already");
			for (const successor of report.successors)
				assert.equal((await daemon.verify(successor.token)).status, 200);
			assert.equal((await daemon.verify(used.token)).body.reason, "revoked");
		});

		it("takes only those that all of the filter fits", async () => {
			const ci = await daemon.create({ name: "a", tags: ["ci"] });
			const other = await daemon.create({ name: "b" });
			const answer = await daemon.call("POST", "/v1/incidents", {
				body: { reason: "x", filter: { tag: "ci", q: "A" } },
			});
			assert.deepEqual(
				answer.body.revoked.map((one: { token: TokenRecord }) => one.token.id),
				[ci.id],
			);
			assert.deepEqual(answer.body.successors, []);
			assert.equal((await daemon.record(other.id)).status, "active");
			const again = await daemon.call("POST", "/v1/incidents", {
				body: { reason: "x", filter: { ids: [other.id, "unknown"] } },
			});
			assert.equal(again.body.revoked.length, 1);
		});

		it("refuses what matches nothing, means nothing, or means two things, and changes nothing", async () => {
			const { id } = await daemon.create();
			const bodies: [body: object, status: number, code: string][] = [
				[{ reason: "x", filter: { tag: "unknown" } }, 404, "nothing-matched"],
				[{ reason: "x" }, 400, "invalid-request"],
				[{ reason: "x", filter: {} }, 400, "invalid-request"],
				[{ reason: "x", filter: { q: "" } }, 400, "invalid-request"],
				[{ reason: "x", filter: { q: " ", tag: "ci" } }, 400, "invalid-request"],
				[{ reason: "x", all: true, filter: { tag: "ci" } }, 400, "invalid-request"],
				[{ reason: "x", all: false }, 400, "invalid-request"],
				[{ all: true }, 400, "invalid-request"],
			];
			for (const [body, status, code] of bodies) {
				const answer = await daemon.call("POST", "/v1/incidents", { body });
				assert.deepEqual([answer.status, answer.body.code], [status, code], JSON.stringify(body));
			}
			assert.equal((await daemon.record(id)).version, 1);
		});

		it("spares the token that asks unless it names itself, and makes no successor beyond it", async () => {
			const asking = await daemon.create({ permissions: ["api.api-tokens.delete"] });
			const other = await daemon.create();
			const secret = asking.token;
			const wanting = { reason: "x", all: true, createSuccessors: true };
			assert.equal((await daemon.call("POST", "/v1/incidents", { secret, body: wanting })).status, 403);
			const answer = await daemon.call("POST", "/v1/incidents", { secret, body: { reason: "x", all: true } });
			assert.deepEqual(
				answer.body.revoked.map((one: { token: TokenRecord }) => one.token.id),
				[other.id],
			);
			const self = { reason: "x", filter: { ids: [asking.id] } };
			assert.equal((await daemon.call("POST", "/v1/incidents", { secret, body: self })).status, 201);
			assert.equal((await daemon.verify(secret)).body.reason, "revoked");
		});
	});
});
