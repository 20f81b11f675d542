/** How calls reach a system: certificates per connection, proxies per call, and nothing from the environment. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, request as httpRequest } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { inspect } from "node:util";
import type { Connector } from "../../daemon/contract.ts";
import { listAt } from "../../daemon/issuers/connector/engine.ts";
import { probeAt } from "../../daemon/issuers/connector/probe.ts";
import { proxyFor } from "../../daemon/issuers/connector/proxy.ts";
import { accessWith, rejection, systemWith } from "./systems/calls.ts";
import { selfSigned } from "./systems/certificate.ts";
import { FakeSystem } from "./systems/fake-system.ts";

const connector: Connector = {
	base: null,
	auth: { Authorization: "Bearer {credential}" },
	record: { id: "/id" },
	list: { request: "GET /tokens", items: "" },
	verify: [{ request: "GET /me", live: [200], dead: [401] }],
};
const access = accessWith("admin-credential");

describe("certificates", () => {
	const good = selfSigned();
	let fake: FakeSystem;
	const start = async (tls: { key: string; cert: string }) => {
		fake = await FakeSystem.start(() => ({ json: [{ id: "1" }] }), tls);
	};
	const listWith = (tls: { verify: boolean; ca: string | null }, url = fake.url) =>
		listAt(systemWith(connector, url, { tls }), access);
	afterEach(() => fake.stop());

	it("of an unknown CA are refused before anything is sent, with words on what to do", async () => {
		await start(good);
		const error = await rejection(listWith({ verify: true, ca: null }));
		assert.equal(error.code, "issuer-unreachable");
		assert.match(error.message, /signed by itself\. Set the connection's CA certificate/);
		assert.deepEqual(fake.requests, []);
	});

	it("are accepted from the connection's own CA, or when the connection does not verify", async () => {
		await start(good);
		assert.equal((await listWith({ verify: true, ca: good.cert })).length, 1);
		assert.equal((await listWith({ verify: false, ca: null })).length, 1);
	});

	it("are not accepted by way of an environment variable", async () => {
		await start(good);
		process.env.NODE_TLS_REJECT_UNAUTHORIZED = "0";
		try {
			assert.equal((await rejection(listWith({ verify: true, ca: null }))).code, "issuer-unreachable");
		} finally {
			delete process.env.NODE_TLS_REJECT_UNAUTHORIZED;
		}
	});

	it("that have expired are refused even from the CA", async () => {
		const old = selfSigned({ expired: true });
		await start(old);
		assert.match(
			(await rejection(listWith({ verify: true, ca: old.cert }))).message,
			/certificate has expired/,
		);
	});

	it("of another CA than the connection's are refused", async () => {
		await start(good);
		assert.equal(
			(await rejection(listWith({ verify: true, ca: selfSigned().cert }))).code,
			"issuer-unreachable",
		);
	});

	it("that are no PEM are refused in words", async () => {
		await start(good);
		for (const ca of ["no certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"]) {
			const error = await rejection(listWith({ verify: true, ca }));
			assert.equal(error.code, "not-supported");
			assert.match(error.message, /not a certificate in PEM/);
		}
	});

	it("leave a probe unknown", async () => {
		await start(good);
		const probe = await probeAt(systemWith(connector, fake.url), access);
		assert.deepEqual([probe.outcome, /CA certificate/.test(probe.detail)], ["unknown", true]);
	});

	it("are missing where a server speaks plain HTTP", async () => {
		fake = await FakeSystem.start(() => ({ json: [] }));
		const url = fake.url.replace("http:", "https:");
		const error = await rejection(listWith({ verify: false, ca: null }, url));
		assert.match(error.message, /does not speak TLS/);
	});
});

describe("proxies", () => {
	let fake: FakeSystem;
	let proxy: TestProxy;
	const through = (more = {}) => ({ ...access, proxy: { url: proxy.url, noProxy: [], ...more } });
	beforeEach(async () => {
		proxy = await TestProxy.start();
	});
	afterEach(async () => {
		await fake.stop();
		await proxy.stop();
	});

	it("get a CONNECT for https, and see neither path nor credential", async () => {
		const tls = selfSigned();
		fake = await FakeSystem.start(() => ({ json: [{ id: "1" }] }), tls);
		const system = systemWith(connector, `https://system.test:${fake.port}`, {
			tls: { verify: true, ca: tls.cert },
		});
		assert.equal((await listAt(system, through())).length, 1);
		assert.deepEqual(proxy.seen, [`CONNECT system.test:${fake.port}`]);
		assert.equal(fake.requests[0]?.headers.authorization, "Bearer admin-credential");
		assert.equal(fake.requests[0]?.headers.host, `system.test:${fake.port}`);
	});

	it("get the whole address for http, which only a connection that does not verify may use", async () => {
		fake = await FakeSystem.start(() => ({ json: [{ id: "1" }] }));
		const url = `http://system.test:${fake.port}`;
		const refused = await rejection(listAt(systemWith(connector, url), through()));
		assert.match(refused.message, /must be an https address/);
		const system = systemWith(connector, url, { tls: { verify: false, ca: null } });
		assert.equal((await listAt(system, through())).length, 1);
		assert.deepEqual(proxy.seen, [`GET ${url}/tokens`]);
	});

	it("get their own user name and password, and the system does not", async () => {
		fake = await FakeSystem.start(() => ({ json: [] }), selfSigned());
		const system = systemWith(connector, `https://system.test:${fake.port}`, {
			tls: { verify: false, ca: null },
		});
		const url = proxy.url.replace("http://", "http://ada:s%20ecret@");
		await listAt(system, through({ url }));
		assert.deepEqual(proxy.authorizations, [`Basic ${Buffer.from("ada:s ecret").toString("base64")}`]);
		assert.equal(fake.requests[0]?.headers["proxy-authorization"], undefined);
	});

	it("get the header of the settings instead, and the system does not, whether through a tunnel or not", async () => {
		const authorization = "Negotiate YWRhOnMgZWNyZXQ=";
		const url = proxy.url.replace("http://", "http://ada:other@");
		for (const tls of [selfSigned(), undefined]) {
			fake = await FakeSystem.start(() => ({ json: [] }), tls);
			const base = `${tls ? "https" : "http"}://system.test:${fake.port}`;
			const system = systemWith(connector, base, { tls: { verify: false, ca: null } });
			await listAt(system, through({ url, authorization }));
			assert.equal(proxy.authorizations.at(-1), authorization);
			assert.ok(!JSON.stringify(fake.requests).includes("YWRhOnMgZWNyZXQ"));
			await fake.stop();
		}
	});

	it("that want a login are named with the setting, and without the one they refuse", async () => {
		fake = await FakeSystem.start(() => ({ json: [] }));
		proxy.status = 407;
		const system = systemWith(connector, "https://system.test");
		const error = await rejection(listAt(system, through({ authorization: "Basic hunter22hunter22" })));
		assert.match(error.message, /answered 407 to CONNECT\. It wants a login: set http\.proxyAuthorization/);
		assert.ok(!inspect(error, { depth: null }).includes("hunter22"));
	});

	it("that refuse plain http are named with the setting, and no message repeats their login", async () => {
		const login = "ada:hunter22hunter22";
		const value = Buffer.from(login).toString("base64");
		let status = 407;
		fake = await FakeSystem.start(() => ({
			status,
			json: { message: `no ${value} of ${login}, hunter22hunter22` },
		}));
		const insecure = { tls: { verify: false, ca: null } };
		const system = systemWith(
			{ ...connector, error: ["/message"] },
			`http://system.test:${fake.port}`,
			insecure,
		);
		const url = proxy.url.replace("http://", `http://${login}@`);
		for (const more of [{ url }, { authorization: `Basic ${value}` }]) {
			status = 407;
			assert.match(
				(await rejection(listAt(system, through(more)))).message,
				/login: set http\.proxyAuthorization/,
			);
			status = 502;
			const { message } = await rejection(listAt(system, through(more)));
			assert.match(message, /answered 502: no \*\*\* of/);
			assert.ok(!message.includes(value) && !message.includes("hunter22"), message);
		}
	});

	it("whose address is none are refused in words, without their password", async () => {
		fake = await FakeSystem.start(() => ({ json: [] }));
		for (const url of ["http://ada:hunter22@", "socks5://ada:hunter22@proxy.test"]) {
			const error = await rejection(listAt(systemWith(connector, "https://system.test"), through({ url })));
			assert.match(error.message, /http\.proxy is not|are not supported/);
			assert.ok(!error.message.includes("hunter22"));
		}
	});

	it("that refuse are named, without their password", async () => {
		fake = await FakeSystem.start(() => ({ json: [] }));
		proxy.status = 407;
		const url = proxy.url.replace("http://", "http://ada:hunter22@");
		const error = await rejection(listAt(systemWith(connector, "https://system.test"), through({ url })));
		assert.equal(error.code, "issuer-unreachable");
		assert.match(error.message, /The proxy: it answered 407 to CONNECT/);
		assert.ok(!error.message.includes("hunter22"));
	});

	it("are passed by for this machine's own servers, and by no variable of the environment", async () => {
		fake = await FakeSystem.start(() => ({ json: [{ id: "1" }] }));
		process.env.HTTP_PROXY = process.env.http_proxy = proxy.url;
		process.env.NODE_USE_ENV_PROXY = "1";
		try {
			assert.equal((await listAt(systemWith(connector, fake.url), through())).length, 1);
			assert.equal((await listAt(systemWith(connector, fake.url), access)).length, 1);
		} finally {
			for (const name of ["HTTP_PROXY", "http_proxy", "NODE_USE_ENV_PROXY"]) delete process.env[name];
		}
		assert.deepEqual(proxy.seen, []);
	});

	for (const [rule, url, isDirect] of [
		["example.com", "https://example.com/", true],
		["example.com", "https://api.example.com/", true],
		["example.com", "https://notexample.com/", false],
		[".example.com", "https://api.example.com/", true],
		["*.example.com", "https://api.example.com/", true],
		["example.com:8443", "https://example.com/", false],
		["example.com:8443", "https://example.com:8443/", true],
		["example.com:443", "https://example.com/", true],
		["EXAMPLE.com", "https://Example.COM/", true],
		["*", "https://anything.test/", true],
		["10.0.0.0/8", "https://10.1.2.3/", true],
		["10.0.0.0/8", "https://11.1.2.3/", false],
		["fd00::/8", "https://[fd00::1]/", true],
		["fd00::1", "https://[fd00::1]/", true],
		["", "https://example.com/", false],
		["10.0.0.0/99", "https://10.1.2.3/", false],
	] as const) {
		it(`are ${isDirect ? "passed by" : "used"} for ${url} with the exception ${JSON.stringify(rule)}`, async () => {
			fake = await FakeSystem.start(() => undefined);
			const found = proxyFor(new URL(url), { url: "proxy.test:3128", noProxy: [rule] });
			assert.equal(found?.url.href, isDirect ? undefined : "http://proxy.test:3128/");
		});
	}
});

/** A proxy on loopback, which takes every name for this machine. */
class TestProxy {
	readonly seen: string[] = [];
	readonly authorizations: (string | undefined)[] = [];
	status = 200;
	url = "";
	readonly #sockets = new Set<Socket>();
	readonly #server = createServer((incoming, response) => {
		this.seen.push(`${incoming.method} ${incoming.url}`);
		this.authorizations.push(incoming.headers["proxy-authorization"]);
		const { port, pathname } = new URL(incoming.url ?? "");
		// RFC 9110 section 11.7.1: the proxy takes the header for itself.
		const { host: _, "proxy-authorization": __, ...headers } = incoming.headers;
		const onward = httpRequest({ host: "127.0.0.1", port, path: pathname, headers }, (answer) => {
			response.writeHead(answer.statusCode ?? 500, answer.headers);
			answer.pipe(response);
		});
		incoming.pipe(onward);
	});

	static async start(): Promise<TestProxy> {
		const proxy = new TestProxy();
		const server = proxy.#server;
		server.on("connection", (socket) => proxy.#sockets.add(socket));
		server.on("connect", (request, socket, head) => {
			proxy.seen.push(`CONNECT ${request.url}`);
			proxy.authorizations.push(request.headers["proxy-authorization"]);
			if (proxy.status !== 200) return void socket.end(`HTTP/1.1 ${proxy.status} Refused\r\n\r\n`);
			const onward = connect(Number(request.url?.split(":").at(-1)), "127.0.0.1", () => {
				socket.write("HTTP/1.1 200 Connected\r\n\r\n");
				onward.write(head);
				onward.pipe(socket).pipe(onward);
			});
			proxy.#sockets.add(onward);
			for (const side of [onward, socket]) side.on("error", () => onward.destroy());
		});
		server.listen(0, "127.0.0.1");
		await once(server, "listening");
		proxy.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
		return proxy;
	}

	async stop(): Promise<void> {
		const closed = once(this.#server, "close");
		this.#server.close();
		for (const socket of this.#sockets) socket.destroy();
		await closed;
	}
}
