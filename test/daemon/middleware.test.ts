/** The middleware in front of a handler, against a daemon in this process. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { IncomingMessage, ServerResponse } from "node:http";
import { type AddressInfo, Socket } from "node:net";
import { Hono } from "hono";
import Koa from "koa";
import { createTokensmithClient, type TokensmithClient } from "../../daemon/client/client.ts";
import { type RequireTokenOptions, requireToken } from "../../daemon/client/require-token.ts";
import { tokenOf } from "../../daemon/client/token-of.ts";
import { ownerKey, TestDaemon } from "./harness.ts";

describe("the middleware", () => {
	let daemon: TestDaemon;
	let client: TokensmithClient;
	before(async () => {
		daemon = await TestDaemon.start({ trustedProxies: ["127.0.0.1"] });
		// The middleware's cache expires by the real clock.
		daemon.now = new Date();
		client = createTokensmithClient({ url: daemon.url, ownerKey });
	});
	after(() => daemon.remove());

	for (const authorization of ["", "Bearer", "Bearer ", "Basic dXNlcjpwYXNz", "tks_x", "Bearertks_x"]) {
		it(`treats ${JSON.stringify(authorization)} as a missing token`, async () => {
			const passed = await pass({ client }, { authorization });
			assert.deepEqual([passed.status, passed.problem.code], [401, "credentials-missing"]);
			assert.equal(passed.headers["www-authenticate"], 'Bearer realm="tokensmith"');
		});
	}

	it("reads the scheme in any case and with more than one space", async () => {
		const { token } = await client.create({ name: "any case", permissions: ["orders.read"] });
		assert.ok((await pass({ client }, { authorization: `bEARER   ${token} ` })).called);
	});

	it("refuses two Authorization headers, whichever is good", async () => {
		const { token } = await client.create({ name: "twice", permissions: ["orders.read"] });
		const guard = requireToken({ client });
		for (const secrets of [
			[token, "x"],
			["x", token],
		]) {
			const authorization = `Bearer ${secrets[0]}`;
			const raw = secrets.flatMap((secret) => ["Authorization", `Bearer ${secret}`]);
			const { called, status, problem } = await run(guard, { authorization, raw });
			assert.deepEqual([called, status, problem.code], [false, 400, "invalid-request"]);
		}
	});

	it("verifies with the caller's address, not the service's", async () => {
		const allowedAddresses = ["203.0.113.0/24"];
		const { token } = await client.create({ name: "far", permissions: ["orders.read"], allowedAddresses });
		const authorization = `Bearer ${token}`;
		assert.ok((await pass({ client }, { authorization, remoteAddress: "203.0.113.9" })).called);
		assert.ok((await pass({ client }, { authorization, remoteAddress: "::ffff:203.0.113.9" })).called);
		const near = await pass({ client }, { authorization, remoteAddress: "198.51.100.1" });
		assert.equal(near.problem.code, "address-not-allowed");
		const given = { client, address: () => "203.0.113.1" };
		assert.ok((await pass(given, { authorization, remoteAddress: "198.51.100.1" })).called);
	});

	it("takes the caller's address in every spelling, with a port as some proxies write it", async () => {
		const allowedAddresses = ["203.0.113.9", "2001:db8::9"];
		const { token } = await client.create({ name: "far", permissions: ["orders.read"], allowedAddresses });
		const authorization = `Bearer ${token}`;
		for (const address of [
			...["203.0.113.9:4711", "::ffff:203.0.113.9", "::ffff:cb00:7109", "[::ffff:203.0.113.9]:80"],
			...["2001:db8::9", "[2001:db8::9]:443", "2001:DB8:0::9%eth0"],
		])
			assert.ok((await pass({ client, address: () => address }, { authorization })).called, address);
		const other = await pass({ client, address: () => "203.0.113.8:9" }, { authorization });
		assert.equal(other.problem.code, "address-not-allowed");
	});

	it("ignores an address that the caller itself claims", async () => {
		const allowedAddresses = ["203.0.113.9"];
		const { token } = await client.create({ name: "far", permissions: ["orders.read"], allowedAddresses });
		const claimed = { "x-forwarded-for": "203.0.113.9" };
		const authorization = `Bearer ${token}`;
		const passed = await pass({ client }, { authorization, remoteAddress: "198.51.100.1", headers: claimed });
		assert.equal(passed.status, 403);
	});

	const mistakes: [what: string, options: RequireTokenOptions, errorMatches: RegExp][] = [
		["there is no client address", { address: () => undefined }, /client address/],
		["the address is a list", { address: () => "203.0.113.9, 127.0.0.1" }, /one IP address/],
		["the resource is empty", { resource: () => "" }, /not empty/],
		["there are no resources", { resource: () => [] }, /names none/],
		[
			"the resource can't be determined",
			{
				resource: () => {
					throw new Error("no such channel");
				},
			},
			/no such channel/,
		],
	];
	for (const [what, options, message] of mistakes) {
		it(`answers 500 and lets no request pass when ${what}`, async () => {
			const { token } = await client.create({ name: "good", permissions: ["orders.read"] });
			const errors: unknown[] = [];
			const onError = (error: unknown) => errors.push(error);
			const passed = await pass({ client, ...options, onError }, { authorization: `Bearer ${token}` });
			assert.deepEqual(
				[passed.status, passed.called, passed.problem.code],
				[500, false, "verification-failed"],
			);
			assert.match(String(errors[0]), message);
		});
	}

	it("answers with a problem of RFC 9457, and when to try again, while no daemon answers", async () => {
		const { token } = await client.create({ name: "good", permissions: ["orders.read"] });
		const away = createTokensmithClient({ url: "http://127.0.0.1:1", ownerKey });
		const { called, headers, problem } = await pass({ client: away }, { authorization: `Bearer ${token}` });
		const { type, title, status, code, instance } = problem;
		assert.deepEqual(
			{ called, type, title, status, code },
			{
				...{ called: false, type: "about:blank", title: "Service Unavailable", status: 503 },
				code: "verification-unavailable",
			},
		);
		assert.match(String(instance), /^urn:uuid:/);
		assert.match(String(headers["retry-after"]), /^[1-9]\d*$/);
		assert.equal(headers["cache-control"], "no-store");
		assert.equal(headers["content-type"], "application/problem+json");
		assert.equal(headers["content-length"], Buffer.byteLength(JSON.stringify(problem)));
	});

	for (const [what, options] of [
		["an undefined permission", { permission: undefined }],
		["an undefined resource", { resource: undefined }],
		["an empty permission", { permission: "" }],
		["an empty choice", { anyPermission: [] }],
		["an empty list of resources", { resource: [] }],
		["an unlimited cache time", { cacheSeconds: Number.POSITIVE_INFINITY }],
		["a negative cache time", { cacheSeconds: -1 }],
		["a cache time of more than five minutes", { cacheSeconds: 301 }],
		["an unknown word for preflights", { preflight: "allow" }],
		["a misspelled requirement", { permision: "orders.read" }],
		["the option of another library", { scope: "orders.read" }],
		["a text in place of a list", { permissions: "orders.read" }],
		["a text in place of a choice", { anyPermission: "orders.read" }],
		["a cache time that is no number", { cacheSeconds: "5" }],
	]) {
		it(`can't be created with ${what}`, () => {
			// Plain JavaScript can pass what the types forbid.
			const given = options as unknown as RequireTokenOptions;
			assert.throws(
				() => requireToken({ ...given, client }),
				(error) => error instanceof TypeError && !error.message.includes("is not a function"),
			);
		});
	}

	it("verifies each request, so that a revocation takes effect at once", async () => {
		const { id, token } = await client.create({ name: "short", permissions: ["orders.read"] });
		const authorization = `Bearer ${token}`;
		const guard = requireToken({ client });
		assert.ok((await run(guard, { authorization })).called);
		await client.revoke(id);
		assert.equal((await run(guard, { authorization })).status, 401);
	});

	it("caches an acceptance for the given time, for equal requests only", async () => {
		const { id, token } = await client.create({ name: "kept", permissions: ["orders.read"] });
		const authorization = `Bearer ${token}`;
		const guard = requireToken({ client, cacheSeconds: 300 });
		assert.ok((await run(guard, { authorization })).called);
		await client.revoke(id);
		assert.ok((await run(guard, { authorization })).called);
		assert.equal((await run(guard, { authorization, remoteAddress: "203.0.113.9" })).status, 401);
	});

	it("never caches a refusal", async () => {
		const { id, token } = await client.create({ name: "back", permissions: ["orders.read"] });
		await client.disable(id);
		const authorization = `Bearer ${token}`;
		const guard = requireToken({ client, cacheSeconds: 300 });
		assert.equal((await run(guard, { authorization })).status, 401);
		await client.enable(id);
		assert.ok((await run(guard, { authorization })).called);
	});

	it("caches no acceptance of a token in its overlap, or past its expiry", async () => {
		const guard = requireToken({ client, cacheSeconds: 300 });
		const retiring = await client.create({ name: "retiring", permissions: ["orders.read"] });
		await client.rotate(retiring.id, { overlapSeconds: 60 });
		assert.ok((await run(guard, { authorization: `Bearer ${retiring.token}` })).called);
		await client.revoke(retiring.id);
		assert.equal((await run(guard, { authorization: `Bearer ${retiring.token}` })).status, 401);

		const expiry = new Date(daemon.now.getTime() + 1000).toISOString();
		const ending = await client.create({ name: "ending", permissions: ["orders.read"], expiry });
		const authorization = `Bearer ${ending.token}`;
		assert.ok((await run(guard, { authorization })).called);
		const kept = daemon.now;
		daemon.now = new Date(kept.getTime() + 1000);
		await until(async () => !(await run(guard, { authorization })).called);
		daemon.now = kept;
	});

	it("waits for the handler and passes on its errors", async () => {
		const { token } = await client.create({ name: "good", permissions: ["orders.read"] });
		const { request, response } = exchangeOf({ authorization: `Bearer ${token}` });
		const failing = requireToken({ client })(request, response, async () => {
			throw new Error("the handler's own");
		});
		await assert.rejects(failing, /the handler's own/);
		assert.equal(tokenOf(request).name, "good");
	});

	it("waits for what answers a preflight", async () => {
		const headers = { origin: "https://app.example.com", "access-control-request-method": "GET" };
		const { request, response } = exchangeOf({ headers });
		request.method = "OPTIONS";
		let answered = false;
		await requireToken({ client, preflight: "pass" })(request, response, async () => {
			await client.list();
			answered = true;
		});
		assert.ok(answered);
	});

	it("has no token for a request that it did not check", () => {
		assert.throws(() => tokenOf(exchangeOf({}).request), /Neither .* has let this request pass/);
	});

	it("says what to call instead where a framework calls it with something else than requests of node:http", async () => {
		const errors: unknown[] = [];
		const hono = new Hono().onError((error, context) => {
			errors.push(error);
			return context.body(null, 500);
		});
		hono.use(requireToken({ client }) as never);
		hono.get("/", (context) => context.text("handled"));
		assert.equal((await hono.request("/")).status, 500);
		const koa = new Koa().use(requireToken({ client }) as never).on("error", (error) => errors.push(error));
		const server = koa.listen(0, "127.0.0.1");
		await once(server, "listening");
		assert.equal((await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)).status, 500);
		server.close();
		assert.equal(errors.length, 2);
		for (const error of errors) assert.match(String(error), /call verifyRequest/);
	});

	it("finds the daemon by TOKENSMITH_URL when no client is given", async () => {
		const { token } = await client.create({ name: "good", permissions: ["orders.read"] });
		process.env.TOKENSMITH_URL = daemon.address;
		try {
			assert.ok((await pass({ permission: "orders.read" }, { authorization: `Bearer ${token}` })).called);
		} finally {
			delete process.env.TOKENSMITH_URL;
		}
	});
});

interface Incoming {
	authorization?: string;
	remoteAddress?: string;
	headers?: Record<string, string>;
	/** The headers as they were sent. */
	raw?: string[];
}

function exchangeOf({ authorization, remoteAddress = "127.0.0.1", headers = {}, raw = [] }: Incoming) {
	const socket = new Socket();
	Object.defineProperty(socket, "remoteAddress", { value: remoteAddress });
	const request = new IncomingMessage(socket);
	request.rawHeaders.push(...raw);
	Object.assign(request.headers, headers, authorization === undefined ? {} : { authorization });
	return { request, response: new ServerResponse(request) };
}

interface Passed {
	/** Whether the handler was called. */
	called: boolean;
	status: number;
	headers: Record<string, unknown>;
	problem: Record<string, unknown>;
}

function pass(options: RequireTokenOptions, incoming: Incoming): Promise<Passed> {
	return run(requireToken(options), incoming);
}

async function run(guard: ReturnType<typeof requireToken>, incoming: Incoming): Promise<Passed> {
	const { request, response } = exchangeOf(incoming);
	let called = false;
	let sent = "";
	response.end = ((body: Buffer) => {
		sent = String(body);
		return response;
	}) as typeof response.end;
	await guard(request, response, () => {
		called = true;
	});
	assert.equal(called, sent === "", "either the handler answers or the middleware does");
	const problem = sent === "" ? {} : JSON.parse(sent);
	return { called, status: response.statusCode, headers: response.getHeaders(), problem };
}

async function until(satisfied: () => Promise<boolean>): Promise<void> {
	const deadline = Date.now() + 10_000;
	while (!(await satisfied())) {
		assert.ok(Date.now() < deadline, "the condition was not met in time");
		await new Promise((resolve) => setTimeout(resolve, 25));
	}
}
