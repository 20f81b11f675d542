/** What a profile's connector may say. Each refusal names the field by a pointer, and says what to write instead. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { profile as profileSchema } from "../../daemon/contract.ts";
import local from "../../daemon/profiles/local.json" with { type: "json" };
import { daemonOfEach, type TestDaemon } from "./harness.ts";

// biome-ignore lint/suspicious/noExplicitAny: the rows below break it in every way
type Loose = any;

const connector = {
	base: null,
	variables: [{ name: "org", title: "Organization", pattern: "[a-z]+" }],
	ask: [{ name: "password", title: "Password" }],
	options: [
		{ name: "role", title: "Role", values: { "1": "Reader", "2": "Writer" }, as: "number", default: "1" },
	],
	auth: { Authorization: "Bearer {credential}" },
	record: {
		id: "/id",
		name: "/name",
		expiry: { at: "/expires", as: "seconds" },
		keep: { version: "/version" },
	},
	create: {
		request: "POST /orgs/{org}/tokens",
		body: { name: "{name}", role: "{role}", until: "{expiry|seconds}", password: "{password}" },
		secret: "/secret",
	},
	list: { request: "GET /orgs/{org}/tokens{?page}", items: "/items", pages: { number: "page", first: 1 } },
	update: {
		request: "PUT /tokens/{id}",
		changes: ["name"],
		fresh: true,
		body: { name: "{name}", version: "{version}" },
	},
	revoke: { request: "DELETE /tokens/{id}", gone: [404] },
	verify: [{ request: "GET /me", live: [200], dead: [401] }],
	error: ["/message"],
};

/** A change of the connector, the pointer below /connector, and words of the refusal. */
const refused: [says: string, change: (value: Loose) => void, pointer: string, words: RegExp][] = [
	["an unknown field", (c) => (c.rotate = {}), "/rotate", /not a known field/],
	["an unknown field of a request", (c) => (c.create.after = "list"), "/create/after", /not a known field/],
	[
		"a pointer without a slash",
		(c) => (c.create.secret = "secret"),
		"/create/secret",
		/must be a JSON pointer/,
	],
	["a pointer with a bad escape", (c) => (c.record.id = "/a~2b"), "/record/id", /must be a JSON pointer/],
	[
		"a bad pointer in a record",
		(c) => (c.record.expiry.at = "x"),
		"/record/expiry/at",
		/must be a JSON pointer/,
	],
	[
		"a number in place of a pointer in a record",
		(c) => (c.record.expiry.at = 5),
		"/record/expiry/at",
		/^must be a string/,
	],
	["a number in place of a date's place", (c) => (c.record.expiry = 5), "/record/expiry", /./],
	[
		"an unknown time format",
		(c) => (c.record.expiry.as = "days"),
		"/record/expiry/as",
		/must be one of instant/,
	],
	[
		"a revocation that names no token",
		(c) => (c.revoke.request = "DELETE /tokens"),
		"/revoke/request",
		/which token is meant, for example by \/tokens\/\{id\}/,
	],
	[
		"an id that is written :id",
		(c) => (c.revoke.request = "DELETE /tokens/:id"),
		"/revoke/request",
		/which token is meant/,
	],
	[
		"a change that the request does not send",
		(c) => c.update.changes.push("expiry"),
		"/update/changes/1",
		/write \{expiry\} into the request/,
	],
	[
		"a question whose answer is not sent",
		(c) => delete c.create.body.password,
		"/ask/0/name",
		/write \{password\} into one, or leave it out/,
	],
	[
		"an option that is not sent",
		(c) => delete c.create.body.role,
		"/options/0/name",
		/write \{role\} into one, or leave it out/,
	],
	[
		"an authentication without the credential",
		(c) => (c.auth.Authorization = "Bearer abc"),
		"/auth",
		/must send \{credential\}/,
	],
	["a secret that is nowhere", (c) => delete c.create.secret, "/create/secret", /is missing/],
	[
		"a status as text",
		(c) => (c.verify[0].live = ["200"]),
		"/verify/0/live/0",
		/must be a number, or must be an object/,
	],
	["a path without a slash", (c) => (c.list.request = "GET tokens"), "/list/request", /starts with a slash/],
	[
		"an absolute address",
		(c) => (c.list.request = "GET https://evil.example/"),
		"/list/request",
		/starts with a slash/,
	],
	[
		"an address of another host",
		(c) => (c.list.request = "GET //evil.example/x"),
		"/list/request",
		/empty segments/,
	],
	["a path upwards", (c) => (c.list.request = "GET /../admin"), "/list/request", /segments \. and \.\./],
	[
		"an encoded path upwards",
		(c) => (c.list.request = "GET /%2e%2E/admin"),
		"/list/request",
		/segments \. and \.\./,
	],
	["an encoded slash", (c) => (c.list.request = "GET /a%2f..%2fb"), "/list/request", /encoded slashes/],
	["a backslash", (c) => (c.list.request = "GET /a\\b"), "/list/request", /percent-encoded/],
	[
		"a line break",
		(c) => (c.list.request = "GET /a\r\nX: y"),
		"/list/request",
		/percent-encoded|method and a path/,
	],
	["an encoded control character", (c) => (c.list.request = "GET /a%0d%0ab"), "/list/request", /segments/],
	["a fragment", (c) => (c.list.request = "GET /a#b"), "/list/request", /percent-encoded/],
	[
		"a reserved expansion",
		(c) => (c.revoke.request = "DELETE /tokens/{+id}"),
		"/revoke/request",
		/expression/,
	],
	["a lone brace", (c) => (c.revoke.request = "DELETE /tokens/{id"), "/revoke/request", /expression/],
	[
		"a host of a variable",
		(c) => (c.base = "https://{org}/api"),
		"/base",
		/whole labels before a fixed domain/,
	],
	["a half label of a variable", (c) => (c.base = "https://api-{org}.acme.com"), "/base", /whole labels/],
	["plain http", (c) => (c.base = "http://api.acme.com"), "/base", /must be an https address/],
	["a base with a password", (c) => (c.base = "https://a:b@acme.com"), "/base", /user name or a password/],
	["a base with a query", (c) => (c.base = "https://acme.com/?a=b"), "/base", /query or a fragment/],
	["a base with a path upwards", (c) => (c.base = "https://acme.com/a/../b"), "/base", /segments/],
	["a base of an unknown variable", (c) => (c.base = "https://{team}.acme.com"), "/base", /uses \{team\}/],
	[
		"another method",
		(c) => (c.list.request = "TRACE /tokens"),
		"/list/request",
		/GET, POST, PUT, PATCH or DELETE/,
	],
	["a GET with a body", (c) => (c.list.body = {}), "/list/request", /must not be GET with a body/],
	["a body and a form", (c) => (c.create.form = { a: "b" }), "/create/form", /combined with body/],
	[
		"an unknown name in a path",
		(c) => (c.revoke.request = "DELETE /tokens/{uuid}"),
		"/revoke/request",
		/uses \{uuid\}/,
	],
	["an unknown name in a body", (c) => (c.create.body.name = "{title}"), "/create/body/name", /known are/],
	[
		"an unknown name in a header",
		(c) => (c.auth.Authorization = "Bearer {secret}"),
		"/auth/Authorization",
		/uses \{secret\}/,
	],
	[
		"an unknown format",
		(c) => (c.create.body.until = "{expiry|days}"),
		"/create/body/until",
		/unknown format days/,
	],
	["a lone brace in a body", (c) => (c.create.body.name = "{name"), "/create/body/name", /brace/],
	[
		"a question in a probe",
		(c) => (c.verify[0].headers = { "X-P": "{password}" }),
		"/verify/0/headers/X-P",
		/uses \{password\}/,
	],
	[
		"a probe that deletes",
		(c) => (c.verify[0].request = "DELETE /me"),
		"/verify/0/request",
		/changes nothing/,
	],
	["a probe without dead", (c) => delete c.verify[0].dead, "/verify/0/dead", /is missing/],
	["a status that is none", (c) => (c.verify[0].live = [20]), "/verify/0/live/0", /at least 100/],
	[
		"the credential in an address",
		(c) => (c.list.request = "GET /tokens{?page,credential}"),
		"/list/request",
		/puts \{credential\} into the address, which servers and proxies log; send it in a header or the body/,
	],
	[
		"the credential in a path",
		(c) => (c.verify[0].request = "GET /tokens/{credential}"),
		"/verify/0/request",
		/puts \{credential\} into the address/,
	],
	[
		"the credential in an address by another name",
		(c) => {
			c.list.request = "GET /tokens{?page,key}";
			c.list.with = { key: ["k-{credential}"] };
		},
		"/list/with/key",
		/puts \{credential\} into the address/,
	],
	[
		"a password in an address",
		(c) => (c.revoke.request = "DELETE /tokens/{id}{?password}"),
		"/revoke/request",
		/puts \{password\} into the address/,
	],
	[
		"the credential in the address of a document",
		(c) => (c.openapi = { document: "GET /openapi{?credential}", tag: "Keys" }),
		"/openapi/document",
		/uses \{credential\}/,
	],
	["a page that is not sent", (c) => (c.list.request = "GET /tokens"), "/list/pages", /does not send/],
	["pages of two kinds", (c) => (c.list.pages.link = "next"), "/list/pages/link", /not a known field/],
	[
		"a change of a field that is none",
		(c) => (c.update.changes = ["tags"]),
		"/update/changes/0",
		/must be one of/,
	],
	["an update of unread fields", (c) => delete c.update.fresh, "/update/body/version", /uses \{version\}/],
	["tokens without an id", (c) => delete c.record.id, "/record", /where the id/],
	["the secret as the id", (c) => (c.record.id = "/secret"), "/record/id", /is the secret/],
	["a completion without a list", (c) => (c.create.complete = "read"), "/create/complete", /needs read/],
	["a header that is ours", (c) => (c.headers = { Host: "evil.example" }), "/headers/Host", /sets itself/],
	[
		"a header with a line break",
		(c) => (c.headers = { "X-A": "a\r\nb" }),
		"/headers/X-A",
		/control characters/,
	],
	["a name that is taken", (c) => (c.ask[0].name = "org"), "/ask/0/name", /is taken/],
	["a name of a token's field", (c) => (c.options[0].name = "name"), "/options/0/name", /is taken/],
	["a name with a hyphen", (c) => (c.variables[0].name = "my-org"), "/variables/0/name", /letters, digits/],
	[
		"a pattern that is none",
		(c) => (c.variables[0].pattern = "["),
		"/variables/0/pattern",
		/regular expression/,
	],
	[
		"a value of an option that it does not have",
		(c) => (c.record.options = { colour: "/colour" }),
		"/record/options/colour",
		/no option; known are role/,
	],
	[
		"one in a probe",
		(c) => (c.verify[0].record = { options: { colour: "/colour" } }),
		"/verify/0/record/options/colour",
		/no option/,
	],
	[
		"a default that is no choice",
		(c) => (c.options[0].default = "3"),
		"/options/0/default",
		/one of the values/,
	],
	[
		"steps at a page over http",
		(c) => (c.guided = { create: { open: "http://a.example/", steps: ["x"] } }),
		"/guided/create/open",
		/https/,
	],
	[
		"steps at a script",
		(c) => (c.guided = { create: { open: "javascript:alert(1)", steps: ["x"] } }),
		"/guided/create/open",
		/https/,
	],
	[
		"steps at a host of a variable",
		(c) => (c.guided = { create: { open: "https://{org}.evil.example/", steps: ["x"] } }),
		"/guided/create/open",
		/https/,
	],
	[
		"a link over http",
		(c) => (c.credential = { title: "Key", link: "http://a.example/" }),
		"/credential/link",
		/https/,
	],
	[
		"unknown fields beside each",
		(c) => (c.create.body.s = { each: "{permissions}", as: "{item}", sep: "," }),
		"/create/body/s",
		/unknown fields: sep/,
	],
	[
		"a body a thousand deep",
		(c) => (c.create.body = JSON.parse("[".repeat(1000) + "]".repeat(1000))),
		"/create/body",
		/deep/,
	],
	[
		"nothing at all",
		(c) => {
			for (const key of Object.keys(c)) if (!["base", "auth"].includes(key)) delete c[key];
		},
		"",
		/must have create, list, verify or guided/,
	],
];

describe("a connector", () => {
	let daemon: TestDaemon;
	daemonOfEach((started) => {
		daemon = started;
	});
	const put = (value: unknown) =>
		daemon.call("PUT", "/v1/profiles/acme", { body: { ...local, id: "acme", connector: value } });

	it("is stored as it was written", async () => {
		assert.equal((await put(connector)).status, 200);
		const { body } = await daemon.call("GET", "/v1/profiles");
		assert.deepEqual(body.profiles.find(({ id }: { id: string }) => id === "acme").connector, connector);
	});

	it("is refused with a pointer and words for every mistake", async () => {
		for (const [says, change, pointer, words] of refused) {
			const broken = structuredClone(connector);
			change(broken);
			const answer = await put(broken);
			assert.equal(answer.status, 400, says);
			const errors = answer.body.errors as { pointer: string; detail: string }[];
			const found = errors.find((error) => error.pointer === `/connector${pointer}`);
			assert.ok(found !== undefined, `${says}: ${JSON.stringify(errors)}`);
			assert.match(found.detail, words, says);
		}
	});

	it("of the documentation is a whole one", () => {
		const text = readFileSync(new URL("../../docs/connectors.md", import.meta.url), "utf8");
		const [, example = ""] = /```json\n([\s\S]*?)```/.exec(text) ?? [];
		assert.equal(profileSchema.parse(JSON.parse(example)).id, "acme-git");
	});
});

describe("a profile's links", () => {
	it("are https only", () => {
		for (const url of ["http://a.example/", "javascript:alert(1)", "file:///etc/passwd", "command:x"]) {
			const parsed = profileSchema.safeParse({ ...local, links: [{ title: "Read", url }] });
			assert.equal(parsed.success, false, url);
		}
	});
});
