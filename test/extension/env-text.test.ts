import assert from "node:assert/strict";
import dotenv from "dotenv";
import fc from "fast-check";
import {
	envValue,
	hasConflictMarkers,
	holdsNoSecret,
	isEnvKey,
	isExample,
	keySuggestions,
	missingKeys,
	parseEnv,
} from "../../daemon/env-file/env-text.ts";
import { anyEnvText } from "./any-env-text.ts";

describe("an example of an env file", () => {
	const check = (name: string, isOne: boolean) =>
		it(`${name} is ${isOne ? "an example" : "an env file"}`, () => assert.equal(isExample(name), isOne));

	for (const name of [".env.example", ".env.sample", ".env.template", ".env.dist", ".env.schema"])
		check(name, true);
	for (const name of ["example.env", ".env.local.example", ".env.Example", ".env.schema.local"])
		check(name, true);
	for (const name of [".env", ".env.local", ".env.distribution", ".env.examples", "schemas.env"])
		check(name, false);
});

describe("reading an env file", () => {
	it("reads the same as dotenv, from any text", () => {
		fc.assert(
			fc.property(anyEnvText, (text) => {
				const read = new Map(parseEnv(text).map((entry) => [entry.key, entry.value]));
				assert.deepEqual(read, new Map(Object.entries(dotenv.parse(text))));
			}),
			{ numRuns: 20_000 },
		);
	});

	it("returns the offsets of the raw value and its line", () => {
		const text = "\uFEFF# c\r\nexport A = 'x y' # c\nB=\"1\n2\"\n\nC: z \nD=";
		const found = parseEnv(text).map(({ key, line, keyStart, start, end, quote }) => {
			assert.ok(text.startsWith(key, keyStart));
			return `${line} ${key} ${quote}|${text.slice(start, end)}|`;
		});
		assert.deepEqual(found, ["2 A '|'x y'|", '3 B "|"1\n2"|', "6 C |z|", "7 D ||"]);
	});

	it("returns consecutive, non-overlapping extents from any text", () => {
		fc.assert(
			fc.property(anyEnvText, (text) => {
				let last = 0;
				for (const { start, end, keyStart } of parseEnv(text)) {
					assert.ok(last <= keyStart && keyStart < start && start <= end && end <= text.length);
					last = end;
				}
			}),
		);
	});

	it("returns the value in effect, or undefined", () => {
		assert.equal(envValue("K=1\nK='2'\n", "K"), "2");
		assert.equal(envValue("K=\n", "K"), "");
		assert.equal(envValue("# K=1\n", "K"), undefined);
		assert.equal(envValue("", "toString"), undefined);
	});
});

describe("keys of an env file", () => {
	it("are POSIX names", () => {
		for (const key of ["A", "_", "a1", "API_TOKEN", "_1"]) assert.ok(isEnvKey(key), key);
		for (const key of ["", "1", "A-B", "A.B", "A\n", " A", "É"]) assert.ok(!isEnvKey(key), key);
	});

	it("are missing if the example has them and the file sets no value", () => {
		assert.deepEqual(missingKeys("A=1\nB=\n", "C=x\nA=\nB=\nC=\na.b=1\n# D=\n"), ["C", "B"]);
		assert.deepEqual(missingKeys("", ""), []);
		assert.deepEqual(missingKeys("toString=1", "constructor=1"), ["constructor"]);
	});

	function checkSuggestions(name: string, text: string, example: string, expected: string[]): void {
		assert.deepEqual(keySuggestions(name, text, example), expected);
	}

	it("are derived from the token's name", () => {
		checkSuggestions("orders-api", "", "", ["ORDERS_API_TOKEN"]);
		checkSuggestions("Orders API token", "", "", ["ORDERS_API_TOKEN"]);
		checkSuggestions("ordersApi", "", "", ["ORDERS_API_TOKEN"]);
		checkSuggestions("  Bücher & Söhne!  ", "", "", ["BUCHER_SOHNE_TOKEN"]);
		checkSuggestions("stripe_key", "", "", ["STRIPE_KEY"]);
		checkSuggestions("2fa", "", "", ["_2FA_TOKEN"]);
		checkSuggestions("漢字", "", "", ["API_TOKEN"]);
		checkSuggestions("orders", "ORDERS_TOKEN=used\n", "", ["ORDERS_TOKEN"]);
	});

	it("are suggested first if they lack a secret, the best match first, and last if they lack another value", () => {
		const example = "SENTRY=\nSTRIPE_KEY=\nORDERS_LOGIN=\nORDERS_TOKEN=\nSET=\n";
		const expected = ["ORDERS_TOKEN", "STRIPE_KEY", "ORDERS_API_TOKEN", "ORDERS_LOGIN", "SENTRY", "OTHER"];
		checkSuggestions("orders-api", "SET=1\nOTHER=\n", example, expected);
		checkSuggestions("orders", "", "ORDERS_TOKEN=", ["ORDERS_TOKEN"]);
	});

	it("are not suggested if they clearly hold no secret", () => {
		const example = "API_TOKEN=\nURL=http://127.0.0.1:47600\nPORT=\nORDERS_URL=\nNODE_ENV=\n";
		checkSuggestions("orders", "", example, ["API_TOKEN", "ORDERS_TOKEN"]);
		for (const key of ["URL", "url", "DATABASE_HOST", "PORT", "NODE_ENV", "LOG_LEVEL", "API_ENDPOINT"])
			assert.ok(holdsNoSecret(key), key);
		for (const key of [
			"TOKEN_URL",
			"URL_KEY",
			"SECRET_HOST",
			"CURL",
			"REPORT",
			"SUPPORT",
			"GHOST",
			"ENVOY",
			"_",
		])
			assert.ok(!holdsNoSecret(key), key);
	});

	it("can be suggested from any name, and each can be set", () => {
		fc.assert(
			fc.property(fc.string({ unit: "binary" }), (name) => keySuggestions(name, "", "").every(isEnvKey)),
		);
	});
});

describe("lines of an env file", () => {
	it("count as conflict markers only in the form that Git writes", () => {
		for (const text of ["<<<<<<< HEAD", "A=1\n=======\n", "=======\r\n", ">>>>>>> x"])
			assert.ok(hasConflictMarkers(text));
		for (const text of ["", "========", " =======", "A========", "# =======", "<<<<<<<<", "A=<<<<<<<"])
			assert.ok(!hasConflictMarkers(text), text);
	});
});
