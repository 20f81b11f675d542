import assert from "node:assert/strict";
import fc from "fast-check";
import type { EnvForm } from "../../daemon/env-file/env-form.ts";
import { parseEnv } from "../../daemon/env-file/env-text.ts";
import { envValues } from "../../daemon/env-file/env-values.ts";
import { lineAt, lineStarts } from "../../daemon/env-file/text-lines.ts";

/** `KEY=value@line`, with `#` in front of commented-out lines. */
function check(text: string, expected: string[], form: EnvForm = "env"): void {
	const found = envValues(text, form);
	assert.deepEqual(
		found.map(({ key, value, line, commented }) => `${commented ? "#" : ""}${key}=${value}@${line}`),
		expected,
	);
	for (const { value, start, end } of found) assert.equal(text.slice(start, end), value);
}

describe("the values in an env file's text", () => {
	it("include those in effect", () => {
		check("A=1\nexport B='two' # c\nC: three\n", ["A=1@1", "B=two@2", "C=three@3"]);
		check("A=1\r\nA=2\r\n", ["A=1@1", "A=2@2"]);
		check("\uFEFFA=`x`", ["A=x@1"]);
	});

	it("include those in commented-out lines", () => {
		check("#A=1\n# B=2\n  ##  export C='3'\n#\tD = 4\n", ["#A=1@1", "#B=2@2", "#C=3@3", "#D=4@4"]);
		check("A=1\n#B=2\nC=3\n#D=4", ["A=1@1", "#B=2@2", "C=3@3", "#D=4@4"]);
		check("#A=1\r\n#B=2\r\nC=3", ["#A=1@1", "#B=2@2", "C=3@3"]);
	});

	it("exclude those in the line after an empty comment", () => {
		check("#\r\nA=1\n # \n\tB=2\n", ["A=1@2", "B=2@4"]);
	});

	it("exclude prose and anything within quotes", () => {
		check("# see below\n#\n#=\n# 3 = three, or so\n", ["#3=three, or so@4"]);
		check('A="\n# B=2\n"\n# C=3\n', ["A=\n# B=2\n@1", "#C=3@4"]);
		check('X=1\nA="\n# B=2\n"\n', ["X=1@1", "A=\n# B=2\n@2"]);
	});

	it("include those of lines that dotenv does not read, under the key above", () => {
		check("A=1\nno line\nset -x B 2\nmore\n# C=3\nD=4\n# E=5\n# F=6\n", [
			...["A=1@1", "A=no line@2", "B=2@3", "B=more@4", "#C=3@5", "D=4@6", "#E=5@7", "#F=6@8"],
		]);
		check('A="x\n# B=1\n"\nC=2\nD=3\n# E=4\n', ["A=x\n# B=1\n@1", "C=2@4", "D=3@5", "#E=4@6"]);
	});

	it("include those in JSON, closed or not, and its comments", () => {
		const found = envValues('{\n // K=x\n "A": "1",\n "B": [2, "", "c]\n}', "json");
		const told = found.map(({ key, line, commented, start, end }) => [key, line, commented, end - start]);
		assert.deepEqual(told, [
			["…", 2, true, 6],
			["A", 3, false, 1],
			["B", 4, false, 1],
			["B", 4, false, 0],
			["B", 4, false, 2],
		]);
	});

	it("include no less than nothing of a quote alone in JSON", () => {
		const [found, ...more] = envValues('{"A":"', "json");
		assert.deepEqual([found?.key, found?.start, found?.end, more], ["A", 6, 6, []]);
	});

	it("include a YAML block as far as it is indented, comments and keys in it too", () => {
		const text = "a:\n  b: |\n    x: y\n\n    # z\n  c: >-\n   d\n e: f\ng: |2\n    h\n   i\nj: k\n";
		const told = ["a=@1", "b=|@2", "b=x: y@3", "b=# z@5", "c=>-@6", "c=d@7", "e=f@8"];
		check(text, [...told, "g=|2@9", "g=h@10", "g=i@11", "j=k@12"], "other");
	});

	it("are in text order, for any text", () => {
		const piece = fc.constantFrom(
			"A=1",
			"# B=2",
			"'",
			'"',
			"\n",
			"\r\n",
			"#",
			" ",
			"export ",
			"C=`x`",
			"\uFEFF",
		);
		fc.assert(
			fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
				const text = pieces.join("");
				const found = envValues(text, "env");
				assert.deepEqual(
					found.filter(({ entry }) => entry !== undefined).map(({ key }) => key),
					parseEnv(text).map(({ key }) => key),
				);
				for (const [index, { start, end, line }] of found.entries()) {
					assert.ok(start <= end && end <= text.length);
					assert.ok(line >= 1 && line <= lineStarts(text).length);
					assert.ok(start >= (found[index - 1]?.end ?? 0));
				}
			}),
		);
	});
});

describe("lines", () => {
	it("are located by offset, with each kind of line ending", () => {
		const starts = lineStarts("a\nb\r\nc\rd");
		assert.deepEqual(starts, [0, 2, 5, 7]);
		assert.deepEqual(
			[0, 1, 2, 4, 5, 6, 7, 8].map((offset) => lineAt(starts, offset)),
			[0, 0, 1, 1, 2, 2, 3, 3],
		);
	});
});
