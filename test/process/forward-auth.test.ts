/** Forward authentication as an operator sets it up: a real proxy asks the bundled daemon before a service is reached. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { rmSync } from "node:fs";
import { createServer, type IncomingHttpHeaders, request, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import type { CreatedToken, CreateTokenInput, TokenRecord } from "../../daemon/contract.ts";
import { temporaryFolder } from "../daemon/harness.ts";
import { DaemonChild } from "./daemon.ts";
import { caddy, haproxy, nginx, ProxyChild } from "./proxies.ts";

interface Answer {
	status: number;
	headers: IncomingHttpHeaders;
	body: string;
}

interface Asked {
	method?: string;
	token?: string;
	headers?: Record<string, string | string[]>;
	body?: string;
	/** Any address of the loopback network will do on Linux. */
	from?: string;
}

for (const kind of [nginx, caddy, haproxy])
	describe(`${kind.name} with forward authentication`, () => {
		let folder: string;
		let daemon: DaemonChild;
		let proxy: ProxyChild;
		const ends: (() => Promise<unknown>)[] = [];
		let service: Server;
		/** What the service behind was asked. */
		let received: { url: string; method: string; headers: IncomingHttpHeaders; body: string }[];
		beforeEach(async () => {
			folder = temporaryFolder();
			received = [];
			service = createServer(async (incoming, response) => {
				const { url = "", method = "", headers } = incoming;
				received.push({ url, method, headers, body: await text(incoming) });
				response.end("the orders");
			}).listen(0, "127.0.0.1");
			await once(service, "listening");
		});
		afterEach(async () => {
			for (const end of ends.splice(0)) await end();
			service.close();
			rmSync(folder, { recursive: true });
		});

		describe("of which the daemon knows nothing", () => {
			beforeEach(() => start());

			it("lets a good token pass and tells the service whose it is, without the secret", async () => {
				const token = await create({
					name: "Bücher",
					permissions: ["orders.read", "orders.write"],
					resources: ["channel/soc"],
					defaultSource: "SOC team",
				});
				const answer = await ask("/orders/1?x=2", { token: token.token });
				assert.deepEqual([answer.status, answer.body], [200, "the orders"]);
				const { url, headers } = only(received);
				assert.equal(url, "/orders/1?x=2");
				assert.deepEqual(tokenHeaders(headers), {
					"x-token-id": token.id,
					"x-token-name": "B%C3%BCcher",
					"x-token-user-id": token.userId,
					"x-token-user-name": "B%C3%BCcher",
					"x-token-permissions": "orders.read orders.write",
					"x-token-resources": "channel/soc",
					"x-token-default-source": "SOC team",
					"x-token-expiry": token.expiry,
				});
				assert.doesNotMatch(JSON.stringify(headers), /tks_/);
			});

			it("passes no forged header of the client to the service, nor what a proxy makes of one that is not set", async () => {
				const { id, token } = await create({ expiry: null });
				const headers = { "x-token-id": "root", "x-token-default-source": "root", "x-token-expiry": "never" };
				await ask("/orders/", { token, headers });
				const told = tokenHeaders(only(received).headers);
				assert.equal(told["x-token-id"], id);
				assert.deepEqual([told["x-token-default-source"], told["x-token-expiry"]], [undefined, undefined]);
			});

			it("lets a token of 80 resources pass, and says that they are too many for a header", async () => {
				const resources = Array.from({ length: 80 }, (_, at) => `channel/${at}`.padEnd(48, "x"));
				const { id, token } = await create({ resources });
				const headers = { "x-token-resources": "channel/forged", "x-token-truncated": "nothing" };
				assert.equal((await ask("/orders/", { token, headers })).status, 200);
				const told = tokenHeaders(only(received).headers);
				assert.equal(told["x-token-id"], id);
				assert.deepEqual([told["x-token-resources"], told["x-token-truncated"]], [undefined, "resources"]);
			});

			it("hands a body on to the service and asks the daemon without it", async () => {
				const { token } = await create();
				const body = "x".repeat(100_000);
				assert.equal((await ask("/orders/", { token, method: "POST", body })).status, 200);
				assert.deepEqual([only(received).method, only(received).body], ["POST", body]);
			});

			const strangers: [what: string, asked: Asked, challenge: RegExp][] = [
				["no token", {}, /^Bearer realm="tokensmith"$/],
				["what is no token", { token: "nonsense" }, /error="invalid_token"/],
				["an unknown token", { token: "tks_0000000000000000000000000000000000000" }, /error="invalid_token"/],
			];
			for (const [what, asked, challenge] of strangers) {
				it(`answers 401 with the daemon's challenge to ${what}, and the service is not reached`, async () => {
					const answer = await ask("/orders/", asked);
					assert.equal(answer.status, 401);
					assert.match(answer.headers["www-authenticate"] ?? "", challenge);
					assert.deepEqual(received, []);
				});
			}

			it("asks each location's own permission, and names the one that is missing", async () => {
				const { token } = await create({ permissions: ["orders.write"] });
				const refused = await ask("/orders/", { token });
				assert.equal(refused.status, 403);
				assert.match(
					refused.headers["www-authenticate"] ?? "",
					/error="insufficient_scope".*scope="orders\.read"/,
				);
				assert.deepEqual(received, []);
				assert.equal((await ask("/write/", { token })).status, 200);
			});

			it("asks for a resource as well where a location does", async () => {
				const [one, other] = [await create({ resources: ["channel/soc"] }), await create()];
				assert.equal((await ask("/soc/", { token: one.token })).status, 200);
				assert.equal((await ask("/soc/", { token: other.token })).status, 403);
			});

			it("does what was done to a token at its next request", async () => {
				const { id, token } = await create();
				const statuses = [await statusOf(token)];
				await daemon.fetch(`/v1/api-tokens/${id}/disable`, { method: "POST" });
				statuses.push(await statusOf(token));
				await daemon.fetch(`/v1/api-tokens/${id}/enable`, { method: "POST" });
				statuses.push(await statusOf(token));
				await daemon.fetch(`/v1/api-tokens/${id}`, { method: "DELETE" });
				statuses.push(await statusOf(token));
				assert.deepEqual(statuses, [200, 401, 200, 401]);
			});

			it("rejects every request while the daemon is down", async () => {
				const { token } = await create();
				await daemon.kill("SIGKILL");
				assert.equal((await ask("/orders/", { token })).status, kind.statusWithoutDaemon);
				assert.deepEqual(received, []);
			});

			it("answers two Authorization headers itself, whichever is good", async () => {
				const { token } = await create();
				for (const authorization of [
					[`Bearer ${token}`, "Bearer x"],
					["Bearer x", `Bearer ${token}`],
				]) {
					const { status } = await ask("/orders/", { headers: { authorization } });
					assert.ok(status >= 400, String(status));
				}
				assert.deepEqual(received, []);
			});

			it("passes a browser's Host and Origin to verifications", async () => {
				const { token } = await create();
				const headers = {
					host: "app.example.com",
					origin: "https://app.example.com",
					"sec-fetch-site": "cross-site",
				};
				assert.equal((await ask("/orders/", { token, headers })).status, 200);
			});

			it("counts as the client itself, whatever X-Forwarded-For says", async () => {
				const proxys = await create({ allowedAddresses: ["127.0.0.1"] });
				assert.equal((await ask("/orders/", { token: proxys.token, from: "127.0.0.2" })).status, 200);
				const clients = await create({ allowedAddresses: ["127.0.0.2"] });
				const headers = { "x-forwarded-for": "127.0.0.2" };
				const answer = await ask("/orders/", { token: clients.token, from: "127.0.0.2", headers });
				assert.equal(answer.status, 403);
				assert.match(answer.headers["www-authenticate"] ?? "", /address/);
			});
		});

		if (kind === nginx)
			describe("as the docs set it up", () => {
				beforeEach(() => start());

				it("can't be asked about tokens from outside", async () => {
					const { token } = await create();
					assert.equal((await ask("/_verify", { token })).status, 404);
				});

				it("reaches nothing else of the daemon with a browser's Host and Origin", async () => {
					const { token } = await create({ permissions: ["orders.read", "api.api-tokens.read"] });
					const browser = { host: "app.example.com", origin: "https://app.example.com" };
					const path = "/exposed/v1/api-tokens";
					assert.equal((await ask(path, { token })).status, 403, "the Host is nginx's own port");
					const { status, body } = await ask(`/rewritten${path.slice(8)}`, { token, headers: browser });
					assert.deepEqual([status, JSON.parse(body).code], [403, "origin-not-allowed"]);
					assert.equal((await ask(`/rewritten${path.slice(8)}`, { token })).status, 200);
				});
			});

		describe("that the daemon trusts", () => {
			beforeEach(() => start("--trusted-proxy", "127.0.0.1"));

			it("passes the client's address to the daemon", async () => {
				const { id, token } = await create({ allowedAddresses: ["127.0.0.2"] });
				assert.equal((await ask("/orders/", { token, from: "127.0.0.2" })).status, 200);
				assert.equal((await ask("/orders/", { token, from: "127.0.0.3" })).status, 403);
				const { lastUsedAddress } = (await (
					await daemon.fetch(`/v1/api-tokens/${id}`)
				).json()) as TokenRecord;
				assert.equal(lastUsedAddress, "127.0.0.2");
			});

			it("ignores an address that the client claims", async () => {
				const { token } = await create({ allowedAddresses: ["127.0.0.2"] });
				for (const forwarded of ["127.0.0.2", "127.0.0.2, 127.0.0.1", "nonsense"]) {
					const headers = { "x-forwarded-for": forwarded };
					assert.equal((await ask("/orders/", { token, from: "127.0.0.3", headers })).status, 403, forwarded);
				}
			});
		});

		async function start(...options: string[]): Promise<void> {
			daemon = await DaemonChild.start(join(folder, "data"), ["--port", "0", ...options]);
			ends.push(() => daemon.kill("SIGKILL"));
			const serviceAddress = `127.0.0.1:${(service.address() as AddressInfo).port}`;
			const addresses = { daemon: new URL(daemon.file.url).host, service: serviceAddress };
			proxy = await ProxyChild.start(kind, join(folder, "proxy"), addresses);
			ends.push(() => proxy.stop());
		}

		async function create(input: Partial<CreateTokenInput> = {}): Promise<CreatedToken> {
			const response = await daemon.fetch("/v1/api-tokens", {
				method: "POST",
				headers: { "content-type": "application/json" },
				body: JSON.stringify({ name: "orders", permissions: ["orders.read"], ...input }),
			});
			assert.equal(response.status, 201);
			return (await response.json()) as CreatedToken;
		}

		async function statusOf(token: string): Promise<number> {
			return (await ask("/orders/", { token })).status;
		}

		async function ask(
			path: string,
			{ method = "GET", token, body, from, ...asked }: Asked,
		): Promise<Answer> {
			const sent = request({
				host: "127.0.0.1",
				port: proxy.port,
				path,
				method,
				agent: false,
				headers: { ...asked.headers, ...(token !== undefined && { authorization: `Bearer ${token}` }) },
				...(from !== undefined && { localAddress: from }),
			});
			sent.end(body);
			const [response] = await once(sent, "response");
			return { status: response.statusCode, headers: response.headers, body: await text(response) };
		}
	});

/** Those that tell something. */
function tokenHeaders(headers: IncomingHttpHeaders): IncomingHttpHeaders {
	return Object.fromEntries(
		Object.entries(headers).filter(([name, value]) => name.startsWith("x-token-") && value !== ""),
	);
}

function only<Item>(items: readonly Item[]): Item {
	const [item] = items;
	assert.ok(item !== undefined && items.length === 1, `${items.length} instead of one`);
	return item;
}
