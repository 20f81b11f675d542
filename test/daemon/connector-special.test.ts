/** Systems that answer in other shapes than most: each said as data alone. */
import assert from "node:assert/strict";
import { createAt, listAt, readAt, revokeAt, updateAt } from "../../daemon/issuers/connector/engine.ts";
import { probeAt } from "../../daemon/issuers/connector/probe.ts";
import { accessWith, rejection, said, systemWith, wanted } from "./systems/calls.ts";
import { FakeSystem, type Handler, routes } from "./systems/fake-system.ts";

let fake: FakeSystem;
const start = async (handler: Handler) => {
	fake = await FakeSystem.start(handler);
};
const admin = { Authorization: "Bearer {credential}" };

describe("a body and its answer", () => {
	afterEach(() => fake.stop());

	it("can have permissions as an object, both ways", async () => {
		let stored: unknown = {};
		await start(
			routes({
				"POST /tokens": ({ body }) => {
					stored = body;
					return { status: 201, json: { id: "1", token: "the-secret-1", ...body } };
				},
			}),
		);
		const connector = said({
			base: null,
			auth: admin,
			record: { id: "/id", permissions: { at: "/access", each: "{key}:{item}" } },
			create: {
				request: "POST /tokens",
				body: {
					access: { object: "{permissions}", split: ":", as: ["{2}"] },
					flags: { object: "{permissions}", as: true },
					levels: { object: "{permissions}", split: ":", as: "{2}" },
				},
				secret: "/token",
			},
		});
		const permissions = ["files:read", "files:write", "users:read"];
		const system = systemWith(connector, fake.url);
		const { token, ignored } = await createAt(system, accessWith("admin"), wanted({ permissions }));
		assert.deepEqual(stored, {
			access: { files: ["read", "write"], users: ["read"] },
			flags: { "files:read": true, "files:write": true, "users:read": true },
			levels: { files: "write", users: "read" },
		});
		assert.deepEqual([token.permissions, ignored], [permissions, []]);
		await createAt(system, accessWith("admin"), wanted({}));
		assert.deepEqual(stored, {}, "no permissions are left to the system");
	});

	it("of a change keeps what is not changed, and says never in the system's word for it", async () => {
		await start(({ body }) => ({ json: { id: "1", name: "ci", ...body } }));
		const connector = said({
			base: null,
			auth: admin,
			record: { id: "/id", name: "/name", expiry: { at: "/until", as: "seconds", never: [0] } },
			update: {
				request: "PATCH /tokens/{id}",
				changes: ["name", "expiry"],
				body: { name: "{name}", until: { value: "{expiry|seconds}", otherwise: 0 } },
			},
			list: { request: "GET /tokens", items: "" },
		});
		const system = systemWith(connector, fake.url);
		await updateAt(system, accessWith("admin"), "1", { name: "cd" });
		await updateAt(system, accessWith("admin"), "1", { expiry: null });
		await updateAt(system, accessWith("admin"), "1", { expiry: "2027-01-31T12:00:00.000Z" });
		assert.deepEqual(
			fake.requests.map(({ body }) => body),
			[{ name: "cd" }, { until: 0 }, { until: 1801396800 }],
		);
	});

	it("of a deletion can have the version that the token has now", async () => {
		let version = "3-abc";
		await start(
			routes({
				"GET /docs/{id}": (_, id) =>
					version === "" ? { status: 404 } : { json: { _id: id, _rev: version } },
				"DELETE /docs/{id}": ({ query }) => {
					if (query.get("rev") !== version) return { status: 409 };
					version = "";
					return { json: { ok: true } };
				},
			}),
		);
		const connector = said({
			base: null,
			auth: admin,
			record: { id: "/_id", keep: { rev: "/_rev" } },
			read: { request: "GET /docs/{id}" },
			revoke: { request: "DELETE /docs/{id}{?rev}", fresh: true },
			verify: [{ request: "GET /me", live: [200], dead: [401] }],
		});
		const system = systemWith(connector, fake.url);
		assert.equal(await revokeAt(system, accessWith("admin"), "a"), "revoked");
		assert.equal(await revokeAt(system, accessWith("admin"), "a"), "gone");
	});

	it("can contain a text with braces, such as a GraphQL document", async () => {
		const asked: unknown[] = [];
		await start(({ body }) => {
			asked.push(body);
			const isCreation = /createToken/.test(body.query);
			return {
				json: isCreation
					? { data: { createToken: { id: "t1", secret: "the-secret-1" } } }
					: { data: null, errors: [{ message: "No such token" }] },
			};
		});
		const document = (query: string, variables: object) => ({
			request: "POST /graphql",
			body: { query: { literal: query }, variables },
		});
		const connector = said({
			base: null,
			auth: admin,
			record: { id: "/id" },
			create: {
				...document("mutation($name:String!){createToken(name:$name){id,secret,{name}}}", { name: "{name}" }),
				at: "/data/createToken",
				secret: "/data/createToken/secret",
			},
			revoke: document("mutation($id:ID!){revokeToken(id:$id){id}{secret}}", { id: "{id}" }),
			success: { lacks: "/errors" },
		});
		const system = systemWith(connector, fake.url);
		const { token } = await createAt(system, accessWith("admin"), wanted({ name: "ci" }));
		assert.equal(token.id, "t1");
		assert.deepEqual(asked[0], {
			query: "mutation($name:String!){createToken(name:$name){id,secret,{name}}}",
			variables: { name: "ci" },
		});
		const error = await rejection(revokeAt(system, accessWith("admin"), "t1"));
		assert.equal(error.message, "Acme answered 200: No such token");
	});
});

describe("a list", () => {
	afterEach(() => fake.stop());

	const listed = (list: object, record: object = { id: "/id" }) =>
		systemWith(said({ base: null, auth: admin, record, list }), fake.url);
	const idsOf = async (system: Parameters<typeof listAt>[0]) =>
		(await listAt(system, accessWith("admin"))).map(({ id }) => id);

	it("can be an object, whose keys are ids", async () => {
		await start(() => ({ json: { tokens: { a: { label: "one" }, b: { label: "two" } } } }));
		const record = { id: "/key", name: "/value/label" };
		const system = listed({ request: "GET /tokens", items: "/tokens", entries: true }, record);
		assert.deepEqual(await listAt(system, accessWith("admin")), [
			{ id: "a", name: "one" },
			{ id: "b", name: "two" },
		]);
	});

	it("that is an object is none where the connector does not say so", async () => {
		await start(() => ({ json: { message: "Try later" } }));
		for (const list of [
			{ request: "GET /tokens", items: "" },
			{ request: "GET /tokens", items: "/tokens", entries: true },
		])
			assert.match((await rejection(idsOf(listed(list)))).message, /answered no list/);
	});

	it("can have the ids alone", async () => {
		await start(() => ({ json: ["a", "b"] }));
		assert.deepEqual(await idsOf(listed({ request: "GET /tokens", items: "" }, { id: "" })), ["a", "b"]);
	});

	it("can go on after the last token of a page", async () => {
		const ids = ["a", "b", "c", "d", "e"];
		await start(({ query }) => {
			const from = ids.indexOf(query.get("after") ?? "") + 1;
			return { json: { data: ids.slice(from, from + 2).map((id) => ({ id })) } };
		});
		const pages = { after: "after", item: "/id" };
		const list = { request: "GET /tokens{?after}", items: "/data", pages };
		assert.deepEqual(await idsOf(listed(list)), ids);
		assert.equal(fake.requests.length, 4);
	});

	it("can have its cursor in a header", async () => {
		await start(({ query }) => {
			const page = Number(query.get("from") ?? 1);
			return { json: [{ id: page }], headers: page < 3 ? { "X-Next-Token": String(page + 1) } : {} };
		});
		const pages = { cursor: "from", at: { header: "X-Next-Token" } };
		const list = { request: "GET /tokens{?from}", items: "", pages };
		assert.deepEqual(await idsOf(listed(list)), ["1", "2", "3"]);
	});

	it("can leave out what meets a condition", async () => {
		const data = [
			{ id: "a", kind: "api" },
			{ id: "b", kind: "session" },
			{ id: "c" },
			{ id: "d", kind: "ui", internal: true },
		];
		await start(() => ({ json: data }));
		const idsWhere = (where: object) => idsOf(listed({ request: "GET /tokens", items: "", where }));
		assert.deepEqual(await idsWhere({ not: { at: "/kind", in: ["session", "ui"] } }), ["a", "c"]);
		assert.deepEqual(await idsWhere({ has: "/kind", not: { at: "/internal", is: true } }), ["a", "b"]);
	});

	it("can have a number as its cursor", async () => {
		await start(({ query }) => {
			const page = Number(query.get("from") ?? 1);
			return { json: { data: [{ id: page }], next: page < 3 ? page + 1 : null } };
		});
		const pages = { cursor: "from", at: "/next" };
		const list = { request: "GET /tokens{?from}", items: "/data", pages };
		assert.deepEqual(await idsOf(listed(list)), ["1", "2", "3"]);
	});
});

describe("a page for people", () => {
	afterEach(() => fake.stop());

	const html = {
		status: 200,
		headers: { "content-type": "text/html; charset=utf-8" },
		text: "<html>Sign in",
	};
	const connector = said({
		base: null,
		auth: admin,
		record: { id: "/id" },
		update: { request: "PUT /tokens/{id}", changes: ["name"], body: { name: "{name}" }, answer: "none" },
		revoke: { request: "DELETE /tokens/{id}", gone: [404] },
		verify: [{ request: "GET /me", live: [200], dead: [401, 404] }],
	});

	it("is no revocation, no change and no answer to a test", async () => {
		await start(() => html);
		const system = systemWith(connector, fake.url);
		const access = accessWith("admin");
		for (const attempt of [
			() => revokeAt(system, access, "1"),
			() => updateAt(system, access, "1", { name: "x" }),
			() =>
				readAt(systemWith({ ...connector, read: { request: "GET /tokens/{id}" } }, fake.url), access, "1"),
		])
			assert.match((await rejection(attempt())).message, /answered 200 with text\/html.* and not with JSON/);
		assert.equal((await probeAt(system, access)).outcome, "unknown");
	});

	it("with status 404 does not mean that there is no such token", async () => {
		await start(() => ({ ...html, status: 404 }));
		const system = systemWith(connector, fake.url);
		assert.match(
			(await rejection(revokeAt(system, accessWith("admin"), "1"))).message,
			/404 with text\/html/,
		);
		assert.equal((await probeAt(system, accessWith("the-secret"))).outcome, "unknown");
	});
});

describe("an error", () => {
	afterEach(() => fake.stop());

	const connector = said({
		base: null,
		auth: admin,
		record: { id: "/id" },
		list: { request: "GET /tokens", items: "" },
	});
	const shapes: [answer: { json?: unknown; text?: string }, words: string][] = [
		[{ json: { message: "Too bad" } }, "Too bad"],
		[{ json: { error: { code: 7, message: "Too bad" } } }, "Too bad"],
		[{ json: { error: "Too bad" } }, "Too bad"],
		[{ json: { error: "invalid", error_description: "Too bad" } }, "Too bad"],
		[{ json: { errors: [{ detail: "Too" }, { detail: "bad" }] } }, "Too; bad"],
		[{ json: { errors: { name: ["Too bad"] } } }, "Too bad"],
		[{ json: { title: "Conflict", detail: "Too bad" } }, "Too bad"],
		[{ text: "Too bad\n" }, "Too bad"],
	];
	for (const [answer, words] of shapes) {
		it(`is read out of ${JSON.stringify(answer)} without being described`, async () => {
			await start(() => ({ status: 409, ...answer }));
			const error = await rejection(listAt(systemWith(connector, fake.url), accessWith("admin")));
			assert.equal(error.message, `Acme answered 409: ${words}`);
		});
	}
});
