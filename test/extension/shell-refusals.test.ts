/** Why a shell does not get a value from its line; `env-readers.test.ts` compares with real shells. */
import assert from "node:assert/strict";
import { findShellReading } from "../../daemon/env-file/shell-refusals.ts";

describe("a shell's reading of the line that sets K", () => {
	const refused: [text: string, says: RegExp][] = [
		["A=1\nB=2 \\\nK=x\n", /joins the line of K to line 2, which ends with a backslash/],
		["readonly K\nK=x\n", /Line 1 makes K read-only/],
		["A=1\nK=x\ndeclare -x K=y\n", /Line 3 sets K too/],
		["K=x\nA=1; K=y\n", /Line 2 sets K too/],
		["A=1 &&\nK=x\n", /what follows line 1 as part of it, since it ends with &&/],
		["A=1\rK=x\n", /carriage return alone/],
	];
	for (const [text, says] of refused) {
		it(`is another than it seems in ${JSON.stringify(text)}`, () => {
			assert.match(findShellReading(text, "K")?.detail ?? "", says);
		});
	}

	for (const text of [
		"K=x\n",
		"K=x\nreadonly K\n",
		"readonly A\nK=x\n",
		"K=y\nK=x\n",
		"declare -x K=y\nK=x\n",
	]) {
		it(`is as it seems in ${JSON.stringify(text)}`, () => {
			assert.equal(findShellReading(text, "K"), undefined);
		});
	}
});
