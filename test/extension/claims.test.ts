import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Claims } from "../../extension/notices/claims.ts";

describe("claims", () => {
	let folder: string;

	beforeEach(async () => {
		folder = await mkdtemp(join(tmpdir(), "tokensmith-claims-"));
	});
	afterEach(() => rm(folder, { recursive: true }));

	/** The claims of another window, or of this one after a reload. */
	const window = () => new Claims(join(folder, "notices"));

	it("succeed in one of several concurrent windows", async () => {
		const answers = await Promise.all(Array.from({ length: 20 }, () => window().claim("a~7~1")));
		assert.equal(answers.filter(Boolean).length, 1);
	});

	it("persist after their window is closed, until they are released", async () => {
		assert.ok(await window().claim("a~7~1", "note"));
		assert.ok(!(await window().claim("a~7~1")));
		assert.ok(await window().claim("a~1~1"));
		assert.deepEqual([...(await window().keys())].sort(), ["a~1~1", "a~7~1"]);
		assert.equal(await window().note("a~7~1"), "note");
		assert.ok(await window().release("a~7~1"));
		assert.ok(await window().claim("a~7~1"));
	});

	it("are released by one of several concurrent windows", async () => {
		await window().claim("a~snooze~1");
		const answers = await Promise.all(Array.from({ length: 20 }, () => window().release("a~snooze~1")));
		assert.equal(answers.filter(Boolean).length, 1);
	});

	it("are empty in a folder that does not exist", async () => {
		assert.deepEqual([...(await window().keys())], []);
		assert.equal(await window().note("a"), undefined);
		assert.ok(!(await window().release("a")));
	});

	it("stay within their folder, whatever the key", async () => {
		assert.ok(await window().claim("../../outside"));
		assert.deepEqual([...(await window().keys())], ["..%2F..%2Foutside"]);
	});
});
