/** The sample's `node check.mjs`, the first command that a new user runs. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join, resolve } from "node:path";
import { text } from "node:stream/consumers";
import { generateSecret } from "../../daemon/rules/secret.ts";
import { temporaryFolder } from "../daemon/harness.ts";
import { run } from "./command-line.ts";
import { DaemonChild } from "./daemon.ts";

const root = resolve(import.meta.dirname, "..", "..");
const sample = join(root, "test", "workbench", "sample", "orders-service");

describe("the sample's check", () => {
	let folder: string;
	let daemon: DaemonChild;
	beforeEach(async () => {
		folder = temporaryFolder();
		daemon = await DaemonChild.start(join(folder, "data"));
		mkdirSync(join(folder, "sample"));
		copyFileSync(join(sample, "check.mjs"), join(folder, "sample", "check.mjs"));
	});
	afterEach(async () => {
		await run(["daemon", "stop", "--data-dir", daemon.directory]);
		await daemon.exited;
		rmSync(folder, { recursive: true });
	});

	it("says that a token is valid, that it lacks a permission, and that it is revoked", async () => {
		const { id, token } = await daemon.create("orders");
		const [code, said] = await check(token);
		assert.match(said, /^Valid: orders, /);
		assert.equal(code, 0);
		const [withoutIt, lacking] = await check(token, { permission: "orders.write" });
		assert.match(lacking, /^Refused \(permission\): /);
		assert.equal(withoutIt, 4);
		await daemon.fetch(`/v1/api-tokens/${id}`, { method: "DELETE" });
		assert.match((await check(token))[1], /^Refused \(revoked\): /);
	});

	it("refuses a token that is unknown, and one that is missing or asks for no permission", async () => {
		assert.match((await check(generateSecret("tks")))[1], /^Refused \(unknown\): /);
		assert.deepEqual(await check(""), [
			1,
			'.env contains no API_TOKEN yet. Press F1 and run "Tokensmith: Create API Token".\n',
		]);
		const [code, said] = await check("x", { permission: "$(touch here)" });
		assert.deepEqual([code, said], [1, "A permission is a name such as orders.read.\n"]);
	});

	it("says where to run it when the command is not there", async () => {
		const [code, said] = await check("x", { environment: { PATH: "/usr/bin:/bin" } });
		assert.deepEqual(
			[code, said],
			[1, "Run it in a new terminal of VS Code, which knows the command tokensmith.\n"],
		);
	});

	it("sends the secret neither to a proxy nor to a process that has the daemon's port", async () => {
		const { token } = await daemon.create("orders");
		const { url } = daemon.file;
		const proxy = await stranger();
		const environment = { HTTP_PROXY: proxy.url, http_proxy: proxy.url, NODE_USE_ENV_PROXY: "1" };
		assert.match((await check(token, { environment }))[1], /^Valid: orders, /);
		await daemon.kill("SIGKILL");
		const impostor = await stranger(Number(new URL(url).port));
		assert.match((await check(token, { environment: { ...environment, URL: url } }))[1], /^Valid: orders, /);
		assert.deepEqual(proxy.received, []);
		assert.doesNotMatch(impostor.received.join("\n"), new RegExp(`${token}|authorization|tko_`, "i"));
		for (const { server } of [proxy, impostor]) {
			server.closeAllConnections();
			server.close();
			await once(server, "close");
		}
	});

	/** It lets everything in. `received`: the first lines and the headers of requests. */
	async function stranger(port = 0): Promise<{ server: Server; url: string; received: string[] }> {
		const received: string[] = [];
		const server = createServer(({ method, url, rawHeaders }, response) => {
			received.push([method, url, ...rawHeaders].join("\n"));
			response.end('{"valid":true,"token":{"name":"orders"}}');
		}).listen(port, "127.0.0.1");
		await once(server, "listening");
		return { server, received, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
	}

	async function check(
		token: string,
		{ permission = "orders.read", environment = {} }: { permission?: string; environment?: object } = {},
	): Promise<[code: number, said: string]> {
		writeFileSync(join(folder, "sample", ".env"), `API_TOKEN=${token}\n`);
		const PATH = `${join(root, "bin")}:${process.env.PATH}`;
		const env = { PATH, TOKENSMITH_NODE: process.execPath, TOKENSMITH_DATA_DIR: daemon.directory };
		const options = { cwd: join(folder, "sample"), env: { ...env, ...environment } };
		const child = spawn(process.execPath, ["check.mjs", permission], options);
		const [said, [code]] = await Promise.all([text(child.stdout), once(child, "exit")]);
		return [code, said];
	}
});
