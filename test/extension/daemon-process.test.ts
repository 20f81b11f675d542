import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createHmac } from "node:crypto";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { cp, readFile, stat, writeFile } from "node:fs/promises";
import type { RequestListener } from "node:http";
import { createServer, type Server } from "node:net";
import { dirname, join, resolve } from "node:path";
import { inspect } from "node:util";
import { isAlive } from "../../daemon/client/process-alive.ts";
import { protocol } from "../../daemon/contract.ts";
import { until } from "../workbench/until.ts";
import { DaemonHome, rejection } from "./daemon-home.ts";
import { type Loopback, loopback } from "./loopback.ts";

describe("DaemonProcess", function () {
	this.timeout(40_000);
	let home: DaemonHome;
	const strangers: Loopback[] = [];

	beforeEach(async () => {
		home = await DaemonHome.make();
	});

	afterEach(async () => {
		for (const stranger of strangers.splice(0)) stranger.close();
		await home.close();
	});

	async function stranger(answer: RequestListener): Promise<Loopback> {
		const server = await loopback(answer);
		strangers.push(server);
		return server;
	}

	describe("starting", () => {
		it("starts a daemon if none is running, in a directory that only its owner can enter", async () => {
			const dataDir = join(home.dataDir, "not", "yet");
			const client = await home.window({ dataDir }).client();
			assert.deepEqual(await client.listTokens(), []);
			assert.equal((await stat(dataDir)).mode & 0o777, 0o700);
			await client.shutdown();
			await until("it is gone", () => !existsSync(join(dataDir, "daemon.json")));
		});

		it("starts one daemon for eight windows that race", async () => {
			const windows = Array.from({ length: 8 }, () => home.window());
			const clients = await Promise.all(windows.map((window) => window.client()));
			const started = home.logged.filter((line) => line.startsWith("Started"));
			assert.equal(started.length, 1, home.logged.join("\n"));
			const created = await clients[0]?.createToken({
				name: "seen by all",
				permissions: ["api.api-tokens.read"],
			});
			for (const client of clients) assert.equal((await client.listTokens())[0]?.id, created?.id);
		});

		it("moves the data of an earlier version once for eight windows that race, while its daemon runs", async () => {
			const earlier = await DaemonHome.make();
			try {
				const before = await earlier.window().client();
				const created = await before.createToken({ name: "before", permissions: ["api.api-tokens.read"] });
				const { pid } = await earlier.daemonFile();
				const windows = Array.from({ length: 8 }, () => home.window({ earlier: earlier.dataDir }));
				const clients = await Promise.all(windows.map((window) => window.client()));
				for (const client of clients) assert.equal((await client.listTokens())[0]?.id, created.id);
				assert.equal(home.logged.filter((line) => line.startsWith("Started")).length, 1);
				await until("the earlier daemon is gone", () => !isAlive(pid));
			} finally {
				await earlier.close();
			}
		});

		it("starts once for concurrent requests in one window", async () => {
			const window = home.window();
			await Promise.all(Array.from({ length: 5 }, () => window.client()));
			assert.equal(home.logged.length, 1, home.logged.join("\n"));
		});

		it("listens on the preferred port, or on another if it is in use", async () => {
			const there = await stranger((_request, response) => response.end());
			const window = home.window({ preferredPort: () => there.port });
			await window.client();
			assert.notEqual((await home.daemonFile()).url, there.url);
			there.close();
			await window.restart();
			assert.equal((await home.daemonFile()).url, there.url);
		});

		it("outlives the process that started it", async () => {
			const module = resolve("extension/daemon/daemon-process.ts");
			const program = `
				import { DaemonProcess } from ${JSON.stringify(module)};
				const log = { info() {}, warn() {} };
				const options = ${JSON.stringify({ dataDir: home.dataDir, daemonPath: home.bundle, version: home.version })};
				await (await new DaemonProcess({ ...options, preferredPort: () => 0, log }).client()).listTokens();`;
			const child = spawn(process.execPath, ["--input-type=module", "--eval", program], { stdio: "inherit" });
			assert.deepEqual(await once(child, "exit"), [0, null]);
			const { pid } = await home.daemonFile();
			await home.window().client();
			assert.equal((await home.daemonFile()).pid, pid);
		});

		it("inherits none of the user's other environment variables", async () => {
			process.env.TOKENSMITH_TEST_SECRET = "not for the daemon";
			const path = await home.program(`process.stdout.write(JSON.stringify({
				event: "failed", code: "told", detail: Object.keys(process.env).join() + process.cwd() }) + "\\n")`);
			const { message } = await rejection(home.window({ daemonPath: path }).client());
			delete process.env.TOKENSMITH_TEST_SECRET;
			assert.match(message, /PATH/);
			assert.doesNotMatch(message, /TOKENSMITH_TEST_SECRET/);
			assert.ok(message.endsWith(home.dataDir));
		});
	});

	describe("finding", () => {
		it("uses the daemon that another window started", async () => {
			await home.window().client();
			const { pid } = await home.daemonFile();
			await home.window().client();
			assert.equal((await home.daemonFile()).pid, pid);
		});

		it("finds a new daemon after the last was killed, with the same client", async () => {
			const client = await home.window().client();
			const { id } = await client.createToken({ name: "kept", permissions: ["api.api-tokens.read"] });
			const killed = await home.kill();
			assert.equal((await client.getToken(id)).name, "kept");
			assert.notEqual((await home.daemonFile()).pid, killed);
		});

		it("sends neither its key nor a request to a process on the port of a killed daemon", async () => {
			const client = await home.window().client();
			const { id } = await client.createToken({ name: "kept", permissions: ["api.api-tokens.read"] });
			const { url, ownerKey, ...file } = await home.daemonFile();
			await home.kill();
			// Its process id is in use again.
			await home.writeDaemonFile({ ...file, url, ownerKey, pid: process.pid });
			let received = "";
			const impostor = createServer((socket) => {
				socket.on("data", (data) => {
					received += data.toString("latin1");
					socket.end('HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n{"status":"ok"}');
				});
			});
			await listenAt(impostor, Number(new URL(url).port));
			const calls = Array.from({ length: 4 }, (_, index) =>
				client.createToken({ name: `new ${index}`, permissions: ["api.api-tokens.read"] }),
			);
			await Promise.all(calls);
			impostor.close();
			assert.equal((await client.listTokens()).length, 5);
			assert.equal((await client.getToken(id)).name, "kept");
			assert.notEqual((await home.daemonFile()).url, url);
			assert.match(received, /^GET \/healthz\?challenge=/);
			assert.doesNotMatch(received, new RegExp(`${ownerKey}|authorization|api-tokens\\.read`, "i"));
		});

		it("finds the new daemon, with its new key, after another window restarted it", async () => {
			const client = await home.window().client();
			const { pid } = await home.daemonFile();
			await home.window().restart();
			assert.deepEqual(await client.listTokens(), []);
			assert.notEqual((await home.daemonFile()).pid, pid);
		});

		const dead = { url: "http://127.0.0.1:9", pid: 2 ** 22 + 1, protocol, version: "0.1.0", ownerKey: "old" };
		const unusable: Record<string, object | string> = {
			"names a dead process": dead,
			"names a living process that does not listen": { ...dead, pid: process.pid },
			"is cut off": JSON.stringify(dead).slice(0, 40),
			"is empty": "",
			"lacks the key": { ...dead, ownerKey: undefined },
			"leads away from this machine": { ...dead, pid: process.pid, url: "http://example.com:80" },
		};
		for (const [what, contents] of Object.entries(unusable)) {
			it(`starts a daemon when daemon.json ${what}`, async () => {
				await home.writeDaemonFile(contents);
				const client = await home.window().client();
				assert.deepEqual(await client.listTokens(), []);
			});
		}

		it("never logs the key of an invalid daemon.json", async () => {
			await home.writeDaemonFile('{"ownerKey":tko_secret');
			await home.window().client();
			assert.doesNotMatch(home.logged.join("\n"), /tko_secret/);
		});

		const answers: Record<string, RequestListener> = {
			"a wrong proof": (_request, response) => response.end('{"status":"ok","proof":"00"}'),
			"the challenge itself": (request, response) => response.end(JSON.stringify({ proof: request.url })),
			"no proof": (_request, response) =>
				response.end(JSON.stringify({ status: "ok", version: "0.1.0", protocol })),
			null: (_request, response) => response.end("null"),
			HTML: (_request, response) => response.end("<p>Hello"),
			nothing: (request) => request.socket.destroy(),
			"a redirect": (_request, response) => response.writeHead(307, { location: "/other" }).end(),
			silence: () => {},
		};
		for (const [what, answer] of Object.entries(answers)) {
			it(`sends no key to another server that answers ${what}`, async () => {
				const there = await stranger(answer);
				const ownerKey = "tko_for_ours_alone";
				await home.writeDaemonFile({
					url: there.url,
					pid: process.pid,
					protocol,
					version: "0.1.0",
					ownerKey,
				});
				await home.window().client();
				assert.notEqual((await home.daemonFile()).url, there.url);
				assert.equal(there.requests.length, 1);
				const [request] = there.requests;
				assert.ok(request?.url?.startsWith("/healthz?challenge="));
				assert.doesNotMatch(inspect([request?.url, request?.rawHeaders]), /tko_|authorization/i);
			});
		}
	});

	describe("versions", () => {
		it("replaces an older daemon, and keeps its tokens", async () => {
			const old = home.window({ daemonPath: await release("0.0.9"), version: "0.0.9" });
			const oldClient = await old.client();
			const { id } = await oldClient.createToken({
				name: "from before",
				permissions: ["api.api-tokens.read"],
			});
			const { pid } = await home.daemonFile();
			const client = await home.window().client();
			assert.equal((await client.getToken(id)).name, "from before");
			assert.equal((await home.daemonFile()).version, home.version);
			assert.ok(!isAlive(pid));
			assert.equal((await oldClient.getToken(id)).name, "from before", "the old window uses the new one");
		});

		it("replaces an older daemon once, however many windows request it", async () => {
			await home.window({ daemonPath: await release("0.0.9"), version: "0.0.9" }).client();
			const windows = Array.from({ length: 8 }, () => home.window());
			await Promise.all(windows.map((window) => window.client()));
			const started = home.logged.filter((line) => line.startsWith("Started"));
			assert.equal(started.length, 2, home.logged.join("\n"));
			assert.equal((await home.daemonFile()).version, home.version);
		});

		it("recognizes that 0.10.0 is newer than 0.9.0, and uses it", async () => {
			await home.window({ daemonPath: await release("0.10.0"), version: "0.10.0" }).client();
			const { pid } = await home.daemonFile();
			const older = home.window({ version: "0.9.0" });
			assert.deepEqual(await (await older.client()).listTokens(), []);
			assert.equal((await home.daemonFile()).pid, pid);
		});

		it("never replaces a newer daemon by an older one", async () => {
			await home.window({ daemonPath: await release("0.10.0"), version: "0.10.0" }).client();
			const { pid } = await home.daemonFile();
			assert.equal((await rejection(home.window().restart())).code, "newer-protocol");
			assert.ok(isAlive(pid));
		});

		it("reports a broken installation if it includes an older daemon", async () => {
			const error = await rejection(home.window({ version: "99.0.0" }).client());
			assert.equal(error.code, "cannot-start");
			assert.match(error.message, /Install the extension again/);
		});

		it("asks to reload the window if a newer daemon uses another protocol", async () => {
			const ownerKey = "tko_shared";
			const newer = await stranger((request, response) => {
				const challenge = new URL(request.url ?? "", "http://newer").searchParams.get("challenge") ?? "";
				const proof = createHmac("sha256", ownerKey).update(challenge).digest("hex");
				response.end(JSON.stringify({ status: "ok", version: "9.0.0", protocol: protocol + 1, proof }));
			});
			await home.writeDaemonFile({
				url: newer.url,
				pid: process.pid,
				protocol,
				version: home.version,
				ownerKey,
			});
			const error = await rejection(home.window().client());
			assert.equal(error.code, "newer-protocol");
			assert.match(error.message, /Reload this window/);
			assert.ok(newer.requests.every(({ headers }) => headers.authorization === undefined));
		});
	});

	/** The bundled daemon as another version's release would include it. */
	async function release(otherVersion: string): Promise<string> {
		const folder = join(home.dataDir, `release-${otherVersion}`);
		await cp(dirname(home.bundle), folder, { recursive: true });
		const path = join(folder, "daemon-main.js");
		const text = await readFile(path, "utf8");
		await writeFile(path, text.replaceAll(JSON.stringify(home.version), JSON.stringify(otherVersion)));
		return join(folder, "daemon.js");
	}
});

/** A connection of another program may have the port for a moment. */
async function listenAt(server: Server, port: number): Promise<void> {
	await until("the port is free", async () => {
		const failed = once(server, "error").then(() => false);
		const listening = once(server.listen(port, "127.0.0.1"), "listening").then(() => true);
		return await Promise.race([listening, failed]);
	});
}
