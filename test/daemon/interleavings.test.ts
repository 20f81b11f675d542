/** What happens in between: a change, a purge, a stop or another process in the middle of something longer. */
import assert from "node:assert/strict";
import { apiPermissions } from "../../daemon/facts.ts";
import { checkChain } from "../../daemon/rules/audit.ts";
import { daemonOfEach, type TestDaemon } from "./harness.ts";

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
		await daemon.authority.endQuietOverlaps();
		daemon.now = new Date(daemon.now.getTime() + 10_000);
		const { store } = daemon;
		const { quietOverlaps } = store;
		store.quietOverlaps = async (now) => {
			const found = await quietOverlaps.call(store, now);
			for (const { token } of tokens) assert.equal((await daemon.verify(token)).status, 200);
			await daemon.authority.saveUsage();
			return found;
		};
		await daemon.authority.endQuietOverlaps();
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
});
