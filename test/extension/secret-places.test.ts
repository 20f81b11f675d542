import assert from "node:assert/strict";
import fc from "fast-check";
import { applyEdits } from "../../daemon/env-file/env-edit.ts";
import { commentIn, replaceIn } from "../../daemon/env-file/env-file.ts";
import { formOf } from "../../daemon/env-file/env-form.ts";
import { piecesOf, secretPlaces } from "../../daemon/env-file/secret-places.ts";
import { generateSecret } from "../../daemon/rules/secret.ts";
import { anyEnvText } from "./any-env-text.ts";

const secret = generateSecret("tks");
const successor = generateSecret("tks");
/** Of another system, without a format of its own. */
const foreign = "Zk3/vQ9x+Lw8Tt2b==";

const placesOf = (text: string, wanted: string, file = ".env") =>
	secretPlaces(text, formOf(file)).filter((place) => place.secret === wanted && !place.commented);

function replaced(text: string, wanted: string, value: string, file = ".env") {
	const changes = placesOf(text, wanted, file).map((place) => ({ place, value }));
	const edits = replaceIn(text, changes, formOf(file));
	return "reason" in edits ? edits : applyEdits(text, edits);
}

/** `text` contains S once or more, and every one is found and replaced, and nothing else. */
function check(text: string, file = ".env"): void {
	it(`is found and replaced in ${file}: ${JSON.stringify(text)}`, () => {
		for (const [old, value] of [
			[secret, successor],
			[foreign, "a/new+One0123=="],
		] as const) {
			if (text.includes("%20S") && old === foreign) continue;
			const count = text.split("S").length - 1;
			const filled = text.replaceAll("S", old);
			assert.equal(placesOf(filled, old, file).length, count);
			assert.equal(replaced(filled, old, value, file), text.replaceAll("S", value));
		}
	});
}

describe("a secret", () => {
	it("has at least twelve characters, as a whole value and within one", () => {
		for (const text of ["K=S", "K=a S"]) {
			assert.equal(placesOf(text.replace("S", "Zk3vQ9xLw8Tt"), "Zk3vQ9xLw8Tt").length, 1, text);
			assert.equal(placesOf(text.replace("S", "Zk3vQ9xLw8T"), "Zk3vQ9xLw8T").length, 0, text);
		}
	});

	check("K=S");
	check('K="S\\n"\nPORT=3000\n');
	check("K='S\\n'\n");
	check('otel="authorization=bearer S"\n');
	check('otel="authorization=bearer%20S"\n');
	check("a=S; export a\n");
	check("export a=S b=S\r\nc=1\r\n");
	check("a=https://user:S@example.org/path?x=1\n");
	check("a=https://example.org/path?token=S&x=1#frag\n");
	check("a=S,S;S S\n");
	check('a={"token":"S","more":["S"]}\n');
	check('a="{\\"token\\":\\"S\\"}"\n');
	check("a='x'S\n");
	check("a=“S” ‘S’\nb=éSé\nc=\u200bS\u200b\nd=漢S字\n");
	check("a=S:\nb=user:S:role\nc=S:S\n");
	check('["S"]\n[["S"]]\n', ".env.yaml");
	check("a=abc#S\n");
	check(`a=\${a:-S}\n`);
	check(`b="\${a:-bearer S}"\n`);
	check("a=`curl -H 'x: S'`\n");
	check('a="one\n two: S\n"\nb=1\n');
	check("set -x a S\n");
	check("set -gx a 'S'\n");
	check("setenv a S\n");
	check("declare -x a=S\n");
	check('$env:a = "S"\n');
	check("a=S", ".envrc");
	check("export a='bearer S'\n", ".env.sh");
	check('{\n  "a": "S",\n  "b": { "c": ["bearer S", "S"] }\n}\n', ".env.json");
	check('{ // why\n "a": "S", }', ".env.jsonc");
	check("a: S\nb:\n  - S\n  - 'bearer S'\nc: |\n  S\n", ".env.yaml");
	check('[a]\nb = "S"\n', ".env.toml");
	check("set -x a S\n", ".env.fish");
	check('$env:a = "S"\n', ".env.ps1");
	check("module.exports = { a: 'S', b: `S` };\n", ".env.js");

	it("is found in a comment that could be a line, and not replaced there", () => {
		for (const text of [`# K=${secret}\n`, `# set -x K ${secret}\n`, `# K="bearer ${secret}"\n`]) {
			const places = secretPlaces(text, "env").filter((place) => place.secret === secret);
			assert.deepEqual(
				places.map(({ commented }) => commented),
				[true],
			);
			assert.deepEqual(placesOf(text, secret), []);
		}
	});

	it("is found in any other comment, and not replaced there", () => {
		for (const [text, ...expected] of [
			["# note S here\n", "…@1"],
			["#S\n", "…@1"],
			["A=1\n# why\n# old: S, S\nB=2\n", "old@3", "old@3"],
			["A=1 # S\nB='x' # bearer S\r\nC=S # S\n", "A@1", "B@2", "C@3"],
			["# A=1 # S\n", "A@1"],
			['A="x # S"\nB=a#S\n'],
			['A="x\n# S\n" # S\n', "A@3"],
			["export A=1 # S", "A@1"],
			["# it was S. Or S... or S- or (S).\n", "…@1", "…@1", "…@1", "…@1"],
			["# set -x A 1 # S", "A@1"],
		] as const)
			for (const one of [secret, foreign]) {
				const places = secretPlaces(text.replaceAll("S", one), "env").filter((place) => place.secret === one);
				assert.deepEqual(
					places.filter(({ commented }) => commented).map(({ key, line }) => `${key}@${line}`),
					expected,
					text,
				);
				assert.equal(places.length, text.split("S").length - 1, text);
			}
	});

	it("is found and replaced where JSON has escapes in it", () => {
		for (const [written, old, value] of [
			[`\\u0074${secret.slice(1)}`, secret, successor],
			[foreign.replaceAll("/", "\\/"), foreign, "a/b+c=0123456789"],
			[foreign.replaceAll("+", "\\u002B").replaceAll("=", "\\u003d"), foreign, "a/b+c=0123456789"],
		] as const)
			for (const text of [
				'{"a":"S"}',
				'{"a":"Bearer S"}',
				'{"a":["https:\\/\\/a.b\\/?t=S&x=1","\\"S\\""]}',
			]) {
				const content = text.replaceAll("S", written);
				assert.equal(placesOf(content, old, ".env.json").length, text.split("S").length - 1, content);
				assert.equal(replaced(content, old, value, ".env.json"), text.replaceAll("S", value));
			}
	});

	it("tells its key, its line and its own characters", () => {
		const text = `A=1\nB="x ${secret}"\n`;
		const [place] = placesOf(text, secret);
		assert.deepEqual([place?.key, place?.line, place?.part], ["B", 2, "piece"]);
		assert.equal(text.slice(place?.start, place?.end), secret);
		const [whole] = placesOf(`A=1\nB="${secret}"\n`, secret);
		assert.deepEqual([whole?.key, whole?.line, whole?.part], ["B", 2, "whole"]);
	});

	it("tells its own line where the value of its key begins on a later one", () => {
		for (const text of [`a:\n  - K=${secret}\n`, `K=\n  "${secret}"\n`, `A="x\n${secret}"\n`]) {
			const lines = placesOf(text, secret).map(({ line }) => line);
			assert.deepEqual([...new Set(lines)], [2], text);
		}
	});

	it("within a longer value is replaced only by one that means the same there", () => {
		for (const value of [
			"with blank",
			"a'quote",
			'a"quote',
			"a$dollar",
			"a`tick",
			"a;b",
			"a\\b",
			"a/b+c=",
			"ä",
			"",
		]) {
			const answer = replaced(`K="bearer ${secret}"\n`, secret, value);
			assert.ok(typeof answer === "object", value);
			assert.equal(answer.reason, "value-not-representable", value);
			assert.ok(value === "" || !answer.detail.includes(value));
		}
		assert.equal(
			replaced(`K="bearer ${foreign}"`, foreign, "a/b+c=0123456789"),
			'K="bearer a/b+c=0123456789"',
		);
	});

	it("can be commented out only where it is the whole value of a line", () => {
		const commented = (text: string, file = ".env") =>
			commentIn(text, placesOf(text, secret, file), formOf(file));
		assert.ok(!("reason" in commented(`K=${secret}\n`)));
		for (const [text, file] of [
			[`K=${secret},other\n`, ".env"],
			[`declare -x K=${secret}\n`, ".env"],
			[`{"K":"${secret}"}`, ".env.json"],
			[`K: ${secret}`, ".env.yaml"],
		] as const) {
			const answer = commented(text, file);
			assert.equal("reason" in answer && answer.reason, "part-of-value", text);
		}
	});

	const around = fc.constantFrom(
		..."=|:|,|;| |\"|'|`|@|&|?|#|/|//|{|}|[|]|(|)|<|>|\\n|\\t|\\|%3D|$|!|\t".split("|"),
	);
	const name = fc.constantFrom("K=", "export K=", "set -x K ", "K: ", "  K = ", '"K": ', "# K=");
	const value = fc
		.array(fc.oneof(around, fc.constantFrom("x", "abc.def", "Bearer ", "user"), fc.constant(secret)), {
			maxLength: 8,
		})
		.map((parts) => parts.join(""));
	const line = fc.tuple(name, value).map((parts) => parts.join(""));

	it("is found wherever a separator precedes and follows it", () => {
		const file = fc.constantFrom(".env", ".env.yaml", ".env.sh", ".env.json");
		fc.assert(
			fc.property(
				file,
				fc.constantFrom("K=", "export K=", "K: "),
				around,
				around,
				(path, start, before, after) => {
					if (before === "#" && start === "K: ") return;
					const text = `${start}x${before}${secret}${after}x\n`;
					const found = secretPlaces(text, formOf(path)).filter((place) => place.secret === secret);
					assert.ok(found.length > 0, text);
				},
			),
			{ numRuns: 3000 },
		);
	});

	it("is replaced without any other change, in any text", () => {
		const text = fc.array(fc.oneof(line, anyEnvText), { maxLength: 6 }).map((lines) => lines.join("\n"));
		const file = fc.constantFrom(".env", ".env", ".env.sh", ".env.yaml", ".env.json");
		fc.assert(
			fc.property(text, file, (content, path) => {
				const places = placesOf(content, secret, path);
				const changed = replaced(content, secret, successor, path);
				if (typeof changed === "object") return;
				const kept = placesOf(content, secret, path).length;
				assert.equal(kept, places.length);
				// Docker takes blanks behind a value for a part of it, and some programs those before it.
				const withoutBlanks = (all: string) => all.replace(/[^\S\r\n]+/g, "");
				assert.equal(withoutBlanks(changed.replaceAll(successor, secret)), withoutBlanks(content));
				assert.equal(changed.split(successor).length - 1, places.length);
			}),
			{ numRuns: 5000 },
		);
	});

	it("is looked for in linear time", () => {
		const time = (text: string) => {
			const from = process.cpuUsage().user;
			secretPlaces(text, "env");
			return process.cpuUsage(undefined).user - from;
		};
		const parts = [
			"a:",
			"a=/",
			"\\n",
			"_aaaa",
			" ",
			"%20",
			"'",
			'K="',
			"- ",
			"set ",
			`${"_".repeat(3)}${"a".repeat(40)}`,
		];
		for (const part of parts) {
			const once = `K=${part.repeat(2000)}\n`;
			time(once);
			const [small, large] = [time(once), time(`K=${part.repeat(20_000)}\n`)];
			assert.ok(large < 60 * Math.max(small, 2000), `${JSON.stringify(part)}: ${small} and ${large} µs`);
		}
	});
});

describe("the parts of a value that could be a secret", () => {
	const partsOf = (raw: string) => piecesOf(raw).map(({ start, end }) => raw.slice(start, end));
	const others: [raw: string, parts: string[]][] = [
		["abcdefghijkl", []],
		["abcdefghijk l", []],
		["abcdefghijkl m", ["abcdefghijkl"]],
		["abcd;efghijklmnop", ["abcd;efghijklmnop", "efghijklmnop"]],
		["a@abcdefghijkl", ["a@abcdefghijkl", "abcdefghijkl"]],
		["a:bcdefghijklm", ["a:bcdefghijklm", "bcdefghijklm"]],
		["https://u:abcdefghijkl@h", ["https://u:abcdefghijkl@h", "https://u:abcdefghijkl"]],
		["x.abcdefghijkl,y", ["x.abcdefghijkl,y", "x.abcdefghijkl"]],
		["a%20abcdefghijkl", ["a%20abcdefghijkl", "20abcdefghijkl", "abcdefghijkl"]],
		["abcdefghijkl\\nm", ["abcdefghijkl\\nm", "abcdefghijkl"]],
	];
	for (const [raw, parts] of others) {
		it(`of ${JSON.stringify(raw)} stand between separators`, () => {
			const found = partsOf(raw);
			assert.deepEqual(found.slice(0, parts.length), parts);
			assert.equal(new Set(found).size, found.length, "each once");
			assert.ok(found.every(({ length }) => length >= 12));
		});
	}

	it("consist of up to eight parts next to each other, of which any number together", () => {
		const [eight, nine] = ["a:b:c:d:e:f:g:abcdefghijkl", "a:b:c:d:e:f:g:h:abcdefghijkl"];
		assert.deepEqual(partsOf(eight).length, 9);
		assert.ok(partsOf(eight).includes("f:g:abcdefghijkl"));
		assert.deepEqual(partsOf(nine), [nine, "abcdefghijkl"]);
	});

	it("are our own secrets between any characters, and nothing that only looks like one", () => {
		for (const text of [`x${secret}`, `${secret}x`, `prefix${secret}Suffix`, `${secret}_x`])
			assert.deepEqual(partsOf(text), [secret], text);
		assert.deepEqual(partsOf(`${secret}_${successor}`), [secret, successor]);
		const other = `${secret.slice(0, -1)}${secret.endsWith("0") ? "1" : "0"}`;
		assert.deepEqual(partsOf(`x${other}`), []);
	});

	it("are in text order, the longer first", () => {
		const text = `B=x ${secret}\nA=user:${foreign}\n`;
		const starts = secretPlaces(text, "env").map(({ start, end }) => start * 1000 - end);
		assert.deepEqual(
			starts,
			starts.toSorted((one, other) => one - other),
		);
		assert.ok(starts.length > 4);
	});
});
