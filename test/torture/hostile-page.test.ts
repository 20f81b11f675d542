/** A hostile page in Chromium, in its short form; `npm run torture -- hostile-page --long` looks at more paths. */
import assert from "node:assert/strict";
import { hostilePage } from "./hostile-page.ts";
import { Tally } from "./tally.ts";

describe("a hostile web page", () => {
	it("can't tell a daemon from a closed port by anything but time", async () => {
		const tally = new Tally();
		await hostilePage(tally, "short");
		assert.deepEqual([...tally.faults], []);
		assert.ok((tally.counts.get("ways to look at a port") ?? 0) > 90);
	}).timeout(600_000);
});
