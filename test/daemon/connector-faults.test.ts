/** Connections that fail, and systems that answer what they should not: nothing is sent twice, nothing half is taken. */
import assert from "node:assert/strict";
import { createAt, listAt, revokeAt, updateAt } from "../../daemon/issuers/connector/engine.ts";
import { probeAt } from "../../daemon/issuers/connector/probe.ts";
import { accessWith, rejection, systemWith, wanted } from "./systems/calls.ts";
import { FakeSystem, type Fault, unique } from "./systems/fake-system.ts";
import { acme, connector, credential, type Token } from "./systems/small-system.ts";

describe("a call that fails", () => {
	let tokens: Token[];
	let fake: FakeSystem;
	const access = accessWith(credential);
	const system = () => systemWith(connector, fake.url);
	const create = (options = {}) => createAt(system(), access, wanted({ name: "ci" }), options);

	beforeEach(async () => {
		tokens = [];
		fake = await FakeSystem.start(acme(tokens));
	});
	afterEach(() => fake.stop());

	/** The fault meets the requests of this method alone. */
	const breakOn = (method: string, fault: Fault) => {
		fake.fault = (request) => (request.method === method ? fault : undefined);
	};

	describe("at a creation", () => {
		const sentOnce = () => assert.equal(fake.count("POST", "/tokens"), 1, "it is sent once");

		it("names the token that a lost answer left behind", async () => {
			tokens.push({ id: "id-old", name: "ci" });
			breakOn("POST", "cut-after");
			const error = await rejection(create());
			sentOnce();
			assert.equal(error.code, "issuer-unanswered");
			assert.deepEqual(
				error.orphans.map(({ id }) => id),
				[tokens[1]?.id],
			);
			assert.match(error.message, /its secret is lost: ci\. Revoke it/);
		});

		it("names it too when the answer is cut in the middle, or is an error of a gateway", async () => {
			breakOn("POST", "half");
			assert.equal((await rejection(create())).orphans.length, 1);
			breakOn("POST", (response) => {
				tokens.push({ id: unique("id-"), name: "ci" });
				response.writeHead(502).end("<html>Bad Gateway</html>");
			});
			const error = await rejection(create());
			assert.deepEqual([error.code, error.orphans.length], ["issuer-unanswered", 1]);
			assert.equal(fake.count("POST", "/tokens"), 2);
		});

		it("says that nothing happened when the connection was cut before", async () => {
			breakOn("POST", "cut-before");
			const error = await rejection(create());
			sentOnce();
			assert.deepEqual([error.code, error.orphans], ["issuer-unreachable", []]);
			assert.match(error.message, /lists no new token/);
		});

		it("does not wait for a system that answers with another protocol, and still looks for what it left", async () => {
			breakOn("POST", ({ socket }) => {
				tokens.push({ id: unique("id-"), name: "ci" });
				socket?.write("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n");
			});
			const error = await rejection(create());
			sentOnce();
			assert.deepEqual([error.code, error.orphans.length], ["issuer-unanswered", 1]);
			assert.match(error.message, /it answered 101/);
		});

		it("gives up a silent system at its deadline, and still looks for what it left", async () => {
			breakOn("POST", "silent");
			const error = await rejection(create({ timeoutMs: 300 }));
			sentOnce();
			assert.deepEqual([error.code, error.orphans.length], ["issuer-unanswered", 1]);
			assert.match(error.message, /No answer came in time/);
		});

		it("is cancelled by its caller, and does not claim that nothing happened", async () => {
			const caller = new AbortController();
			breakOn("POST", () => caller.abort());
			const error = await rejection(create({ signal: caller.signal }));
			sentOnce();
			assert.equal(error.code, "issuer-unanswered");
			assert.match(error.message, /cancelled/);
		});

		it("does not know what happened when the list fails as well", async () => {
			let isLost = false;
			fake.fault = ({ method }) => {
				if (method === "POST") isLost = true;
				return isLost ? "cut-after" : undefined;
			};
			const error = await rejection(create());
			sentOnce();
			assert.deepEqual([error.code, error.orphans], ["issuer-unanswered", []]);
			assert.match(error.message, /not known/);
		});

		it("passes on a refusal of the server, if no token came of it", async () => {
			breakOn("POST", (response) =>
				response.writeHead(500, { "content-type": "application/json" }).end('{"error":"boom"}'),
			);
			const error = await rejection(create());
			assert.deepEqual([error.code, error.status], ["issuer-refused", 500]);
			assert.match(error.message, /answered 500: boom/);
		});

		for (const [says, body, words] of [
			["no secret", { id: "x", name: "ci" }, /no secret at "\/token"/],
			["two secrets", { id: "x", name: "ci", token: ["acme-secret-a", "acme-secret-b"] }, /no secret at/],
			["a secret with a line break", { id: "x", name: "ci", token: "acme\nsecret" }, /can't be a secret/],
			["a secret of a megabyte", { id: "x", name: "ci", token: "s".repeat(20_000) }, /can't be a secret/],
		] as const) {
			it(`takes an answer with ${says} for a lost one, and names the token`, async () => {
				breakOn("POST", (response) => {
					tokens.push({ id: "x", name: "ci" });
					response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(body));
				});
				const error = await rejection(create());
				sentOnce();
				assert.deepEqual([error.code, error.orphans.map(({ id }) => id)], ["issuer-unanswered", ["x"]]);
				assert.match(error.message, words);
			});
		}

		it("is not sent when the list before it can't be read", async () => {
			breakOn("GET", "cut-before");
			assert.equal((await rejection(create())).code, "issuer-unreachable");
			assert.equal(fake.count("POST", "/tokens"), 0);
		});

		it("is sent all the same when the credential may not list", async () => {
			fake.fault = ({ path, method }) =>
				method === "GET" && path === "/tokens" ? (response) => response.writeHead(403).end("{}") : undefined;
			assert.equal((await create()).token.name, "ci");
		});
	});

	it("says that nothing was sent when no server listens", async () => {
		await fake.stop();
		const error = await rejection(listAt(system(), access));
		assert.equal(error.code, "issuer-unreachable");
		assert.match(error.message, /No server accepts connections/);
		fake = await FakeSystem.start(acme(tokens));
	});

	it("does not know whether a revocation happened whose answer is lost", async () => {
		breakOn("DELETE", "cut-after");
		assert.equal((await rejection(revokeAt(system(), access, "id-1"))).code, "issuer-unanswered");
		assert.equal(fake.count("DELETE", "/tokens/id-1"), 1);
	});

	for (const [says, answer, words] of [
		[
			"HTML with status 200",
			{ status: 200, type: "text/html", text: "<html>Sign in</html>" },
			/text\/html and not with JSON/,
		],
		[
			"HTML with status 404",
			{ status: 404, type: "text/html", text: "<html>No</html>" },
			/404 with text\/html/,
		],
		[
			"an empty list in the wrong place",
			{ status: 200, type: "application/json", text: '{"items":[]}' },
			/no list at \/tokens/,
		],
		["status 500", { status: 500, type: "application/json", text: '{"error":"boom"}' }, /answered 500: boom/],
	] as const) {
		it(`explains ${says}`, async () => {
			breakOn("GET", (response) =>
				response.writeHead(answer.status, { "content-type": answer.type }).end(answer.text),
			);
			const error = await rejection(listAt(system(), access));
			assert.equal(error.code, "issuer-refused");
			assert.match(error.message, words);
		});
	}

	it("takes 5xx, 429, HTML and a cut connection for unknown when it probes, never for dead", async () => {
		const faults: Fault[] = [
			(response) => response.writeHead(503).end(),
			(response) => response.writeHead(429).end(),
			(response) => response.writeHead(403, { "content-type": "text/html" }).end("<html>"),
			(response) => response.writeHead(302, { location: "/login" }).end(),
			"cut-before",
		];
		for (const fault of faults) {
			breakOn("GET", fault);
			const { outcome, detail } = await probeAt(system(), access);
			assert.equal(outcome, "unknown", detail);
		}
	});
});

describe("an answer that leads elsewhere", () => {
	let fake: FakeSystem;
	let other: FakeSystem;
	const access = accessWith(credential);
	const system = () => systemWith(connector, fake.url);
	beforeEach(async () => {
		fake = await FakeSystem.start(() => undefined);
		other = await FakeSystem.start(() => ({ json: { id: "x", tokens: [], token: "stolen" } }));
	});
	afterEach(async () => {
		await fake.stop();
		await other.stop();
	});

	for (const status of [301, 302, 303, 307, 308]) {
		it(`is not followed with status ${status}, so that neither credential nor body reach another host`, async () => {
			fake.fault =
				({ path }) =>
				(response) =>
					response.writeHead(status, { location: other.url + path }).end();
			const errors = [
				await rejection(listAt(system(), access)),
				await rejection(
					createAt(systemWith({ ...connector, list: undefined } as never, fake.url), access, wanted({})),
				),
				await rejection(updateAt(system(), access, "1", { name: "n" })),
				await rejection(revokeAt(system(), access, "1")),
			];
			for (const error of errors) assert.match(error.message, /redirects are not followed/);
			assert.equal((await probeAt(system(), access)).outcome, "unknown");
			assert.deepEqual(other.requests, []);
		});
	}

	it("is followed only to the same path with a slash, by GET, where the connector says so", async () => {
		fake.fault =
			({ path }) =>
			(response) =>
				response.writeHead(301, { location: `${other.url}${path}/` }).end();
		const slashing = systemWith({ ...connector, slash: true }, fake.url);
		assert.match((await rejection(listAt(slashing, access))).message, /redirects to 127/);
		fake.fault =
			({ path }) =>
			(response) =>
				response.writeHead(301, { location: `${path}/` }).end();
		assert.match((await rejection(revokeAt(slashing, access, "1"))).message, /redirects/);
		assert.match((await rejection(listAt(system(), access))).message, /redirects/);
		assert.equal(fake.log.filter((line) => line.endsWith("/")).length, 0);
		assert.deepEqual(other.requests, []);
	});

	it("does not lead a list to another origin, out of the base path, or round in circles", async () => {
		const page = (next: string) => () => (response: import("node:http").ServerResponse) =>
			void response
				.writeHead(200, { "content-type": "application/json" })
				.end(JSON.stringify({ tokens: [{ id: "1" }], next }));
		for (const next of [`${other.url}/tokens`, "//evil.example/tokens", "http://[::1", "/elsewhere"]) {
			fake.fault = page(next);
			const error = await rejection(listAt(systemWith(connector, `${fake.url}/base`), access));
			assert.match(error.message, /leaves the connection's address|is no address/);
		}
		assert.deepEqual(other.requests, []);
		fake.requests.length = 0;
		fake.fault = page("/tokens?again");
		assert.equal((await listAt(system(), access)).length, 1);
		assert.equal(fake.requests.length, 2);
	});

	it("reads at most 100 pages, and says so rather than to show a part", async () => {
		let page = 0;
		fake.fault = () => (response) => {
			page += 1;
			const body = { tokens: [{ id: String(page) }], next: `/tokens?page=${page}` };
			response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(body));
		};
		assert.match((await rejection(listAt(system(), access))).message, /more than 100 pages/);
		assert.equal(fake.requests.length, 100);
	});
});
