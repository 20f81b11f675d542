/** Pointers and templates, for every value that a system or a user can give. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { ConnectorError } from "../../daemon/issuers/connector/connector-error.ts";
import { expiryOfJwt } from "../../daemon/issuers/connector/jwt.ts";
import { meets, valueAt } from "../../daemon/issuers/connector/pointer.ts";
import { dateFrom, listFrom } from "../../daemon/issuers/connector/record.ts";
import { redactor } from "../../daemon/issuers/connector/redact.ts";
import { fill, pathOf } from "../../daemon/issuers/connector/template.ts";

const values = (entries: Record<string, unknown>) => new Map(Object.entries(entries));
const escaped = (key: string) => key.replaceAll("~", "~0").replaceAll("/", "~1");

describe("a JSON pointer", () => {
	it("finds every value of a document, whatever its keys are", () => {
		fc.assert(
			fc.property(fc.jsonValue(), (document) => {
				const visit = (value: unknown, pointer: string): void => {
					assert.equal(valueAt(document, pointer), value);
					if (typeof value !== "object" || value === null) return;
					for (const [key, item] of Object.entries(value)) visit(item, `${pointer}/${escaped(key)}`);
				};
				visit(document, "");
			}),
		);
	});

	it("reads no property that is not the document's own", () => {
		for (const pointer of [
			"/__proto__",
			"/constructor",
			"/constructor/prototype",
			"/toString",
			"/a/length",
			"/a/map",
			"/t/length",
		]) {
			assert.equal(valueAt({ a: [1], t: "text" }, pointer), undefined, pointer);
		}
		assert.equal(valueAt(JSON.parse('{"__proto__": 1}'), "/__proto__"), 1);
		assert.equal(valueAt([1, 2], "/01"), undefined);
		assert.equal(valueAt([1, 2], "/-"), undefined);
	});

	it("makes conditions, all of whose parts must hold", () => {
		const document = { status: "active", empty: "", none: null };
		assert.ok(meets(document, { at: "/status", is: "active", has: "/status", lacks: "/empty" }));
		assert.ok(meets(document, { at: "/status", in: ["other", "active"], lacks: "/none" }));
		assert.ok(!meets(document, { at: "/status", is: "active", lacks: "/status" }));
		assert.ok(!meets(document, { has: "/empty" }) && !meets(document, { at: "/none" }));
	});
});

describe("a request's path", () => {
	const base = "https://api.acme.com/base";

	it("stays below its base address, whatever the values are", () => {
		fc.assert(
			fc.property(fc.string(), fc.string(), (id, query) => {
				let path: string;
				try {
					path = pathOf("DELETE /tokens/{id}/x{?query}", values({ id, query }));
				} catch (error) {
					assert.ok(error instanceof ConnectorError);
					return;
				}
				const url = new URL(base + path);
				assert.equal(url.origin, "https://api.acme.com");
				assert.match(url.pathname, /^\/base\/tokens\/[^/]+\/x$/);
				assert.equal(url.hash, "");
				assert.equal(decodeURIComponent(url.pathname.split("/")[3] ?? ""), id);
				if (query !== "") assert.equal(url.searchParams.get("query"), query.toWellFormed());
			}),
		);
	});

	for (const [says, request, given, expected] of [
		["a value with a slash in one segment", "GET /p/{id}", { id: "a/b" }, "/p/a%2Fb"],
		["a query without missing values", "GET /p{?a,b}", { b: "1 2" }, "/p?b=1%202"],
		["no query without values", "GET /p{?a,b}", {}, "/p"],
		["a query that goes on", "GET /p?x=1{&a}", { a: "&" }, "/p?x=1&a=%26"],
		["a number and a truth value", "GET /p{?a,b}", { a: 0, b: false }, "/p?a=0&b=false"],
		["a list, its name each time", "GET /p{?a*}", { a: ["x", "y"] }, "/p?a=x&a=y"],
		["a list", "GET /p{?a}", { a: ["x", "y"] }, "/p?a=x,y"],
	] as [string, string, Record<string, unknown>, string][]) {
		it(`has ${says}`, () => assert.equal(pathOf(request, values(given)), expected));
	}
});

describe("a body", () => {
	const now = "2026-03-10T12:00:00.000Z";
	const given = values({
		name: "ci",
		count: 3,
		isOn: false,
		expiry: "2026-03-12T18:30:00.500Z",
		permissions: ["a:b:c", "d"],
		policy: { deep: [1] },
		nothing: null,
		now,
	});
	const rows: [says: string, template: unknown, expected: unknown][] = [
		[
			"keeps the type of a value that stands alone",
			{ a: "{count}", b: "{isOn}", c: "{policy}" },
			{ a: 3, b: false, c: { deep: [1] } },
		],
		["makes text of a value among others", "{name}-{count}", "ci-3"],
		["leaves out what has no value", { a: "{missing}", b: ["{missing}", 1], c: "x{missing}" }, { b: [1] }],
		["leaves out objects that lose everything", { a: { b: { c: "{missing}" } }, d: {} }, { d: {} }],
		["sends null when the value is null", { a: "{nothing}" }, { a: null }],
		["sends something else instead", { a: { value: "{missing}", otherwise: null } }, { a: null }],
		["maps a list", { each: "{permissions}", as: { p: "{item}" } }, [{ p: "a:b:c" }, { p: "d" }]],
		[
			"splits entries",
			{ each: "{permissions}", split: ":", as: ["{1}", "{2}", "{3}"] },
			[["a", "b", "c"], ["d"]],
		],
		["joins a list", { join: "{permissions}", with: " " }, "a:b:c d"],
		["asks whether a list has an entry", { has: "d", in: "{permissions}" }, true],
		["asks so of a list without a value", { has: "d", in: "{missing}" }, false],
		["fills in keys", { "{name}": 1, "{missing}": 2 }, { ci: 1 }],
		["rounds a day down", "{expiry|date}", "2026-03-12"],
		["writes a time without fractions", "{expiry|whole-seconds}", "2026-03-12T18:30:00Z"],
		["counts seconds", "{expiry|seconds}", 1773340200],
		["counts milliseconds", "{expiry|milliseconds}", 1773340200500],
		["counts seconds from now", "{expiry|seconds-left}s", "196200s"],
		[
			"counts milliseconds and minutes from now",
			["{expiry|milliseconds-left}", "{expiry|minutes-left}"],
			[196200500, 3270],
		],
		["counts hours and days from now, rounded down", ["{expiry|hours-left}", "{expiry|days-left}"], [54, 2]],
		["converts", ["{count|text}", "{name|boolean}"], ["3", false]],
		["leaves constants alone", [1, true, null, "text"], [1, true, null, "text"]],
		[
			"takes an object with only one of two words as it is",
			{ each: "x", other: "{name}" },
			{ each: "x", other: "ci" },
		],
	];
	for (const [says, template, expected] of rows) {
		it(says, () => assert.deepEqual(fill(template, given), expected));
	}

	it("never counts down to 0, which means never to several systems", () => {
		for (const expiry of ["2026-03-10T12:00:00.900Z", "2026-03-09T12:00:00.000Z", "no date"]) {
			assert.throws(() => fill("{expiry|seconds-left}", values({ expiry, now })), ConnectorError);
		}
	});

	it("returns a text whole that has no placeholder", () => {
		fc.assert(
			fc.property(
				fc.string().filter((text) => !/[{}]/.test(text)),
				(text) => {
					assert.equal(fill(text, values({})), text);
				},
			),
		);
	});
});

describe("an answered date", () => {
	const rows: [
		value: unknown,
		as: "instant" | "date" | "seconds" | "milliseconds",
		expected: string | null | undefined,
	][] = [
		["2027-01-31T12:00:00+02:00", "instant", "2027-01-31T10:00:00.000Z"],
		["2027-01-31T12:00:00.123456789Z", "instant", "2027-01-31T12:00:00.123Z"],
		["2027-01-31 12:00:00 UTC", "instant", "2027-01-31T12:00:00.000Z"],
		["2027-01-31T12:00:00", "instant", "2027-01-31T12:00:00.000Z"],
		["2027-01-31", "date", "2027-01-31T00:00:00.000Z"],
		[1769860800, "seconds", "2026-01-31T12:00:00.000Z"],
		["1769860800", "seconds", "2026-01-31T12:00:00.000Z"],
		[1769860800000, "milliseconds", "2026-01-31T12:00:00.000Z"],
		[null, "instant", null],
		["", "instant", null],
		["0001-01-01T00:00:00Z", "instant", null],
		["9999-12-31T23:59:59Z", "instant", null],
		["soon", "instant", undefined],
		[{}, "instant", undefined],
		[1e300, "seconds", undefined],
	];
	for (const [value, as, expected] of rows) {
		it(`${JSON.stringify(value)} as ${as} is ${expected}`, () => {
			assert.equal(dateFrom({ d: value }, { at: "/d", as }), expected);
		});
	}

	it("can have its own words for never, and is not told when it is missing", () => {
		assert.equal(dateFrom({ d: -1 }, { at: "/d", as: "seconds", never: [0, -1] }), null);
		assert.equal(dateFrom({}, "/d"), undefined);
	});
});

describe("an answered list", () => {
	const rows: [value: unknown, field: Parameters<typeof listFrom>[1], expected: string[] | undefined][] = [
		[["a", 1, true, null, {}], "/l", ["a", "1", "true"]],
		["a b  c", { at: "/l", split: " " }, ["a", "b", "c"]],
		[[{ r: "x", a: { b: "y" } }, { r: "z" }], { at: "/l", each: "{r}:{/a/b}" }, ["x:y"]],
		[["q"], { at: "/l", each: "p/{item}" }, ["p/q"]],
		[true, { at: "/l", flag: "read-only" }, ["read-only"]],
		[false, { at: "/l", flag: "read-only" }, []],
		[null, "/l", []],
		[undefined, "/l", undefined],
		[{ length: 3 }, "/l", undefined],
	];
	for (const [value, field, expected] of rows) {
		it(`${JSON.stringify(value)} by ${JSON.stringify(field)} is ${JSON.stringify(expected)}`, () => {
			assert.deepEqual(listFrom({ l: value }, field), expected);
		});
	}
});

describe("a JWT", () => {
	const jwt = (claims: unknown) => `e30.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.sig`;
	it("tells its expiry, or that it has none; other secrets tell nothing", () => {
		assert.equal(expiryOfJwt(jwt({ exp: 1769860800 })), "2026-01-31T12:00:00.000Z");
		assert.equal(expiryOfJwt(jwt({})), null);
		const odd = ["soon", 1e300, -1, Date.UTC(2027, 0, 1)].map((exp) => jwt({ exp }));
		for (const secret of ["opaque", "a.b.c", jwt("text"), ...odd]) {
			assert.equal(expiryOfJwt(secret), undefined, secret);
		}
	});
});

describe("a message", () => {
	it("contains no secret in any form, whatever the secret is", () => {
		fc.assert(
			fc.property(fc.string({ minLength: 6 }), fc.string(), (secret, around) => {
				fc.pre(secret.isWellFormed() && /\S{6}/.test(secret) && !around.includes(secret));
				const form = new URLSearchParams({ password: secret }).toString().slice("password=".length);
				const forms = [secret, encodeURIComponent(secret), form, Buffer.from(secret).toString("base64")];
				const text = redactor([secret])(forms.join(" | "));
				for (const form of forms)
					assert.ok(!text.includes(form) || "***".includes(form), `${text} contains ${form}`);
			}),
		);
	});
});
