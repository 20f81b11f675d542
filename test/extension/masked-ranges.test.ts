import assert from "node:assert/strict";
import type { EnvForm } from "../../daemon/env-file/env-form.ts";
import { generateSecret } from "../../daemon/rules/secret.ts";
import {
	hiddenInFirstFrame,
	type MaskedRange,
	maskedInEnvFile,
	maskedInText,
	uncovered,
} from "../../extension/env-line/masked-ranges.ts";

const token = generateSecret("tks");

/** What remains visible, with a dot for each masked character. */
function seen(text: string, ranges: readonly MaskedRange[]): string {
	let shown = text;
	for (const { start, end } of ranges)
		shown = shown.slice(0, start) + shown.slice(start, end).replace(/[^\r\n]/g, "·") + shown.slice(end);
	return shown;
}

const check = (text: string, expected: string, form: EnvForm = "env") =>
	assert.equal(seen(text, maskedInEnvFile(text, form)), expected);
const checkText = (text: string, expected: string) => assert.equal(seen(text, maskedInText(text)), expected);

describe("what is masked in an env file", () => {
	it("is every value, without its quotes", () => {
		check("A=1\nB='two'\nexport C=\"three\" # c\n", "A=·\nB='···'\nexport C=\"·····\" # c\n");
		check("A=\nB=''\nC: x\n", "A=\nB=''\nC: ·\n");
		check("A=1\r\nB=22", "A=·\r\nB=··");
		check('A="x\ny"\nB=1', 'A="·\n·"\nB=·');
	});

	it("is every value of a commented-out line", () => {
		check("#A=1\n  # export B='2'\n## C = 3", "#A=·\n  # export B='·'\n## C = ·");
	});

	it("is a token in a comment", () => {
		check(
			`# was ${token} before\nA=1 # or ${token}`,
			`# was ${"·".repeat(42)} before\nA=· # or ${"·".repeat(42)}`,
		);
		check("# plain words stay as they are\n", "# plain words stay as they are\n");
	});

	it("includes what a parser may drop from a value", () => {
		check("PASSWORD=ab#cd # why\n", "PASSWORD=····· # why\n");
		check('A="open #rest\nB=1\n', "A=···········\nB=·\n");
		check("A='it's #1\n", "A=········\n");
	});

	it("is a line that cannot be parsed, if it could be the rest of a key", () => {
		check("MIIEvQIBADANBgkqhkiG9w0B\n  AAAABBBBCCCCDDDD \n", `${"·".repeat(24)}\n  ${"·".repeat(16)} \n`);
		check(
			"<<<<<<< HEAD\nA=1\n=======\n>>>>>>> a-long-branch-name\n",
			"<<<<<<< HEAD\nA=·\n=======\n>>>>>>> a-long-branch-name\n",
		);
		check("short words only\n\n", "················\n\n");
	});

	it("is everything after an unclosed quote, up to the next assignment or comment", () => {
		check('A="one\ntwo\n\nQw==\n# why\nthree\n', "A=····\n···\n\n····\n# why\n·····\n");
		check("A='one\ntwo\nB=1\nthree\n", "A=····\n···\nB=·\n·····\n");
		check('# A="one\ntwo\n', "# A=····\n···\n");
	});
});

describe("what is masked in any other text", () => {
	it("is a token recognized by its shape, anywhere", () => {
		const dots = "·".repeat(42);
		checkText(`{ "key": "${token}" }`, `{ "key": "${dots}" }`);
		checkText(`curl -H 'Authorization: Bearer ${token}'`, `curl -H 'Authorization: Bearer ${dots}'`);
		checkText(`TOKEN=${token} node x.js`, `TOKEN=${dots} node x.js`);
	});

	it("is nothing else", () => {
		const text = "const aLongNameOfSomething = anotherLongName(9f86d081884c7d659a2feaa0c55ad015);";
		checkText(text, text);
	});
});

describe("what the first frame of an env file may hide", () => {
	it("is what is masked, and every word of a comment that could be a token", () => {
		const text =
			"A=1 # see rfc-6750-section-2.1.a and the manual\n# plain-words-without-a-figure\n#KEY_1=2\n";
		const expected = `A=· # see ${"·".repeat(22)} and the manual\n# plain-words-without-a-figure\n#KEY_1=·\n`;
		assert.equal(seen(text, hiddenInFirstFrame(text, "env")), expected);
	});

	it("is shown again where it is not masked", () => {
		const range = (start: number, end: number) => ({ start, end });
		assert.deepEqual(uncovered([range(0, 9)], []), [range(0, 9)]);
		assert.deepEqual(uncovered([range(0, 9)], [range(0, 9)]), []);
		assert.deepEqual(uncovered([range(0, 9), range(20, 22)], [range(2, 4), range(6, 21)]), [
			range(0, 2),
			range(4, 6),
			range(21, 22),
		]);
	});
});
