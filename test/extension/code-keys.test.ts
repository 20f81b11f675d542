import assert from "node:assert/strict";
import { codeLanguages, keyBegunIn, keysInCode } from "../../extension/env-line/code-keys.ts";

const found: [language: string, line: string, keys: string[]][] = [
	["javascript", "fetch(url, { token: process.env.API_TOKEN })", ["API_TOKEN"]],
	["typescript", 'const one = process.env["API_TOKEN"] ?? process.env.OTHER!;', ["API_TOKEN", "OTHER"]],
	["typescript", "process.env?.API_TOKEN + process.env?.['B_KEY']", ["API_TOKEN", "B_KEY"]],
	["typescriptreact", "<a href={base + import.meta.env.VITE_KEY} />", ["VITE_KEY"]],
	["javascript", 'Deno.env.get("API_TOKEN") || Bun.env.API_KEY', ["API_TOKEN", "API_KEY"]],
	["javascript", "const { API_TOKEN, B: b = 'x', c } = process.env;", ["API_TOKEN", "B", "c"]],
	["javascript", "const { a } = process.env.DEEP", ["DEEP"]],
	["javascript", "globalThis.process.env.API_TOKEN", ["API_TOKEN"]],
	["javascript", "process.env.hasOwnProperty('x')", []],
	["javascript", "myprocess.env.API_TOKEN; process.environ.X; process.env[name]", []],
	["javascript", "process.env['API_TOKEN\"]", []],
	["python", 'os.environ["API_TOKEN"]; environ.get(\'B\', ""); os.getenv("C")', ["API_TOKEN", "B", "C"]],
	["python", "mygetenv('X')", []],
	["go", 'token, ok := os.LookupEnv("API_TOKEN"); os.Getenv(`B`)', ["API_TOKEN", "B"]],
	["ruby", "ENV['API_TOKEN'] + ENV.fetch(\"B\") { ENV.fetch 'C' }", ["API_TOKEN", "B", "C"]],
	["php", "getenv('API_TOKEN') . $_ENV[\"B\"] . env('C', null)", ["API_TOKEN", "B", "C"]],
	["php", "'Bearer '.getenv('API_TOKEN').'/'.$_ENV['B']; $names.environ.getenv('X')", ["API_TOKEN", "B"]],
	["javascript", "({ ...process.env.API_TOKEN, my_process.env.X })", ["API_TOKEN"]],
	["plaintext", "process.env.API_TOKEN", []],
];

const begun: [language: string, before: string, key: string | undefined][] = [
	["javascript", "f(process.env.", ""],
	["javascript", "f(process.env.API_", "API_"],
	["typescript", "process.env['A", "A"],
	["typescript", "process.env", undefined],
	["typescript", "process.env.A + b", undefined],
	["python", 'os.environ["', ""],
	["python", "os.getenv('API", "API"],
	["go", 'os.Getenv("', ""],
	["ruby", "ENV.fetch('T", "T"],
	["php", "$_ENV['", ""],
	["css", "process.env.", undefined],
];

describe("the environment variables that code reads", () => {
	for (const [language, line, keys] of found)
		it(`are ${keys.join(", ") || "none"} in ${language}: ${line}`, () => {
			const places = keysInCode(line, language);
			assert.deepEqual(
				places.map(({ start, end }) => line.slice(start, end)),
				keys,
			);
			assert.deepEqual(
				places.map(({ key }) => key),
				keys,
			);
		});

	for (const [language, before, key] of begun)
		it(`are completed from ${key === undefined ? "nothing" : `"${key}"`} in ${language}: ${before}`, () =>
			assert.equal(keyBegunIn(before, language), key));

	it("are looked for in lines that someone reads, and not in a generated one", () => {
		for (const language of codeLanguages)
			for (const part of ["process.env.", "{", "env(", "a.", "ENV.fetch ", 'environ["', "const { a "])
				assert.deepEqual(keysInCode(part.repeat(100_000), language), []);
	});
});
