/** Where a server listens, and what it does where the port is another process's. */
import assert from "node:assert/strict";
import { Identity } from "../../daemon/rules/identity.ts";
import { addressReader } from "../../daemon/server/client-address.ts";
import { IdentityEndpoint } from "../../daemon/server/identity-endpoint.ts";
import { HttpServer } from "../../daemon/server/server.ts";
import { VerifyEndpoint } from "../../daemon/server/verify-endpoint.ts";
import { daemonOfEach, type TestDaemon } from "./harness.ts";

describe("a server that listens", () => {
	let daemon: TestDaemon;
	let servers: HttpServer[];
	daemonOfEach((started) => {
		daemon = started;
		servers = [];
	});
	afterEach(() => Promise.all(servers.map((server) => server.close())));

	function another(): HttpServer {
		const addressOf = addressReader([]);
		const server = new HttpServer({
			verifyEndpoint: new VerifyEndpoint(daemon.authority, addressOf, undefined),
			identityEndpoint: new IdentityEndpoint(Identity.generate()),
			loadApi: () => assert.fail("nothing requests it"),
			onRequest: () => {},
			onError: (error) => daemon.failures.push(error),
			addressOf,
		});
		servers.push(server);
		return server;
	}
	const portOf = (url: string) => Number(new URL(url).port);

	it("has the port that it is told, where that is free", async () => {
		const first = another();
		const port = portOf(await first.listen("127.0.0.1", 0));
		await first.close();
		assert.equal(await another().listen("127.0.0.1", port), `http://127.0.0.1:${port}`);
	});

	it("has a free port where another process has that one and any will do", async () => {
		const taken = portOf(daemon.url);
		for (const url of [
			await another().listen("127.0.0.1", taken),
			await another().listen("127.0.0.1", taken, "any"),
		]) {
			assert.notEqual(portOf(url), taken);
			assert.equal((await fetch(`${url}/v1/verify`)).status, 401);
		}
	});

	it("has none where another process has that one and no other will do", async () => {
		const taken = portOf(daemon.url);
		await assert.rejects(another().listen("127.0.0.1", taken, "this"), { code: "EADDRINUSE" });
	});

	it("says so where the address is none of this machine's", async () => {
		for (const port of [0, 47_600])
			await assert.rejects(another().listen("192.0.2.1", port), { code: "EADDRNOTAVAIL" });
	});

	it("leaves no timer running when it is closed, which would keep its process", async () => {
		const timers = () => process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;
		const server = another();
		await server.listen("127.0.0.1", 0);
		const before = timers();
		await server.close();
		assert.equal(timers(), before);
	});

	it("is called by its URL, also where it listens on an address of IPv6 alone", async () => {
		const url = await another().listen("::1", 0);
		assert.match(url, /^http:\/\/\[::1\]:\d+$/);
		assert.equal((await fetch(`${url}/v1/verify`)).status, 401);
	});
});
