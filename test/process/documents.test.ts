/** What README and docs show, run as a reader would: the service, the command line and the creation with curl. */
import assert from "node:assert/strict";
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { dirname, join, resolve } from "node:path";
import { promisify } from "node:util";
import { createTokensmithClient } from "tokensmith";
import { temporaryFolder } from "../daemon/harness.ts";
import { blockWith } from "../documents.ts";
import { until } from "../workbench/until.ts";
import { DaemonChild } from "./daemon.ts";
import { installInto } from "./packed.ts";

const root = resolve(import.meta.dirname, "..", "..");
const run = promisify(execFile);

describe("the snippets of README and docs", () => {
	let folder: string;
	let daemon: DaemonChild;
	const children: ChildProcess[] = [];

	before(async () => {
		folder = temporaryFolder();
		daemon = await DaemonChild.start(join(folder, "data"));
		await installPackage(folder);
		await createTokensmithClient({ dataDir: daemon.directory }).putPermission("tickets.close");
	});
	after(async () => {
		for (const child of children) child.kill();
		await daemon.kill("SIGKILL");
		rmSync(folder, { recursive: true });
	});

	it("protect a service on Express", async () => {
		const url = await serve("service.mjs", blockWith("README.md", "js", "express"));
		const token = await secret("closer", ["tickets.close"]);
		assert.deepEqual(await call(`${url}/close`, token), [200, '{"closedBy":"closer"}']);
		assert.equal((await call(`${url}/close`, await secret("reader", ["orders.read"])))[0], 403);
		assert.equal((await call(`${url}/close`, "tks_wrong"))[0], 401);
		writeFileSync(join(folder, ".env"), `HELPDESK_TOKEN=${token}\n`);
		const line = blockWith("README.md", "sh", "8080/close").replace("http://127.0.0.1:8080", url);
		assert.match(await shell(line, folder), /^HTTP\/1\.1 200 OK/);
	});

	it("protect a service on node:http", async () => {
		const url = await serve("plain.mjs", blockWith("docs/services.md", "js", "node:http"));
		assert.deepEqual(await call(url, await secret("reader", ["orders.read"])), [200, "reader"]);
		assert.equal((await call(url, "tks_wrong"))[0], 401);
	});

	it("create, verify and list a token on the command line", async () => {
		const said = await shell(blockWith("README.md", "sh", "tokensmith create deploy"));
		assert.match(said, /^Valid: deploy, .* permissions: orders\.read/m);
		assert.match(said, /^(?!Good).*deploy/m);
		assert.doesNotMatch(said, /tks_\w{38}/);
	});

	it("create a token by another system's rules", async () => {
		assert.match(await shell(blockWith("docs/profiles.md", "sh", "mindbridge")), /^tks_\w{38}$/m);
	});

	it("create a token with curl", async () => {
		const answer = JSON.parse(await shell(blockWith("docs/api.md", "sh", "curl")));
		assert.match(answer.token, /^tks_\w{38}$/);
		assert.equal(answer.name, "orders-api");
	});

	it("verify the token of an env file with curl", async () => {
		writeFileSync(join(folder, ".env"), `API_TOKEN=${await secret("orders", ["orders.read"])}\n`);
		const line = blockWith("README.md", "sh", "/v1/verify").replace(
			"http://127.0.0.1:47600",
			daemon.file.url,
		);
		assert.match(await shell(line, folder), /^HTTP\/1\.1 200 OK/);
	});

	async function secret(name: string, permissions: string[]): Promise<string> {
		return (await createTokensmithClient({ dataDir: daemon.directory }).create({ name, permissions })).token;
	}

	async function shell(script: string, cwd = root): Promise<string> {
		const PATH = `${join(folder, "node_modules", ".bin")}:${dirname(process.execPath)}:${process.env.PATH}`;
		const env = { ...process.env, PATH, DIR: daemon.directory, TOKENSMITH_DATA_DIR: daemon.directory };
		const { stdout } = await run("sh", ["-ec", script], { cwd, env });
		return stdout;
	}

	/** Answers the service's address once it listens. */
	async function serve(name: string, code: string): Promise<string> {
		const port = await freePort();
		writeFileSync(join(folder, name), code);
		const env = { ...process.env, PORT: String(port), TOKENSMITH_URL: daemon.address };
		children.push(spawn(process.execPath, [name], { cwd: folder, env, stdio: "inherit" }));
		const url = `http://127.0.0.1:${port}`;
		await until(`${name} listens`, () =>
			fetch(url).then(
				(answer) => answer.status > 0,
				() => false,
			),
		);
		return url;
	}
});

async function call(url: string, token: string): Promise<[status: number, body: string]> {
	const answer = await fetch(url, { headers: { authorization: `Bearer ${token}` } });
	return [answer.status, await answer.text()];
}

/** As `npm install express ../tokensmith/tokensmith-0.1.0.tgz` would, without the registry. */
async function installPackage(folder: string): Promise<void> {
	await installInto(folder);
	symlinkSync(join(root, "node_modules", "express"), join(folder, "node_modules", "express"));
}

async function freePort(): Promise<number> {
	const probe = createServer().listen(0, "127.0.0.1");
	await once(probe, "listening");
	const { port } = probe.address() as { port: number };
	probe.close();
	await once(probe, "close");
	return port;
}
