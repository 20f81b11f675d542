/** Tables on the command line: aligned by what a terminal shows, and within its width. */
import assert from "node:assert/strict";
import fc from "fast-check";
import stringWidth from "string-width";
import { table } from "../../daemon/cli/table.ts";

const header = ["NAME", "STATUS", "ID"];

describe("a table", () => {
	it("aligns columns of wide, combining and emoji characters", async () => {
		const rows = [
			["日本語", "active", "1"],
			["e\u0301te\u0301", "retiring", "2"],
			["👩‍👩‍👧 home", "active", "3"],
		];
		const lines = (await table(rows, { header, width: 80 })).split("\n");
		const column = (line: string, cell: string) => stringWidth(line.slice(0, line.lastIndexOf(cell)));
		const starts = [
			column(lines[0] ?? "", "STATUS"),
			...rows.map(([, status = ""], row) => column(lines[row + 1] ?? "", status)),
		];
		assert.deepEqual(new Set(starts), new Set([9]));
	});

	it("wraps one column where the terminal is too narrow, between words if it can", async () => {
		const rows = [["a name of several words that is long", "active", "1"]];
		assert.equal(
			await table(rows, { header, wraps: 0, width: 34 }),
			["NAME                    STATUS  ID", "a name of several       active  1", "words that is long"].join(
				"\n",
			),
		);
	});

	it("leaves the last columns out that may be left out, and no others", async () => {
		const rows = [["a long name of a token", "active", "0123456789"]];
		assert.match(await table(rows, { header, wraps: 0, optional: 1, width: 40 }), /ID/);
		assert.doesNotMatch(await table(rows, { header, wraps: 0, optional: 1, width: 30 }), /ID/);
		assert.match(await table(rows, { header, wraps: 0, width: 30 }), /0123456789/);
	});

	it("has one line for each row where it is not for a terminal", async () => {
		const rows = [["x".repeat(300), "two\nlines", "1"]];
		assert.deepEqual((await table(rows)).split("\n"), [`${"x".repeat(300)}  two lines  1`]);
	});

	it("has any number of rows", async () => {
		const rows = Array.from({ length: 200_000 }, () => ["name", "active"]);
		assert.equal((await table(rows)).length, rows.length * "name  active\n".length - 1);
	});

	it("keeps within the width and loses no character, whatever the cells", async () => {
		const cell = (most: number) =>
			fc.string({ unit: fc.constantFrom("a", "bc", " ", "語", "é", "-"), maxLength: most });
		const rows = fc.array(fc.tuple(cell(20), cell(90)), { minLength: 1, maxLength: 5 });
		const characters = (text: string) => [...text.replace(/\s/g, "")].sort().join("");
		await fc.assert(
			fc.asyncProperty(rows, fc.integer({ min: 60, max: 120 }), async (given, width) => {
				const shown = await table(given, { width });
				for (const line of shown.split("\n")) assert.ok(stringWidth(line) <= width, line);
				assert.equal(characters(shown), characters(given.flat().join("")));
			}),
		);
	});
});
