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

	/** What another window, or this one after a reload, has. */
	const window = () => new Claims(join(folder, "notices"));

	it("are given to one of all windows that ask at the same time", async () => {
		const answers = await Promise.all(Array.from({ length: 20 }, () => window().claim("a~7~1")));
		assert.equal(answers.filter(Boolean).length, 1);
	});

	it("last beyond the window that made them, until they are released", async () => {
		assert.ok(await window().claim("a~7~1", "note"));
		assert.ok(!(await window().claim("a~7~1")));
		assert.ok(await window().claim("a~1~1"));
		assert.deepEqual([...(await window().keys())].sort(), ["a~1~1", "a~7~1"]);
		assert.equal(await window().note("a~7~1"), "note");
		assert.ok(await window().release("a~7~1"));
		assert.ok(await window().claim("a~7~1"));
	});

	it("are released by one of all windows that try", async () => {
		await window().claim("a~snooze~1");
		const answers = await Promise.all(Array.from({ length: 20 }, () => window().release("a~snooze~1")));
		assert.equal(answers.filter(Boolean).length, 1);
	});

	it("are none before the first, in a folder that is not there", async () => {
		assert.deepEqual([...(await window().keys())], []);
		assert.equal(await window().note("a"), undefined);
		assert.ok(!(await window().release("a")));
	});

	it("stay within their folder, whatever the key", async () => {
		assert.ok(await window().claim("../../outside"));
		assert.deepEqual([...(await window().keys())], ["..%2F..%2Foutside"]);
	});
});
