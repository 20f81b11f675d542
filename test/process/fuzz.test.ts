/** Generated requests to the bundled daemon in their short form; `npm run torture -- fuzz --long` sends far more. */
import assert from "node:assert/strict";
import { fuzz } from "../torture/fuzz.ts";
import { Tally } from "../torture/tally.ts";

describe("a fuzzed daemon", () => {
	it("answers as documented, tells no secret, and loses no answered change", async () => {
		const tally = new Tally();
		await fuzz(tally, "short");
		assert.deepEqual([...tally.faults], []);
		const counts = Object.fromEntries(tally.counts);
		assert.ok((counts.requests ?? 0) > 500 && (counts["carried out"] ?? 0) > 70, tally.report);
		assert.ok((counts["requests over raw sockets"] ?? 0) >= 200, tally.report);
		assert.ok((counts.kills ?? 0) > 1 && (counts["secrets verified"] ?? 0) > 40, tally.report);
	}).timeout(120_000);
});
