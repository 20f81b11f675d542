/** The transport, against daemons in this process and against other processes on their port. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { createServer, type Server, Socket } from "node:net";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { createTokensmithClient } from "../../daemon/client/client.ts";
import { readDaemonFile, TokensmithUnavailableError, Transport } from "../../daemon/client/transport.ts";
import type { CreatedToken } from "../../daemon/contract.ts";
import { hashOf } from "../../daemon/rules/secret.ts";
import { until } from "../workbench/until.ts";
import { ownerKey, TestDaemon } from "./harness.ts";

const input = { name: "orders-api", permissions: ["orders.read"] };
const creation = { method: "POST", path: "/v1/api-tokens", body: input } as const;

describe("the transport", () => {
	let daemon: TestDaemon;
	/** Method and path of every request that any server of this process receives. */
	let received: string[];
	/** The daemon's ends of all connections. */
	let sockets: Socket[];
	const onRequest = (message: unknown) => {
		const { method, url } = (message as { request: IncomingMessage }).request;
		received.push(`${method} ${url?.split("?")[0]}`);
	};
	const onSocket = (message: unknown) => void sockets.push((message as { socket: Socket }).socket);
	beforeEach(async () => {
		daemon = await TestDaemon.start();
		received = [];
		sockets = [];
		subscribe("http.server.request.start", onRequest);
		subscribe("net.server.socket", onSocket);
	});
	afterEach(async () => {
		unsubscribe("http.server.request.start", onRequest);
		unsubscribe("net.server.socket", onSocket);
		await daemon.remove();
	});
	const transportToDaemon = () => new Transport(async () => ({ url: daemon.url, ownerKey }));
	const create = (transport: Transport) => transport.json<CreatedToken>(creation);

	describe("the daemon's proof", () => {
		it("is required once for many requests", async () => {
			const transport = transportToDaemon();
			for (let made = 0; made < 3; made++) await create(transport);
			assert.deepEqual(received, ["GET /healthz", ...Array(3).fill("POST /v1/api-tokens")]);
		});

		it("is shared by requests that are sent at once, each on its own connection", async () => {
			const transport = transportToDaemon();
			const created = await Promise.all(Array.from({ length: 16 }, () => create(transport)));
			assert.equal(new Set(created.map(({ id }) => id)).size, 16);
			assert.deepEqual(received, ["GET /healthz", ...Array(16).fill("POST /v1/api-tokens")]);
		});

		it("is the same one that tells what daemon it is", async () => {
			const transport = transportToDaemon();
			assert.equal((await transport.health({ url: daemon.url, ownerKey }))?.version, "1.2.3");
			await create(transport);
			await transport.health({ url: daemon.url, ownerKey });
			assert.deepEqual(received, ["GET /healthz", "POST /v1/api-tokens"]);
		});

		it("tells nothing of a daemon that has ended, until the next has proved itself", async () => {
			const transport = transportToDaemon();
			const health = () => transport.health({ url: daemon.url, ownerKey });
			assert.equal((await health())?.version, "1.2.3");
			await daemon.close();
			await until("it has noticed the end", async () => (await health()) === undefined);
			await daemon.open();
			assert.equal((await health())?.version, "1.2.3");
			assert.deepEqual(received, ["GET /healthz", "GET /healthz"]);
		});

		it("keeps no program from ending", async () => {
			const module = resolve(import.meta.dirname, "../../daemon/client/transport.ts");
			const place = JSON.stringify({ url: daemon.url, ownerKey });
			const program = `import { Transport } from ${JSON.stringify(module)};
				const health = await new Transport(async () => (${place})).health(${place});
				process.stdout.write(health.version);`;
			const { stdout } = await promisify(execFile)(
				process.execPath,
				["--input-type=module", "--eval", program],
				{ timeout: 15_000 },
			);
			assert.equal(stdout, "1.2.3");
		});

		it("is required again by a daemon that was restarted", async () => {
			const transport = transportToDaemon();
			await create(transport);
			await daemon.close();
			await daemon.open();
			await create(transport);
			const each = ["GET /healthz", "POST /v1/api-tokens"];
			assert.deepEqual(received, [...each, ...each]);
		});

		it("is required again on a new connection to the same daemon", async () => {
			const transport = transportToDaemon();
			await create(transport);
			for (const socket of sockets) socket.destroy();
			await Promise.all(sockets.map((socket) => socket.closed || once(socket, "close")));
			await create(transport);
			const each = ["GET /healthz", "POST /v1/api-tokens"];
			assert.deepEqual(received, [...each, ...each]);
		});

		it("is required again when daemon.json names another key", async () => {
			let key = ownerKey;
			const transport = new Transport(async () => ({ url: daemon.url, ownerKey: key }));
			await create(transport);
			key = "tko_of-another-daemon";
			await assert.rejects(create(transport), isUnavailable("unproved", "not-done"));
			assert.deepEqual(received, ["GET /healthz", "POST /v1/api-tokens", "GET /healthz"]);
		});

		it("is refused once the daemon has closed its port", async () => {
			const connection = new Socket()
				.connect(Number(new URL(daemon.url).port), "127.0.0.1")
				.setEncoding("utf8");
			await once(connection, "connect");
			const head = `GET /healthz?challenge=1 HTTP/1.1\r\nHost: ${new URL(daemon.url).host}\r\n`;
			await new Promise((sent) => connection.write(head, sent));
			await until("it has arrived", () => sockets[0]?.bytesRead === head.length);
			const closed = daemon.close();
			connection.write("\r\n");
			const [answer] = await once(connection, "data");
			await closed;
			await daemon.open();
			assert.match(answer, /^HTTP\/1\.1 503 /);
			assert.doesNotMatch(answer, /proof/);
		});
	});

	describe("another process on the daemon's port", () => {
		let impostor: Server | undefined;
		afterEach(() => impostor?.close());

		for (const answer of ["silence", "HTTP"] as const) {
			it(`sees neither the key nor a secret after the daemon ended, and answers with ${answer}`, async () => {
				const transport = transportToDaemon();
				const { token: secret } = await create(transport);
				const client = createTokensmithClient({ url: daemon.url, ownerKey });
				assert.ok((await client.verify(secret)).valid);
				const port = Number(new URL(daemon.url).port);
				await daemon.close();
				let seen = "";
				impostor = createServer((socket) => {
					socket.on("error", () => socket.destroy());
					socket.on("data", (data) => {
						seen += data.toString("latin1");
						if (answer === "HTTP") socket.write('HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n{"proof":"0"}');
					});
				}).listen(port, "127.0.0.1");
				await once(impostor, "listening");
				const calls = [create(transport), create(transport), client.verify(secret), client.create(input)];
				const reason = answer === "HTTP" ? "unproved" : "timeout";
				await Promise.all(calls.map((call) => assert.rejects(call, isUnavailable(reason, "not-done"))));
				assert.match(seen, /^GET \/healthz\?challenge=/);
				assert.doesNotMatch(seen, new RegExp(`${ownerKey}|${secret}|authorization|POST|verify`, "i"));
				await daemon.open();
			});
		}
	});

	describe("batches", () => {
		it("identifies as many hashes in each request as the contract allows", async () => {
			const transport = transportToDaemon();
			const { id, token } = await create(transport);
			const hashes = [...Array.from({ length: 1700 }, (_, index) => hashOf(`other-${index}`)), hashOf(token)];
			received = [];
			assert.deepEqual(await transport.identify([...hashes, ...hashes], "?fields=id"), {
				[hashOf(token)]: { id },
			});
			assert.deepEqual(
				received.filter((request) => request !== "GET /healthz"),
				[...Array(3).fill("POST /v1/api-tokens/identify")],
			);
		});

		it("sends no request for no hashes", async () => {
			assert.deepEqual(await transportToDaemon().identify([]), {});
			assert.deepEqual(received, []);
		});
	});

	describe("bounds", () => {
		const bounded = (options: object) =>
			new Transport(async () => ({ url: daemon.url, ownerKey }), { ...options });

		it("take a list of as many tokens as they allow, and no longer one", async () => {
			for (let count = 0; count < 2; count++) await daemon.create({ name: `t${count}` });
			assert.equal((await bounded({ mostTokens: 2 }).listTokens()).length, 2);
			const listing = bounded({ mostTokens: 1 }).listTokens();
			await assert.rejects(listing, isUnavailable("unusable", "not-done"));
		});

		it("take an answer of as many characters as they allow, and no longer one", async () => {
			const { id } = await daemon.create();
			const reading = { method: "GET", path: `/v1/api-tokens/${id}` } as const;
			const { length } = JSON.stringify(await daemon.record(id));
			const found = await bounded({ mostCharacters: length }).json<CreatedToken>(reading);
			assert.equal(found.id, id);
			const tooLong = bounded({ mostCharacters: length - 1 }).json(reading);
			await assert.rejects(tooLong, isUnavailable("unusable", "not-done"));
		});
	});

	it("sends what another system needs with requests that may change something only", async () => {
		const seen: string[] = [];
		const note = (message: unknown) => {
			const { method, headers } = (message as { request: IncomingMessage }).request;
			if (headers["tokensmith-access"] !== undefined) seen.push(`${method}`);
		};
		subscribe("http.server.request.start", note);
		try {
			const access = { credential: "of another system" };
			const transport = new Transport(async () => ({ url: daemon.url, ownerKey }), { access });
			await create(transport);
			await transport.listTokens();
		} finally {
			unsubscribe("http.server.request.start", note);
		}
		assert.deepEqual(seen, ["POST"]);
	});

	it("uses no connection that the daemon has closed before its first request", async () => {
		await daemon.remove();
		daemon = await TestDaemon.start({ limits: { idleMilliseconds: 50 } });
		const transport = transportToDaemon();
		await transport.health({ url: daemon.url, ownerKey });
		await until("the daemon has closed it", () => daemon.connections === 0);
		// What the daemon closed arrives here before the answer to a later connection.
		await daemon.call("GET", "/healthz");
		assert.ok((await create(transport)).id);
	});

	describe("daemon.json", () => {
		const file = { url: "http://127.0.0.1:9/", pid: 1, protocol: 1, version: "1.2.3", ownerKey: "tko_key" };
		const path = () => join(daemon.directory, "daemon.json");

		it("is read whole, with an address without a slash at its end", async () => {
			writeFileSync(path(), JSON.stringify(file));
			assert.deepEqual(await readDaemonFile(daemon.directory), { ...file, url: "http://127.0.0.1:9" });
		});

		it("is missing where no daemon runs", async () => {
			const reading = readDaemonFile(join(daemon.directory, "none"));
			await assert.rejects(reading, isUnavailable("not-running", "not-done"));
		});

		const unusable: Record<string, string> = {
			"is cut off": '{"url":"http://127.0.0.1:9","ownerKey":tko_key',
			"is empty": "",
			"is null": "null",
			"lacks the key": JSON.stringify({ ...file, ownerKey: undefined }),
			"names a process group": JSON.stringify({ ...file, pid: -1 }),
			"names no address": JSON.stringify({ ...file, url: "tko_key" }),
		};
		for (const [what, content] of Object.entries(unusable)) {
			it(`is refused when it ${what}, and never quoted`, async () => {
				writeFileSync(path(), content);
				await assert.rejects(readDaemonFile(daemon.directory), (error: Error) => {
					assert.doesNotMatch(`${error.message} ${error.cause}`, /tko_key/);
					return isUnavailable("unusable", "not-done")(error);
				});
			});
		}
	});
});

function isUnavailable(reason: string, outcome: string): (error: unknown) => boolean {
	return (error) => {
		assert.ok(error instanceof TokensmithUnavailableError, String(error));
		assert.deepEqual([error.reason, error.outcome], [reason, outcome]);
		return true;
	};
}
