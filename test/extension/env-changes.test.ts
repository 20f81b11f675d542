import assert from "node:assert/strict";
import dotenv from "dotenv";
import fc from "fast-check";
import { commentEntries, setEntries } from "../../daemon/env-file/env-changes.ts";
import { applyEdits, type EnvRefusalReason } from "../../daemon/env-file/env-edit.ts";
import { parseEnv } from "../../daemon/env-file/env-text.ts";

/** Replaces the value of every line that contains `old` by `new`. */
function replaceOld(text: string, value = "new") {
	const held = parseEnv(text).filter((entry) => entry.value === "old");
	return setEntries(
		text,
		held.map((entry) => ({ entry, value })),
	);
}

function checkReplaced(text: string, expected: string): void {
	const edits = replaceOld(text);
	assert.ok(!("reason" in edits), "reason" in edits ? edits.detail : "");
	assert.equal(applyEdits(text, edits), expected);
}

function checkRefused(text: string, reason: EnvRefusalReason, value = "new"): void {
	const answer = replaceOld(text, value);
	assert.ok("reason" in answer, "edits were made");
	assert.equal(answer.reason, reason);
	assert.ok(!answer.detail.includes(value));
}

function checkCommented(text: string, expected: string): void {
	const held = parseEnv(text).filter((entry) => entry.value.startsWith("old"));
	const edits = commentEntries(text, held);
	assert.ok(!("reason" in edits), "reason" in edits ? edits.detail : "");
	assert.equal(applyEdits(text, edits), expected);
}

describe("changing several lines of an env file", () => {
	it("replaces each value and keeps the line's form", () => {
		checkReplaced(
			"A=old\nexport B=\"old\" # why\nC='old'\nX=other\nD = old\n",
			"A=new\nexport B=\"new\" # why\nC='new'\nX=other\nD = new\n",
		);
		checkReplaced("\uFEFFA=old\r\nB=1\r\nC=old", "\uFEFFA=new\r\nB=1\r\nC=new");
		checkReplaced("A=`old` # why\nexport B=`old`\n", "A=`new` # why\nexport B=`new`\n");
		checkReplaced('X="one\ntwo"\nA=old\n', 'X="one\ntwo"\nA=new\n');
	});

	it("replaces a line whose key is repeated, whichever takes precedence", () => {
		checkReplaced("K=old\nK=other\n", "K=new\nK=other\n");
		checkReplaced("K=other\nK=old\n", "K=other\nK=new\n");
		checkReplaced("K=old\nK=old\n", "K=new\nK=new\n");
	});

	it("does not change comments", () => {
		checkReplaced("# A=old\nA=old\n", "# A=old\nA=new\n");
	});

	it("keeps a key that only dotenv accepts", () => {
		checkReplaced("my.key=old\n", "my.key=new\n");
	});

	it("refuses all changes if one line cannot represent the value or a merge is unfinished", () => {
		checkRefused("A='old'\nB=old\n", "value-needs-quotes", "two words");
		checkRefused("A=old\nB=old\n", "value-not-representable", "a\nb");
		checkRefused("<<<<<<< HEAD\nA=old\n=======\nA=1\n>>>>>>> x\n", "conflict-markers");
	});

	it("keeps every other line's value in any text", () => {
		const line = fc.constantFrom(
			...["A=old", "B=1", "# note", "", "export C='old'", 'D="x y"', "E=`old`", "F = old # c", 'G="open'],
		);
		fc.assert(
			fc.property(fc.array(line), fc.constantFrom("\n", "\r\n"), (lines, lineEnding) => {
				const text = lines.join(lineEnding);
				const edits = replaceOld(text);
				if ("reason" in edits) return;
				const before = dotenv.parse(text);
				const expected = Object.entries(before).map(([key, value]) => [key, value === "old" ? "new" : value]);
				assert.deepEqual(dotenv.parse(applyEdits(text, edits)), Object.fromEntries(expected));
			}),
		);
	});
});

describe("commenting out lines of an env file", () => {
	it("inserts a number sign after each line's indentation", () => {
		checkCommented(
			"A=old\nB=1\n  export C='old' # why\nD=old",
			"# A=old\nB=1\n  # export C='old' # why\n# D=old",
		);
		checkCommented("\uFEFFA=old\r\nB=1\r\n", "\uFEFF# A=old\r\nB=1\r\n");
	});

	it("comments out all lines of a multi-line value", () => {
		checkCommented('B=1\nA="old\ntwo"\nC=1\n', 'B=1\n# A="old\n# two"\nC=1\n');
		checkCommented('A="old\r\n  two" # c\r\nC=1\r\n', '# A="old\r\n  # two" # c\r\nC=1\r\n');
	});

	it("leaves a blank that only dotenv skips, which would be part of another key", () => {
		checkCommented("B=1\n\u00a0A=old\n", "B=1\n# \u00a0A=old\n");
		checkCommented("B=1\n\t\vA=old\n", "B=1\n\t# \vA=old\n");
		checkCommented("B=1\n\uFEFFA=old\n", "B=1\n# \uFEFFA=old\n");
	});

	it("refuses a line without which a shell could not read the file", () => {
		for (const text of [
			...[
				'if [ -z "$A" ]; then\n  export A=old\nfi\n',
				"f() {\n  A=old # why\n}\n",
				"for x in y; do\n# z\nA=old\ndone\n",
			],
			...["if x; then\nB=1\nelse\nA=old\nfi\n", "(\nA=old\n)\n", "B=|\nA=old\n", "true &&\nA=old\n"],
		]) {
			const answer = commentEntries(
				text,
				parseEnv(text).filter(({ value }) => value === "old"),
			);
			assert.ok("reason" in answer && answer.reason === "line-hidden", text);
			assert.match(answer.detail, /A shell could not read the file without line \d/, text);
		}
		checkCommented("if x; then\nA=old\nB=1\nfi\n", "if x; then\n# A=old\nB=1\nfi\n");
		checkCommented("f() {\n:\n}\nA=old\n", "f() {\n:\n}\n# A=old\n");
		checkCommented("B='{\n}'\nA=old\n", "B='{\n}'\n# A=old\n");
	});

	it("refuses a line that only a carriage return ends, which others read as part of the next", () => {
		for (const text of ["B=1\rA=old\r", "A=old\rB=1\n"]) {
			const answer = commentEntries(
				text,
				parseEnv(text).filter(({ value }) => value === "old"),
			);
			assert.ok("reason" in answer && answer.reason === "line-hidden", JSON.stringify(text));
		}
	});

	it("refuses a file with an unfinished merge", () => {
		const text = "<<<<<<< HEAD\nA=old\n=======\nA=1\n>>>>>>> x\n";
		const answer = commentEntries(text, parseEnv(text).slice(0, 1));
		assert.ok("reason" in answer && answer.reason === "conflict-markers");
	});
});
