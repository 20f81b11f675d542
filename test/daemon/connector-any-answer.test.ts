/** Whatever a system answers, each operation ends with a result or with a failure in words, and tells no secret. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { ConnectorError } from "../../daemon/issuers/connector/connector-error.ts";
import { createAt, listAt, readAt, revokeAt, updateAt } from "../../daemon/issuers/connector/engine.ts";
import { probeAt } from "../../daemon/issuers/connector/probe.ts";
import { accessWith, said, systemWith, wanted } from "./systems/calls.ts";
import { type FakeAnswer, FakeSystem } from "./systems/fake-system.ts";

const credential = "credential-0123456789";
const secret = "secret-0123456789";

const hostile = [
	-1,
	0,
	1e300,
	"0001-01-01T00:00:00Z",
	"99999999999999999999",
	"2027-01-01",
	secret,
	credential,
];
const leaf = fc.oneof(
	fc.string(),
	fc.integer(),
	fc.double(),
	fc.boolean(),
	fc.constantFrom(null, ...hostile),
);
const key = fc.constantFrom(
	...["id", "name", "secret", "items", "expiry", "list", "next", "total", "cursor", "options", "dead", "a"],
	...["__proto__", "constructor", "length", "message"],
);
const { document } = fc.letrec((tie) => ({
	document: fc.oneof(
		{ depthSize: "small" },
		leaf,
		fc.array(tie("document"), { maxLength: 4 }),
		fc.dictionary(key, tie("document"), { maxKeys: 8 }),
	),
}));
const headers = fc.dictionary(
	fc.constantFrom("Location", "Link", "X-Next", "Retry-After", "Set-Cookie"),
	fc.constantFrom("/x/7", "<?p=2>; rel=next", "<//evil.example/>; rel=next", "%", "-1", "sid=1; Path=/"),
);
const status = fc.constantFrom(200, 201, 204, 302, 400, 401, 404, 429, 500);

const parts = fc.record({
	date: fc.constantFrom(
		"/expiry",
		{ at: "/expiry", as: "seconds" },
		{ at: "/expiry", as: "date", never: [0] },
	),
	list: fc.constantFrom(
		"/list",
		{ at: "/list", each: "{key}:{item}" },
		{ at: "/list", each: "{a}:{/name}" },
		{ at: "/list", split: " " },
		[{ at: "/list" }, { at: "/a", flag: "x" }],
	),
	pages: fc.constantFrom(
		...[undefined, { link: "next" }, { next: "/next" }, { number: "p", first: 1, last: "/total" }],
		...[
			{ offset: "p", total: "/total" },
			{ cursor: "p", at: "/cursor" },
			{ after: "p", item: "/id" },
		],
		{ cursor: "p", at: { header: "X-Next" } },
	),
	secret: fc.constantFrom("/secret", "", { text: "{/a}.{/secret}" }),
	at: fc.constantFrom("", "/a", "/items/0"),
	creation: fc.constantFrom({}, { complete: "list" }, { complete: "read" }, { location: true }),
	reveal: fc.constantFrom({}, { reveal: { request: "POST /t/{id}/s" }, secret: "/secret" }),
	listing: fc.constantFrom({ items: "/items" }, { items: "" }, { items: "/items", entries: true }),
	success: fc.constantFrom(
		{},
		{ success: { has: "/id" } },
		{ success: { not: { at: "/a", in: [1, null] } } },
	),
	known: fc.constantFrom("id", "secret"),
});

function connectorOf(given: typeof parts extends fc.Arbitrary<infer Parts> ? Parts : never) {
	const { date, list, pages, known } = given;
	const one = `/t/{${known}}`;
	const isNumbered = JSON.stringify(pages ?? "").includes('"p"');
	return said({
		base: null,
		auth: { "X-Key": "{credential}" },
		options: [{ name: "opt", title: "Option", as: "list" }],
		record: {
			...{
				[known]: `/${known}`,
				name: "/name",
				description: "/a",
				defaultSource: "/name",
				partial: "/secret",
			},
			...{ created: date, expiry: date, lastUsed: date },
			...{ permissions: list, resources: list, allowedAddresses: list },
			...{ dead: { at: "/dead", is: true }, options: { opt: "/options" }, keep: { version: "/a" } },
		},
		create: {
			request: "POST /t",
			body: { name: "{name}", expiry: "{expiry}", opt: "{opt}", permissions: "{permissions}" },
			...{ secret: given.secret, at: given.at, ...given.creation, ...given.reveal },
		},
		list: {
			request: isNumbered ? "GET /t{?p}" : "GET /t",
			...given.listing,
			...(pages !== undefined && { pages }),
		},
		read: { request: `GET ${one}`, at: given.at },
		update: {
			request: `PUT ${one}`,
			changes: ["name", "expiry"],
			fresh: true,
			body: { name: "{name}", expiry: "{expiry}", version: "{version}" },
		},
		revoke: { request: `DELETE ${one}`, fresh: true, gone: [404] },
		verify: [{ request: "GET /me", live: [{ status: 200, has: "/id" }], dead: [401], record: true }],
		...given.success,
	});
}

describe("whatever a system answers", () => {
	let fake: FakeSystem;
	let answer: FakeAnswer;
	before(async () => {
		fake = await FakeSystem.start(() => answer);
	});
	after(() => fake.stop());

	it("is a result or a failure in words, without credential and secret", async () => {
		const access = accessWith(credential, { secret });
		await fc.assert(
			fc.asyncProperty(parts, document, status, headers, async (given, json, code, more) => {
				answer = {
					status: code,
					text: JSON.stringify(json),
					headers: { ...more, "content-type": "application/json" },
				};
				const system = systemWith(connectorOf(given), fake.url);
				const asked = wanted({ expiry: "2999-01-01T00:00:00.000Z", permissions: ["a"] });
				for (const operation of [
					async () => ({ ...(await createAt(system, access, asked)), secret: "" }),
					() => listAt(system, access),
					() => readAt(system, access, "7"),
					() => updateAt(system, access, "7", { name: "n", expiry: null }),
					() => revokeAt(system, access, "7"),
					() => probeAt(system, access),
				]) {
					const told = await operation().catch((error: unknown) => {
						if (error instanceof ConnectorError) return error.message;
						throw error;
					});
					const words = JSON.stringify(told);
					assert.ok(!words.includes(credential) && !words.includes(secret), words);
				}
			}),
			{ numRuns: 150 },
		);
	}).timeout(60_000);
});
