/** Services that use the package `tokensmith` as it is shipped, called over HTTP, with a real daemon behind them. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { rmSync } from "node:fs";
import { get, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { createTokensmithClient, TokensmithUnavailableError } from "tokensmith";
import { temporaryFolder } from "../daemon/harness.ts";
import { expressService } from "../sample-service/express-service.ts";
import { httpService } from "../sample-service/http-service.ts";
import { DaemonChild } from "./daemon.ts";

const services: Record<string, (url: string, onError: (error: unknown) => void) => Server> = {
	"on Express": (url, onError) => expressService(url, onError).listen(0, "127.0.0.1"),
	"on node:http": (url, onError) => httpService(url, onError).listen(0, "127.0.0.1"),
};

for (const [kind, serve] of Object.entries(services)) {
	describe(`a service ${kind} that requires a token`, () => {
		let folder: string;
		let daemon: DaemonChild;
		let service: Server;
		let errors: unknown[];
		beforeEach(async () => {
			folder = temporaryFolder();
			daemon = await DaemonChild.start(join(folder, "data"));
			errors = [];
			service = serve(daemon.address, (error) => errors.push(error));
			if (!service.listening) await once(service, "listening");
		});
		afterEach(async () => {
			service.closeAllConnections();
			service.close();
			await daemon.kill("SIGKILL");
			rmSync(folder, { recursive: true });
		});

		it("lets a good token pass and tells the handler whose it is", async () => {
			const { token } = await daemon.create("billing");
			const answer = await call("/orders", token);
			assert.equal(answer.status, 200);
			assert.deepEqual(await answer.json(), { orders: [], seenBy: "billing" });
		});

		it("answers 401 without an error code to who brings no token", async () => {
			const answer = await call("/orders");
			assert.equal(answer.status, 401);
			assert.equal(answer.headers.get("www-authenticate"), 'Bearer realm="tokensmith"');
			assert.equal((await problemOf(answer)).code, "credentials-missing");
		});

		it("answers 401 to a token from the very request after its revoke on", async () => {
			const { token, id } = await daemon.create("leaked");
			assert.equal((await call("/orders", token)).status, 200);
			await client().revoke(id);
			const answer = await call("/orders", token);
			assert.equal(answer.status, 401);
			assert.match(
				answer.headers.get("www-authenticate") ?? "",
				/^Bearer realm="tokensmith", error="invalid_token"/,
			);
			assert.equal((await problemOf(answer)).code, "token-revoked");
		});

		it("answers 403 to a token that lacks the permission, and names it", async () => {
			const { token } = await client().create({ name: "other", permissions: ["orders.write"] });
			const answer = await call("/orders", token);
			assert.equal(answer.status, 403);
			assert.match(
				answer.headers.get("www-authenticate") ?? "",
				/error="insufficient_scope".*scope="orders.read"/,
			);
			assert.equal((await problemOf(answer)).reason, "permission");
		});

		it("answers 503 and when to come back while the daemon is down, and works again when it is up", async () => {
			const { token } = await daemon.create("billing");
			const { port } = new URL(daemon.file.url);
			await daemon.kill("SIGKILL");
			const answer = await call("/orders", token);
			assert.equal(answer.status, 503);
			assert.equal(answer.headers.get("retry-after"), "5");
			assert.equal((await problemOf(answer)).code, "verification-unavailable");
			assert.ok(errors[0] instanceof TokensmithUnavailableError);
			daemon = await DaemonChild.start(daemon.directory, ["--port", port]);
			assert.equal((await call("/orders", token)).status, 200);
		});

		it("answers 503 while the daemon hangs", async () => {
			const { token } = await daemon.create("billing");
			daemon.child.kill("SIGSTOP");
			assert.equal((await call("/orders", token)).status, 503);
			daemon.child.kill("SIGCONT");
		});

		function client() {
			return createTokensmithClient({ dataDir: daemon.directory });
		}

		function call(path: string, secret?: string): Promise<Response> {
			const { port } = service.address() as AddressInfo;
			const headers: Record<string, string> =
				secret === undefined ? {} : { authorization: `Bearer ${secret}` };
			return fetch(`http://127.0.0.1:${port}${path}`, { headers });
		}
	});
}

describe("a service whose daemon trusts it as a proxy", () => {
	it("has tokens judged by where its callers are, not by where it is itself", async () => {
		const folder = temporaryFolder();
		const args = ["--port", "0", "--trusted-proxy", "127.0.0.1"];
		const daemon = await DaemonChild.start(join(folder, "data"), args);
		const service = httpService(daemon.address).listen(0, "127.0.0.1");
		try {
			if (!service.listening) await once(service, "listening");
			const settings = { permissions: ["orders.read"], allowedAddresses: ["127.0.0.2"] };
			const client = createTokensmithClient({ dataDir: daemon.directory });
			const { token } = await client.create({ name: "elsewhere", ...settings });
			assert.equal(await statusFrom("127.0.0.2", service, token), 200);
			assert.equal(await statusFrom("127.0.0.1", service, token), 403);
		} finally {
			service.close();
			await daemon.kill("SIGKILL");
			rmSync(folder, { recursive: true });
		}
	});
});

describe("a service on Express", () => {
	let folder: string;
	let daemon: DaemonChild;
	let service: Server;
	before(async () => {
		folder = temporaryFolder();
		daemon = await DaemonChild.start(join(folder, "data"));
		service = expressService(daemon.address).listen(0, "127.0.0.1");
		if (!service.listening) await once(service, "listening");
	});
	after(async () => {
		service.closeAllConnections();
		service.close();
		await daemon.kill("SIGKILL");
		rmSync(folder, { recursive: true });
	});

	it("can ask for a resource that the request names", async () => {
		const token = await secret({ permissions: ["orders.read"], resources: ["channel/soc"] });
		assert.equal(await status("GET", "/channels/soc", token), 200);
		assert.equal(await status("GET", "/channels/board", token), 403);
		assert.equal(await status("GET", "/channels/%2A", token), 403);
	});

	it("can ask for one of several permissions", async () => {
		assert.equal(await status("POST", "/orders", await secret({ permissions: ["orders.write"] })), 201);
		assert.equal(await status("POST", "/orders", await secret({ permissions: ["orders.read"] })), 403);
	});

	async function secret(input: { permissions: string[]; resources?: string[] }): Promise<string> {
		const client = createTokensmithClient({ dataDir: daemon.directory });
		return (await client.create({ name: "sample", ...input })).token;
	}

	async function status(method: string, path: string, token: string): Promise<number> {
		const { port } = service.address() as AddressInfo;
		const headers = { authorization: `Bearer ${token}` };
		return (await fetch(`http://127.0.0.1:${port}${path}`, { method, headers })).status;
	}
});

/** All of 127.0.0.0/8 is this machine, so a caller can have an address of its own. */
async function statusFrom(
	localAddress: string,
	service: Server,
	secret: string,
): Promise<number | undefined> {
	const { port } = service.address() as AddressInfo;
	const headers = { authorization: `Bearer ${secret}` };
	const asked = get({ host: "127.0.0.1", port, path: "/orders", localAddress, headers, agent: false });
	const [answer] = (await once(asked, "response")) as [IncomingMessage];
	answer.resume();
	await once(answer, "end");
	return answer.statusCode;
}

async function problemOf(answer: Response) {
	assert.equal(answer.headers.get("content-type"), "application/problem+json");
	assert.equal(answer.headers.get("cache-control"), "no-store");
	const problem = (await answer.json()) as Record<string, unknown>;
	assert.equal(problem.status, answer.status);
	return problem;
}
