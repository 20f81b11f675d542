/** What a client can send and take: the checks before any route, over raw sockets, and the limits of each connection. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { apiPermissions } from "../../daemon/contract.ts";
import type { Limits } from "../../daemon/server/server.ts";
import { assertProblem, ownerKey, TestDaemon, type TestDaemonOptions, until } from "./harness.ts";

const guards = {
	"x-content-type-options": "nosniff",
	"content-security-policy": "default-src 'none'; frame-ancestors 'none'",
	"cross-origin-resource-policy": "same-origin",
};

describe("the door", () => {
	let daemon: TestDaemon;
	let port: number;
	async function start(options: TestDaemonOptions = {}): Promise<void> {
		daemon = await TestDaemon.start(options);
		port = Number(new URL(daemon.url).port);
	}
	afterEach(async () => {
		await daemon.remove();
		assert.deepEqual(daemon.failures, [], "nothing failed unseen");
	});

	describe("of a daemon", () => {
		beforeEach(() => start());

		it("takes a target in absolute form, whose host counts instead of the header's", async () => {
			const { token } = await daemon.create();
			const status = async (target: string, host: string, secret = ownerKey) =>
				statusOf(await send([`GET ${target} HTTP/1.1`, `Host: ${host}`, `Authorization: Bearer ${secret}`]));
			assert.equal(await status(`${daemon.url}/v1/api-tokens?limit=1`, "127.0.0.1"), 200);
			assert.equal(await status(`HTTP://LOCALHOST:${port}/healthz`, "x"), 200);
			assert.equal(await status(`${daemon.url}?x`, "x"), 404);
			assert.equal(await status("http://evil.example/v1/api-tokens", `127.0.0.1:${port}`), 403);
			assert.equal(await status(`http://a@127.0.0.1:${port}/v1/api-tokens`, `127.0.0.1:${port}`), 403);
			assert.equal(
				await status("http://shop.example/v1/verify?permission=orders.read", "shop.example", token),
				200,
			);
			assert.equal(
				await status("http://shop.example/v1/verify?permission=orders.write", "shop.example", token),
				403,
			);
		});

		for (const target of [
			"ftp://H/healthz",
			"http:/healthz",
			"x:/healthz",
			"healthz",
			"*",
			"https:H",
			"http:",
			"?",
		]) {
			it(`refuses the target ${target}, which is neither a path nor an address`, async () => {
				const line = `GET ${target.replace("H", `127.0.0.1:${port}`)} HTTP/1.1`;
				const answer = await send([line, `Host: 127.0.0.1:${port}`, `Authorization: Bearer ${ownerKey}`]);
				assert.equal(statusOf(answer), 400, answer);
			});
		}

		for (const path of ["/v1/verify", "/v1/api-tokens", "/healthz"]) {
			it(`refuses two Authorization headers at ${path}, whichever is good`, async () => {
				const { token } = await daemon.create({ permissions: ["*"] });
				const [good, bad] = [`Authorization: Bearer ${token}`, "authorization: Bearer nonsense"];
				for (const pair of [
					[good, bad],
					[bad, good],
					[good, good],
				]) {
					const answer = await send([`GET ${path} HTTP/1.1`, `Host: 127.0.0.1:${port}`, ...pair]);
					assert.match(answer, /^HTTP\/1\.1 400 .*Send one Authorization header/s);
				}
			});
		}

		it("refuses two Host headers and none, as RFC 9112 demands", async () => {
			const own = `Host: 127.0.0.1:${port}`;
			for (const path of ["/healthz", "/v1/verify"]) {
				assert.match(await send([`GET ${path} HTTP/1.1`, own, "Host: x"]), /^HTTP\/1\.1 400 .*one Host/s);
				assert.match(await send([`GET ${path} HTTP/1.1`]), /^HTTP\/1\.1 400 .*a Host header/s);
			}
		});

		it("counts no other header of the same length for one of these", async () => {
			const head = [`Host: 127.0.0.1:${port}`, "From: ada", "Cache-Control: no-cache"];
			const lines = ["GET /v1/api-tokens HTTP/1.1", ...head, `Authorization: Bearer ${ownerKey}`];
			assert.match(await send(lines), /^HTTP\/1\.1 200 /);
		});

		it("answers HTTP/1.0 without a Host header where any host will do", async () => {
			const { token } = await daemon.create();
			assert.match(
				await send(["GET /v1/verify HTTP/1.0", `Authorization: Bearer ${token}`]),
				/^HTTP\/1\.1 200 /,
			);
			assert.match(await send(["GET /healthz HTTP/1.0"]), /^HTTP\/1\.1 403 /);
		});

		for (const target of ["/V1/api-tokens", "/v1/api-tokens/", "/v1/API-tokens?limit=1", "//v1/api-tokens"]) {
			it(`knows ${target} as no other spelling of a path`, async () => {
				const answer = await send([
					`GET ${target} HTTP/1.1`,
					`Host: 127.0.0.1:${port}`,
					`Authorization: Bearer ${ownerKey}`,
				]);
				assert.equal(statusOf(answer), 404);
			});
		}

		for (const target of [
			"/v1/api-tokens#x",
			"/v1/verify?permission=\u00a0",
			"/healthz?\u00e9",
			"/\u00a0",
			"/a\tb",
		]) {
			it(`refuses ${JSON.stringify(target)}, whose characters are not those of a URL`, async () => {
				const answer = await send([`GET ${target} HTTP/1.1`, `Host: 127.0.0.1:${port}`]);
				assert.match(answer, /^HTTP\/1\.1 400 /);
			});
		}

		it("tunnels to nowhere: it answers CONNECT after the requests before it, with 405", async () => {
			const tunnel = ["CONNECT 127.0.0.1:443 HTTP/1.1", "Host: 127.0.0.1:443"];
			assert.match(await send(tunnel), /^HTTP\/1\.1 405 .*\r\nAllow: \r\n.*"code":"method-not-allowed"/s);
			const { token } = await daemon.create();
			for (const path of ["/v1/verify", "/healthz"]) {
				const before = [
					`GET ${path} HTTP/1.1`,
					`Host: 127.0.0.1:${port}`,
					`Authorization: Bearer ${token}`,
					"",
				];
				const answers = await send([...before, ...before, ...tunnel]);
				assert.deepEqual(answers.match(/HTTP\/1\.1 \d+/g)?.map(statusOf), [200, 200, 405], path);
			}
		});

		it("takes 32 KiB of headers, and answers 431 to far more", async () => {
			const head = ["GET /healthz HTTP/1.1", `Host: 127.0.0.1:${port}`];
			assert.equal(statusOf(await send([...head, `Cookie: ${"c".repeat(32 << 10)}`])), 200);
			const answer = await send([...head, `Cookie: ${"c".repeat(64 << 10)}`]);
			assert.match(answer, /^HTTP\/1\.1 431 .*"code":"headers-too-large"/s);
		});

		it("answers a stranger before it has sent its body, and asks for none", async () => {
			for (const type of ["application/json", "application/json;charset=UTF-8"]) {
				const socket = await opened();
				socket.write(
					[
						"POST /v1/api-tokens HTTP/1.1",
						`Host: 127.0.0.1:${port}`,
						`Content-Type: ${type}`,
						"Content-Length: 60000",
						"Expect: 100-continue",
						"",
						"",
					].join("\r\n"),
				);
				const [first] = await once(socket, "data");
				assert.match(String(first), /^HTTP\/1\.1 401 /);
				socket.destroy();
			}
		});

		it("asks a caller that waits with its body for it", async () => {
			for (const type of ["application/json", "application/json;charset=UTF-8"]) {
				const body = JSON.stringify({ name: "waited", permissions: ["orders.read"] });
				const socket = await opened();
				socket.write(
					[
						"POST /v1/api-tokens HTTP/1.1",
						`Host: 127.0.0.1:${port}`,
						`Authorization: Bearer ${ownerKey}`,
						`Content-Type: ${type}`,
						`Content-Length: ${body.length}`,
						"Expect: 100-continue",
						"Connection: close",
						"",
						"",
					].join("\r\n"),
				);
				const [first] = await once(socket, "data");
				assert.match(String(first), /^HTTP\/1\.1 100 /);
				socket.write(body);
				assert.match(Buffer.concat(await socket.toArray()).toString(), /^HTTP\/1\.1 201 /);
			}
		});

		it("keeps web pages out with the headers of every answer", async () => {
			const { token } = await daemon.create();
			const calls: [method: string, path: string, secret: string | null, status: number][] = [
				["GET", "/healthz", null, 200],
				["GET", "/openapi.json", null, 200],
				["GET", "/v1/verify", token, 200],
				["GET", "/v1/verify", "x", 401],
				["PUT", "/v1/verify", token, 405],
				["GET", "/v1/api-tokens", ownerKey, 200],
				["GET", "/v1/api-tokens", null, 401],
				["POST", "/v1/api-tokens", ownerKey, 415],
				["GET", "/v1/audit-events?format=jsonl", ownerKey, 200],
				["GET", "/metrics", ownerKey, 200],
				["GET", "/nowhere", null, 404],
				["DELETE", "/healthz", null, 405],
			];
			for (const [method, path, secret, status] of calls) {
				const answer = await daemon.call(method, path, { secret });
				assert.equal(answer.status, status, `${method} ${path}`);
				for (const [name, value] of Object.entries(guards))
					assert.equal(answer.headers.get(name), value, `${name} of ${method} ${path}`);
			}
			const raw = [
				["GET /healthz HTTP/1.1", "Host: evil.example"],
				["GET /healthz HTTP/1.1", `Host: 127.0.0.1:${port}`, "Origin: https://evil.example"],
				["GET /v1/events HTTP/1.1", `Host: 127.0.0.1:${port}`, `Authorization: Bearer ${ownerKey}`],
				["GET /healthz HTTP/1.1"],
				["GET /healthz HTTP/1.1", `Host: 127.0.0.1:${port}`, "Expect: miracles"],
				["NONSENSE"],
			];
			for (const lines of raw) {
				const socket = await opened();
				socket.write(`${lines.join("\r\n")}\r\n\r\n`);
				const [head] = await once(socket, "data");
				for (const [name, value] of Object.entries(guards))
					assert.ok(String(head).toLowerCase().includes(`${name}: ${value}`), `${name} of ${lines}`);
				socket.destroy();
			}
		});

		it("gives a web page no answer, and a proxy that forwards its headers one", async () => {
			const { token } = await daemon.create();
			for (const site of ["cross-site", "same-site", "same-origin"]) {
				const lines = [`Host: 127.0.0.1:${port}`, `Sec-Fetch-Site: ${site}`, "Sec-Fetch-Dest: iframe"];
				for (const path of ["/healthz", "/openapi.json", "/v1/api-tokens", "/v1/identity"])
					assert.equal(await send([`GET ${path} HTTP/1.1`, ...lines]), "", path);
				const refused = await send(["GET /v1/verify HTTP/1.1", ...lines]);
				assert.match(refused, /^HTTP\/1\.1 401 .*X-Frame-Options: DENY/s);
				assert.doesNotMatch(refused, /frame-ancestors/);
				const passed = await send(["GET /v1/verify HTTP/1.1", ...lines, `Authorization: Bearer ${token}`]);
				assert.match(passed, /^HTTP\/1\.1 200 /);
			}
			const opened = ["GET /healthz HTTP/1.1", `Host: 127.0.0.1:${port}`, "Sec-Fetch-Site: none"];
			assert.match(await send(opened), /^HTTP\/1\.1 200 /);
		});

		it("refuses a query of more names than a token can hold, and takes one of as many", async () => {
			const { token } = await daemon.create({ permissions: ["*"] });
			const query = (count: number) => `?${"permission=a&".repeat(count).slice(0, -1)}`;
			assert.equal((await daemon.verify(token, query(200))).status, 200);
			assertProblem(await daemon.verify(token, query(201)), "invalid-request");
		});
	});

	describe("with one short limit closes", () => {
		const long = 60_000;
		const limits: Limits = {
			...{ connections: 100, headMilliseconds: long, requestMilliseconds: long },
			...{ idleMilliseconds: long, silentMilliseconds: long },
		};
		const form = "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 50\r\n\r\nt";
		const json = "Content-Type: application/json\r\nContent-Length: 50\r\n\r\n{";
		const owner = `Authorization: Bearer ${ownerKey}\r\n`;
		const head = { headMilliseconds: 100 };
		/** Node.js demands that a whole request may take as long as its head. */
		const whole = { headMilliseconds: 100, requestMilliseconds: 200 };
		const unfinished: [what: string, limit: Partial<Limits>, lines: string[], answer: RegExp][] = [
			["a connection that sends nothing", head, [], /^HTTP\/1\.1 408 .*"code":"request-too-slow"/s],
			[
				"it within a second of its limit",
				{ headMilliseconds: 1500, silentMilliseconds: 2600 },
				[],
				/^HTTP\/1\.1 408 /,
			],
			["half a head", head, ["GET /healthz HTTP/1.1", "HOST", "X: "], /^HTTP\/1\.1 408 /],
			["what is no HTTP", {}, ["NONSENSE", "", ""], /^HTTP\/1\.1 400 /],
			[
				"an idle connection",
				{ idleMilliseconds: 100 },
				["GET /healthz HTTP/1.1", "HOST", "", ""],
				/^HTTP\/1\.1 200 /,
			],
			["half a body", whole, ["POST /v1/api-tokens HTTP/1.1", "HOST", owner + json], /^HTTP\/1\.1 408 /],
			[
				"half a form of a stranger",
				whole,
				["POST /oauth2/revoke HTTP/1.1", "HOST", form],
				/^HTTP\/1\.1 408 /,
			],
			[
				"half a body that is not wanted",
				whole,
				["POST /v1/api-tokens HTTP/1.1", "HOST", json],
				/^HTTP\/1\.1 401 /,
			],
			[
				"a stream that nothing is read from or written to",
				{ silentMilliseconds: 100 },
				["GET /v1/events HTTP/1.1", "HOST", `${owner}\r\n`],
				/^HTTP\/1\.1 200 /,
			],
		];
		for (const [what, limit, lines, answer] of unfinished)
			it(what, async () => {
				await start({ limits: { ...limits, ...limit } });
				const socket = await opened();
				// The client never closes its side.
				socket.allowHalfOpen = true;
				const text = lines.join("\r\n").replace("HOST", `Host: 127.0.0.1:${port}`);
				if (text !== "") socket.write(text);
				assert.match(Buffer.concat(await socket.toArray()).toString(), answer);
				socket.destroy();
				await until(() => daemon.connections === 0);
			});
	});

	it("tells how long a connection may be idle, also in the answer to a verification", async () => {
		await start();
		const { token } = await daemon.create();
		const answers = [
			await daemon.verify(token),
			await daemon.verify("unknown"),
			await daemon.call("GET", "/healthz"),
		];
		assert.deepEqual(
			answers.map(({ headers }) => headers.get("keep-alive")),
			["timeout=60", "timeout=60", "timeout=60"],
		);
	});

	it("closes an idle connection, and none on which a request is being answered", async () => {
		await start({ limits: { idleMilliseconds: 100 } });
		const streaming = await opened();
		const owner = `Host: 127.0.0.1:${port}\r\nAuthorization: Bearer ${ownerKey}\r\n\r\n`;
		// The answer before it must not take the stream's time.
		streaming.write(`GET /v1/daemon HTTP/1.1\r\n${owner}GET /v1/events HTTP/1.1\r\n${owner}`);
		await once(streaming, "data");
		const idle = await opened();
		idle.write(`GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`);
		await idle.toArray();
		assert.equal(streaming.readableEnded, false);
		streaming.destroy();
	});

	it("bounds the streams of events of one token and of all, and leaves the owner's", async () => {
		await start({ streams: { owner: 2, token: 2, all: 3 } });
		const readers = await Promise.all(
			["one", "two", "three"].map((name) => daemon.create({ name, permissions: [apiPermissions.read] })),
		);
		const [one = "", two = "", three = ""] = readers.map(({ token }) => token);
		const streams: Socket[] = [];
		const stream = async (secret: string) => {
			const socket = await opened();
			streams.push(socket);
			socket.write(
				`GET /v1/events HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAuthorization: Bearer ${secret}\r\n\r\n`,
			);
			return statusOf(String(await once(socket, "data")));
		};
		assert.deepEqual([await stream(one), await stream(one), await stream(one)], [200, 200, 429]);
		assert.deepEqual([await stream(two), await stream(three)], [200, 429]);
		assert.deepEqual([await stream(ownerKey), await stream(ownerKey)], [200, 200]);
		const refused = await daemon.call("GET", "/v1/events");
		assertProblem(refused, "too-many-streams");
		assert.equal(refused.headers.get("retry-after"), "30");
		streams[0]?.destroy();
		await until(() => daemon.events.listeners === 4);
		assert.equal(await stream(one), 200);
		for (const socket of streams) socket.destroy();
	});

	it("drops a listener that stops reading, before it fills the memory, and no other", async () => {
		await start();
		const head = `GET /v1/events HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAuthorization: Bearer ${ownerKey}\r\n\r\n`;
		const [deaf, reading] = [await opened(), await opened()];
		for (const socket of [deaf, reading]) {
			socket.write(head);
			await once(socket, "data");
		}
		deaf.pause();
		reading.resume();
		const workspace = "x".repeat(100_000);
		await until(() => {
			daemon.events.notify("profiles", () => ({ profiles: [workspace] }) as never);
			return daemon.events.listeners === 1;
		});
		assert.equal(reading.closed, false);
		for (const socket of [deaf, reading]) socket.destroy();
	});

	async function opened(): Promise<Socket> {
		const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
		socket.on("error", () => socket.destroy());
		await once(socket, "connect");
		return socket;
	}

	/** The answer to one request, whose connection closes. */
	async function send(lines: readonly string[]): Promise<string> {
		const socket = await opened();
		socket.write(`${[...lines, "Connection: close"].join("\r\n")}\r\n\r\n`);
		return Buffer.concat(await socket.toArray()).toString();
	}
});

function statusOf(answer: string): number {
	return Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1]);
}
