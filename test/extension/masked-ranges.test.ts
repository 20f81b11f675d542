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
	assert.equal(new Set(ranges.map(({ start, end }) => `${start} ${end}`)).size, ranges.length, "each once");
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

	it("is a key in PEM without quotes, whole or cut off, in a comment too", () => {
		const key = ["-----BEGIN KEY-----", "Abcd1234efgh==", "Xyz+/12=", "-----END KEY-----"];
		for (const lines of [key, key.slice(0, 3)])
			for (const indent of ["", "  ", "# "]) {
				const text = `A=x\n${indent}K=${lines.join(`\n${indent}`)}\nPORT=3000\nQ1w2e3==\n`;
				const shown = seen(text, maskedInEnvFile(text, "env"));
				assert.doesNotMatch(shown, /Abcd1234|Xyz/);
				assert.match(shown, /\nPORT=····\nQ1w2e3=·\n/);
			}
	});

	it("is a token in a comment", () => {
		check(
			`# was ${token} before\nA=1 # or ${token}`,
			`# was ${"·".repeat(42)} before\nA=· # or ${"·".repeat(42)}`,
		);
		check("# plain words stay as they are\n", "# plain words stay as they are\n");
	});

	const github = `ghp_${"Ab3dEf6hIj9lMn2p".repeat(3).slice(0, 36)}`;
	const random = "q7Rk2vZx9LmW4tYb";
	for (const [comment, secret] of [
		[`# the old one was ${token}.`, token],
		[`# (${token}), or https://example.com/${token}/x`, token],
		[`# ${github}: not in use any more`, github],
		[`# see https://example.com?token=${github}.`, github],
		[`# API_TOKEN=${token}`, token],
		[`#export API_TOKEN="${token}" # old`, token],
		[`A= # ${token}!`, token],
		[`; # x-${token}`, token],
		[`# password ${random}, see the wiki`, random],
		[`# key:${random}`, random],
		[`A=${random}\n# was ${random} until May`, random],
	] as const) {
		it(`is the secret of ${JSON.stringify(comment.replaceAll(secret, "…"))}`, () => {
			const masked = seen(comment, maskedInEnvFile(comment, "env"));
			assert.ok(!masked.includes(secret), masked);
		});
	}

	it("is, in a comment, a value of the file and a part of one", () => {
		check("DB_PASSWORD=hunterhorse\n# was hunterhorse too", "DB_PASSWORD=···········\n# was ··········· too");
		check(
			"DB=postgres://ada:hunter2-horse@db/x\n# password hunter2-horse.\nMODE=production\n# production only",
			`DB=${"·".repeat(33)}\n# password ·············.\nMODE=··········\n# production only`,
		);
	});

	it("is, in a comment, no word, address, version or path", () => {
		for (const comment of [
			"# see https://docs.example.com/guide/v2/2024/05 and RFC-6750-section-2.1",
			"# $API_TOKEN, <your-api-token-here>, change-me-please-1234567890",
			"# my-service-2024 /etc/app/config.d/local.conf",
		])
			check(comment, comment);
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

	it("is a text in Base64 that could be a key with an empty value, in every form", () => {
		for (const word of [
			"dGhlIHNlY3JldCBrZXkgaXMgaGVyZQ==",
			"dGhlIGtleSBpcyBoZXJlIG5vdzE=",
			"AAAAAAAAAAAAAAAAAAAAAA==",
		])
			for (const [text, form] of [
				["S\n", "env"],
				["A=\\\nS\n", "env"],
				["# Bearer S\n", "env"],
				["cat <<E\nS\nE\n", "shell"],
				["a:\n  - S\n  - 'S'\n", "other"],
				['a = [\n  "S",\n  "S"\n]\n', "other"],
				["# S\n", "other"],
			] as const) {
				const content = text.replaceAll("S", word);
				assert.doesNotMatch(seen(content, maskedInEnvFile(content, form)), /[A-Za-z0-9+/]{8}|AAAA/, text);
			}
		check("API_TOKEN_OF_SERVICE=\nQ1w2e3==\n", "API_TOKEN_OF_SERVICE=\nQ1w2e3=·\n");
		check("apiTokenOfServer=\n", "apiTokenOfServer=\n", "other");
	});

	it("is an indented list of one word, and no section", () => {
		check("a:\n  [plum]\n", "a:\n  ······\n", "other");
		check("[plum]\n[[plum.river]]\na = 1\n", "[plum]\n[[plum.river]]\na = ·\n", "other");
	});

	it("is everything after an unclosed quote, up to the next assignment or comment", () => {
		check('A="one\ntwo\n\nQw==\n# why\nthree\n', "A=····\n···\n\n····\n# why\n·····\n");
		check("A='one\ntwo\nB=1\nthree\n", "A=····\n···\nB=·\n·····\n");
		check('# A="one\ntwo\n', "# A=····\n···\n");
	});
});

describe("a word of eight million characters", () => {
	const word = "a".repeat(8_000_000);
	for (const form of ["env", "shell", "json", "other"] as const)
		it(`is masked in a file of the form ${form}`, () => {
			const text = form === "json" ? `{"A":"${word}"}` : `A=${word}\n`;
			for (const ranges of [maskedInEnvFile(text, form), hiddenInFirstFrame(text, form)]) {
				const [first] = ranges.filter(({ end, start }) => end - start >= word.length);
				assert.ok(first !== undefined && first.start <= text.indexOf("aa"));
			}
		});
});

describe("what is masked in any other text", () => {
	it("is a token recognized by its shape, anywhere", () => {
		const dots = "·".repeat(42);
		checkText(`{ "key": "${token}" }`, `{ "key": "${dots}" }`);
		checkText(`curl -H 'Authorization: Bearer ${token}'`, `curl -H 'Authorization: Bearer ${dots}'`);
		checkText(`It was ${token}. Then`, `It was ${dots}. Then`);
		checkText(`TOKEN=${token} node x.js`, `TOKEN=${dots} node x.js`);
	});

	const github = `ghp_${"Ab3dEf6hIj9lMn2p".repeat(3).slice(0, 36)}`;
	const telegram = `123456789:AA${"b3dEf6hIj9lMn2p-".repeat(3).slice(0, 33)}`;
	for (const around of [
		..."S|'a\\nS\\nb'|'\\\\tS'|\\u0022S\\u0022|\\x3cS\\x3e|a%20S|t%3DS%26x=1|a+S+b|\x1b[1;32mS\x1b[0m|\\u001b[32mS".split(
			"|",
		),
		..."+S|-S|--- S|_S_|~~S~~|...S...|X:-S|https://u:S@h/x|/S/|k:S,|é“S”".split("|"),
	])
		it(`is a token of another system in ${JSON.stringify(around)}`, () => {
			for (const other of [github, telegram]) {
				const text = around.replaceAll("S", () => other);
				assert.ok(!seen(text, maskedInText(text)).includes(other.slice(4, 20)), other.slice(0, 4));
			}
		});

	it("is a token in a file of megabytes", () => {
		const text = `${"some words\n".repeat(200_000)}${token}\n`;
		assert.deepEqual(maskedInText(text), [{ start: text.length - 43, end: text.length - 1 }]);
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
