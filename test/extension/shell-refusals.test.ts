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
		["K=x\rA", /carriage return alone/],
		...['eval "K=y"', "printf -v K y", "getopts a K", "select K in a; do :; done", "coproc K { :; }"].map(
			(later): [string, RegExp] => [`K=x\n${later}\n`, /Line 2 sets K too/],
		),
		...["K[0]=y", 'export "K=y"', "unset 'K'", "cat <<A; K=y\nA"].map((later): [string, RegExp] => [
			`K=x\n${later}\n`,
			/Line 2 sets K too/,
		]),
		...["declare -i K", "declare -u K=y", "typeset -xl A K", "declare -n K=A"].map(
			(line): [string, RegExp] => [`${line}\nK=x\n`, /Line 1 gives K an attribute/],
		),
		...["return", "exit 0", "return 1 ;", "if a; then b; fi\nreturn"].map((line): [string, RegExp] => [
			`A=1\n${line}\nK=x\n`,
			/stops reading at line [23], above the line of K/,
		]),
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
		"declare -i A\nK=x\n",
		"K=x\ndeclare -u K\n",
		"K=x\nreturn\n",
		"if a\nthen\nreturn\nfi\nK=x\n",
		"a || return\nK=x\n",
		"A='\nreturn\n'\nK=x\n",
		"K=x\nprintf K\ncat <<A\neval K=y\nA\n",
	]) {
		it(`is as it seems in ${JSON.stringify(text)}`, () => {
			assert.equal(findShellReading(text, "K"), undefined);
		});
	}
});
