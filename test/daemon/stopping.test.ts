/** What a daemon that stops still answers, and which connections it closes. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { accessHeader } from "../../daemon/facts.ts";
import type { Leave, Limits } from "../../daemon/server/server.ts";
import { ownerKey, TestDaemon } from "./harness.ts";

/** Longer than any test may take. */
const long = 600_000;
const access = `${accessHeader}: ${Buffer.from(JSON.stringify({ credential: "c" })).toString("base64url")}`;

describe("a daemon that stops", () => {
	let daemon: TestDaemon;
	let sockets: Socket[];
	async function start(leave?: Leave, limits: Partial<Limits> = {}): Promise<void> {
		sockets = [];
		daemon = await TestDaemon.start(leave === undefined ? { limits } : { leave, limits });
	}
	afterEach(async () => {
		for (const socket of sockets) socket.destroy();
		await daemon.open();
		await daemon.remove();
	});

	it("proves nothing and is not ready on connections that are open, and verifies on them once more", async () => {
		await start({ noticeMilliseconds: 0, drainMilliseconds: long });
		const { body } = await daemon.call("POST", "/v1/api-tokens", {
			body: { name: "orders-api", permissions: ["orders.read"] },
			headers: { connection: "close" },
		});
		const asked = { identity: daemon.identity.name, challenge: "ab".repeat(32) };
		const answers: [path: string, status: number][] = [
			[`/v1/identity?${new URLSearchParams(asked)}`, 503],
			[`/healthz?challenge=${asked.challenge}`, 503],
			["/readyz", 503],
			["/v1/verify", 200],
		];
		const open = await Promise.all(answers.map(() => connected()));
		for (const [index, [path]] of answers.entries())
			assert.match(await ask(open[index], path, body.token), /^HTTP\/1\.1 200 .*\r\nConnection: keep-alive/s);
		const closing = daemon.close();
		for (const [index, [path, status]] of answers.entries()) {
			const answer = await ask(open[index], path, body.token);
			assert.match(answer, new RegExp(`^HTTP/1\\.1 ${status} .*\\r\\nConnection: close`, "is"), path);
			if (status === 503) assert.match(answer, /"code":"stopping"/);
		}
		await closing;
	});

	it("closes a connection as soon as it has its answer, whatever others still send", async () => {
		await start();
		const body = JSON.stringify({ name: "half", permissions: ["orders.read"] });
		const [first, second] = [await half(body), await half(body)];
		const closing = daemon.close();
		const answers: string[] = [];
		for (const socket of [first, second]) {
			socket.write(body.slice(1));
			answers.push(Buffer.concat(await socket.toArray()).toString());
		}
		await closing;
		assert.match(answers[0] ?? "", /^HTTP\/1\.1 201 /);
		assert.match(answers[1] ?? "", /^HTTP\/1\.1 201 /, "it was still taken after the first one's end");
	});

	it("ends what a client does not finish", async () => {
		await start(undefined, { stopMilliseconds: 1, callStopMilliseconds: long });
		const socket = await half("{}");
		await daemon.close();
		assert.deepEqual(await socket.toArray(), []);
	});

	it("waits longer for a request that calls another system, and no longer once that is answered", async () => {
		await start(undefined, { stopMilliseconds: 1, callStopMilliseconds: long });
		const body = JSON.stringify({ name: "half", permissions: ["orders.read"] });
		const ordinary = await half(body);
		const calling = await half(body, [access]);
		const closing = daemon.close();
		// Longer than other requests have.
		await pause(100);
		calling.write(body.slice(1));
		assert.match(Buffer.concat(await calling.toArray()).toString(), /^HTTP\/1\.1 201 /);
		await closing;
		assert.deepEqual(await ordinary.toArray(), []);
	});

	it("ends a call to another system that takes too long", async () => {
		await start(undefined, { stopMilliseconds: long, callStopMilliseconds: 1 });
		const calling = await half("{}", [access]);
		await daemon.close();
		assert.deepEqual(await calling.toArray(), []);
	});

	it("waits for no proxy to notice where no client is connected", async () => {
		await start({ noticeMilliseconds: long, drainMilliseconds: long });
		await daemon.close();
	});

	async function connected(): Promise<Socket> {
		const socket = connect({ port: Number(new URL(daemon.url).port), host: "127.0.0.1" });
		sockets.push(socket.on("error", () => socket.destroy()));
		await once(socket, "connect");
		return socket;
	}

	async function ask(socket: Socket | undefined, path: string, token: string): Promise<string> {
		const { host } = new URL(daemon.url);
		socket?.write(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer ${token}\r\n\r\n`);
		const [answer] = await once(socket as Socket, "data");
		return String(answer);
	}

	/** A connection whose request the daemon has begun to answer, and waits for the rest of its body. */
	async function half(body: string, headers: readonly string[] = []): Promise<Socket> {
		const socket = await connected();
		const head = [
			"POST /v1/api-tokens HTTP/1.1",
			`Host: ${new URL(daemon.url).host}`,
			`Authorization: Bearer ${ownerKey}`,
			"Content-Type: application/json",
			`Content-Length: ${body.length}`,
			"Expect: 100-continue",
			...headers,
		];
		socket.write(`${head.join("\r\n")}\r\n\r\n`);
		const [first] = await once(socket, "data");
		assert.match(String(first), /^HTTP\/1\.1 100 /);
		socket.write(body.slice(0, 1));
		return socket;
	}
});
