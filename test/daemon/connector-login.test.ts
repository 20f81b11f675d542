/** Systems whose calls need a login, with a session that ends with its operation. */
import assert from "node:assert/strict";
import { createAt, listAt, revokeAt } from "../../daemon/issuers/connector/engine.ts";
import { probeAt } from "../../daemon/issuers/connector/probe.ts";
import { accessWith, rejection, said, systemWith, wanted } from "./systems/calls.ts";
import { bearer, type FakeRequest, FakeSystem, type Handler, routes, unique } from "./systems/fake-system.ts";

let fake: FakeSystem;
const start = async (handler: Handler) => {
	fake = await FakeSystem.start(handler);
};
const admin = { Authorization: "Bearer {credential}" };
const user = { name: "user", title: "User", pattern: "\\w+" };

describe("a login before the calls", () => {
	afterEach(() => fake.stop());
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
