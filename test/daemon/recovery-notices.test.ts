/** What a recovery from damaged files says to the user. */
import assert from "node:assert/strict";
import { fileNotices, lossNotices } from "../../daemon/store/sqlite/recovery-notices.ts";

describe("the notice of a recovery", () => {
	it("says how much is lost, and what to do about tokens in doubt", () => {
		assert.deepEqual(lossNotices(undefined), []);
		assert.deepEqual(lossNotices({ changes: undefined, doubted: 0 }), [
			{
				code: "data-lost",
				detail:
					"An unknown number of changes could not be read from damaged files. No token is in doubt, since the other files tell the state of each.",
			},
		]);
		assert.deepEqual(lossNotices({ changes: 3, doubted: 1 }), [
			{
				code: "data-lost",
				detail:
					"Up to 3 changes could not be read from damaged files. Tokens that one of them may have ended are in doubt, and refused: 1. Enable those that should work, and revoke the others.",
			},
		]);
	});

	it("names the files that were set aside or missing", () => {
		const losses = { changes: 1, doubted: 0 };
		assert.deepEqual(fileNotices([], [], losses), []);
		assert.deepEqual(fileNotices(["a", "b"], [], undefined), [
			{
				code: "data-recovered",
				detail: "Damaged files were set aside: a, b. Nothing is lost: the other files had all changes.",
			},
		]);
		assert.deepEqual(fileNotices([], ["c"], losses), [
			{ code: "data-lost", detail: "Files were missing: c." },
		]);
		assert.deepEqual(fileNotices(["a"], ["c", "d"], losses), [
			{ code: "data-lost", detail: "Damaged files were set aside: a. Files were missing: c, d." },
		]);
	});
});
