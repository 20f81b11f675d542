import assert from "node:assert/strict";
import fc from "fast-check";
import { applyEdit, applyEdits } from "../../daemon/env-file/env-edit.ts";
import { entriesIn, keysAsEnvText, replaceIn, setIn, valueIn } from "../../daemon/env-file/env-file.ts";
import { type EnvForm, formOf } from "../../daemon/env-file/env-form.ts";
import { secretPlaces } from "../../daemon/env-file/secret-places.ts";
import { maskedInEnvFile } from "../../extension/env-line/masked-ranges.ts";

describe("the form of an env file", () => {
	const check = (name: string, form: EnvForm) =>
		it(`of ${name} is ${form}`, () => assert.equal(formOf(`a/b.json/${name}`), form));

	for (const name of [
		".env",
		".env.local",
		".env.production",
		"docker.env",
		".env.example",
		".env.bak",
		".dev.vars",
	])
		check(name, "env");
	for (const name of [".envrc", ".env.sh", ".env.bash", ".env.zsh", ".envrc.local"]) check(name, "shell");
	for (const name of [".env.json", ".env.JSON", ".env.local.json", ".env.json.bak", ".env.json.example"])
		check(name, "json");
	for (const name of [
		".env.yaml",
		".env.yml",
		".env.toml",
		".env.fish",
		".env.ps1",
		".env.csh",
		".env.js",
		".env.enc",
	])
		check(name, "other");
});

const set = (text: string, key: string, value: string, file: string) => {
	const edit = setIn(text, { key, value }, formOf(file));
	return "reason" in edit ? edit.reason : applyEdit(text, edit);
};

describe("writing an env file in JSON", () => {
	const check = (text: string, key: string, expected: string) =>
		assert.equal(set(text, key, "new", ".env.json"), expected);

	it("replaces the text of the key in effect", () => {
		check('{"K":"old"}', "K", '{"K":"new"}');
		check('{\r\n\t"A": 1,\r\n\t"K" : "old"\r\n}\r\n', "K", '{\r\n\t"A": 1,\r\n\t"K" : "new"\r\n}\r\n');
		check('{"K":"a","K":"b"}', "K", '{"K":"a","K":"new"}');
		check('{"K":3000}', "K", '{"K":"new"}');
		check('\uFEFF{"K":null}', "K", '\uFEFF{"K":"new"}');
		check('{"a":{"K":"x"},"K":"old"}', "K", '{"a":{"K":"x"},"K":"new"}');
	});

	it("adds a property in the layout of the others", () => {
		check('{"A":"1"}', "K", '{"A":"1", "K": "new"}');
		check('{\n  "A": "1"\n}\n', "K", '{\n  "A": "1",\n  "K": "new"\n}\n');
		check('{\r\n\t"A": "1", // why\r\n}', "K", '{\r\n\t"A": "1",\r\n\t"K": "new", // why\r\n}');
		check("", "K", '{\n  "K": "new"\n}\n');
		check(" \n", "K", '{\n  "K": "new"\n}\n');
		check("{}\n", "K", '{\n  "K": "new"\n}\n');
		check("{\n}\n", "K", '{\n  "K": "new"\n}\n');
		check("{ // none\n}\n", "K", '{ // none\n  "K": "new"\n}\n');
	});

	it("is refused where it would not stay JSON, or would lose what is there", () => {
		for (const text of ["[]", '"x"', "A=1\n", '{"A":1', '{"A":1}}', "{A:1}", "<<<<<<< HEAD\n{}\n"])
			check(text, "K", "not-json");
		check('{"K":{"a":1}}', "K", "not-json");
		check('{"K":["a"]}', "K", "not-json");
		assert.equal(set("{}", "a-b", "x", ".env.json"), "key-invalid");
		assert.equal(set("{}", "K", "a\nb", ".env.json"), "value-not-representable");
	});

	it("is read back, with all else as before, from any JSON", () => {
		const json = fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 2 }), { noNullPrototype: true });
		const indent = fc.constantFrom(undefined, 2, "\t");
		const value = fc.string({ unit: "grapheme", minLength: 1 }).filter((text) => !/\p{Cc}/u.test(text));
		fc.assert(
			fc.property(json, indent, value, fc.constantFrom("K", "A"), (content, space, secret, key) => {
				const text = JSON.stringify({ A: "old", ...content }, undefined, space);
				const changed = set(text, key, secret, ".env.json");
				if (/^[a-z-]+$/.test(changed)) return;
				assert.deepEqual(JSON.parse(changed), { ...JSON.parse(text), [key]: secret });
				assert.equal(valueIn(changed, key, "json"), secret);
			}),
		);
	});

	it("replaces a secret in any value, and escapes what JSON must escape", () => {
		const secret = 'a"b\\c/d-0123456789';
		const text = JSON.stringify({ K: secret, B: { C: [secret] } });
		const places = secretPlaces(text, "json").filter((place) => place.secret === secret);
		assert.equal(places.length, 2);
		const edits = replaceIn(
			text,
			places.map((place) => ({ place, value: 'n"e\\w' })),
			"json",
		);
		assert.ok(!("reason" in edits));
		assert.deepEqual(JSON.parse(applyEdits(text, edits)), { K: 'n"e\\w', B: { C: ['n"e\\w'] } });
	});
});

describe("a secret in JSON", () => {
	const changeOf = (text: string, part: "whole" | "piece", value: string) => {
		const start = text.indexOf("S");
		const place = { key: "K", line: 1, start, end: start + 1, secret: "S", commented: false, part };
		return replaceIn(text, [{ place, value }], "json");
	};

	it("is replaced only if the text is JSON before and after it", () => {
		assert.deepEqual(changeOf('{"K":"S"}', "whole", 'a"b'), [{ start: 6, end: 7, newText: 'a\\"b' }]);
		for (const [text, value] of [
			['{"K":"S"', "x"],
			["[S]", "1"],
			['{"K":S}', "x y"],
			['{"K":S}', "01"],
		] as const) {
			const refused = changeOf(text, "whole", value);
			assert.equal("reason" in refused && refused.reason, "not-json", text);
		}
	});
});

describe("an env file of another form", () => {
	it("is a shell script whose new values are exported", () => {
		assert.equal(set("export A=1\n", "K", "v", ".envrc"), "export A=1\nexport K=v\n");
		assert.equal(set("K=old\n", "K", "v", ".env.sh"), "K=v\n");
	});

	it("is never given a value", () => {
		for (const file of [".env.yaml", ".env.toml", ".env.fish", ".env.ps1"])
			assert.equal(set("K: old\n", "K", "v", file), "form-not-written");
	});

	it("tells its keys only where they can be written", () => {
		assert.deepEqual(
			entriesIn('{"A":"1","B":""}', "json").map(({ key, value }) => `${key}=${value}`),
			["A=1", "B="],
		);
		const lines = entriesIn('{\n"A": 1,\n\n"B": {"C": 2}}', "json");
		assert.deepEqual(
			lines.map(({ key, value, line }) => [key, value, line]),
			[
				["A", "1", 2],
				["B", '{"C": 2}', 4],
			],
		);
		assert.equal(keysAsEnvText('{"A":"1","B":"","c d":1}', "json"), "A=x\nB=\n");
		assert.deepEqual(entriesIn("A: 1\n", "other"), []);
		assert.equal(valueIn("A: 1\n", "A", "other"), undefined);
	});
});

describe("what is masked", () => {
	/** With a dot for each masked character. */
	function seen(text: string, file: string): string {
		let shown = text;
		for (const { start, end } of maskedInEnvFile(text, formOf(file)))
			shown = shown.slice(0, start) + shown.slice(start, end).replace(/[^\r\n]/g, "·") + shown.slice(end);
		return shown;
	}

	const check = (file: string, text: string, expected: string) =>
		it(`in ${file}: ${JSON.stringify(text)}`, () => assert.equal(seen(text, file), expected));

	check(
		".env.json",
		'{\n  "DB": "plum",\n  "PORT": 3000, "x": [true, "y"]\n}\n',
		'{\n  "DB": "····",\n  "PORT": ····, "x": [····, "·"]\n}\n',
	);
	check(
		".env.json",
		'{ // "A": "b"\n "A": "open\n}',
		'{ ········\n "A": "····\n}'.replace("········", "·".repeat(11)),
	);
	check(".env.json", "A=plum\n", "······\n");
	check(
		".env.yaml",
		"---\ndb:\n  password: plum # why\n  list:\n    - one\n    - a: two\n",
		"---\ndb:\n  password: ··········\n  list:\n    ·····\n    - a: ···\n",
	);
	check(
		".env.yaml",
		"key: |\n  first: x\n\n  second\nport: 1\n",
		"key: ·\n  ········\n\n  ······\nport: ·\n",
	);
	check(".env.yaml", 'key: "open\n  rest: x"\nport: 1\n', "key: ·····\n  ········\nport: ·\n");
	check(".env.yaml", "# db: plum\n# plum\n", "# db: ····\n# ····\n");
	check(
		".env.toml",
		'[db]\npassword = "plum"\ntext = """\na = plum\n"""\nport = 1\n',
		'[db]\npassword = "····"\ntext = "·"\n········\n"·"\nport = ·\n',
	);
	check(".env.fish", "set -gx DB plum\nset DB 'plum'\n", "set -gx DB ····\nset DB '····'\n");
	check(".env.csh", "setenv DB plum\nset db = plum\n", "setenv DB ····\nset db = ····\n");
	check(
		".env.ps1",
		"$env:DB = \"plum\"\n$k = @'\na = plum\n'@\n",
		'$env:DB = "····"\n$k = ··\n········\n··\n',
	);
	check(
		".env.bat",
		'@set DB=plum\nset "DB=plum"\nREM set DB=plum\n',
		'@set DB=····\nset "DB=·····\nREM set DB=····\n',
	);
	check(".env.js", "module.exports = {\n  db: 'plum',\n};\n", "module.exports = ·\n  db: '····',\n};\n");
	check(
		".env",
		'set -x DB plum\nsetenv DB plum\n$env:DB = "plum"\ndeclare -x DB=plum\n',
		'set -x DB ····\nsetenv DB ····\n$env:DB = "····"\ndeclare -x DB=····\n',
	);
	check(".env", "DB=plum\\\nriver\\\nlantern\nA=1\n", "DB=·····\n······\n·······\nA=·\n");
	check(".env", "# set -x DB plum\nplum river\n", "# set -x DB ····\n··········\n");
	check(
		".env",
		"A=`x`; export A; DB=plum\n",
		"A=··················\n".replace("··················", "·".repeat(22)),
	);

	const word = fc.constantFrom("plum-river-lantern-91", "plum river", "plum");
	const wrap = fc.constantFrom<[string, string]>(
		["", ""],
		['"', '"'],
		["'", "'"],
		["`", "`"],
		["$'", "'"],
		['"', ""],
		["@'", "'@"],
	);
	const head = fc.constantFrom(
		...'DB=|export DB=|DB: |set -x DB |setenv DB |declare -x DB=|$env:DB = |"DB": |  - |let DB = |db.password = |# DB=|typeset DB=|X=1 |'.split(
			"|",
		),
	);
	const tail = fc.constantFrom("", ";", ",", " \\", "\\", "; export DB", "#no comment");
	const line = fc
		.tuple(head, wrap, word, tail)
		.map(([start, [open, close], value, end]) => `${start}${open}${value}${close}${end}`);
	const file = fc.constantFrom(
		".env",
		".envrc",
		".env.json",
		".env.yaml",
		".env.toml",
		".env.fish",
		".env.ps1",
		".env.csh",
		".env.bat",
	);

	it("is every value in every form, however it is written", () => {
		fc.assert(
			fc.property(
				fc.array(line, { minLength: 1, maxLength: 5 }),
				fc.constantFrom("\n", "\r\n"),
				file,
				(lines, end, name) => {
					const text = lines.join(end);
					assert.ok(
						!/plum|river|lantern/.test(seen(text, name)),
						`${name} shows ${JSON.stringify(seen(text, name))}`,
					);
				},
			),
			{ numRuns: 5000 },
		);
	});
});
