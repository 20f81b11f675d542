/** The check of a Fetch request, against a daemon in this process. */
import assert from "node:assert/strict";
import { createServer, IncomingMessage, type Server } from "node:http";
import { type AddressInfo, Socket } from "node:net";
import { createTokensmithClient, type TokensmithClient } from "../../daemon/client/client.ts";
import { addressForServices } from "../../daemon/client/endpoint.ts";
import { isPreflight } from "../../daemon/client/incoming.ts";
import { tokenOf } from "../../daemon/client/token-of.ts";
import { TokensmithUnavailableError } from "../../daemon/client/transport.ts";
import { type VerifyRequestOptions, verifyRequest } from "../../daemon/client/verify-request.ts";
import { Identity } from "../../daemon/rules/identity.ts";
import { ownerKey, TestDaemon } from "./harness.ts";

describe("verifyRequest", () => {
	let daemon: TestDaemon;
	let client: TokensmithClient;
	let good: string;
	const servers: Server[] = [];
	before(async () => {
		daemon = await TestDaemon.start({ trustedProxies: ["127.0.0.1"] });
		daemon.now = new Date();
		client = createTokensmithClient({ url: daemon.url, ownerKey });
		good = (await client.create({ name: "good", permissions: ["orders.read"] })).token;
	});
	afterEach(() => {
		for (const server of servers.splice(0)) {
			server.closeAllConnections();
			server.close();
		}
	});
	after(() => daemon.remove());

	it("answers the token of a request that may pass, and no response", async () => {
		const request = requestWith(good);
		const { token, response } = await verifyRequest(request, { client, permission: "orders.read" });
		assert.equal(response, undefined);
		assert.equal(token?.name, "good");
		assert.equal(tokenOf(request), token);
	});

	it("leaves the body to the handler", async () => {
		const request = requestWith(good, { method: "POST", body: "two orders" });
		assert.ok((await verifyRequest(request, { client })).token);
		assert.equal(request.bodyUsed, false);
		assert.equal(await request.text(), "two orders");
	});

	const refusals: [what: string, authorization: string | undefined, status: number, code: string][] = [
		["no token", undefined, 401, "credentials-missing"],
		["an empty header", "", 401, "credentials-missing"],
		["another scheme", "Basic dXNlcjpwYXNz", 401, "credentials-missing"],
		["another scheme with commas", 'Digest username="a", realm="b"', 401, "credentials-missing"],
		["a scheme without a token", "Bearer", 401, "credentials-missing"],
		["what is no token", "Bearer nonsense", 401, "token-malformed"],
		["bytes that no token has", "Bearer tks_\u00e4\u00ff", 401, "token-malformed"],
		["a header of 1 MB", `Bearer ${"x".repeat(1_000_000)}`, 401, "token-malformed"],
		["1 MB of commas", `Bearer ${",".repeat(1_000_000)}`, 400, "invalid-request"],
		["two tokens in one header", "Bearer tks_a, Bearer tks_b", 400, "invalid-request"],
		["a token behind another scheme", "Basic dXNlcjpwYXNz,bearer tks_b", 400, "invalid-request"],
	];
	for (const [what, authorization, status, code] of refusals) {
		it(`answers ${status} to ${what}`, async () => {
			const headers = new Headers();
			if (authorization !== undefined) headers.set("authorization", authorization);
			const { token, response } = await verifyRequest(request({ headers }), { client });
			assert.equal(token, undefined);
			assert.equal((await problemOf(response, status)).code, code);
			const challenge = response?.headers.get("www-authenticate") ?? "";
			assert.match(challenge, status === 401 ? /^Bearer realm="tokensmith"/ : /^$/);
		});
	}

	it("refuses two Authorization headers, whichever is good", async () => {
		for (const secrets of [
			[good, "x"],
			["x", good],
			["", good],
			[good, ""],
		]) {
			const headers = new Headers();
			for (const secret of secrets) headers.append("authorization", secret && `Bearer ${secret}`);
			const { response } = await verifyRequest(request({ headers }), { client });
			await problemOf(response, 400);
		}
	});

	it("answers 403 and names the permission that is missing", async () => {
		const { response } = await verifyRequest(requestWith(good), { client, permission: "orders.write" });
		assert.equal((await problemOf(response, 403)).code, "permission-missing");
		assert.match(
			response?.headers.get("www-authenticate") ?? "",
			/insufficient_scope.*scope="orders\.write"/,
		);
	});

	it("asks for one of several permissions, and for a resource that is given or determined from the request", async () => {
		const { token: secret } = await client.create({
			name: "soc",
			permissions: ["orders.read"],
			resources: ["channel/soc"],
		});
		const needs: [options: VerifyRequestOptions, passes: boolean][] = [
			[{ anyPermission: ["orders.write", "orders.read"] }, true],
			[{ anyPermission: ["orders.write"] }, false],
			[{ resource: "channel/soc" }, true],
			[{ resource: ["channel/soc", "channel/board"] }, false],
			[{ resource: ({ url }) => `channel/${new URL(url).pathname.slice(1)}` }, true],
		];
		for (const [options, passes] of needs) {
			const { token } = await verifyRequest(requestWith(secret, {}, "/soc"), { client, ...options });
			assert.equal(token !== undefined, passes, JSON.stringify(options));
		}
	});

	it("refuses a token that is limited to addresses unless it gets the caller's", async () => {
		const allowedAddresses = ["203.0.113.0/24", "127.0.0.1"];
		const far = await client.create({ name: "far", permissions: ["orders.read"], allowedAddresses });
		const headers = { "x-forwarded-for": "203.0.113.9", forwarded: "for=203.0.113.9" };
		const passes = async (options: VerifyRequestOptions) =>
			(await verifyRequest(requestWith(far.token, { headers }), { client, ...options })).token !== undefined;
		assert.equal(await passes({}), false);
		assert.equal(await passes({ address: "unknown" }), false);
		assert.equal(await passes({ address: "203.0.113.9" }), true);
		assert.equal(await passes({ address: () => "203.0.113.9" }), true);
		assert.equal(await passes({ address: () => "198.51.100.1" }), false);
		assert.ok((await verifyRequest(requestWith(good), { client })).token, "other tokens are not concerned");
	});

	it("takes the address of the connection from a request of node:http", async () => {
		const allowedAddresses = ["203.0.113.9"];
		const far = await client.create({ name: "far", permissions: ["orders.read"], allowedAddresses });
		for (const [remoteAddress, passes] of [
			["203.0.113.9", true],
			["198.51.100.1", false],
		] as const) {
			const incoming = new IncomingMessage(new Socket());
			Object.defineProperty(incoming.socket, "remoteAddress", { value: remoteAddress });
			// A header of that name must not make it a request of Fetch.
			Object.assign(incoming.headers, { authorization: `Bearer ${far.token}`, get: "x" });
			const { token } = await verifyRequest(incoming, { client });
			assert.equal(token !== undefined, passes);
		}
	});

	const mistakes: [what: string, options: VerifyRequestOptions, errorMatches: RegExp][] = [
		["there is no client address", { address: () => undefined }, /client address/],
		["the address is a list", { address: "203.0.113.9, 127.0.0.1" }, /one IP address/],
		["the resource is empty", { resource: () => "" }, /not empty/],
	];
	for (const [what, options, message] of mistakes) {
		it(`answers 500 when ${what}`, async () => {
			const errors: unknown[] = [];
			const onError = (error: unknown) => errors.push(error);
			const { response } = await verifyRequest(requestWith(good), { client, ...options, onError });
			assert.equal((await problemOf(response, 500)).code, "verification-failed");
			assert.match(String(errors[0]), message);
		});
	}

	for (const [what, options] of [
		["an undefined permission", { permission: undefined }],
		["an undefined address", { address: undefined }],
		["an empty choice", { anyPermission: [] }],
		["a daemon without identity", { client: undefined, url: "http://127.0.0.1:47600" }],
	] as const) {
		it(`rejects for ${what}`, async () => {
			const given = { client, ...options } as unknown as VerifyRequestOptions;
			await assert.rejects(verifyRequest(requestWith(good), given), TypeError);
		});
	}

	it("rejects for what is no request, such as the context of a framework", async () => {
		for (const other of [{}, { req: requestWith(good) }, undefined, new Headers()])
			await assert.rejects(verifyRequest(other as unknown as Request, { client }), TypeError);
	});

	it("answers 503, and when to try again, while no daemon answers", async () => {
		const away = createTokensmithClient({ url: "http://127.0.0.1:1", ownerKey });
		const errors: unknown[] = [];
		const onError = (error: unknown) => errors.push(error);
		const { response } = await verifyRequest(requestWith(good), { client: away, onError });
		assert.equal((await problemOf(response, 503)).code, "verification-unavailable");
		assert.equal(response?.headers.get("retry-after"), "5");
		assert.ok(errors[0] instanceof TokensmithUnavailableError);
	});

	it("answers 503 and sends no token when a stranger listens on the daemon's port, or redirects", async () => {
		const seen: string[] = [];
		const target = await listen((incoming) => seen.push(String(incoming.headers.authorization)));
		for (const [status, headers] of [
			[200, {}],
			[307, { location: `${target}/v1/verify` }],
		] as const) {
			const stranger = await listen((incoming) => seen.push(String(incoming.headers.authorization)), status, {
				...headers,
			});
			const url = addressForServices(stranger, Identity.generate().name);
			const { response } = await verifyRequest(requestWith(good), { url });
			await problemOf(response, 503);
		}
		assert.deepEqual([...new Set(seen)], ["undefined"]);
	});

	it("answers for a request that its client has given up", async () => {
		const controller = new AbortController();
		const pending = verifyRequest(requestWith(good, { signal: controller.signal }), { client });
		controller.abort();
		assert.ok((await pending).token);
		const gone = requestWith("tks_wrong", { signal: AbortSignal.abort() });
		assert.equal((await verifyRequest(gone, { client })).response?.status, 401);
	});

	it("verifies each request, unless it may reuse an acceptance for equal requests", async () => {
		const { id, token: secret } = await client.create({ name: "short", permissions: ["orders.read"] });
		const status = async (options: VerifyRequestOptions) =>
			(await verifyRequest(requestWith(secret), { client, ...options })).response?.status;
		assert.equal(await status({ cacheSeconds: 300 }), undefined);
		await client.revoke(id);
		assert.equal(await status({ cacheSeconds: 300 }), undefined);
		assert.equal(await status({ cacheSeconds: 300, address: "203.0.113.9" }), 401);
		assert.equal(await status({}), 401);
	});

	it("proves the daemon once for all requests that name it alike", async () => {
		const url = addressForServices(daemon.url, daemon.identity.name);
		const before = daemon.connections;
		for (let count = 0; count < 5; count++)
			assert.ok((await verifyRequest(requestWith(good), { url })).token);
		assert.equal(daemon.connections - before, 1);
	});

	it("tells preflights from other requests of the method OPTIONS", () => {
		const headers = { origin: "https://app.example.com", "access-control-request-method": "GET" };
		assert.ok(isPreflight(request({ method: "OPTIONS", headers })));
		assert.ok(!isPreflight(request({ method: "POST", headers })));
		assert.ok(!isPreflight(request({ method: "OPTIONS", headers: { origin: headers.origin } })));
		assert.ok(!isPreflight(request({ method: "OPTIONS" })));
	});

	/** The address of a server that gives every request this answer. */
	async function listen(
		seen: (incoming: IncomingMessage) => unknown,
		status = 200,
		headers: Record<string, string> = {},
	): Promise<string> {
		const server = createServer((incoming, response) => {
			seen(incoming);
			response.writeHead(status, headers).end('{"valid":true,"token":{"id":"x"}}');
		});
		servers.push(server);
		await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
		return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
	}
});

function request(init: RequestInit = {}, path = "/orders"): Request {
	return new Request(`http://service.example.com${path}`, init);
}

function requestWith(secret: string, init: RequestInit = {}, path = "/orders"): Request {
	const headers = new Headers(init.headers);
	headers.set("authorization", `Bearer ${secret}`);
	return request({ ...init, headers }, path);
}

async function problemOf(response: Response | undefined, status: number) {
	assert.equal(response?.status, status);
	assert.equal(response.headers.get("content-type"), "application/problem+json");
	assert.equal(response.headers.get("cache-control"), "no-store");
	const problem = (await response.json()) as Record<string, unknown>;
	assert.equal(problem.status, status);
	return problem;
}
