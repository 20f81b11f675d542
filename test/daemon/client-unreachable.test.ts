/** The typed client without a daemon, or with one that answers what no daemon should. */
import assert from "node:assert/strict";
import { createServer, type IncomingMessage, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { inspect } from "node:util";
import { createTokensmithClient } from "../../daemon/client/client.ts";
import { addressForServices } from "../../daemon/client/endpoint.ts";
import { TokensmithUnavailableError } from "../../daemon/client/transport.ts";
import { Identity } from "../../daemon/rules/identity.ts";
import { IdentityEndpoint } from "../../daemon/server/identity-endpoint.ts";

const unknownSecret = "tks_000000000000000000000000000000004cQ2wm";

describe("the client, without the daemon", () => {
	const servers: Server[] = [];
	afterEach(() => {
		for (const server of servers.splice(0)) {
			server.closeAllConnections();
			server.close();
		}
	});

	it("reports an unknown verdict when no process listens", async () => {
		const url = await serverAt(() => {});
		servers[0]?.close();
		const error = await unavailable(createTokensmithClient({ url }).verify(unknownSecret));
		assert.equal(error.outcome, "not-done");
	});

	it("reports an unknown verdict when no answer comes in time", async () => {
		const url = await serverAt(() => {});
		const client = createTokensmithClient({ url, timeoutMilliseconds: 50 });
		assert.equal((await unavailable(client.verify(unknownSecret))).outcome, "not-done");
		const creation = client.create({ name: "x", permissions: ["orders.read"] });
		const { outcome, message } = await unavailable(creation);
		assert.equal(outcome, "unknown");
		assert.match(message, /^The daemon did not answer in time\. Whether the request took effect is unknown/);
	});

	const acceptance = JSON.stringify({ valid: true, token: { id: "x", permissions: [], resources: [] } });
	const answers: [who: string, status: number, type: string, body: string][] = [
		["a web server's 200", 200, "text/html", "<h1>It works</h1>"],
		["a 200 without a token", 200, "application/json", '{"valid":true}'],
		["a 200 that says nothing", 200, "application/json", "null"],
		["a proxy's 300", 300, "application/json", acceptance],
		["a proxy's own 401", 401, "text/html", "<h1>Sign in</h1>"],
		["a 401 without a reason", 401, "application/problem+json", problemText(401, "credentials-missing")],
		["a 404", 404, "application/problem+json", problemText(404, "not-found")],
		["a 500", 500, "application/problem+json", problemText(500, "internal-error")],
		["a daemon that is stopping", 503, "application/problem+json", problemText(503, "stopping")],
		["a cut-off answer", 200, "application/json", '{"valid":tr'],
	];
	for (const [who, status, type, body] of answers) {
		it(`takes ${who} neither for an acceptance nor for a refusal`, async () => {
			const url = await serverAt((_request, response) => {
				response.writeHead(status, { "content-type": type }).end(body);
			});
			await unavailable(createTokensmithClient({ url }).verify(unknownSecret));
		});
	}

	it("does not wait for a process that answers with another protocol, before its proof or after", async () => {
		const switchProtocol = ({ socket }: IncomingMessage) => {
			socket.write("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n");
		};
		const url = await serverAt(switchProtocol);
		const create = () => unavailable(createTokensmithClient({ url }).create({ name: "x" }));
		const { outcome, message } = await create();
		assert.equal(outcome, "unknown");
		assert.match(message, /^No answer came that could be understood as the daemon's\. Whether/);
		servers[0]?.removeAllListeners("request").on("request", switchProtocol);
		assert.equal((await create()).outcome, "not-done");
	});

	it("follows no redirect with a secret", async () => {
		const elsewhere: IncomingMessage[] = [];
		const target = await serverAt((request, response) => {
			elsewhere.push(request);
			response.end();
		});
		const url = await serverAt((_request, response) => {
			response.writeHead(307, { location: `${target}/v1/verify` }).end();
		});
		await unavailable(createTokensmithClient({ url }).verify(unknownSecret));
		assert.deepEqual(elsewhere, []);
	});

	it("sends nothing to a process that can't prove to hold the owner key", async () => {
		const seen: IncomingMessage[] = [];
		const url = await serverAt((request, response) => {
			seen.push(request);
			response.setHeader("content-type", "application/json");
			response.end('{"status":"ok","version":"1.0.0","protocol":1,"proof":"00"}');
		});
		const client = createTokensmithClient({ url, ownerKey: "tko_the-key-of-the-true-daemon" });
		const error = await unavailable(client.list());
		assert.match(error.message, /nothing was sent/);
		await unavailable(client.verify(unknownSecret));
		assert.deepEqual(
			seen.map(({ url = "", headers }) => [url.split("?")[0], headers.authorization]),
			[
				["/healthz", undefined],
				["/healthz", undefined],
			],
		);
	});

	it("repeats a verification when a kept connection has ended unseen", async () => {
		let requests = 0;
		const url = await serverAt((request, response) => {
			requests++;
			if (requests === 2) request.socket.destroy();
			else response.writeHead(200, { "content-type": "application/json" }).end(goodAnswer);
		});
		const client = createTokensmithClient({ url });
		assert.ok((await client.verify(unknownSecret)).valid);
		assert.ok((await client.verify(unknownSecret)).valid);
		assert.equal(requests, 3);
	});

	it("never repeats a request that may have taken effect", async () => {
		let requests = 0;
		const url = await serverAt((request) => {
			requests++;
			request.socket.destroy();
		});
		const creation = createTokensmithClient({ url }).create({ name: "x" });
		assert.equal((await unavailable(creation)).outcome, "unknown");
		assert.equal(requests, 1);
	});

	it("has no secret in its errors, whatever the answer", async () => {
		const url = await serverAt((_request, response) => response.end(`{"token": "${unknownSecret}"`));
		const client = createTokensmithClient({ url, token: unknownSecret });
		const error = await unavailable(client.create({ name: "x" }));
		for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
			assert.doesNotMatch(`${cause.message} ${cause.stack} ${JSON.stringify(cause)}`, /tks_0000/);
		}
	});

	it("has no byte in its errors of an answer that is no HTTP", async () => {
		const url = await serverAt((_request, response) => {
			response.socket?.end(`nonsense ${unknownSecret}\r\n\r\n`);
		});
		const error = await unavailable(createTokensmithClient({ url }).verify(unknownSecret));
		const raw = Buffer.from(unknownSecret.slice(0, 8)).toString("hex");
		assert.doesNotMatch(inspect(error, { depth: null }).replace(/[ \n]/g, ""), new RegExp(`tks_0000|${raw}`));
		for (let cause: unknown = error; cause instanceof Error; cause = cause.cause)
			assert.ok(!Object.keys(cause).includes("rawPacket"));
	});

	it("works below a path, too", async () => {
		const paths: (string | undefined)[] = [];
		const url = await serverAt((request, response) => {
			paths.push(request.url);
			response.writeHead(200, { "content-type": "application/json" }).end(goodAnswer);
		});
		await createTokensmithClient({ url: `${url}/tokensmith/` }).verify("x", { permissions: ["a b&c"] });
		assert.deepEqual(paths, ["/tokensmith/v1/verify?permission=a+b%26c"]);
	});

	async function serverAt(listener: RequestListener): Promise<string> {
		return listen(servers, listener);
	}
});

const goodAnswer = JSON.stringify({ valid: true, token: { id: "x", status: "active", expiry: null } });

function problemText(status: number, code: string): string {
	return JSON.stringify({ type: "about:blank", title: "", status, code, detail: "No.", instance: "" });
}

/** A server that proves the identity of its url, and leaves all else to the listener. */
async function listen(servers: Server[], listener: RequestListener): Promise<string> {
	const identity = Identity.generate();
	const endpoint = new IdentityEndpoint(identity);
	const server = createServer((request, response) => {
		const path = request.url?.replace(/^\/tokensmith(?=\/v1\/identity)/, "") ?? "";
		if (IdentityEndpoint.serves(path)) endpoint.handle(Object.assign(request, { url: path }), response);
		else listener(request, response);
	});
	servers.push(server);
	await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
	const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
	return addressForServices(url, identity.name);
}

async function unavailable(promise: Promise<unknown>): Promise<TokensmithUnavailableError> {
	const error: unknown = await promise.then(
		() => undefined,
		(reason) => reason,
	);
	assert.ok(error instanceof TokensmithUnavailableError, String(error));
	assert.equal(error.name, "TokensmithUnavailableError");
	return error;
}
