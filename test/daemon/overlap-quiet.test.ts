/** How an overlap ends by itself once the old token is no longer used. */
import assert from "node:assert/strict";
import type { RotatedToken } from "../../daemon/contract.ts";
import { type Answer, daemonOfEach, type TestDaemon } from "./harness.ts";

const noon = new Date("2026-03-10T12:00:00.000Z");

describe("an overlap", () => {
	let daemon: TestDaemon;
	daemonOfEach((started) => {
		daemon = started;
	});

	describe("with a time of quiet", () => {
		it("ends by itself once the token has been unused for so long", async () => {
			const old = await daemon.create();
			const successor = await rotate(old.id, { quietSeconds: 60 });
			assert.equal((await daemon.record(old.id)).quietSeconds, 60);
			await sweepAfter(59.999);
			assert.equal((await daemon.record(old.id)).status, "retiring");
			await sweepAfter(60);
			assert.equal((await daemon.record(old.id)).retiresDate, "2026-03-10T12:01:00.000Z");
			assert.equal((await daemon.verify(old.token)).body.reason, "expired");
			assert.equal((await daemon.verify(successor.token)).status, 200);
			const [event] = (await daemon.call("GET", "/v1/audit-events?action=end-overlap")).body.events;
			assert.deepEqual([event.tokenId, event.actor.userName], [old.id, "Tokensmith"]);
		});

		it("lasts for as long as the token is used", async () => {
			const old = await daemon.create();
			await rotate(old.id, { quietSeconds: 60 });
			for (const seconds of [50, 100, 150]) {
				await sweepAfter(seconds);
				assert.equal((await daemon.verify(old.token)).status, 200);
			}
			await sweepAfter(209);
			assert.equal((await daemon.record(old.id)).status, "retiring");
			await sweepAfter(210);
			assert.equal((await daemon.record(old.id)).status, "expired");
		});

		it("is not kept alive by calls that are refused", async () => {
			const old = await daemon.create();
			await rotate(old.id, { quietSeconds: 60 });
			at(50);
			assert.equal((await daemon.verify(old.token, "?permission=orders.write")).status, 403);
			await sweepAfter(60);
			assert.equal((await daemon.record(old.id)).status, "expired");
		});

		it("ends at its deadline however much it is used, and for good", async () => {
			const old = await daemon.create();
			await rotate(old.id, { overlapSeconds: 90, quietSeconds: 60 });
			await sweepAfter(50);
			await daemon.verify(old.token);
			at(90);
			assert.equal((await daemon.verify(old.token)).body.reason, "expired");
			await sweepAfter(1000);
			assert.equal((await daemon.record(old.id)).retiresDate, "2026-03-10T12:01:30.000Z");
		});

		it("continues after the token is enabled again, since it could not be used meanwhile", async () => {
			const { id } = await daemon.create();
			await rotate(id, { quietSeconds: 60 });
			await daemon.call("POST", `/v1/api-tokens/${id}/disable`);
			await sweepAfter(50);
			await daemon.call("POST", `/v1/api-tokens/${id}/enable`);
			await sweepAfter(109);
			assert.equal((await daemon.record(id)).status, "retiring");
			await sweepAfter(110);
			assert.equal((await daemon.record(id)).status, "expired");
		});

		it("ends no rotation that was undone or has no time of quiet", async () => {
			const undone = await daemon.create();
			await rotate(undone.id, { quietSeconds: 60 });
			await undo(undone.id);
			const patient = await daemon.create();
			await rotate(patient.id, { overlapSeconds: 86_400 });
			await sweepAfter(7200);
			assert.deepEqual(
				[(await daemon.record(undone.id)).status, (await daemon.record(patient.id)).status],
				["active", "retiring"],
			);
		});

		it("gives clients the time to return after the daemon was down", async () => {
			const quick = await daemon.create();
			await rotate(quick.id, { quietSeconds: 60, overlapSeconds: 86_400 });
			const slow = await daemon.create();
			await rotate(slow.id, { quietSeconds: 3600, overlapSeconds: 86_400 });
			await restartAfter(36_000);
			const statuses = async () => [
				(await daemon.record(quick.id)).status,
				(await daemon.record(slow.id)).status,
			];
			await sweepAfter(36_059);
			assert.deepEqual(await statuses(), ["retiring", "retiring"]);
			await sweepAfter(36_060);
			assert.deepEqual(await statuses(), ["expired", "retiring"]);
			await sweepAfter(36_600);
			assert.deepEqual(await statuses(), ["expired", "expired"]);
		});

		it("leaves it also when the machine has slept", async () => {
			const { id, token } = await daemon.create();
			await rotate(id, { quietSeconds: 60, overlapSeconds: 86_400 });
			at(36_000);
			await daemon.authority.rotations.endQuiet();
			await sweepAfter(36_059);
			assert.equal((await daemon.verify(token)).status, 200);
			await sweepAfter(36_118);
			assert.equal((await daemon.record(id)).status, "retiring");
			await sweepAfter(36_119);
			assert.equal((await daemon.record(id)).status, "expired");
		});

		it("knows after a restart when the token was used last", async () => {
			const old = await daemon.create();
			await rotate(old.id, { quietSeconds: 3600, overlapSeconds: 86_400 });
			at(1800);
			await daemon.verify(old.token);
			await daemon.authority.saveUsage();
			await restartAfter(3600);
			await sweepAfter(5399);
			assert.equal((await daemon.record(old.id)).status, "retiring");
			await sweepAfter(5400);
			assert.equal((await daemon.record(old.id)).status, "expired");
		});

		it("takes a whole number of seconds, from one to a year", async () => {
			const { id } = await daemon.create();
			for (const quietSeconds of [0, -1, 1.5, 31_536_001, "60", null]) {
				const answer = await daemon.tryRotate(id, { overlapSeconds: 60, quietSeconds });
				assertProblem(answer, 400, "invalid-request");
				assert.equal(answer.body.errors[0].pointer, "/quietSeconds", String(quietSeconds));
			}
			assert.equal(
				(await rotate(id, { quietSeconds: 31_536_000 })).quietSeconds,
				null,
				"the successor has none",
			);
		});
	});

	function at(seconds: number): void {
		daemon.now = new Date(noon.getTime() + seconds * 1000);
	}

	/** Looks every half a minute until then, as a daemon does that is awake. */
	async function sweepAfter(seconds: number): Promise<void> {
		const end = noon.getTime() + seconds * 1000;
		for (let now = daemon.now.getTime() + 30_000; now < end; now += 30_000) {
			daemon.now = new Date(now);
			await daemon.authority.rotations.endQuiet();
		}
		at(seconds);
		await daemon.authority.rotations.endQuiet();
	}

	async function restartAfter(seconds: number): Promise<void> {
		await daemon.close();
		at(seconds);
		await daemon.open();
	}

	function rotate(id: string, body: object = {}): Promise<RotatedToken> {
		return daemon.rotate(id, { overlapSeconds: 3600, ...body });
	}

	function undo(id: string, secret?: string): Promise<Answer> {
		const options = secret === undefined ? {} : { secret };
		return daemon.call("POST", `/v1/api-tokens/${id}/undo-rotation`, { body: {}, ...options });
	}
});

function assertProblem(answer: Answer, status: number, code: string): void {
	assert.deepEqual([answer.status, answer.body.code], [status, code], JSON.stringify(answer.body));
}
