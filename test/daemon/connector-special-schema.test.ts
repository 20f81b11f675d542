/** What a connector may say about logins, second requests and generated secrets: each mistake has a pointer and words. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { connector as connectorSchema } from "../../daemon/contract.ts";

// biome-ignore lint/suspicious/noExplicitAny: the rows below break it in every way
type Loose = any;

const whole = {
	base: null,
	variables: [{ name: "user", title: "User", pattern: "\\w+" }],
	ask: [{ name: "code", title: "Code" }],
	login: [
		{
			request: "POST /login",
			body: { user: "{user}", password: "{credential}" },
			take: { session: "/token", csrf: { header: "X-CSRF" }, sid: { cookie: "sid" } },
			dead: [401],
		},
	],
	auth: { Authorization: "Bearer {session}", Cookie: "sid={sid}" },
	headers: { "X-CSRF": "{csrf}" },
	logout: { request: "POST /logout", body: { session: "{session}" } },
	record: { id: "/id" },
	create: {
		request: "POST /tokens",
		body: { name: "{name}", code: "{code}" },
		reveal: { request: "POST /tokens/{id}/secret" },
		secret: "/secret",
	},
	list: { request: "GET /tokens{?after}", items: "", pages: { after: "after", item: "/id" } },
	revoke: { request: "DELETE /tokens/{id}" },
	verify: [{ request: "GET /me", auth: { Authorization: "Bearer {credential}" }, live: [200], dead: [401] }],
};

const refused: [says: string, change: (value: Loose) => void, pointer: string, words: RegExp][] = [
	["a login that sends no credential", (c) => delete c.login[0].body.password, "/login", /must send/],
	["a login that takes nothing", (c) => (c.login[0].take = {}), "/login/0/take", /must name/],
	["a name that is the token's", (c) => (c.login[0].take.name = "/n"), "/login/0/take/name", /is taken/],
	["a name that is sent nowhere", (c) => (c.login[0].take.x = "/x"), "/login/0/take/x", /by no request/],
	["a pointer that is none", (c) => (c.login[0].take.session = "token"), "/login/0/take/session", /JSON/],
	[
		"a cookie with a blank",
		(c) => (c.login[0].take.sid.cookie = "a b"),
		"/login/0/take/sid/cookie",
		/cookie/,
	],
	["four logins", (c) => (c.login = Array(4).fill(c.login[0])), "/login", /<=3 items/],
	[
		"a login that uses what it takes",
		(c) => (c.login[0].body.old = "{session}"),
		"/login/0/body/old",
		/uses \{session\}, which is not known here/,
	],
	[
		"a login that asks each time, which no daily test could",
		(c) => (c.login[0].body.code = "{code}"),
		"/login/0/body/code",
		/uses \{code\}/,
	],
	[
		"calls without what the login takes",
		(c) => {
			c.auth = {};
			c.headers = {};
		},
		"/list",
		/sends nothing that login takes: write \{session\} into auth or the body/,
	],
	[
		"a test of a token that sends none",
		(c) => (c.verify[0].auth = { "X-Other": "none" }),
		"/verify/0",
		/must send \{credential\}, which is the secret to test/,
	],
	["a session in an address", (c) => (c.list.request += "{&session}"), "/list/request", /puts \{session\}/],
	["a test of a token by the login", (c) => delete c.verify[0].auth, "/verify/0", /an auth of its own/],
	[
		"a test of a token by its session",
		(c) => (c.verify[0].body = "{session}"),
		"/verify/0/body",
		/\{session\}/,
	],
	["a logout without a login", (c) => delete c.login, "/logout", /needs login/],
	[
		"a generated secret that is not sent",
		(c) => {
			delete c.create.reveal;
			c.create.secret = { generated: 40 };
		},
		"/create/secret",
		/write \{secret\} into the body/,
	],
	[
		"a generated secret in an address",
		(c) => {
			delete c.create.reveal;
			c.create = { ...c.create, request: "POST /tokens/{secret}", secret: { generated: 40 } };
		},
		"/create/request",
		/puts \{secret\} into the address/,
	],
	[
		"a generated secret that is revealed",
		(c) => (c.create.secret = { generated: 40 }),
		"/create/reveal",
		/not needed/,
	],
	["a short secret", (c) => (c.create.secret = { generated: 8 }), "/create/secret/generated", />=20/],
	["a secret that nothing generates", (c) => (c.create.body.s = "{secret}"), "/create/body/s", /\{secret\}/],
	["a page that is not sent", (c) => (c.list.request = "GET /tokens"), "/list/pages", /does not send/],
	[
		"unknown fields of an object",
		(c) => (c.create.body.p = { object: "{permissions}", as: true, by: ":" }),
		"/create/body/p",
		/unknown fields: by/,
	],
];

describe("a connector with a login and a second request", () => {
	it("is accepted, and may have braces in a literal", () => {
		const parsed = connectorSchema.safeParse({
			...whole,
			create: { ...whole.create, body: { ...whole.create.body, q: { literal: "{ tokens { id } } {x}" } } },
		});
		assert.deepEqual(parsed.error?.issues ?? [], []);
	});

	for (const [says, change, pointer, words] of refused) {
		it(`is refused for ${says}`, () => {
			const broken = structuredClone(whole);
			change(broken);
			const issues = connectorSchema.safeParse(broken).error?.issues ?? [];
			const found = issues
				.filter(({ path }) => ["", ...path.map(String)].join("/") === pointer)
				.map(({ message }) => message)
				.join("; ");
			assert.match(found, words, JSON.stringify(issues));
		});
	}

	it("is what the documentation shows", () => {
		const text = readFileSync(new URL("../../docs/connector-special.md", import.meta.url), "utf8");
		const [, example = ""] = /```json\n([\s\S]*?)```/.exec(text) ?? [];
		const list = { request: "GET /tokens", items: "" };
		const parsed = connectorSchema.safeParse({
			base: null,
			record: { id: "/id" },
			list,
			...JSON.parse(example),
		});
		assert.deepEqual(parsed.error?.issues ?? [], []);
	});
});
