/** The services that the docs show in other frameworks and languages, as processes, with the bundled daemon behind them. */
import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer, request } from "node:http";
import { createServer as createNetServer } from "node:net";
import { join, resolve } from "node:path";
import { text } from "node:stream/consumers";
import { createTokensmithClient } from "tokensmith";
import { temporaryFolder } from "../daemon/harness.ts";
import { blockWith } from "../documents.ts";
import { describeWhere } from "../where.ts";
import { until } from "../workbench/until.ts";
import { DaemonChild } from "./daemon.ts";
import { installInto } from "./packed.ts";

const root = resolve(import.meta.dirname, "..", "..");

/** Writes the service into the folder, and answers the command that runs it there. */
type Prepare = (folder: string) => readonly [program: string, ...args: string[]];

const snippets: Record<string, Prepare> = {
	Fastify: module("fastify"),
	Koa: module("koa"),
	Hono: module("hono"),
	"a Next route handler": handler("export async function GET", "GET"),
	"a Fetch handler": handler("export default", "default.fetch"),
	Python(folder) {
		writeFileSync(join(folder, "service.py"), blockWith("docs/languages.md", "python", "http.server"));
		return ["python3", "service.py"];
	},
	Go(folder) {
		writeFileSync(join(folder, "service.go"), blockWith("docs/languages.md", "go", "package main"));
		const env = { ...process.env, GO111MODULE: "off", GOCACHE: join(folder, "cache"), GOPATH: folder };
		execFileSync("go", ["build", "-o", "service", "service.go"], { cwd: folder, env, stdio: "inherit" });
		return [join(folder, "service")];
	},
};
const isMissing = (name: string) => name === "Go" && spawnSync("go", ["version"]).error !== undefined;

for (const [name, prepare] of Object.entries(snippets)) {
	describeWhere(!isMissing(name), `${name} is not installed`)(`the docs' service in ${name}`, () => {
		let folder: string;
		let daemon: DaemonChild;
		let service: ChildProcess;
		let url: string;
		before(async function () {
			this.timeout(120_000);
			folder = temporaryFolder();
			daemon = await DaemonChild.start(join(folder, "share", "tokensmith"));
			await installPackages(folder);
			const [program, ...args] = prepare(folder);
			const port = await freePort();
			const env = { ...process.env, ...placeOf(name, folder, daemon), PORT: String(port) };
			service = spawn(program, args, { cwd: folder, env, stdio: "ignore" });
			url = `http://127.0.0.1:${port}/orders`;
			await until("the service listens", () =>
				ask().then(
					() => true,
					() => false,
				),
			);
		});
		after(async () => {
			service.kill("SIGKILL");
			await daemon.kill("SIGKILL");
			rmSync(folder, { recursive: true });
		});

		it("lets a good token pass and tells whose it is", async () => {
			const { token } = await daemon.create("billing");
			const { status, body } = await ask(`Bearer ${token}`);
			assert.deepEqual([status, JSON.parse(body)], [200, { seenBy: "billing" }]);
		});

		it("answers 401, 403 and 400 with the daemon's challenge and problem", async () => {
			const none = await ask();
			assert.deepEqual([none.status, none.challenge], [401, 'Bearer realm="tokensmith"']);
			const wrong = await ask("Bearer nonsense");
			assert.equal(wrong.status, 401);
			assert.match(wrong.challenge ?? "", /error="invalid_token"/);
			const other = await client().create({ name: "other", permissions: ["orders.write"] });
			const refused = await ask(`Bearer ${other.token}`);
			assert.deepEqual([refused.status, JSON.parse(refused.body).code], [403, "permission-missing"]);
			assert.match(refused.challenge ?? "", /scope="orders\.read"/);
			const { token } = await daemon.create("twice");
			assert.equal((await ask(["Bearer x", `Bearer ${token}`])).status, 400);
		});

		it("refuses a token from its revocation on", async () => {
			const { id, token } = await daemon.create("leaked");
			assert.equal((await ask(`Bearer ${token}`)).status, 200);
			await client().revoke(id);
			assert.equal((await ask(`Bearer ${token}`)).status, 401);
		});

		it("answers 503 while the daemon is away, and sends no token to a stranger on its port", async () => {
			const { token } = await daemon.create("billing");
			assert.equal((await ask(`Bearer ${token}`)).status, 200);
			const port = Number(new URL(daemon.file.url).port);
			await daemon.kill("SIGKILL");
			assert.equal((await ask(`Bearer ${token}`)).status, 503);
			const seen: (string | undefined)[] = [];
			const stranger = createServer(({ headers }, response) => {
				seen.push(headers.authorization);
				response.setHeader("x-token-name", "anyone");
				response.end('{"proof":"00","address":"","valid":true,"token":{"id":"x","name":"anyone"}}');
			}).listen(port, "127.0.0.1");
			await once(stranger, "listening");
			assert.equal((await ask(`Bearer ${token}`)).status, 503);
			assert.deepEqual([...new Set(seen)], [undefined]);
			stranger.closeAllConnections();
			stranger.close();
			await once(stranger, "close");
			daemon = await DaemonChild.start(daemon.directory, ["--port", String(port)]);
			assert.equal((await ask(`Bearer ${token}`)).status, 200);
		});

		function client() {
			return createTokensmithClient({ dataDir: daemon.directory });
		}

		async function ask(authorization?: string | string[]) {
			const headers = authorization === undefined ? {} : { Authorization: authorization };
			const [response] = await once(request(url, { headers, agent: false }).end(), "response");
			const challenge: string | undefined = response.headers["www-authenticate"];
			return { status: response.statusCode as number, challenge, body: await text(response) };
		}
	});
}

/** How the service finds its daemon: Fetch handlers find the user's own, without being told. */
function placeOf(name: string, folder: string, daemon: DaemonChild): Record<string, string> {
	if (name === "a Fetch handler") return { XDG_DATA_HOME: join(folder, "share"), TOKENSMITH_URL: "" };
	return name === "Python" ? { TOKENSMITH_DATA_DIR: daemon.directory } : { TOKENSMITH_URL: daemon.address };
}

function module(words: string): Prepare {
	return (folder) => {
		writeFileSync(join(folder, "service.mjs"), blockWith("docs/frameworks.md", "js", `from "${words}"`));
		return [process.execPath, "service.mjs"];
	};
}

/** A handler that is exported by this name, called by a server for Fetch handlers. */
function handler(words: string, name: string): Prepare {
	return (folder) => {
		writeFileSync(join(folder, "handler.mjs"), blockWith("docs/frameworks.md", "js", words));
		writeFileSync(
			join(folder, "server.mjs"),
			`import { serve } from "@hono/node-server";
			import * as handler from "./handler.mjs";
			const fetch = (request) => handler.${name}(request);
			serve({ fetch, port: Number(process.env.PORT), hostname: "127.0.0.1" });`,
		);
		return [process.execPath, "server.mjs"];
	};
}

/** As npm would, without the registry. */
async function installPackages(folder: string): Promise<void> {
	await installInto(folder);
	mkdirSync(join(folder, "node_modules", "@hono"));
	for (const name of ["fastify", "hono", "koa", "@hono/node-server"])
		symlinkSync(join(root, "node_modules", name), join(folder, "node_modules", name));
}

async function freePort(): Promise<number> {
	const probe = createNetServer().listen(0, "127.0.0.1");
	await once(probe, "listening");
	const { port } = probe.address() as { port: number };
	probe.close();
	await once(probe, "close");
	return port;
}
