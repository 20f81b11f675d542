/** Connections that fail, and systems that answer what they should not: nothing is sent twice, nothing half is taken. */
import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import type { Connector } from "../../daemon/contract.ts";
import { createAt, listAt, revokeAt, updateAt } from "../../daemon/issuers/connector/engine.ts";
import { probeAt } from "../../daemon/issuers/connector/probe.ts";
import { accessWith, rejection, systemWith, wanted } from "./systems/calls.ts";
import { bearer, FakeSystem, type Fault, type Handler, routes, unique } from "./systems/fake-system.ts";

const connector: Connector = {
	base: null,
	auth: { Authorization: "Bearer {credential}" },
	record: { id: "/id", name: "/name", expiry: "/expiry", permissions: "/permissions", partial: "/token" },
	create: {
		request: "POST /tokens",
		body: { name: "{name}", expiry: "{expiry}", permissions: "{permissions}" },
		secret: "/token",
	},
	list: { request: "GET /tokens", items: "/tokens", pages: { next: "/next" } },
	update: { request: "PATCH /tokens/{id}", changes: ["name"], body: { name: "{name}" } },
	revoke: { request: "DELETE /tokens/{id}", gone: [404] },
	verify: [{ request: "GET /me", live: [200], dead: [401] }],
	error: ["/error"],
};

const credential = "admin-credential-0123456789";

interface Token {
	id: string;
	name: string;
}

function acme(tokens: Token[]): Handler {
	return routes({
		"GET /me": (request) => ({ status: bearer(request) === credential ? 200 : 401 }),
		"GET /tokens": () => ({ json: { tokens, next: null } }),
		"POST /tokens": ({ body }) => {
			const token = { id: unique("id-"), ...body };
			tokens.push(token);
			return { status: 201, json: { ...token, token: unique("acme-secret-") } };
		},
		"PATCH /tokens/{id}": ({ body }, id) => ({ json: { id, ...body } }),
		"DELETE /tokens/{id}": () => ({ status: 204 }),
	});
}

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

describe("an answer that is too much", () => {
	let fake: FakeSystem;
	const access = accessWith(credential);
	beforeEach(async () => {
		fake = await FakeSystem.start(() => undefined);
	});
	afterEach(() => fake.stop());
	const list = () => listAt(systemWith(connector, fake.url), access);

	it("is not unpacked: a megabyte of zeros in a kilobyte of gzip is refused unread", async () => {
		const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024));
		fake.fault = () => (response) => response.writeHead(200, { "content-encoding": "gzip" }).end(bomb);
		assert.match((await rejection(list())).message, /compressed, which was not asked for/);
		assert.equal(fake.requests[0]?.headers["accept-encoding"], "identity");
	});

	it("ends at 1 MiB, also without an end", async () => {
		fake.fault = () => (response) => {
			const more = () => {
				while (!response.destroyed && response.write(Buffer.alloc(65_536, 0x20)));
			};
			response.writeHead(200);
			response.on("drain", more);
			more();
		};
		assert.match((await rejection(list())).message, /larger than 1 MiB/);
	});

	it("ends at 16 MiB for all pages of a list together", async () => {
		let page = 0;
		fake.fault = () => (response) => {
			page += 1;
			const body = {
				tokens: [{ id: String(page), note: "x".repeat(900_000) }],
				next: `/tokens?page=${page}`,
			};
			response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(body));
		};
		assert.match((await rejection(list())).message, /more than 16 MiB/);
		assert.equal(page, 19);
	});

	it("is one deadline for all pages together", async () => {
		let page = 0;
		fake.fault = () => (response) => {
			page += 1;
			const body = JSON.stringify({ tokens: [{ id: String(page) }], next: `/tokens?page=${page}` });
			setTimeout(() => response.writeHead(200, { "content-type": "application/json" }).end(body), 40);
		};
		const error = await rejection(listAt(systemWith(connector, fake.url), access, { timeoutMs: 300 }));
		assert.match(error.message, /No answer came in time/);
		assert.ok(page < 20, `${page} pages`);
	});
});

describe("what a message and a record may contain", () => {
	let fake: FakeSystem;
	const password = "pass word+1";
	const connectorWithPassword: Connector = {
		...connector,
		ask: [{ name: "password", title: "Password" }],
		auth: { basic: { user: "ada", password: "{password}" } },
		headers: { "X-Key": "{credential}" },
	};
	beforeEach(async () => {
		fake = await FakeSystem.start(() => undefined);
	});
	afterEach(() => fake.stop());

	it("is neither credential, answer nor secret, in whatever form the system returns them", async () => {
		fake.fault =
			({ headers, text }) =>
			(response) => {
				const said = [headers["x-key"], headers.authorization, encodeURIComponent(password), text].join(" ");
				response.writeHead(400, { "content-type": "application/json" }).end(JSON.stringify({ error: said }));
			};
		const access = accessWith(credential, { answers: { password } });
		const error = await rejection(listAt(systemWith(connectorWithPassword, fake.url), access));
		for (const form of [
			credential,
			password,
			encodeURIComponent(password),
			Buffer.from(`ada:${password}`).toString("base64"),
		]) {
			assert.ok(!error.message.includes(form), `${error.message} contains ${form}`);
		}
		assert.match(error.message, /\*\*\* Basic \*\*\*/);
	});

	it("is not a credential with a line break, which is refused unsent", async () => {
		const bad = "first line\nsecond";
		const error = await rejection(listAt(systemWith(connector, fake.url), accessWith(bad)));
		assert.equal(error.code, "not-supported");
		assert.ok(!error.message.includes("second"));
		assert.deepEqual(fake.requests, []);
	});

	it("is not the secret in another field, and no control character", async () => {
		const secret = "acme-secret-in-many-places";
		fake.fault =
			({ method }) =>
			(response) => {
				const token = {
					id: secret,
					name: `bad\u0000\u202ename\n${"x".repeat(3000)}`,
					permissions: ["a", `b ${secret}`],
					token: secret,
				};
				const body = method === "POST" ? token : { tokens: [] };
				response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(body));
			};
		const { token } = await createAt(
			systemWith(connector, fake.url),
			accessWith(credential),
			wanted({ permissions: ["a"] }),
		);
		assert.ok(!JSON.stringify(token).includes(secret));
		assert.match(token.id, /^sha256:/);
		assert.ok((token.name?.length ?? 0) <= 1001);
		assert.doesNotMatch(token.name ?? "", /\p{Cc}|\p{Cf}/u);
	});

	it("is not the credential in a field of a token, in whatever form the system returns it", async () => {
		const access = accessWith(credential);
		const system = systemWith(
			{ ...connector, verify: [{ request: "GET /me", live: [200], dead: [401], record: true }] },
			fake.url,
		);
		const base64 = Buffer.from(credential).toString("base64").replace(/=+$/, "");
		for (const form of [credential, encodeURIComponent(credential), base64]) {
			const token = {
				id: "7",
				name: form,
				permissions: ["a", `for ${form}`],
				token: "acme-secret-0123456789",
			};
			const answer = { ...token, tokens: [{ id: "8", name: `by ${form}` }, { id: form }], next: null };
			fake.fault = () => (response) =>
				response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(answer));
			const results = [
				await createAt(system, access, wanted({})),
				await listAt(system, access),
				await updateAt(system, access, "7", { name: "new" }),
				await probeAt(system, access),
			];
			assert.doesNotMatch(JSON.stringify(results), new RegExp(`${credential}|${base64}`));
			assert.deepEqual(results[1], [{ id: "8" }]);
		}
	});

	it("is no failure of the daemon where an answer is nested without end", async () => {
		const nested = "[".repeat(300_000) + "]".repeat(300_000);
		fake.fault =
			({ method }) =>
			(response) =>
				response
					.writeHead(200, { "content-type": "application/json" })
					.end(method === "POST" ? nested : JSON.stringify({ tokens: [], next: null }));
		const system = systemWith(connector, fake.url);
		const error = await rejection(createAt(system, accessWith(credential), wanted({ name: "ci" })));
		assert.match(error.message, /not with JSON/);
		fake.fault = () => (response) => response.writeHead(200).end(nested);
		assert.equal((await rejection(listAt(system, accessWith(credential)))).code, "issuer-refused");
	});

	it("hashes the secrets that a list shows, at once", async () => {
		const secret = "listed-secret-0123456789";
		fake.fault = () => (response) =>
			response
				.writeHead(200, { "content-type": "application/json" })
				.end(JSON.stringify({ tokens: [{ id: "7", name: "n", token: secret, note: secret }], next: "" }));
		const listing: Connector = {
			...connector,
			record: { id: "/id", name: "/name", description: "/note", secret: "/token" },
		};
		const [token] = await listAt(systemWith(listing, fake.url), accessWith(credential));
		assert.deepEqual(Object.keys(token ?? {}).sort(), ["id", "name", "partial", "secretHash"]);
		assert.ok(!JSON.stringify(token).includes(secret));
	});

	it("keeps ids of 64 bits whole", async () => {
		fake.fault = () => (response) =>
			response
				.writeHead(200, { "content-type": "application/json" })
				.end('{"tokens":[{"id":9007199254740993},{"id":12}],"next":null}');
		const tokens = await listAt(systemWith(connector, fake.url), accessWith(credential));
		assert.deepEqual(
			tokens.map(({ id }) => id),
			["9007199254740993", "12"],
		);
	});

	it("refuses ids that would leave their place in the path", async () => {
		for (const id of ["", ".", "..", "a/../b", "..\\x", "a/", `a${String.fromCharCode(0)}`]) {
			const error = await rejection(revokeAt(systemWith(connector, fake.url), accessWith(credential), id));
			assert.equal(error.code, "not-supported", JSON.stringify(id));
		}
		assert.deepEqual(fake.requests, []);
	});
});
