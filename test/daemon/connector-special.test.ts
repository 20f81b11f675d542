/** Systems that need more than one request for a call, or answer in other shapes than most: each said as data alone. */
import assert from "node:assert/strict";
import { type Connector, connector as connectorSchema } from "../../daemon/contract.ts";
import { createAt, listAt, readAt, revokeAt, updateAt } from "../../daemon/issuers/connector/engine.ts";
import { probeAt } from "../../daemon/issuers/connector/probe.ts";
import { accessWith, rejection, systemWith, wanted } from "./systems/calls.ts";
import { bearer, type FakeRequest, FakeSystem, type Handler, routes, unique } from "./systems/fake-system.ts";

let fake: FakeSystem;
const start = async (handler: Handler) => {
	fake = await FakeSystem.start(handler);
};
const said = (value: unknown): Connector => connectorSchema.parse(value) as Connector;
const admin = { Authorization: "Bearer {credential}" };
const user = { name: "user", title: "User", pattern: "\\w+" };

const stopAfterEach = () => afterEach(() => fake.stop());

describe("a login before the calls", () => {
	stopAfterEach();
	/** Its sessions are in a cookie, with a CSRF token from a header; its form has a token of its own. */
	const withCookies = said({
		base: null,
		variables: [user],
		login: [
			{ request: "GET /login", take: { form: "/form" } },
			{
				request: "POST /login",
				form: { user: "{user}", password: "{credential}", form: "{form}" },
				take: { session: { cookie: "sid" }, csrf: { header: "X-CSRF" } },
				dead: [{ status: 400, at: "/reason", is: "password" }],
			},
		],
		auth: { Cookie: "sid={session}" },
		headers: { "X-CSRF": "{csrf}", Origin: "{origin}" },
		logout: { request: "POST /logout" },
		record: { id: "/id", name: "/name" },
		create: { request: "POST /keys", body: { name: "{name}" }, secret: "/key" },
		list: { request: "GET /keys", items: "" },
		revoke: { request: "DELETE /keys/{id}", gone: [404] },
		verify: [{ request: "GET /me", auth: admin, live: [200], dead: [401] }],
	});
	const keys = new Map<string, { id: string; name: string; key: string }>();
	let sessions = new Set<string>();

	const loggedIn =
		(answer: (request: FakeRequest, id: string) => object) =>
		(request: FakeRequest, id = "") => {
			const session = /^sid=(.*)$/.exec(String(request.headers.cookie))?.[1] ?? "";
			const isValid = sessions.has(session) && request.headers["x-csrf"] === `csrf-of-${session}`;
			return isValid ? answer(request, id) : { status: 401, json: { message: `no session ${session}` } };
		};
	const handler = routes({
		"GET /login": () => ({ json: { form: "form-token-1" } }),
		"POST /login": ({ text, headers: sent }) => {
			const form = new URLSearchParams(text);
			if (sent.origin !== fake.url) return { status: 403, json: { message: "no origin" } };
			if (form.get("form") !== "form-token-1") return { status: 403, json: { message: "no form" } };
			if (form.get("user") !== "ada" || form.get("password") !== "pass word")
				return { status: 400, json: { reason: "password", message: `wrong: ${form.get("password")}` } };
			const session = unique("session-of-ada-");
			sessions.add(session);
			const headers = { "set-cookie": `sid=${session}; HttpOnly`, "x-csrf": `csrf-of-${session}` };
			return { status: 302, headers: { ...headers, location: "https://elsewhere.example/" } };
		},
		"POST /logout": loggedIn(({ headers }) => {
			sessions.delete(String(headers.cookie).slice(4));
			return { status: 204 };
		}),
		"POST /keys": loggedIn(({ body }) => {
			const key = { id: unique("k"), name: body.name, key: unique("secret-of-a-key-") };
			keys.set(key.id, key);
			return { status: 201, json: key };
		}),
		"GET /keys": loggedIn(() => ({ json: [...keys.values()].map(({ key: _, ...rest }) => rest) })),
		"DELETE /keys/{id}": loggedIn((_, id) => ({ status: keys.delete(id) ? 204 : 404 })),
		"GET /me": (request) => ({
			status: [...keys.values()].some(({ key }) => key === bearer(request)) ? 200 : 401,
		}),
	});
	const system = () => systemWith(withCookies, fake.url, { variables: { user: "ada" } });
	const access = accessWith("pass word");
	beforeEach(async () => {
		keys.clear();
		sessions = new Set();
		await start(handler);
	});

	it("happens once an operation, whose other requests it authenticates, and ends with it", async () => {
		const { secret, token } = await createAt(system(), access, wanted({ name: "ci" }));
		assert.deepEqual(fake.log, ["GET /login", "POST /login", "GET /keys", "POST /keys", "POST /logout"]);
		assert.equal(sessions.size, 0);
		assert.deepEqual(await listAt(system(), access), [{ id: token.id, name: "ci" }]);
		assert.equal((await probeAt(system(), accessWith(secret))).outcome, "live");
		assert.equal(await revokeAt(system(), access, token.id), "revoked");
		assert.equal(await revokeAt(system(), access, token.id), "gone");
		assert.equal((await probeAt(system(), accessWith(secret))).outcome, "dead");
	});

	it("tests the credential, and takes only what the connector names for dead", async () => {
		assert.equal((await probeAt(system(), access, "credential")).outcome, "live");
		const dead = await probeAt(system(), accessWith("wrong word"), "credential");
		assert.equal(dead.outcome, "dead");
		fake.fault = ({ path }) => (path === "/login" ? "cut-after" : undefined);
		assert.equal((await probeAt(system(), access, "credential")).outcome, "unknown");
	});

	it("is never made with the secret of a token", async () => {
		await probeAt(system(), accessWith("secret-of-a-key-0"));
		assert.deepEqual(fake.log, ["GET /me"]);
		assert.equal(fake.requests[0]?.headers["x-csrf"], undefined);
	});

	it("that fails changes nothing, and says what to do", async () => {
		const error = await rejection(createAt(system(), accessWith("wrong word"), wanted({})));
		assert.equal(error.code, "credential-dead");
		assert.match(
			error.message,
			/^Acme answered 400: wrong: \*\*\*\. The connection's credential does not work/,
		);
		assert.equal(fake.count("POST", "/keys"), 0);
	});

	it("whose answer is lost is no creation whose answer is lost", async () => {
		fake.fault = ({ method, path }) => (method === "POST" && path === "/login" ? "cut-after" : undefined);
		const { list: _, ...withoutList } = withCookies;
		const bare = { ...system(), connector: withoutList };
		assert.equal((await rejection(createAt(bare, access, wanted({})))).code, "issuer-unreachable");
	});

	it("whose session a system tells is in no message", async () => {
		fake.fault = ({ path }) => {
			if (path === "/keys") sessions.clear();
			return undefined;
		};
		const error = await rejection(listAt(system(), access));
		assert.match(error.message, /no session \*\*\*/);
	});

	it("can be a page with a form, whose cookies are what counts", async () => {
		fake.fault = ({ method, path }) => {
			if (method !== "GET" || path !== "/login") return undefined;
			const headers = { "content-type": "text/html", "set-cookie": "form=form-token-1; Path=/" };
			return (response) => response.writeHead(200, headers).end("<form>");
		};
		const [form, ...more] = withCookies.login ?? [];
		assert.ok(form !== undefined);
		const login = [{ ...form, take: { form: { cookie: "form" } } }, ...more];
		assert.deepEqual(await listAt({ ...system(), connector: { ...withCookies, login } }, access), []);
		assert.match((await rejection(listAt(system(), access))).message, /no form at "\/form"/);
	});

	it("that does not answer what it should is named", async () => {
		fake.fault = ({ path }) =>
			path === "/login" ? (response) => response.writeHead(200).end("{}") : undefined;
		const error = await rejection(listAt(system(), access));
		assert.match(error.message, /The login's answer has no form at "\/form"/);
	});
});

describe("a secret", () => {
	stopAfterEach();
	/** Zabbix: JSON-RPC, whose creation answers an id, and whose second request makes the secret. */
	const rpc = (method: string, params: unknown) => ({
		request: "POST /api_jsonrpc.php",
		body: { jsonrpc: "2.0", id: 1, method, params },
	});
	const zabbix = said({
		base: null,
		auth: admin,
		record: {
			id: "/tokenid",
			name: "/name",
			expiry: { at: "/expires_at", as: "seconds", never: ["0"] },
		},
		create: {
			...rpc("token.create", {
				name: "{name}",
				expires_at: { value: "{expiry|seconds}", otherwise: 0 },
			}),
			record: { id: "/result/tokenids/0" },
			reveal: rpc("token.generate", ["{id}"]),
			secret: "/result/0/token",
			complete: "list",
		},
		list: { ...rpc("token.get", {}), items: "/result" },
		revoke: { ...rpc("token.delete", ["{id}"]), gone: [{ status: 200, at: "/error/code", is: -32500 }] },
		verify: [
			{
				...rpc("token.get", {}),
				live: [{ status: 200, has: "/result" }],
				dead: [{ status: 200, at: "/error/data", is: "Not authorized." }],
			},
		],
		success: { lacks: "/error" },
	});
	const tokens = new Map<string, { tokenid: string; name: string; expires_at: string; token?: string }>();
	const call: Record<string, (params: never) => unknown> = {
		"token.create": ({ name, expires_at }: { name: string; expires_at: number }) => {
			const tokenid = String(tokens.size + 1);
			tokens.set(tokenid, { tokenid, name, expires_at: String(expires_at) });
			return { tokenids: [tokenid] };
		},
		"token.generate": ([tokenid]: [string]) => {
			const token = unique("secret-of-zabbix-");
			Object.assign(tokens.get(tokenid) ?? {}, { token });
			return [{ tokenid, token }];
		},
		"token.get": () => [...tokens.values()].map(({ token: _, ...rest }) => rest),
		"token.delete": ([tokenid]: [string]) => tokens.delete(tokenid) && { tokenids: [tokenid] },
	};
	const answers: Handler = (request) => {
		const known = [...tokens.values()].map(({ token }) => token);
		if (bearer(request) !== "admin-secret" && !known.includes(bearer(request)))
			return { json: { error: { code: -32602, message: "Invalid params.", data: "Not authorized." } } };
		const { method, params } = request.body;
		const result = call[method]?.(params as never);
		return { json: result ? { result } : { error: { code: -32500, message: "No permissions." } } };
	};
	const access = accessWith("admin-secret");
	beforeEach(() => tokens.clear());

	it("can be in the answer of a second request", async () => {
		await start(answers);
		const system = systemWith(zabbix, fake.url);
		const expiry = "2027-01-31T12:00:00.000Z";
		const { secret, token, ignored } = await createAt(system, access, wanted({ name: "ci", expiry }));
		assert.equal(secret, tokens.get("1")?.token);
		assert.deepEqual([token.id, token.name, token.expiry, ignored], ["1", "ci", expiry, []]);
		assert.equal((await createAt(system, access, wanted({ name: "ci" }))).token.expiry, null);
		assert.equal((await probeAt(system, accessWith(secret))).outcome, "live");
		assert.equal(await revokeAt(system, access, "1"), "revoked");
		assert.equal(await revokeAt(system, access, "1"), "gone");
		assert.equal((await probeAt(system, accessWith(secret))).outcome, "dead");
	});

	it("that the second request does not answer leaves a token, which is named", async () => {
		for (const connector of [zabbix, { ...zabbix, list: undefined } as unknown as Connector]) {
			tokens.clear();
			await start(answers);
			fake.fault = ({ body }) => (body?.method === "token.generate" ? "cut-after" : undefined);
			const error = await rejection(
				createAt(systemWith(connector, fake.url), access, wanted({ name: "ci" })),
			);
			assert.equal(error.code, "issuer-unanswered");
			assert.match(error.message, /A token was created, and its secret is lost: (?:ci|1)\. Revoke it/);
			assert.deepEqual(
				error.orphans.map(({ id }) => id),
				["1"],
			);
			assert.equal(fake.requests.filter(({ body }) => body.method === "token.create").length, 1);
			if (connector === zabbix) await fake.stop();
		}
	});

	it("can belong to an id that only the header Location tells", async () => {
		await start(
			routes({
				"POST /clients": () => ({ status: 201, headers: { location: `${fake.url}/clients/a%2Fb?x=1` } }),
				"GET /clients/{id}/secret": (_, id) => ({ json: { value: `secret-of-${id}` } }),
			}),
		);
		const connector = said({
			base: null,
			auth: admin,
			create: {
				request: "POST /clients",
				body: { name: "{name}" },
				location: true,
				reveal: { request: "GET /clients/{id}/secret" },
				secret: "/value",
			},
			revoke: { request: "DELETE /clients/{id}" },
		});
		const { secret, token } = await createAt(systemWith(connector, fake.url), access, wanted({}));
		assert.deepEqual([secret, token.id], ["secret-of-a/b", "a/b"]);
	});

	it("can be plain text, and the token what the list has since", async () => {
		const names: string[] = [];
		await start(
			routes({
				"POST /tokens": ({ body }) => {
					names.push(body.name);
					return { status: 201, text: "plain-secret-1\n" };
				},
				"GET /tokens": () => ({ json: names.map((name, id) => ({ id, name })) }),
			}),
		);
		const connector = said({
			base: null,
			auth: admin,
			record: { id: "/id", name: "/name" },
			create: { request: "POST /tokens", body: { name: "{name}" }, secret: "", complete: "list" },
			list: { request: "GET /tokens", items: "" },
		});
		const { secret, token } = await createAt(systemWith(connector, fake.url), access, wanted({ name: "ci" }));
		assert.deepEqual([secret, token], ["plain-secret-1", { id: "0", name: "ci" }]);
	});

	it("with blanks is refused as one, and not called missing", async () => {
		await start(() => ({ json: { id: 1, password: "abcd EFGH 1234" } }));
		const connector = said({
			base: null,
			auth: admin,
			record: { id: "/id" },
			create: { request: "POST /tokens", body: { name: "{name}" }, secret: "/password" },
		});
		const error = await rejection(createAt(systemWith(connector, fake.url), access, wanted({})));
		assert.match(error.message, /at "\/password" can't be a secret: .* or blanks/);
		assert.doesNotMatch(error.message, /EFGH/);
	});

	describe("that the daemon makes", () => {
		const users = new Map<string, string>();
		const broker = said({
			base: null,
			auth: admin,
			record: { id: "/name", name: "/name" },
			create: {
				request: "PUT /users/{name}",
				body: { password: "{secret}" },
				secret: { generated: 40 },
				complete: "list",
			},
			list: { request: "GET /users", items: "" },
			revoke: { request: "DELETE /users/{id}" },
		});
		const handler = routes({
			"PUT /users/{name}": ({ body }, name = "") => {
				users.set(name, body.password);
				return { status: 201 };
			},
			"GET /users": () => ({ json: [...users.keys()].map((name) => ({ name })) }),
		});
		beforeEach(async () => {
			users.clear();
			await start(handler);
		});

		it("is random, sent once, and the token's", async () => {
			const system = systemWith(broker, fake.url);
			const { secret, token } = await createAt(system, access, wanted({ name: "ci" }));
			const other = await createAt(system, access, wanted({ name: "cd" }));
			assert.match(secret, /^[0-9A-Za-z]{40}$/);
			assert.notEqual(other.secret, secret);
			assert.equal(users.get("ci"), secret);
			assert.equal(token.id, "ci");
		});

		it("replaces no other: a name that is there is refused", async () => {
			users.set("ci", "the old one");
			const error = await rejection(createAt(systemWith(broker, fake.url), access, wanted({ name: "ci" })));
			assert.match(error.message, /has a token of this name already, which would be replaced/);
			assert.equal(users.get("ci"), "the old one");
		});
	});
});

describe("a body and its answer", () => {
	stopAfterEach();
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
	stopAfterEach();
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
	stopAfterEach();
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
	stopAfterEach();
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
