/** What a client can take of a daemon: how long a connection may be idle or unfinished, and streams of events. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { apiPermissions } from "../../daemon/contract.ts";
import type { Limits } from "../../daemon/server/server.ts";
import { assertProblem, ownerKey, TestDaemon, type TestDaemonOptions, until } from "./harness.ts";

describe("a daemon", () => {
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

	it("answers requests that are sent at once in their order", async () => {
		await start();
		const { token } = await daemon.create();
		const lines = (path: string) =>
			`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAuthorization: Bearer ${token}\r\n`;
		const paths = Array.from({ length: 50 }, (_, index) =>
			index % 2 === 0 ? "/v1/verify" : "/v1/api-tokens/current",
		);
		const all = paths.map((path) => `${lines(path)}\r\n`).join("");
		const socket = connect(port, "127.0.0.1");
		socket.write(`${all}${lines("/v1/nothing")}Connection: close\r\n\r\n`);
		let answers = "";
		for await (const piece of socket.setEncoding("latin1")) answers += piece;
		const found = [...answers.matchAll(/"valid":true|"createdUserInfo"|"not-found"/g)].map(([text]) => text);
		assert.deepEqual(found, [
			...paths.map((path) => (path === "/v1/verify" ? '"valid":true' : '"createdUserInfo"')),
			'"not-found"',
		]);
	});

	it("closes the connection of a client that sends more and more requests and reads no answer", async () => {
		await start();
		const request = `GET /openapi.json HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`;
		const socket = connect(port, "127.0.0.1");
		socket.on("error", () => {});
		socket.write(request);
		await once(socket, "data");
		socket.pause();
		socket.write(request.repeat(1000));
		await until(() => daemon.connections === 0);
		socket.destroy();
	});

	describe("with one short limit closes", () => {
		const long = 60_000;
		const limits: Partial<Limits> = {
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
		for (const socket of streams.splice(0)) socket.destroy();
		await until(() => daemon.events.listeners === 0);
		assert.deepEqual(
			[await stream(one), await stream(one), await stream(one)],
			[200, 200, 429],
			"as at first",
		);
		for (const socket of streams) socket.destroy();
	});

	it("drops a listener that leaves a megabyte unread, not before and not much later, and no other", async () => {
		await start();
		const head = `GET /v1/events HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAuthorization: Bearer ${ownerKey}\r\n\r\n`;
		const [deaf, reading] = [await opened(), await opened()];
		for (const socket of [deaf, reading]) {
			socket.write(head);
			await once(socket, "data");
		}
		deaf.pause();
		reading.resume();
		const item = "x".repeat(50_000);
		let sent = 0;
		await until(() => {
			if (daemon.events.listeners === 1) return true;
			sent += item.length;
			daemon.events.notify("profiles", () => ({ profiles: [item] }) as never);
			return false;
		});
		assert.equal(reading.closed, false);
		// What the system had taken still arrives; the rest was in the daemon's memory.
		const left = sent - Buffer.concat(await deaf.toArray()).length;
		const [megabyte, few] = [1 << 20, 4 * item.length];
		assert.ok(Math.abs(left - megabyte) < few, `${left} bytes were unread`);
		reading.destroy();
	});

	async function opened(): Promise<Socket> {
		const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
		socket.on("error", () => socket.destroy());
		await once(socket, "connect");
		return socket;
	}
});

function statusOf(answer: string): number {
	return Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1]);
}
