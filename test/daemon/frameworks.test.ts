/** The same requests to a service in each framework, over real connections, with one daemon behind all of them. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { request as httpRequest, type IncomingHttpHeaders } from "node:http";
import { type ClientSessionOptions, connect } from "node:http2";
import { text } from "node:stream/consumers";
import { createTokensmithClient, type TokensmithClient } from "../../daemon/client/client.ts";
import { type Service, type ServiceOptions, services } from "./framework-services.ts";
import { ownerKey, TestDaemon } from "./harness.ts";

interface Asked {
	method?: string;
	path?: string;
	/** The Authorization headers. */
	authorization?: string | string[];
	headers?: Record<string, string>;
}

interface Answer {
	status: number;
	headers: IncomingHttpHeaders;
	body: string;
}

const preflight = {
	method: "OPTIONS",
	headers: { origin: "https://app.example.com", "access-control-request-method": "GET" },
};

for (const [name, serve] of Object.entries(services)) {
	describe(`a service on ${name}`, () => {
		let daemon: TestDaemon;
		let client: TokensmithClient;
		let service: Service;
		let handled: number;
		let bearer: string;
		before(async () => {
			daemon = await TestDaemon.start({ trustedProxies: ["127.0.0.1"] });
			client = createTokensmithClient({ url: daemon.address });
			bearer = `Bearer ${(await daemon.create({ name: "billing" })).token}`;
			service = await start();
		});
		beforeEach(() => {
			handled = 0;
		});
		after(async () => {
			await service.stop();
			await daemon.remove();
		});

		it("lets a good token pass, and tells the handler whose it is", async () => {
			const { status, body } = await ask({ authorization: bearer });
			assert.deepEqual([status, body, handled], [200, "billing", 1]);
		});

		it("streams its answer", async () => {
			const { status, body } = await ask({ path: "/stream", authorization: bearer });
			assert.deepEqual([status, body.length, handled], [200, 102_400, 1]);
		});

		const strangers: [what: string, asked: Asked, code: string, challenge: RegExp][] = [
			["no token", {}, "credentials-missing", /^Bearer realm="tokensmith"$/],
			["what is no token", { authorization: "Bearer x" }, "token-malformed", /error="invalid_token"/],
			["a preflight", preflight, "credentials-missing", /^Bearer realm="tokensmith"$/],
			["HEAD without a token", { method: "HEAD" }, "", /^Bearer realm="tokensmith"$/],
		];
		for (const [what, asked, code, challenge] of strangers) {
			it(`answers 401 to ${what}, and calls no handler`, async () => {
				const answer = await ask(asked);
				assert.match(answer.headers["www-authenticate"] ?? "", challenge);
				assertProblem(answer, 401, code);
			});
		}

		it("answers 403 to a token without the permission", async () => {
			const { token } = await daemon.create({ permissions: ["orders.write"] });
			const answer = await ask({ authorization: `Bearer ${token}` });
			assert.match(answer.headers["www-authenticate"] ?? "", /insufficient_scope.*scope="orders\.read"/);
			assertProblem(answer, 403, "permission-missing");
		});

		it("answers 400 to two Authorization headers, whichever is good", async () => {
			for (const authorization of [
				[bearer, "Bearer x"],
				["Bearer x", bearer],
			])
				assertProblem(await ask({ authorization }), 400, "invalid-request");
		});

		it("answers preflights where that is chosen, and nothing else without a token", async () => {
			const open = await start({ answersPreflights: true });
			try {
				assert.equal((await ask(preflight, open)).status, 204);
				assertProblem(await ask({}, open), 401, "credentials-missing");
				assertProblem(await ask({ ...preflight, method: "GET" }, open), 401, "credentials-missing");
				assert.equal((await ask({ authorization: bearer }, open)).status, 200);
			} finally {
				await open.stop();
			}
		});

		it("answers 503 while the daemon is away", async () => {
			const away = createTokensmithClient({ url: "http://127.0.0.1:1", ownerKey });
			const alone = await start({ client: away });
			try {
				const answer = await ask({ authorization: bearer }, alone);
				assert.equal(answer.headers["retry-after"], "5");
				assertProblem(answer, 503, "verification-unavailable");
			} finally {
				await alone.stop();
			}
		});

		it("has tokens judged by the address of the connection", async () => {
			const near = await daemon.create({ allowedAddresses: ["127.0.0.1"] });
			const far = await daemon.create({ allowedAddresses: ["203.0.113.9"] });
			const headers = { "x-forwarded-for": "203.0.113.9" };
			assert.equal((await ask({ authorization: `Bearer ${near.token}`, headers })).status, 200);
			assert.equal((await ask({ authorization: `Bearer ${far.token}`, headers })).status, 403);
		});

		function start(options: Partial<ServiceOptions> = {}): Promise<Service> {
			const onHandled = () => {
				handled++;
			};
			return serve({ client, permission: "orders.read", answersPreflights: false, onHandled, ...options });
		}

		function assertProblem({ status, headers, body }: Answer, expected: number, code: string): void {
			assert.deepEqual([status, handled], [expected, 0]);
			assert.match(headers["content-type"] ?? "", /^application\/problem\+json/);
			assert.equal(headers["cache-control"], "no-store");
			if (code !== "") assert.equal(JSON.parse(body).code, code);
		}

		function ask(asked: Asked, { url, protocol } = service): Promise<Answer> {
			return protocol === "http" ? overHttp(url, asked) : overHttp2(url, asked);
		}
	});
}

async function overHttp(url: string, { path = "/orders", authorization, ...asked }: Asked): Promise<Answer> {
	const { method = "GET", headers } = asked;
	const sent = httpRequest(url + path, {
		method,
		agent: false,
		headers: { ...headers, ...(authorization !== undefined && { Authorization: authorization }) },
	});
	const [response] = await once(sent.end(), "response");
	return { status: response.statusCode, headers: response.headers, body: await text(response) };
}

async function overHttp2(url: string, { path = "/orders", authorization, ...asked }: Asked): Promise<Answer> {
	// Node.js itself would not send two Authorization headers.
	const session = connect(url, { strictSingleValueFields: false } as ClientSessionOptions);
	try {
		const { method = "GET", headers } = asked;
		const raw = Object.entries({ ":method": method, ":path": path, ...headers }).flat();
		for (const value of [authorization ?? []].flat()) raw.push("authorization", value);
		const stream = session.request(raw);
		stream.end();
		const [answered] = await once(stream, "response");
		return { status: answered[":status"], headers: answered, body: await text(stream) };
	} finally {
		session.close();
	}
}
