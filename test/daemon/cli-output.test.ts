/** Dates and texts of others in the command line's output. */
import assert from "node:assert/strict";
import { dateWords, endDateOf, toJson, toTerminal } from "../../daemon/cli/output.ts";

const now = Date.parse("2026-11-22T12:00:00.000Z");

describe("dates on the command line", () => {
	const distances: [date: string, words: string][] = [
		["2026-11-29T11:59:58.000Z", "in 7 days"],
		["2026-12-22T11:59:59.900Z", "in 30 days"],
		["2026-11-24T12:00:00.000Z", "in 2 days"],
		["2026-11-23T11:59:59.000Z", "in 23 hours"],
		["2026-11-22T12:14:59.000Z", "in 14 minutes"],
		["2026-11-22T12:00:20.000Z", "in less than a minute"],
		["2026-11-22T12:00:00.000Z", "just now"],
		["2026-11-22T11:58:00.000Z", "2 minutes ago"],
		["2026-11-19T12:00:01.000Z", "3 days ago"],
	];
	for (const [date, words] of distances) {
		it(`say of ${date} ${words}`, () =>
			assert.equal(dateWords(date, now), `${date.slice(0, 16).replace("T", " ")}Z (${words})`));
	}

	it("say never where there is none", () => {
		assert.equal(dateWords(null, now), "never");
	});

	it("end a revoked token with its revoke, a rotated one with its overlap, and another with its expiry", () => {
		const dates = { revokedDate: "revoked", retiresDate: "retires", expiry: "expiry" };
		assert.equal(endDateOf(dates), "revoked");
		assert.equal(endDateOf({ ...dates, revokedDate: null }), "retires");
		assert.equal(endDateOf({ ...dates, revokedDate: null, retiresDate: null }), "expiry");
	});
});

describe("text of others on a terminal", () => {
	it("shows characters that control the terminal, or reorder the line, as such", () => {
		for (const character of ["\x1B", "\u009B", "\u061C", "\u200E", "\u2028", "\u202E", "\u2066"])
			assert.equal(toTerminal(`a${character}b`), "a\uFFFDb");
		assert.equal(toTerminal("two\nlines, ä and 語"), "two\nlines, ä and 語");
	});

	it("escapes the same characters in JSON, which is read as before", () => {
		const value = { name: "a\u009Bb\u202Ec\u2066d\x7F", list: ["two\nlines, ä and 語"] };
		for (const indent of [undefined, 2]) {
			const text = toJson(value, indent);
			assert.doesNotMatch(text, /[\x7F-\x9F\u202A-\u202E\u2066-\u2069]/);
			assert.match(text, /a\\u009bb\\u202ec\\u2066d\\u007f/);
			assert.deepEqual(JSON.parse(text), value);
		}
		assert.equal(toJson(value, 2).split("\n").length, 6);
	});
});
