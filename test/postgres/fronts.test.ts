/** nginx and Caddy with the docs' settings in front of two replicas, and the docs' systemd unit. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { type IncomingMessage, request } from "node:http";
import { join, resolve } from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout as pause } from "node:timers/promises";
import {
	caddy,
	freePort,
	nginx,
	nginxIn,
	ProxyChild,
	type ProxyKind,
	shown as shownIn,
} from "../process/proxies.ts";
import { describeWhere } from "../where.ts";
import { hasPostgres, sharedCluster } from "./cluster.ts";
import { type SharedServer, Team } from "./servers.ts";

const page = "docs/server-operation.md";
const publicName = "tokens.example.com";
const shown = (language: string, others: Readonly<Record<string, string>>) => shownIn(language, others, page);

const fronts: ProxyKind[] = [
	{
		...nginx,
		prepare(directory, port, { daemon, service }) {
			return nginxIn(
				directory,
				shown("nginx", {
					"127.0.0.1:4801": daemon,
					"127.0.0.1:4802": service,
					"listen 443 ssl": `listen 127.0.0.1:${port}`,
					"ssl_certificate /etc/ssl/tokens.example.com.pem;": "",
					"ssl_certificate_key /etc/ssl/private/tokens.example.com.key;": "",
				}),
			);
		},
	},
	{
		...caddy,
		prepare(directory, port, { daemon, service }) {
			const file = join(directory, "Caddyfile");
			const site = shown("caddyfile", {
				"127.0.0.1:4801": daemon,
				"127.0.0.1:4802": service,
				"tokens.example.com {": `http://${publicName}:${port} {\nbind 127.0.0.1`,
			});
			writeFileSync(file, `{\nadmin off\nauto_https off\nstorage file_system ${directory}\n}\n${site}`);
			return ["caddy", "run", "--adapter", "caddyfile", "--config", file];
		},
	},
];

for (const kind of fronts)
	describeWhere(hasPostgres, "PostgreSQL is not installed")(`two replicas behind ${kind.name}`, () => {
		let team: Team;
		let front: ProxyChild;
		let ports: [number, number];
		beforeEach(async () => {
			ports = [await freePort(), await freePort()];
			team = await Team.start(await sharedCluster(), 1, optionsAt(ports[0]));
			await team.add(optionsAt(ports[1]));
			const [daemon, service] = ports.map((port) => `127.0.0.1:${port}`) as [string, string];
			front = await ProxyChild.start(kind, join(team.folder, "front"), { daemon, service });
		});
		afterEach(async () => {
			await front.stop();
			await team.end();
		});

		it("are asked by the client's address, which no client can choose", async () => {
			const { token } = await team.create(team.first, { allowedAddresses: ["127.0.0.2"] });
			const forged = { "x-forwarded-for": "127.0.0.2" };
			assert.equal((await ask("/v1/verify", { token, from: "127.0.0.2" })).status, 200);
			assert.equal((await ask("/v1/verify", { token, headers: forged })).status, 403);
		});

		it("send events through it at once, of both", async () => {
			const { token } = await team.create(team.first, { permissions: ["api.api-tokens.read"] });
			const { response } = await begin("/v1/events", { token });
			let received = "";
			response.on("data", (data) => {
				received += data;
			});
			for (const server of team.servers) {
				const { id } = await team.create(server);
				while (!received.includes(id)) await new Promise((resolve) => response.once("data", resolve));
			}
			response.destroy();
		});

		it("are seen as one that goes on verifying, when one is killed", async () => {
			const { token } = await team.create();
			const asking = new Asking(() => ask("/v1/verify", { token }));
			await asking.more(50);
			await team.servers[1]?.stop("SIGKILL");
			await asking.more(200);
			assert.deepEqual(await asking.end(), [200]);
		});

		it("are replaced one after the other, with no verification and no change lost", async function () {
			this.timeout(60_000);
			const { token } = await team.create();
			const verifying = new Asking(() => ask("/v1/verify", { token }));
			const changing = new Asking(() =>
				ask("/v1/api-tokens", { token: team.admin, body: { name: "x", permissions: ["orders.read"] } }),
			);
			for (const [index, port] of ports.entries()) {
				// Caddy looks once a second which ones answer.
				await pause(2500);
				await verifying.more(50);
				assert.equal(await team.servers[index]?.stop(), 0);
				await verifying.more(50);
				await changing.more(5);
				team.servers[index] = await replacement(port);
				await verifying.more(50);
				await changing.more(5);
			}
			assert.deepEqual([await verifying.end(), await changing.end()], [[200], [201]]);
		});

		async function replacement(port: number): Promise<SharedServer> {
			const server = await team.add(optionsAt(port));
			assert.equal(server.url, `http://127.0.0.1:${port}`);
			team.servers.pop();
			return server;
		}

		async function ask(
			path: string,
			asked: { token: string; from?: string; headers?: Record<string, string>; body?: object },
		): Promise<{ status: number; body: string }> {
			const { response } = await begin(path, asked);
			return { status: response.statusCode ?? 0, body: await text(response) };
		}

		function begin(
			path: string,
			{
				token,
				from,
				headers = {},
				body,
			}: { token: string; from?: string; headers?: Record<string, string>; body?: object },
		): Promise<{ response: IncomingMessage }> {
			const { promise, resolve, reject } = Promise.withResolvers<{ response: IncomingMessage }>();
			const type = body === undefined ? {} : { "content-type": "application/json" };
			request({
				port: front.port,
				host: "127.0.0.1",
				path,
				method: body === undefined ? "GET" : "POST",
				localAddress: from ?? "127.0.0.1",
				headers: { host: publicName, authorization: `Bearer ${token}`, ...type, ...headers },
			})
				.on("response", (response) => resolve({ response }))
				.on("error", reject)
				.end(body === undefined ? undefined : JSON.stringify(body));
			return promise;
		}
	});

function optionsAt(port: number) {
	return {
		args: ["--port", String(port), "--trusted-proxy", "127.0.0.1", "--public-url", `http://${publicName}`],
	};
}

/** Asks again and again, four at once. */
class Asking {
	readonly #statuses = new Set<number>();
	readonly #workers: Promise<void>[];
	#count = 0;
	#isEnding = false;

	constructor(ask: () => Promise<{ status: number }>) {
		const work = async () => {
			while (!this.#isEnding) {
				this.#statuses.add((await ask()).status);
				this.#count++;
			}
		};
		this.#workers = Array.from({ length: 4 }, work);
	}

	/** Resolves when so many more were answered. */
	async more(count: number): Promise<void> {
		const enough = this.#count + count;
		const failed = Promise.all(this.#workers);
		while (this.#count < enough)
			await Promise.race([failed, new Promise((resolve) => setTimeout(resolve, 5))]);
	}

	/** The statuses of all answers. */
	async end(): Promise<number[]> {
		this.#isEnding = true;
		await Promise.all(this.#workers);
		return [...this.#statuses];
	}
}

const hasSystemd = spawnSync("systemd-analyze", ["--version"]).error === undefined;

describeWhere(hasSystemd, "systemd is not installed")("the docs' systemd unit", () => {
	it("is one that systemd takes, and its options are those of serve", async () => {
		const { temporaryFolder } = await import("../daemon/harness.ts");
		const folder = temporaryFolder();
		const unit = shown("ini", { "/usr/bin/tokensmith": process.execPath });
		writeFileSync(join(folder, "tokensmith@.service"), unit);
		writeFileSync(join(folder, "tokensmith@4801.service"), unit);
		const { status, stderr } = spawnSync(
			"systemd-analyze",
			["verify", "--man=no", join(folder, "tokensmith@4801.service")],
			{ encoding: "utf8" },
		);
		assert.deepEqual([status, stderr.trim()], [0, ""]);
		const known = readFileSync(resolve(import.meta.dirname, "../../daemon/cli/serve.ts"), "utf8");
		const [, command = ""] = /^ExecStart=(.*)$/m.exec(unit) ?? [];
		for (const [, option = ""] of command.matchAll(/--([a-z-]+)/g))
			assert.match(known, new RegExp(`"?${option}"?:`));
	});
});
