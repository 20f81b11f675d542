/** Environment variables that send a program's HTTP through a proxy, set for each of the clients as a process. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { type AddressInfo, createServer, type Server } from "node:net";
import { resolve } from "node:path";
import { daemonWithCommandLine, ending, type Run, run, secretShape } from "./command-line.ts";

const root = resolve(import.meta.dirname, "..", "..");
const { version } = JSON.parse(readFileSync(resolve(root, "package.json"), "utf8"));

describe("a client with proxy variables in its environment", () => {
	const cli = daemonWithCommandLine();
	let proxy: Server;
	/** The first line of each request to the proxy. */
	let requested: string[];
	let environment: Record<string, string>;

	before(async () => {
		proxy = createServer((socket) => {
			socket.on("error", () => socket.destroy());
			socket.once("data", (data) => {
				requested.push(data.toString("latin1").split("\r\n")[0] ?? "");
				socket.end("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n");
			});
		}).listen(0, "127.0.0.1");
		await once(proxy, "listening");
		const url = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
		const names = ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY"];
		environment = {
			...Object.fromEntries(names.map((name) => [name, url])),
			NODE_USE_ENV_PROXY: "1",
			NO_PROXY: "",
			no_proxy: "",
		};
	});
	beforeEach(() => {
		requested = [];
	});
	after(() => proxy.close());

	/** Runs a program that first proves, with requests of its own, that the variables are in force. */
	async function runProgram(text: string): Promise<Run> {
		const control = `
			import { get } from "node:http";
			await fetch("http://tokensmith.invalid/fetch").catch(() => {});
			await new Promise((done) => get("http://tokensmith.invalid/get", done).on("error", done));`;
		const args = ["--input-type=module", "--eval", control + text];
		const child = spawn(process.execPath, args, { cwd: root, env: { ...process.env, ...environment } });
		return ending(child, "");
	}

	function assertDirect({ code, stderr }: Run): void {
		assert.equal(code, 0, stderr);
		assert.equal(requested.length, 2, requested.join("\n"));
		for (const line of requested) assert.match(line, /tokensmith\.invalid/);
	}

	const programs: Record<string, () => string> = {
		"a service that names the data directory": () => `
			const { default: tokensmith } = await import("./dist/client.js");
			const client = tokensmith.createTokensmithClient({ dataDir: ${JSON.stringify(cli.daemon.directory)} });
			const { token } = await client.create({ name: "service", permissions: ["orders.read"] });
			if (!(await client.verify(token)).valid) process.exitCode = 1;`,
		"a service that names the address": () => `
			const { default: tokensmith } = await import("./dist/client.js");
			const client = tokensmith.createTokensmithClient({ url: ${JSON.stringify(cli.daemon.address)} });
			if ((await client.verify("tks_none")).reason !== "malformed") process.exitCode = 1;`,
		"a service that requires a token": () => `
			const { default: tokensmith } = await import("./dist/client.js");
			const { createServer } = await import("node:http");
			const { connect } = await import("node:net");
			const { token } = await tokensmith
				.createTokensmithClient({ dataDir: ${JSON.stringify(cli.daemon.directory)} })
				.create({ name: "caller", permissions: ["orders.read"] });
			const guard = tokensmith.requireToken({ url: ${JSON.stringify(cli.daemon.address)}, permission: "orders.read" });
			const service = createServer((request, response) => guard(request, response, () => response.end("in")));
			await new Promise((listening) => service.listen(0, "127.0.0.1", listening));
			const head = ["GET / HTTP/1.1", "Host: service", "Connection: close", "Authorization: Bearer " + token];
			const caller = connect(service.address().port, "127.0.0.1", () => caller.write(head.join("\\r\\n") + "\\r\\n\\r\\n"));
			let answer = "";
			for await (const bytes of caller) answer += bytes;
			if (!answer.startsWith("HTTP/1.1 200")) throw new Error(answer);
			service.close();`,
		"the extension": () => `
			const { DaemonProcess } = await import("./extension/daemon/daemon-process.ts");
			const client = await new DaemonProcess({
				dataDir: ${JSON.stringify(cli.daemon.directory)},
				daemonPath: "dist/daemon.js",
				version: ${JSON.stringify(version)},
				preferredPort: () => 0,
				log: { info() {}, warn() {} },
			}).client();
			const { token } = await client.createToken({ name: "window", permissions: ["orders.read"] });
			if (!(await client.introspect(token)).active) process.exitCode = 1;`,
	};
	for (const [who, program] of Object.entries(programs)) {
		it(`sends nothing of ${who} to the proxy`, async () => assertDirect(await runProgram(program())));
	}

	it("sends nothing of the command line to the proxy", async () => {
		const created = await cli.owner(["create", "--permission", "orders.read", "--", "ci"], { environment });
		assert.match(created.stdout, secretShape, created.stderr);
		const verified = await cli.owner(["verify"], { environment, stdin: created.stdout });
		assert.equal(verified.code, 0, verified.stderr);
		const place = ["--url", cli.daemon.address];
		const byAddress = await run(["verify", ...place], { environment, stdin: created.stdout });
		assert.equal(byAddress.code, 0, byAddress.stderr);
		assert.deepEqual(requested, []);
	});
});
