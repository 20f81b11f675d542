/** Too many connections: which of them make room. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { Peers } from "../../daemon/server/peers.ts";
import { ownerKey, TestDaemon, until } from "./harness.ts";
import { selfSigned } from "./systems/certificate.ts";

const certificate = selfSigned();

describe("with more connections than the daemon takes,", () => {
	const limit = 20;
	let daemon: TestDaemon;
	let sockets: Socket[];
	let service: string;

	beforeEach(async () => {
		daemon = await TestDaemon.start({ limits: { connections: limit } });
		sockets = [];
		service = (await daemon.create()).token;
	});

	afterEach(async () => {
		for (const socket of sockets) socket.destroy();
		await daemon.remove();
	});

	it("the oldest of the strangers make room, never a caller's", async () => {
		const caller = await connected();
		assert.equal(await verify(caller, service), 200);
		const strangers = await Promise.all(Array.from({ length: 3 * limit }, connected));
		for (const socket of strangers) socket.write("GET /v1/verify HTTP/1.1\r\n");
		await until(() => strangers.filter((socket) => socket.closed).length > 2 * limit);
		assert.equal(daemon.connections, limit);
		const oldest = strangers.slice(0, limit);
		assert.ok(oldest.every((socket) => socket.closed));
		assert.equal(await verify(caller, service), 200);
		assert.equal(await verify(await connected(), service), 200);
	});

	it("callers keep three of four while strangers of the same address come and come", async () => {
		const callers: Socket[] = [];
		// The owner has one more, which created the token.
		for (let count = 1; count < (limit * 3) / 4; count++) {
			const socket = await connected();
			assert.equal(await verify(socket, service), 200);
			callers.push(socket);
		}
		for (let count = 0; count < 3 * limit; count++) await connected();
		for (const socket of callers) assert.equal(await verify(socket, service), 200);
	});

	it("a token that floods the daemon keeps out no other, and closes no connection that is in use", async () => {
		const flooding = (await daemon.create({ name: "flooding" })).token;
		const kept = await connected();
		assert.equal(await verify(kept, service), 200);
		const busy = await connected();
		for (let count = 0; count < 3 * limit; count++) {
			assert.equal(await verify(await connected(), flooding), 200);
			assert.equal(await verify(busy, flooding), 200);
		}
		assert.equal(daemon.connections, limit);
		assert.equal(await verify(await connected(), service), 200);
		assert.equal(await verify(kept, service), 200);
	});

	it("a caller that sends half a body makes room as well", async () => {
		const head = `POST /v1/api-tokens HTTP/1.1\r\nHost: 127.0.0.1:${port()}\r\nAuthorization: Bearer ${ownerKey}`;
		for (let count = 0; count < 3 * limit; count++) {
			const socket = await connected();
			socket.write(`${head}\r\nContent-Type: application/json\r\nContent-Length: 50\r\n`);
			socket.write("Expect: 100-continue\r\n\r\n");
			// It is known now.
			await once(socket, "data");
		}
		assert.equal(await verify(await connected(), service), 200);
		assert.equal(daemon.connections, limit);
	});

	it("of a caller's connections the one that was used last stays, also of two", async () => {
		await daemon.remove();
		daemon = await TestDaemon.start({ limits: { connections: 4 } });
		service = (await daemon.create()).token;
		const other = (await daemon.create({ name: "other" })).token;
		const [first, second] = [await connected(), await connected()];
		for (const socket of [first, second, first]) assert.equal(await verify(socket, service), 200);
		assert.equal(await verify(await connected(), other), 200);
		await connected();
		await until(() => second.closed);
		assert.equal(await verify(first, service), 200);
	});

	it("knows callers on encrypted connections too, and counts each connection once", async () => {
		await daemon.remove();
		daemon = await TestDaemon.start({ limits: { connections: limit }, certificate });
		// The certificate is for itself, so that only these sockets take it.
		const creating = await encrypted();
		service = await createOver(creating);
		const caller = await encrypted();
		assert.equal(await verify(caller, service), 200);
		for (let count = 0; count < 3 * limit; count++) await encrypted();
		assert.equal(daemon.connections, limit);
		for (const socket of [caller, creating]) assert.equal(await verify(socket, service), 200);
		for (const socket of sockets) if (socket !== caller) socket.destroy();
		await until(() => daemon.connections === 1);
	});

	async function createOver(socket: Socket): Promise<string> {
		const body = JSON.stringify({ name: "orders-api", permissions: ["orders.read"] });
		const head = `POST /v1/api-tokens HTTP/1.1\r\nHost: 127.0.0.1:${port()}\r\nAuthorization: Bearer ${ownerKey}`;
		const type = `Content-Type: application/json\r\nContent-Length: ${body.length}`;
		socket.write(`${head}\r\n${type}\r\n\r\n${body}`);
		const [answer] = await once(socket, "data");
		return JSON.parse(String(answer).split("\r\n\r\n")[1] ?? "").token;
	}

	function port(): number {
		return Number(new URL(daemon.url).port);
	}

	async function connected(): Promise<Socket> {
		return opened(connect({ port: port(), host: "127.0.0.1" }), "connect");
	}

	async function encrypted(): Promise<Socket> {
		return opened(connectTls({ port: port(), host: "127.0.0.1", ca: certificate.cert }), "secureConnect");
	}

	async function opened(socket: Socket, event: string): Promise<Socket> {
		socket.on("error", () => socket.destroy()).setMaxListeners(0);
		sockets.push(socket);
		await once(socket, event);
		return socket;
	}

	/** The status that answers; undefined: the connection was closed. */
	async function verify(socket: Socket, secret: string): Promise<number | undefined> {
		const answer = Promise.race([once(socket, "data"), once(socket, "close")]);
		socket.write(`GET /v1/verify HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${secret}\r\n\r\n`);
		const [, status] = /^HTTP\/1\.1 (\d{3})/.exec(String((await answer)[0])) ?? [];
		return status === undefined ? undefined : Number(status);
	}
});

describe("a connection that has closed", () => {
	it("leaves nothing in memory", async () => {
		const server = createServer().listen(0, "127.0.0.1");
		await once(server, "listening");
		new Peers(10).watch(server);
		const accepted = await closedConnection(server);
		await new Promise((resolve) => server.close(resolve));
		setFlagsFromString("--expose-gc");
		const collect = runInNewContext("gc");
		await until(() => {
			collect();
			return accepted.deref() === undefined;
		});
	});

	/** The server's end of a connection, which nothing here holds. */
	async function closedConnection(server: Server): Promise<WeakRef<Socket>> {
		const client = connect((server.address() as AddressInfo).port, "127.0.0.1");
		const [accepted] = (await once(server, "connection")) as [Socket];
		const closed = once(accepted, "close");
		client.destroy();
		await closed;
		return new WeakRef(accepted);
	}
});
