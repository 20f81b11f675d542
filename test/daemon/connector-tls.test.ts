/** Which server gets a credential: certificates for one connection alone, servers that hang, names of this machine. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import type { Connector } from "../../daemon/contract.ts";
import { createAt, listAt, revokeAt } from "../../daemon/issuers/connector/engine.ts";
import { accessWith, rejection, systemWith, wanted } from "./systems/calls.ts";
import { selfSigned } from "./systems/certificate.ts";
import { FakeSystem } from "./systems/fake-system.ts";

const connector: Connector = {
	base: null,
	auth: { Authorization: "Bearer {credential}" },
	record: { id: "/id" },
	create: { request: "POST /tokens", body: { name: "{name}" }, secret: "/secret" },
	list: { request: "GET /tokens", items: "" },
	revoke: { request: "DELETE /tokens/{id}" },
	error: ["/message"],
};
const access = accessWith("admin-credential");
const verified = { verify: true, ca: null };

describe("a server with a certificate", () => {
	const certificate = selfSigned();
	let fake: FakeSystem;
	beforeEach(async () => {
		fake = await FakeSystem.start(() => ({ json: [] }), certificate);
	});
	afterEach(() => fake.stop());

	const list = (tls: { verify: boolean; ca: string | null }, url = fake.url) =>
		listAt(systemWith(connector, url, { tls }), access);

	it("for another host gets nothing, also from the connection's own CA", async () => {
		const url = fake.url.replace("127.0.0.1", "api.localhost");
		const error = await rejection(list({ verify: true, ca: certificate.cert }, url));
		assert.equal(error.code, "issuer-unreachable");
		assert.match(error.message, /certificate is for another host/);
		assert.deepEqual(fake.requests, []);
	});

	for (const [what, tls] of [
		["its CA", { verify: true, ca: certificate.cert }],
		["an exception", { verify: false, ca: null }],
	] as const) {
		it(`is accepted by ${what} for that connection alone, whichever calls first`, async () => {
			for (let times = 0; times < 2; times++) {
				await list(tls);
				assert.equal((await rejection(list(verified))).code, "issuer-unreachable");
			}
			const both = await Promise.allSettled([list(tls), list(verified), list(tls), list(verified)]);
			assert.deepEqual(
				both.map(({ status }) => status),
				["fulfilled", "rejected", "fulfilled", "rejected"],
			);
			assert.equal(fake.requests.length, 4);
		});
	}
});

describe("a server that hangs", () => {
	let server: Server;
	let sockets: Socket[];
	const start = async (onConnection: (socket: Socket) => void) => {
		sockets = [];
		server = createServer((socket) => {
			sockets.push(socket.on("error", () => {}));
			onConnection(socket);
		});
		server.listen(0, "127.0.0.1");
		await once(server, "listening");
		return `127.0.0.1:${(server.address() as AddressInfo).port}`;
	};
	afterEach(async () => {
		for (const socket of sockets) socket.destroy();
		server.close();
		await once(server, "close");
	});

	const system = (url: string, tls = verified) => systemWith(connector, url, { tls });
	const soon = { timeoutMs: 300 };

	it("before it speaks TLS got nothing, so that nothing can have happened", async () => {
		const at = system(`https://${await start(() => {})}`);
		for (const call of [revokeAt(at, access, "1", soon), listAt(at, access, soon)]) {
			const error = await rejection(call);
			assert.equal(error.code, "issuer-unreachable");
			assert.match(error.message, /No answer came in time/);
		}
	});

	it("in the middle of its TLS got nothing either", async () => {
		const at = system(
			`https://${await start((socket) => socket.write(Buffer.from([0x16, 3, 3, 0, 80, 2])))}`,
		);
		assert.equal((await rejection(revokeAt(at, access, "1", soon))).code, "issuer-unreachable");
	});

	it("behind a proxy that has connected got nothing either", async () => {
		const host = await start((socket) =>
			socket.once("data", () => socket.write("HTTP/1.1 200 Connected\r\n\r\n")),
		);
		const through = { ...access, proxy: { url: `http://${host}`, noProxy: [] } };
		const error = await rejection(revokeAt(system("https://system.test"), through, "1", soon));
		assert.equal(error.code, "issuer-unreachable");
	});

	it("as a proxy, before it connects, got nothing for the server", async () => {
		const through = { ...access, proxy: { url: `http://${await start(() => {})}`, noProxy: [] } };
		const error = await rejection(revokeAt(system("https://system.test"), through, "1", soon));
		assert.equal(error.code, "issuer-unreachable");
		assert.match(error.message, /The proxy: No answer came in time/);
	});

	it("after the request may have acted on it", async () => {
		const error = await rejection(revokeAt(system(`http://${await start(() => {})}`), access, "1", soon));
		assert.equal(error.code, "issuer-unanswered");
	});

	it("at a creation is asked afterwards what it has", async () => {
		const fake = await FakeSystem.start(({ method }) => ({ json: method === "GET" ? [] : {} }));
		server = createServer().listen(0, "127.0.0.1");
		await once(server, "listening");
		sockets = [];
		try {
			fake.fault = ({ method }) => (method === "POST" ? "silent" : undefined);
			const error = await rejection(createAt(system(fake.url), access, wanted({ name: "deploy" }), soon));
			assert.equal(error.code, "issuer-unanswered");
			assert.equal(fake.count("POST", "/tokens"), 1);
		} finally {
			await fake.stop();
		}
	});
});

describe("names and proxies", () => {
	let fake: FakeSystem;
	afterEach(() => fake.stop());

	it("below localhost are this machine, without any resolver", async () => {
		fake = await FakeSystem.start(() => ({ json: [{ id: "1" }] }));
		const url = fake.url.replace("127.0.0.1", "api.localhost");
		assert.equal((await listAt(systemWith(connector, url, { tls: verified }), access)).length, 1);
		assert.equal(fake.requests[0]?.headers.host, `api.localhost:${fake.port}`);
	});

	it("need a certificate of the proxy's own, whatever the environment says", async () => {
		fake = await FakeSystem.start(() => ({ json: [] }), selfSigned());
		const proxy = { url: fake.url.replace("https://", "https://ada:hunter22@"), noProxy: [] };
		process.env.NODE_TLS_REJECT_UNAUTHORIZED = "0";
		try {
			for (const url of ["http://system.test", "https://system.test"]) {
				const at = systemWith(connector, url, { tls: { verify: false, ca: null } });
				const error = await rejection(listAt(at, { ...access, proxy }));
				assert.equal(error.code, "issuer-unreachable");
				assert.ok(!error.message.includes("hunter22"));
			}
		} finally {
			delete process.env.NODE_TLS_REJECT_UNAUTHORIZED;
		}
		assert.deepEqual(fake.requests, []);
	});

	it("say how to go on where http leads to another machine", async () => {
		fake = await FakeSystem.start(() => undefined);
		const error = await rejection(listAt(systemWith(connector, "http://system.test"), access));
		assert.match(error.message, /enable TLS there, or forward the server to a port of this machine/);
	});
});
