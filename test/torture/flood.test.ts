/** Floods of the bundled daemon in their short form; `npm run torture -- flood --long` has the longer one. */
import assert from "node:assert/strict";
import { flood, floodOfLeak } from "./flood.ts";
import { Tally } from "./tally.ts";

describe("a flood", () => {
	const [tally, ofLeak] = [new Tally(), new Tally()];

	before(async () => {
		await Promise.all([flood(tally, "short"), floodOfLeak(ofLeak)]);
	}).timeout(600_000);

	it("leaves no descriptors and no memory behind, and stops no verification", () => {
		assert.deepEqual([...tally.faults], []);
		assert.ok((tally.counts.get("verifications beside") ?? 0) > 100);
	});

	it("is seen to leave memory behind where a daemon keeps an object of each connection", () => {
		const [[fault, [where = ""] = []] = [], ...others] = ofLeak.faults;
		assert.deepEqual([fault, others], ["a flood left something behind", []]);
		assert.match(where, /^silent connections: heapKilobytes/);
	});
});
