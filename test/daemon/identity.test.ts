/** A service that knows its daemon by the identity in the url, with strangers on the daemon's port and between the two. */
import assert from "node:assert/strict";
import dns, { type LookupAddress } from "node:dns";
import { once } from "node:events";
import { createServer as createHttpServer, request } from "node:http";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { mock } from "node:test";
import { createTokensmithClient } from "../../daemon/client/client.ts";
import { Connections } from "../../daemon/client/connections.ts";
import { requireToken } from "../../daemon/client/require-token.ts";
import { addressOf, Identity, isProof } from "../../daemon/rules/identity.ts";
import { skipTest } from "../where.ts";
import { assertProblem, daemonOfEach, type TestDaemon } from "./harness.ts";

const madeUp = "tks_000000000000000000000000000000004cQ2wm";
const challenge = "ab".repeat(32);
const acceptance = JSON.stringify({
	valid: true,
	token: { id: "x", name: "x", userId: "x", permissions: ["orders.read"], resources: [], status: "active" },
});

describe("a service that knows its daemon by its identity", () => {
	let daemon: TestDaemon;
	let servers: Server[];
	daemonOfEach((started) => {
		daemon = started;
	});
	beforeEach(() => {
		servers = [];
	});
	afterEach(() => {
		for (const server of servers) server.close();
	});

	it("lets a good token pass, and refuses a made-up one", async () => {
		const service = await serviceWith(daemon.address);
		assert.equal((await service.call(await secretOf(daemon))).status, 200);
		assert.equal((await service.call(madeUp)).status, 401);
	});

	it("lets no caller pass, and sends no secret, while a stranger that accepts everything has the daemon's port", async () => {
		const stranger = await listening(acceptEverything());
		const service = await serviceWith(identified(stranger.port));
		const secret = await secretOf(daemon);
		for (const presented of [madeUp, secret]) assert.equal((await service.call(presented)).status, 503);
		assert.match(stranger.received(), /^GET \/v1\/identity\?/);
		assert.doesNotMatch(stranger.received(), /tks_|authorization/i);
		assert.match(service.errors.join(), /does not have the identity in the url; nothing was sent/);
	});

	it("lets no caller pass, and sends no secret, while a stranger passes on the daemon's own proofs", async () => {
		const between = await listening(passOn(daemon));
		const service = await serviceWith(identified(between.port));
		assert.equal((await service.call(await secretOf(daemon))).status, 503);
		assert.match(between.received(), /^GET \/v1\/identity\?/);
		assert.doesNotMatch(between.received(), /tks_|authorization/i);
		assert.match(service.errors.join(), /through another process.*:forwarded@/);
	});

	it("uses a forwarded port where the url says so, and there too only for the daemon", async () => {
		const between = await listening(passOn(daemon));
		const service = await serviceWith(identified(between.port).replace("@", ":forwarded@"));
		assert.equal((await service.call(await secretOf(daemon))).status, 200);
		const stranger = await listening(acceptEverything());
		const fooled = await serviceWith(identified(stranger.port).replace("@", ":forwarded@"));
		assert.equal((await fooled.call(madeUp)).status, 503);
		assert.doesNotMatch(stranger.received(), /tks_/);
	});

	it("sends nothing to a daemon of another identity", async () => {
		const other = Identity.generate().name;
		const service = await serviceWith(daemon.address.replace(daemon.identity.name, other));
		assert.equal((await service.call(await secretOf(daemon))).status, 503);
	});

	it("counts the proof of one address for no other address of the same name", async function () {
		const port = Number(new URL(daemon.url).port);
		const stranger = await listening(acceptEverything(), { host: "127.0.0.2", port }).catch(() => undefined);
		if (stranger === undefined) skipTest(this, "127.0.0.2 is no address of macOS");
		const names = namesAre(["127.0.0.1", "127.0.0.2"]);
		const connections = new Connections({
			...{ url: `http://daemon.example:${port}`, ownerKey: undefined, identity: daemon.identity.name },
		});
		const verification = {
			...{ method: "GET", path: "/v1/verify" },
			headers: { authorization: `Bearer ${await secretOf(daemon)}` },
		};
		try {
			// Both in one turn, so that they share what they can.
			const [here, there] = await Promise.allSettled([1, 2].map(() => connections.open(verification)));
			assert.equal(here?.status === "fulfilled" && here.value.statusCode, 200);
			assert.match(String(there?.status === "rejected" && there.reason), /nothing was sent/);
			assert.match(stranger.received(), /^GET \/v1\/identity\?/);
			assert.doesNotMatch(stranger.received(), /tks_|authorization/i);
		} finally {
			names.mock.restore();
		}
	});

	it("reads no endless answer of a stranger", async () => {
		let sent = 0;
		const stranger = await listening((socket) => {
			socket.write("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n");
			const more = () => {
				while (!socket.destroyed && socket.write(Buffer.alloc(65_536, 0x20))) sent += 65_536;
			};
			socket.on("drain", more);
			more();
		});
		const service = await serviceWith(identified(stranger.port));
		assert.equal((await service.call(madeUp)).status, 503);
		assert.ok(sent < 64 << 20, `${sent} bytes were taken`);
	});

	const unnamed = [
		() => requireToken({ url: daemon.url }),
		() => requireToken({ url: "http://daemon.example:47600" }),
		() => createTokensmithClient({ url: daemon.url, token: madeUp }),
	];
	for (const start of unnamed) {
		it(`does not start without one: ${String(start)}`, () => {
			assert.throws(start, (error: Error) => {
				assert.ok(error instanceof TypeError);
				assert.match(error.message, /tokensmith address/);
				return true;
			});
		});
	}

	const wrong: [url: string, says: RegExp][] = [
		["http://ada@127.0.0.1:47600", /no identity/],
		["http://tki-short@127.0.0.1:47600", /no identity/],
		[`${"http://tki-"}${"a".repeat(64)}:secret@127.0.0.1:47600`, /^(?!.*secret@).*no password/],
	];
	for (const [url, says] of wrong) {
		it(`does not start with ${url}`, () => assert.throws(() => requireToken({ url }), says));
	}

	/** What the daemon's url would be on another port. */
	function identified(port: number): string {
		return `http://${daemon.identity.name}@127.0.0.1:${port}`;
	}

	async function listening(
		onSocket: (socket: Socket) => void,
		{ host, port }: { host: string; port: number } = { host: "127.0.0.1", port: 0 },
	) {
		let received = "";
		const server = createServer((socket) => {
			socket.on("error", () => socket.destroy());
			socket.on("data", (bytes) => {
				received += bytes;
			});
			onSocket(socket);
		}).listen(port, host);
		servers.push(server);
		await once(server, "listening");
		return { port: (server.address() as AddressInfo).port, received: () => received };
	}

	async function serviceWith(url: string) {
		const errors: unknown[] = [];
		const guard = requireToken({ url, permission: "orders.read", onError: (error) => errors.push(error) });
		const service = createHttpServer((request, response) =>
			guard(request, response, () => response.end("in")),
		);
		servers.push(service.listen(0, "127.0.0.1"));
		await once(service, "listening");
		const { port } = service.address() as AddressInfo;
		return {
			errors,
			call: (secret: string) =>
				fetch(`http://127.0.0.1:${port}`, {
					headers: { authorization: `Bearer ${secret}`, connection: "close" },
				}),
		};
	}
});

describe("GET /v1/identity", () => {
	let daemon: TestDaemon;
	daemonOfEach((started) => {
		daemon = started;
	});
	const queryOf = (identity: string) => `/v1/identity?identity=${identity}&challenge=${challenge}`;

	it("proves the identity for the challenge and the address, and for no other", async () => {
		const { status, body } = await daemon.call("GET", queryOf(daemon.identity.name), { secret: null });
		const { name } = daemon.identity;
		assert.equal(status, 200);
		assert.equal(body.address, new URL(daemon.url).host);
		assert.ok(isProof(name, body.proof, challenge, body.address));
		assert.ok(!isProof(name, body.proof, "cd".repeat(32), body.address));
		assert.ok(!isProof(name, body.proof, challenge, "127.0.0.1:1"));
		assert.ok(!isProof(Identity.generate().name, body.proof, challenge, body.address));
	});

	it("answers a container that calls the daemon by another name", async () => {
		const sent = request(daemon.url + queryOf(daemon.identity.name), {
			headers: { host: "host.docker.internal:47600" },
		}).end();
		const [answer] = await once(sent, "response");
		assert.equal(answer.resume().statusCode, 200);
	});

	it("tells its identity to no caller that does not know it, and nothing to a web page", async () => {
		const answer = await daemon.call("GET", queryOf(Identity.generate().name), { secret: null });
		assertProblem(answer, "not-found");
		assert.ok(!JSON.stringify(answer.body).includes(daemon.identity.name));
		const headers = { origin: "http://evil.example" };
		assertProblem(await daemon.call("GET", queryOf(daemon.identity.name), { headers }), "origin-not-allowed");
	});

	const malformed = [
		"",
		`?challenge=${challenge}`,
		`?identity=tki-x&challenge=${challenge}`,
		`?identity=tki-${"a".repeat(64)}&challenge=AB`,
		`?identity=tki-${"a".repeat(64)}&challenge=${challenge}&more=1`,
		`?identity=tki-${"a".repeat(64)}&challenge=${challenge}&challenge=${challenge}`,
	];
	for (const query of malformed) {
		it(`refuses the query ${JSON.stringify(query)}`, async () => {
			assertProblem(await daemon.call("GET", `/v1/identity${query}`), "invalid-request");
		});
	}

	it("refuses other methods", async () => {
		assertProblem(await daemon.call("POST", queryOf(daemon.identity.name)), "method-not-allowed");
	});

	it("answers HEAD as GET without the body, as RFC 9110 demands", async () => {
		const { status, body } = await daemon.call("HEAD", queryOf(daemon.identity.name));
		assert.deepEqual([status, body], [200, ""]);
	});
});

describe("an address of a connection", () => {
	const ends: [ip: string | undefined, port: number | undefined, text: string][] = [
		["127.0.0.1", 80, "127.0.0.1:80"],
		["::ffff:127.0.0.1", 80, "127.0.0.1:80"],
		["::1", 80, "[::1]:80"],
		["fe80::1%eth0", 80, "[fe80::1]:80"],
		[undefined, undefined, ":"],
	];
	for (const [ip, port, text] of ends) {
		it(`is ${text} for ${ip} and ${port}`, () => assert.equal(addressOf(ip, port), text));
	}
});

async function secretOf(daemon: TestDaemon): Promise<string> {
	return (await daemon.create()).token;
}

/** Answers every request as a daemon that accepts its token. */
function acceptEverything(): (socket: Socket) => void {
	return (socket) => {
		socket.on("data", () => {
			const head = `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${acceptance.length}`;
			socket.write(`${head}\r\n\r\n${acceptance}`);
		});
	};
}

/** Connects each caller with the true daemon, and could read along. */
function passOn(daemon: TestDaemon): (socket: Socket) => void {
	const { port } = new URL(daemon.url);
	return (socket) => {
		const onward = connect(Number(port), "127.0.0.1");
		onward.on("error", () => socket.destroy());
		socket.on("error", () => onward.destroy());
		socket.pipe(onward).pipe(socket);
	};
}

/** What a name server could answer, one after the other. */
function namesAre(addresses: string[]) {
	const answer = (_name: string, _options: object, done: (error: null, found: LookupAddress[]) => void) =>
		done(null, [{ address: addresses.shift() ?? "", family: 4 }]);
	return mock.method(dns, "lookup", answer as never);
}
