/** How `npm test` interprets its arguments. */
import assert from "node:assert/strict";
import { resolve } from "node:path";
import { chooseTests, type SuiteName, suites } from "./choice.ts";

const root = resolve(import.meta.dirname, "..");

describe("npm test", () => {
	it("runs all suites without arguments, in a fixed order, each with at least one file", () => {
		const { files, grep } = chooseTests([], root);
		assert.deepEqual([...files.keys()], Object.keys(suites));
		for (const [name, found] of files) assert.ok(found.length > 0, name);
		assert.equal(grep, undefined);
	});

	it("runs only the suites named", () => {
		assert.deepEqual(namesOf(["host", "daemon"]), ["daemon", "host"]);
	});

	for (const [file, suite] of [
		["test/choice.test.ts", "structure"],
		["test/daemon/api.test.ts", "daemon"],
		["./test/process/package.test.ts", "process"],
		["test/host/masking.test.ts", "host"],
		[resolve(root, "test/workbench/first.test.ts"), "workbench"],
	] as const) {
		it(`runs ${file.replace(root, "ROOT")} alone, in the suite ${suite}`, () => {
			const { files } = chooseTests([file], root);
			assert.deepEqual([...files.keys()], [suite]);
			assert.equal(files.get(suite)?.length, 1);
		});
	}

	it("passes a pattern on", () => {
		assert.equal(chooseTests(["daemon", "--grep", "revoked token"], root).grep, "revoked token");
	});

	for (const [argument, words] of [
		["deamon", /^deamon is neither a suite nor a test file$/],
		["daemon/api.ts", /^daemon\/api\.ts is neither a suite nor a test file$/],
		["test/daemon/gone.test.ts", /^There is no file test\/daemon\/gone\.test\.ts$/],
		["--watch", /Unknown option '--watch'/],
	] as const) {
		it(`refuses ${argument}`, () => {
			assert.throws(() => chooseTests([argument], root), { message: words });
		});
	}

	function namesOf(args: string[]): SuiteName[] {
		return [...chooseTests(args, root).files.keys()];
	}
});
