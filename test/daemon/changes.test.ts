/** What is on disk counts at once, whatever goes wrong after it. */
import assert from "node:assert/strict";
import { TestDaemon } from "./harness.ts";

describe("a change", () => {
	let daemon: TestDaemon;
	beforeEach(async () => {
		daemon = await TestDaemon.start();
	});
	afterEach(() => daemon.remove());

	it("counts from the next request on, even if its listener fails", async () => {
		const { id, token } = await daemon.create();
		daemon.events.notify = () => {
			throw new Error("the listener failed");
		};
		assert.equal((await daemon.call("DELETE", `/v1/api-tokens/${id}`)).status, 200);
		assert.equal((await daemon.verify(token)).status, 401);
		assert.match(String(daemon.failures[0]), /the listener failed/);
	});
});
