/** The typed client and the middleware, against a daemon in this process and against strangers who are none. */
import assert from "node:assert/strict";
import { createServer, IncomingMessage, type RequestListener, type Server, ServerResponse } from "node:http";
import { type AddressInfo, Socket } from "node:net";
import {
	createTokensmithClient,
	type Question,
	type TokensmithClient,
	type Verification,
} from "../../daemon/client/client.ts";
import { TokensmithProblemError, TokensmithUnavailableError } from "../../daemon/client/exchange.ts";
import { type RequireTokenOptions, requireToken, tokenOf } from "../../daemon/client/require-token.ts";
import { generateSecret } from "../../daemon/rules/secret.ts";
import { ownerKey, TestDaemon } from "./harness.ts";

const secretOfNobody = "tks_000000000000000000000000000000004cQ2wm";

describe("the client", () => {
	let daemon: TestDaemon;
	let client: TokensmithClient;
	before(async () => {
		daemon = await TestDaemon.start({ trustedProxies: ["127.0.0.1"] });
	});
	beforeEach(() => {
		client = createTokensmithClient({ url: daemon.url, ownerKey });
	});
	after(() => daemon.remove());

	it("says of a good token whose it is and what it may do", async () => {
		const created = await client.create({ name: "good", permissions: ["orders.read"] });
		const verification = await client.verify(created.token, { permissions: ["orders.read"] });
		assert.ok(verification.valid);
		assert.equal(verification.token.id, created.id);
		assert.deepEqual(verification.token.permissions, ["orders.read"]);
	});

	const refusals: [why: string, reason: string, question: Question][] = [
		["a permission it lacks", "permission", { permissions: ["orders.write"] }],
		["one of two that it lacks", "permission", { anyPermissions: ["orders.write", "files.read"] }],
		["a resource it was not granted", "resource", { resources: ["channel/board"] }],
		["an address it is not allowed from", "address", { address: "203.0.113.9" }],
	];
	for (const [why, reason, question] of refusals) {
		it(`says no, and hands on what the daemon said, to ${why}`, async () => {
			const { token } = await client.create({
				name: "narrow",
				permissions: ["orders.read"],
				resources: ["channel/soc"],
				allowedAddresses: ["198.51.100.0/24"],
			});
			const verification = refused(await client.verify(token, { address: "198.51.100.7", ...question }));
			assert.equal(verification.reason, reason);
			assert.equal(verification.problem.status, 403);
			assert.match(verification.challenge, /^Bearer realm="tokensmith", error="/);
		});
	}

	it("names the permissions that are missing", async () => {
		const { token } = await client.create({ name: "narrow", permissions: ["orders.read"] });
		const question = { permissions: ["orders.read", "orders.write", "files.read"] };
		assert.deepEqual(refused(await client.verify(token, question)).missing, ["orders.write", "files.read"]);
	});

	it("lets one of several permissions do", async () => {
		const { token } = await client.create({ name: "narrow", permissions: ["orders.read"] });
		assert.ok((await client.verify(token, { anyPermissions: ["orders.write", "orders.read"] })).valid);
	});

	for (const [what, secret, reason] of [
		["a secret of nobody's", generateSecret("tks"), "unknown"],
		["a secret with a wrong checksum", secretOfNobody, "malformed"],
		["nothing", "", "malformed"],
		["a line break", "tks_a\nX-Injected: yes", "malformed"],
		["what no header can hold", "tks_\u{1F511}", "malformed"],
		["what is longer than a header may be", "x".repeat(100_000), "malformed"],
	] as const) {
		it(`says no to ${what}`, async () => {
			const verification = refused(await client.verify(secret));
			assert.equal(verification.reason, reason);
			assert.equal(verification.problem.code, `token-${reason}`);
			assert.match(verification.challenge, /error="invalid_token"/);
		});
	}

	it("refuses a question that would let every token pass, or that is none", async () => {
		await assert.rejects(client.verify(secretOfNobody, { anyPermissions: [] }), TypeError);
		await assert.rejects(client.verify(secretOfNobody, { address: "198.51.100.7, 127.0.0.1" }), TypeError);
		await assert.rejects(client.verify(secretOfNobody, { permissions: [""] }), TokensmithProblemError);
	});

	it("lists all that fit, however many pages they are", async () => {
		for (let made = 0; made < 1005; made += 67) {
			const names = Array.from({ length: 67 }, (_, index) => `page ${made + index}`);
			await Promise.all(
				names.map((name) => client.create({ name, permissions: ["orders.read"], tags: ["paged"] })),
			);
		}
		const tokens = await client.list({ tag: "paged" });
		assert.equal(new Set(tokens.map(({ id }) => id)).size, 1005);
		assert.deepEqual(await client.list({ tag: "nothing-has-this" }), []);
	}).timeout(60_000);

	it("changes a token that nobody else has changed since", async () => {
		const { id, version } = await client.create({ name: "before", permissions: ["orders.read"] });
		const changed = await client.update(id, version, { name: "after" });
		assert.equal(changed.name, "after");
		await assert.rejects(client.update(id, version, { name: "late" }), isProblem("version-stale"));
		assert.equal((await client.get(id)).name, "after");
	});

	it("rotates, disables, enables and revokes", async () => {
		const { id, token } = await client.create({ name: "lives", permissions: ["orders.read"] });
		const rotated = await client.rotate(id, { overlapSeconds: 60 });
		assert.equal(rotated.predecessor.id, id);
		assert.equal(rotated.predecessorId, id);
		assert.ok((await client.verify(token)).valid);
		assert.ok((await client.verify(rotated.token)).valid);
		assert.equal((await client.disable(rotated.id)).status, "disabled");
		assert.equal(refused(await client.verify(rotated.token)).reason, "disabled");
		assert.equal((await client.enable(rotated.id)).status, "active");
		assert.ok((await client.verify(rotated.token)).valid);
		assert.equal((await client.revoke(rotated.id, { reason: "leaked" })).revokedReason, "leaked");
		assert.equal(refused(await client.verify(rotated.token)).reason, "revoked");
	});

	it("undoes a rotation, or ends its overlap", async () => {
		const { id, token } = await client.create({ name: "turns", permissions: ["orders.read"] });
		const first = await client.rotate(id, { overlapSeconds: 3600, quietSeconds: 60 });
		assert.equal(first.predecessor.quietSeconds, 60);
		const undone = await client.undoRotation(id);
		assert.deepEqual([undone.token.status, undone.successor.status], ["active", "revoked"]);
		assert.equal(refused(await client.verify(first.token)).reason, "revoked");
		await assert.rejects(client.endOverlap(id), isProblem("not-rotated"));
		await client.rotate(id, { overlapSeconds: 3600 });
		assert.equal((await client.endOverlap(id)).status, "expired");
		assert.equal(refused(await client.verify(token)).reason, "expired");
		await assert.rejects(client.undoRotation(id), isProblem("not-rotated"));
	});

	it("records another system's token, and sends its hash and its ends alone", async () => {
		const secret = "ghp_0123456789abcdefghijklmnop";
		const recorded = await client.register(secret, {
			name: "deploy",
			issuer: "github",
			permissions: ["repo"],
		});
		assert.deepEqual([recorded.issuer, recorded.partialToken], ["github", "ghp_…mnop"]);
		assert.equal((await client.identify([secret]))[0]?.id, recorded.id);
		assert.equal(refused(await client.verify(secret)).reason, "unknown");
		await assert.rejects(client.register(secret, { name: "x", issuer: "other" }), isProblem("already-known"));
		for (const short of ["hunter2hunter2", "🗝🗝🗝🗝🗝🗝🗝🗝🗝🗝"]) {
			assert.equal((await client.register(short, { name: "x", issuer: "other" })).partialToken, "…");
		}
	});

	it("identifies secrets by their hashes, in their order, however many", async () => {
		const one = await client.create({ name: "one", permissions: ["orders.read"] });
		const other = await client.create({ name: "other", permissions: ["orders.read"] });
		const strangers = Array.from({ length: 1200 }, (_, index) => `stranger-${index}`);
		const found = await client.identify([one.token, ...strangers, other.token, one.token]);
		assert.equal(found.length, 1203);
		const known = found.flatMap((record, index) => (record === undefined ? [] : [[index, record.id]]));
		assert.deepEqual(known, [
			[0, one.id],
			[1201, other.id],
			[1202, one.id],
		]);
	});

	it("acts with a token, which knows itself and can do no more than it may", async () => {
		const reader = await client.create({ name: "reader", permissions: ["api.api-tokens.read"] });
		const acting = createTokensmithClient({ url: daemon.url, token: reader.token });
		assert.equal((await acting.whoami()).id, reader.id);
		const attempt = acting.create({ name: "more", permissions: ["orders.read"] });
		await assert.rejects(attempt, isProblem("permission-missing"));
	});

	it("lets a token end itself only when told so", async () => {
		const permissions = ["api.api-tokens.read", "api.api-tokens.delete"];
		const { id, token } = await client.create({ name: "mortal", permissions });
		const acting = createTokensmithClient({ url: daemon.url, token });
		await assert.rejects(acting.revoke(id), isProblem("own-token"));
		await acting.revoke(id, { self: true });
		assert.equal(refused(await client.verify(token)).reason, "revoked");
	});

	for (const [what, options] of [
		["no address", { url: "nowhere" }],
		["another protocol", { url: "file:///etc/passwd" }],
		["a password in the address", { url: "http://user:password@127.0.0.1" }],
		["a query in the address", { url: "http://127.0.0.1/?token=x" }],
		["a token with a line break", { url: "http://127.0.0.1", token: "tks_secret\n" }],
	] as const) {
		it(`can't be made with ${what}, and the error repeats nothing`, () => {
			assert.throws(
				() => createTokensmithClient(options),
				(error) => error instanceof TypeError && !/password@|tks_secret/.test(error.message),
			);
		});
	}
});

describe("the client, without the daemon", () => {
	const servers: Server[] = [];
	afterEach(() => {
		for (const server of servers.splice(0)) {
			server.closeAllConnections();
			server.close();
		}
	});

	it("says that it does not know when nobody listens", async () => {
		const url = await strangerAt(() => {});
		servers[0]?.close();
		const error = await unavailable(createTokensmithClient({ url }).verify(secretOfNobody));
		assert.equal(error.outcome, "not-done");
	});

	it("says that it does not know when no answer comes in time", async () => {
		const url = await strangerAt(() => {});
		const client = createTokensmithClient({ url, timeoutMilliseconds: 50 });
		assert.equal((await unavailable(client.verify(secretOfNobody))).outcome, "not-done");
		const creation = client.create({ name: "x", permissions: ["orders.read"] });
		assert.equal((await unavailable(creation)).outcome, "unknown");
	});

	const answers: [who: string, status: number, type: string, body: string][] = [
		["a web server's 200", 200, "text/html", "<h1>It works</h1>"],
		["a 200 without a token", 200, "application/json", '{"valid":true}'],
		["a 200 that says nothing", 200, "application/json", "null"],
		["a proxy's own 401", 401, "text/html", "<h1>Sign in</h1>"],
		["a 401 without a reason", 401, "application/problem+json", problemText(401, "credentials-missing")],
		["a 404", 404, "application/problem+json", problemText(404, "not-found")],
		["a 500", 500, "application/problem+json", problemText(500, "internal-error")],
		["a daemon that is stopping", 503, "application/problem+json", problemText(503, "stopping")],
		["a cut-off answer", 200, "application/json", '{"valid":tr'],
	];
	for (const [who, status, type, body] of answers) {
		it(`takes ${who} neither for a yes nor for a no`, async () => {
			const url = await strangerAt((_request, response) => {
				response.writeHead(status, { "content-type": type }).end(body);
			});
			await unavailable(createTokensmithClient({ url }).verify(secretOfNobody));
		});
	}

	it("follows no redirect, so that a secret goes nowhere else", async () => {
		const elsewhere: IncomingMessage[] = [];
		const target = await strangerAt((request, response) => {
			elsewhere.push(request);
			response.end();
		});
		const url = await strangerAt((_request, response) => {
			response.writeHead(307, { location: `${target}/v1/verify` }).end();
		});
		await unavailable(createTokensmithClient({ url }).verify(secretOfNobody));
		assert.deepEqual(elsewhere, []);
	});

	it("sends nothing to who can't prove to hold the owner key", async () => {
		const seen: IncomingMessage[] = [];
		const url = await strangerAt((request, response) => {
			seen.push(request);
			response.setHeader("content-type", "application/json");
			response.end('{"status":"ok","version":"1.0.0","protocol":1,"proof":"00"}');
		});
		const client = createTokensmithClient({ url, ownerKey: "tko_the-key-of-the-true-daemon" });
		const error = await unavailable(client.list());
		assert.match(error.message, /nothing was sent/);
		await unavailable(client.verify(secretOfNobody));
		assert.deepEqual(
			seen.map(({ url = "", headers }) => [url.split("?")[0], headers.authorization]),
			[
				["/healthz", undefined],
				["/healthz", undefined],
			],
		);
	});

	it("asks once more when a kept connection has ended unseen", async () => {
		let requests = 0;
		const url = await strangerAt((request, response) => {
			requests++;
			if (requests === 2) request.socket.destroy();
			else response.writeHead(200, { "content-type": "application/json" }).end(goodAnswer);
		});
		const client = createTokensmithClient({ url });
		assert.ok((await client.verify(secretOfNobody)).valid);
		assert.ok((await client.verify(secretOfNobody)).valid);
		assert.equal(requests, 3);
	});

	it("never asks twice for what may have been done", async () => {
		let requests = 0;
		const url = await strangerAt((request) => {
			requests++;
			request.socket.destroy();
		});
		const creation = createTokensmithClient({ url }).create({ name: "x" });
		assert.equal((await unavailable(creation)).outcome, "unknown");
		assert.equal(requests, 1);
	});

	it("has no secret in its errors, whatever is answered", async () => {
		const url = await strangerAt((_request, response) => response.end(`{"token": "${secretOfNobody}"`));
		const client = createTokensmithClient({ url, token: secretOfNobody });
		const error = await unavailable(client.create({ name: "x" }));
		for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
			assert.doesNotMatch(`${cause.message} ${cause.stack} ${JSON.stringify(cause)}`, /tks_0000/);
		}
	});

	it("is reached below a path, too", async () => {
		const paths: (string | undefined)[] = [];
		const url = await strangerAt((request, response) => {
			paths.push(request.url);
			response.writeHead(200, { "content-type": "application/json" }).end(goodAnswer);
		});
		await createTokensmithClient({ url: `${url}/tokensmith/` }).verify("x", { permissions: ["a b&c"] });
		assert.deepEqual(paths, ["/tokensmith/v1/verify?permission=a+b%26c"]);
	});

	async function strangerAt(listener: RequestListener): Promise<string> {
		return listen(servers, listener);
	}
});

describe("the middleware", () => {
	let daemon: TestDaemon;
	let client: TokensmithClient;
	before(async () => {
		daemon = await TestDaemon.start({ trustedProxies: ["127.0.0.1"] });
		// What the middleware remembers ends by the real clock.
		daemon.now = new Date();
		client = createTokensmithClient({ url: daemon.url, ownerKey });
	});
	after(() => daemon.remove());

	for (const authorization of ["", "Bearer", "Bearer ", "Basic dXNlcjpwYXNz", "tks_x", "Bearertks_x"]) {
		it(`takes ${JSON.stringify(authorization)} for no token at all`, async () => {
			const passed = await pass({ client }, { authorization });
			assert.deepEqual([passed.status, passed.problem.code], [401, "credentials-missing"]);
			assert.equal(passed.headers["www-authenticate"], 'Bearer realm="tokensmith"');
		});
	}

	it("reads the scheme in any case and with more than one space", async () => {
		const { token } = await client.create({ name: "any case", permissions: ["orders.read"] });
		assert.ok((await pass({ client }, { authorization: `bEARER   ${token} ` })).called);
	});

	it("asks for the caller's address, not for the service's", async () => {
		const allowedAddresses = ["203.0.113.0/24"];
		const { token } = await client.create({ name: "far", permissions: ["orders.read"], allowedAddresses });
		const authorization = `Bearer ${token}`;
		assert.ok((await pass({ client }, { authorization, remoteAddress: "203.0.113.9" })).called);
		assert.ok((await pass({ client }, { authorization, remoteAddress: "::ffff:203.0.113.9" })).called);
		const near = await pass({ client }, { authorization, remoteAddress: "198.51.100.1" });
		assert.equal(near.problem.code, "address-not-allowed");
		const told = { client, address: () => "203.0.113.1" };
		assert.ok((await pass(told, { authorization, remoteAddress: "198.51.100.1" })).called);
	});

	it("believes no address that the caller itself claims", async () => {
		const allowedAddresses = ["203.0.113.9"];
		const { token } = await client.create({ name: "far", permissions: ["orders.read"], allowedAddresses });
		const claimed = { "x-forwarded-for": "203.0.113.9" };
		const authorization = `Bearer ${token}`;
		const passed = await pass({ client }, { authorization, remoteAddress: "198.51.100.1", headers: claimed });
		assert.equal(passed.status, 403);
	});

	const slips: [what: string, options: RequireTokenOptions, errorMatches: RegExp][] = [
		["there is no client address", { address: () => undefined }, /client address/],
		["the address is a list", { address: () => "203.0.113.9, 127.0.0.1" }, /one IP address/],
		["the resource is empty", { resource: () => "" }, /not empty/],
		["there are no resources", { resource: () => [] }, /names none/],
		[
			"the resource can't be told",
			{
				resource: () => {
					throw new Error("no such channel");
				},
			},
			/no such channel/,
		],
	];
	for (const [what, options, message] of slips) {
		it(`answers 500 and lets nobody pass when ${what}`, async () => {
			const { token } = await client.create({ name: "good", permissions: ["orders.read"] });
			const errors: unknown[] = [];
			const onError = (error: unknown) => errors.push(error);
			const passed = await pass({ client, ...options, onError }, { authorization: `Bearer ${token}` });
			assert.deepEqual([passed.status, passed.called], [500, false]);
			assert.match(String(errors[0]), message);
		});
	}

	for (const [what, options] of [
		["an undefined permission", { permission: undefined }],
		["an undefined resource", { resource: undefined }],
		["an empty permission", { permission: "" }],
		["an empty choice", { anyPermission: [] }],
		["an empty list of resources", { resource: [] }],
		["a cache without an end", { cacheSeconds: Number.POSITIVE_INFINITY }],
		["a cache of less than nothing", { cacheSeconds: -1 }],
	]) {
		it(`can't be made with ${what}`, () => {
			// What plain JavaScript can pass, whatever the types say.
			const given = options as unknown as RequireTokenOptions;
			assert.throws(() => requireToken({ ...given, client }), TypeError);
		});
	}

	it("asks each time, so that a revoke counts at once", async () => {
		const { id, token } = await client.create({ name: "short", permissions: ["orders.read"] });
		const authorization = `Bearer ${token}`;
		const guard = requireToken({ client });
		assert.ok((await run(guard, { authorization })).called);
		await client.revoke(id);
		assert.equal((await run(guard, { authorization })).status, 401);
	});

	it("repeats a yes for as long as it was told to, for the same question alone", async () => {
		const { id, token } = await client.create({ name: "kept", permissions: ["orders.read"] });
		const authorization = `Bearer ${token}`;
		const guard = requireToken({ client, cacheSeconds: 300 });
		assert.ok((await run(guard, { authorization })).called);
		await client.revoke(id);
		assert.ok((await run(guard, { authorization })).called);
		assert.equal((await run(guard, { authorization, remoteAddress: "203.0.113.9" })).status, 401);
	});

	it("never repeats a no", async () => {
		const { id, token } = await client.create({ name: "back", permissions: ["orders.read"] });
		await client.disable(id);
		const authorization = `Bearer ${token}`;
		const guard = requireToken({ client, cacheSeconds: 300 });
		assert.equal((await run(guard, { authorization })).status, 401);
		await client.enable(id);
		assert.ok((await run(guard, { authorization })).called);
	});

	it("repeats no yes of a token in its overlap, or past its expiry", async () => {
		const guard = requireToken({ client, cacheSeconds: 300 });
		const retiring = await client.create({ name: "retiring", permissions: ["orders.read"] });
		await client.rotate(retiring.id, { overlapSeconds: 60 });
		assert.ok((await run(guard, { authorization: `Bearer ${retiring.token}` })).called);
		await client.revoke(retiring.id);
		assert.equal((await run(guard, { authorization: `Bearer ${retiring.token}` })).status, 401);

		const expiry = new Date(daemon.now.getTime() + 1000).toISOString();
		const ending = await client.create({ name: "ending", permissions: ["orders.read"], expiry });
		const authorization = `Bearer ${ending.token}`;
		assert.ok((await run(guard, { authorization })).called);
		const kept = daemon.now;
		daemon.now = new Date(kept.getTime() + 1000);
		await until(async () => !(await run(guard, { authorization })).called);
		daemon.now = kept;
	});

	it("hands on what the handler throws, and waits for it", async () => {
		const { token } = await client.create({ name: "good", permissions: ["orders.read"] });
		const { request, response } = exchangeOf({ authorization: `Bearer ${token}` });
		const failing = requireToken({ client })(request, response, async () => {
			throw new Error("the handler's own");
		});
		await assert.rejects(failing, /the handler's own/);
		assert.equal(tokenOf(request).name, "good");
	});

	it("has no token where nobody was checked", () => {
		assert.throws(() => tokenOf(exchangeOf({}).request), /has not let this request pass/);
	});

	it("finds the daemon by TOKENSMITH_URL when it is told nothing", async () => {
		const { token } = await client.create({ name: "good", permissions: ["orders.read"] });
		process.env.TOKENSMITH_URL = daemon.url;
		try {
			assert.ok((await pass({ permission: "orders.read" }, { authorization: `Bearer ${token}` })).called);
		} finally {
			delete process.env.TOKENSMITH_URL;
		}
	});
});

interface Incoming {
	authorization?: string;
	remoteAddress?: string;
	headers?: Record<string, string>;
}

function exchangeOf({ authorization, remoteAddress = "127.0.0.1", headers = {} }: Incoming) {
	const socket = new Socket();
	Object.defineProperty(socket, "remoteAddress", { value: remoteAddress });
	const request = new IncomingMessage(socket);
	Object.assign(request.headers, headers, authorization === undefined ? {} : { authorization });
	return { request, response: new ServerResponse(request) };
}

interface Passed {
	/** Whether the handler was called. */
	called: boolean;
	status: number;
	headers: Record<string, unknown>;
	problem: Record<string, unknown>;
}

function pass(options: RequireTokenOptions, incoming: Incoming): Promise<Passed> {
	return run(requireToken(options), incoming);
}

async function run(guard: ReturnType<typeof requireToken>, incoming: Incoming): Promise<Passed> {
	const { request, response } = exchangeOf(incoming);
	let called = false;
	let sent = "";
	response.end = ((body: Buffer) => {
		sent = String(body);
		return response;
	}) as typeof response.end;
	await guard(request, response, () => {
		called = true;
	});
	assert.equal(called, sent === "", "either the handler answers or the middleware does");
	const problem = sent === "" ? {} : JSON.parse(sent);
	return { called, status: response.statusCode, headers: response.getHeaders(), problem };
}

const goodAnswer = JSON.stringify({ valid: true, token: { id: "x", status: "active", expiry: null } });

function problemText(status: number, code: string): string {
	return JSON.stringify({ type: "about:blank", title: "", status, code, detail: "No.", instance: "" });
}

async function listen(servers: Server[], listener: RequestListener): Promise<string> {
	const server = createServer(listener);
	servers.push(server);
	await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
	return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function refused(verification: Verification): Extract<Verification, { valid: false }> {
	assert.ok(!verification.valid);
	return verification;
}

async function unavailable(promise: Promise<unknown>): Promise<TokensmithUnavailableError> {
	const error: unknown = await promise.then(
		() => undefined,
		(reason) => reason,
	);
	assert.ok(error instanceof TokensmithUnavailableError, String(error));
	return error;
}

function isProblem(code: string): (error: unknown) => boolean {
	return (error) => error instanceof TokensmithProblemError && error.problem.code === code;
}

async function until(satisfied: () => Promise<boolean>): Promise<void> {
	const deadline = Date.now() + 10_000;
	while (!(await satisfied())) {
		assert.ok(Date.now() < deadline, "it did not come about in time");
		await new Promise((resolve) => setTimeout(resolve, 25));
	}
}
