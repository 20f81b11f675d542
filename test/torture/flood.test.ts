/** Floods of the bundled daemon in their short form; `npm run torture -- flood --long` has the longer one. */
import assert from "node:assert/strict";
import { flood } from "./flood.ts";
import { Tally } from "./tally.ts";

describe("a flood", () => {
	it("leaves no descriptors and no memory behind, and stops no verification", async () => {
		const tally = new Tally();
		await flood(tally, "short");
		assert.deepEqual([...tally.faults], []);
		assert.ok((tally.counts.get("verifications beside") ?? 0) > 100);
	}).timeout(600_000);
});
