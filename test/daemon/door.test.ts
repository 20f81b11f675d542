/** What a client can send: the checks before any route, over raw sockets. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { assertProblem, daemonOfEach, ownerKey, type TestDaemon } from "./harness.ts";

const guards = {
	"x-content-type-options": "nosniff",
	"content-security-policy": "default-src 'none'; frame-ancestors 'none'",
	"cross-origin-resource-policy": "same-origin",
};

describe("the door of a daemon", () => {
	let daemon: TestDaemon;
	let port: number;
	daemonOfEach((started) => {
		daemon = started;
		port = Number(new URL(started.url).port);
	});

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

	it("answers HTTP/1.0 without a Host header, which no browser sends", async () => {
		const { token } = await daemon.create();
		for (const path of ["/v1/verify", "/v1/api-tokens/current"]) {
			const answer = await send([`GET ${path} HTTP/1.0`, `Authorization: Bearer ${token}`]);
			assert.match(answer, /^HTTP\/1\.1 200 /);
		}
		assert.match(await send(["GET /healthz HTTP/1.0"]), /^HTTP\/1\.1 200 /);
		assert.match(await send(["GET /healthz HTTP/1.0", "Host:"]), /^HTTP\/1\.1 403 /);
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
		assert.match(answer, /^HTTP\/1\.1 431 .*"code":"headers-too-large".* larger than 48 KiB\."/s);
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
