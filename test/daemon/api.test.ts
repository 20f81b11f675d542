/** The contract over real HTTP: routes, refused callers, and invalid requests. */
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { request } from "node:http";
import { connect } from "node:net";
import type { ProblemCode } from "../../daemon/facts.ts";
import { assertProblem, ownerKey, TestDaemon } from "./harness.ts";

describe("the API", () => {
	let daemon: TestDaemon;
	before(async () => {
		daemon = await TestDaemon.start();
	});
	after(async () => {
		assert.deepEqual(daemon.failures, [], "no request failed inside the daemon");
		await daemon.remove();
	});

	const routes: [method: string, path: string, caller: "permission" | "owner" | "token"][] = [
		["POST", "/v1/api-tokens", "permission"],
		["GET", "/v1/api-tokens", "permission"],
		["GET", "/v1/api-tokens/some-id", "permission"],
		["DELETE", "/v1/api-tokens/some-id", "permission"],
		["GET", "/v1/profiles", "permission"],
		["GET", "/v1/events", "permission"],
		["GET", "/v1/api-tokens/current", "token"],
		["GET", "/v1/policy", "permission"],
		["PUT", "/v1/policy", "owner"],
		["POST", "/v1/shutdown", "owner"],
	];
	for (const [method, path, caller] of routes) {
		it(`${method} ${path} refuses missing credentials, wrong ones, and too few permissions`, async () => {
			const missing = await daemon.call(method, path, { secret: null });
			assertProblem(missing, "credentials-missing");
			assert.equal(missing.headers.get("www-authenticate"), 'Bearer realm="tokensmith"');
			assertProblem(await daemon.call(method, path, { secret: "nonsense" }), "token-malformed");
			assertProblem(await daemon.call(method, path, { secret: `${ownerKey}x` }), "token-malformed");
			if (caller === "token") return;
			const { token: secret } = await daemon.create({ permissions: ["orders.read"] });
			const code = caller === "owner" ? "owner-only" : "permission-missing";
			assertProblem(await daemon.call(method, path, { secret }), code);
		});
	}

	it("POST /v1/api-tokens answers 201 with the record, its location, its version and its secret", async () => {
		const body = { name: "x", permissions: ["orders.read"] };
		const answer = await daemon.call("POST", "/v1/api-tokens", { body });
		assert.equal(answer.status, 201);
		assert.equal(answer.headers.get("location"), `/v1/api-tokens/${answer.body.id}`);
		assert.equal(answer.headers.get("etag"), '"1"');
		const { token: _, ...record } = answer.body;
		const read = await daemon.call("GET", `/v1/api-tokens/${record.id}`);
		assert.deepEqual([read.body, read.headers.get("etag")], [record, '"1"']);
	});

	it("GET /v1/api-tokens refuses a time that is of the year 10000 in UTC", async () => {
		const answer = await daemon.call("GET", "/v1/api-tokens?expiresBefore=9999-12-31T23:59:59-01:00");
		assertProblem(answer, "invalid-request");
	});

	const wrong: [name: string, body: unknown, pointer: string | undefined, code?: ProblemCode][] = [
		["a blank name", { name: " \t" }, "/name"],
		["a name of no width", { name: "\u200B\u2060" }, "/name"],
		["a name of fillers", { name: "\u3164\u115F\uFFA0" }, "/name"],
		["a name of an empty Braille cell", { name: "\u2800 \u00AD\u{E0020}" }, "/name"],
		["a name of an empty note head", { name: "\u{1D159}" }, "/name"],
		["a blank tag", { tags: ["a", " "] }, "/tags/1"],
		["a tag of no width", { tags: ["\u200B"] }, "/tags/0"],
		["a tag with a line break", { tags: ["a\nb"] }, "/tags/0"],
		["a blank default source", { defaultSource: "\u2800" }, "/defaultSource"],
		["a default source with a control character", { defaultSource: "a\u0007" }, "/defaultSource"],
		["a name of 300 characters", { name: "x".repeat(300) }, "/name"],
		["a name with a line break", { name: "a\nb" }, "/name"],
		["a name that is not a string", { name: 7 }, "/name"],
		["no name", { name: undefined }, "/name"],
		["no permission", { permissions: [] }, "/permissions"],
		["an unknown permission", { permissions: ["orders.read", "orders.fly"] }, "/permissions/1"],
		["a permission with a space", { permissions: ["orders read"] }, "/permissions/0"],
		["the same permission twice", { permissions: ["orders.read", "orders.read"] }, "/permissions"],
		["an expiry in the past", { expiry: "2020-01-01T00:00:00Z" }, "/expiry"],
		["an expiry past the maximum", { expiry: "2030-01-01T00:00:00Z" }, "/expiry"],
		["an expiry without a zone", { expiry: "2026-04-01T00:00:00" }, "/expiry"],
		["an expiry after the year 9999", { expiry: "9999-12-31T23:59:59-01:00" }, "/expiry"],
		["an expiry before the year 0", { expiry: "0000-01-01T00:00:00+01:00" }, "/expiry"],
		["a date that does not exist", { expiry: "2026-02-30T00:00:00Z" }, "/expiry"],
		["a prefix that is too long", { allowedAddresses: ["127.0.0.1", "10.0.0.0/33"] }, "/allowedAddresses/1"],
		["a host name as an address", { allowedAddresses: ["localhost"] }, "/allowedAddresses/0"],
		["a resource without a kind", { resources: ["soc"] }, "/resources/0"],
		["an unknown profile", { profile: "unknown" }, "/profile"],
		["an unknown field", { permission: ["orders.read"] }, "/permission"],
		["an unknown field with a slash", { "a/b~c": 1 }, "/a~1b~0c"],
		["a read-only field", { status: "active" }, "/status"],
		["a prototype", '{"name": "x", "permissions": ["orders.read"], "__proto__": {"id": "y"}}', "/__proto__"],
		["an array", [], undefined],
		["a string", '"text"', undefined, "invalid-json"],
		["an incomplete object", '{"name": "x"', undefined, "invalid-json"],
		["an empty body", "", undefined],
	];
	for (const [what, change, pointer, code = "invalid-request"] of wrong) {
		it(`POST /v1/api-tokens refuses ${what} and creates nothing`, async () => {
			const before = (await daemon.call("GET", "/v1/api-tokens?limit=1000")).body.tokens.length;
			const plain = typeof change === "string" || Array.isArray(change);
			const body = plain ? change : { name: "x", permissions: ["orders.read"], ...(change as object) };
			const answer = await daemon.call("POST", "/v1/api-tokens", { body });
			assertProblem(answer, code);
			if (pointer !== undefined) assert.equal(answer.body.errors[0].pointer, pointer);
			assert.equal((await daemon.call("GET", "/v1/api-tokens?limit=1000")).body.tokens.length, before);
		});
	}

	it("names all invalid fields at once", async () => {
		const body = {
			name: "x",
			permissions: ["a.b", "orders.read"],
			allowedAddresses: ["x"],
			expiry: "2020-01-01T00:00:00Z",
		};
		const { body: problem } = await daemon.call("POST", "/v1/api-tokens", { body });
		const pointers = problem.errors.map((error: { pointer: string }) => error.pointer);
		assert.deepEqual(pointers, ["/permissions/0", "/allowedAddresses/0", "/expiry"]);
	});

	it("GET /v1/api-tokens lists newest first, page by page, each token once", async () => {
		const fresh = await TestDaemon.start();
		const created: string[] = [];
		for (let count = 0; count < 7; count++) {
			// Two with the same creation date, which a cursor must also distinguish.
			fresh.now = new Date(Date.UTC(2026, 2, 10, 12, 0, Math.floor(count / 2)));
			created.push((await fresh.create({ name: `token ${count}` })).id);
		}
		const listed: string[] = [];
		let cursor: string | null = null;
		do {
			const path: string = `/v1/api-tokens?limit=3${cursor === null ? "" : `&cursor=${cursor}`}`;
			const { body } = await fresh.call("GET", path);
			listed.push(...body.tokens.map((token: { id: string }) => token.id));
			cursor = body.nextCursor;
		} while (cursor !== null);
		assert.deepEqual([...listed].sort(), [...created].sort());
		assert.equal(new Set(listed).size, 7);
		assert.equal(listed[0] === created[6], true);
		await fresh.remove();
	});

	it("GET /v1/api-tokens filters by status and by text, with wildcards taken literally", async () => {
		const fresh = await TestDaemon.start();
		await fresh.create({ name: "100% orders" });
		const short = await fresh.create({ name: "Orders_short", expiry: "2026-03-10T13:00:00Z" });
		const gone = await fresh.create({ name: "gone", description: "for ORDERS" });
		await fresh.call("DELETE", `/v1/api-tokens/${gone.id}`);
		fresh.now = new Date("2026-03-10T14:00:00Z");
		const names = async (query: string) => {
			const { body } = await fresh.call("GET", `/v1/api-tokens?${query}`);
			return body.tokens.map((token: { name: string }) => token.name).sort();
		};
		assert.deepEqual(await names("status=active"), ["100% orders"]);
		assert.deepEqual(await names("status=expired"), ["Orders_short"]);
		assert.deepEqual(await names("status=revoked"), ["gone"]);
		assert.deepEqual(await names("status=disabled"), []);
		assert.deepEqual(await names("status=retiring"), []);
		assert.deepEqual(await names("q=orders"), ["100% orders", "Orders_short", "gone"]);
		assert.deepEqual(await names("q=%25"), ["100% orders"]);
		assert.deepEqual(await names("q=_"), ["Orders_short"]);
		assert.deepEqual(await names("q=orders&status=expired"), [short.name]);
		await fresh.remove();
	});

	const queries = [
		"limit=0",
		"limit=1001",
		"limit=x",
		"limit=1&limit=2",
		"status=dead",
		"unknown=1",
		"cursor=x",
		"cursor=bnVsbA",
		"q=",
	];
	for (const query of queries.slice(0, -1)) {
		it(`GET /v1/api-tokens?${query} names the invalid parameter`, async () => {
			const answer = await daemon.call("GET", `/v1/api-tokens?${query}`);
			assertProblem(answer, "invalid-request");
			assert.match(answer.body.errors[0].pointer, /^\?(limit|status|unknown|cursor)$/);
		});
	}

	it("refuses a cursor from another list", async () => {
		await daemon.create();
		await daemon.create();
		const { body } = await daemon.call("GET", "/v1/api-tokens?limit=1");
		assert.notEqual(body.nextCursor, null);
		const other = await daemon.call("GET", `/v1/api-tokens?limit=1&status=active&cursor=${body.nextCursor}`);
		assertProblem(other, "invalid-request");
	});

	it("refuses a forged cursor, whatever its contents", async () => {
		await daemon.create();
		await daemon.create();
		const { body } = await daemon.call("GET", "/v1/api-tokens?limit=1");
		const [, , fingerprint] = JSON.parse(Buffer.from(body.nextCursor, "base64url").toString());
		for (const position of [[{}, "x"], ["x", {}], [[], null], [true, "x"], []]) {
			const cursor = Buffer.from(JSON.stringify([...position, fingerprint])).toString("base64url");
			assertProblem(await daemon.call("GET", `/v1/api-tokens?limit=1&cursor=${cursor}`), "invalid-request");
		}
	});

	it("answers an unknown id of any form with not-found", async () => {
		for (const id of ["unknown", "..%2f..", "%00", "x".repeat(2000), "constructor"]) {
			for (const method of ["GET", "DELETE"]) {
				assertProblem(await daemon.call(method, `/v1/api-tokens/${id}`), "not-found");
			}
		}
		assert.equal(
			(await daemon.call("GET", "/v1/api-tokens/%E0%A4%A")).status,
			400,
			"an id that can't be decoded",
		);
	});

	it("GET /v1/api-tokens/current answers with the caller's own record, and the owner with not-found", async () => {
		const { token: secret, ...record } = await daemon.create({ permissions: ["orders.read"] });
		const answer = await daemon.call("GET", "/v1/api-tokens/current", { secret });
		assert.deepEqual([answer.status, answer.body.id, answer.body.useCount], [200, record.id, 1]);
		assertProblem(await daemon.call("GET", "/v1/api-tokens/current"), "not-found");
	});

	it("answers an unsupported method on a known path with the supported ones", async () => {
		for (const [path, allow] of [
			["/v1/api-tokens", "POST, GET"],
			["/v1/profiles", "GET"],
			["/v1/verify", "GET, HEAD, POST"],
		]) {
			const answer = await daemon.call("PATCH", path ?? "");
			assertProblem(answer, "method-not-allowed");
			assert.equal(answer.headers.get("allow"), allow);
		}
		assertProblem(await daemon.call("GET", "/v1/nothing"), "not-found");
	});

	it("accepts only JSON bodies in UTF-8 up to 64 KiB", async () => {
		const send = (body: string, headers: Record<string, string>) =>
			daemon.call("POST", "/v1/api-tokens", { body, headers });
		const json = JSON.stringify({ name: "x", permissions: ["orders.read"] });
		assertProblem(await send(json, { "content-type": "text/plain" }), "media-type-unsupported");
		assertProblem(
			await send("name=x", { "content-type": "application/x-www-form-urlencoded" }),
			"media-type-unsupported",
		);
		assertProblem(await send(json, { "content-encoding": "gzip" }), "media-type-unsupported");
		assertProblem(await send(`${json}${" ".repeat(65_536)}`, {}), "body-too-large");
		assert.equal((await send(json, { "content-type": "application/json; charset=utf-8" })).status, 201);
	});

	it("refuses web pages by their Origin and by another Host", async () => {
		const get = (headers: Record<string, string>, path = "/v1/api-tokens") => raw(daemon.url, path, headers);
		assert.equal((await get({ Origin: "http://evil.example" })).code, "origin-not-allowed");
		assert.equal((await get({ Origin: daemon.url })).code, "origin-not-allowed");
		assert.equal((await get({ Origin: "null" })).code, "origin-not-allowed");
		assert.equal((await get({ Host: "evil.example" })).code, "host-not-allowed");
		assert.equal((await get({ Host: "127.0.0.1" })).code, "host-not-allowed");
		const port = new URL(daemon.url).port;
		assert.equal((await get({ Host: `LOCALHOST:${port}` })).status, 200);
		assert.equal((await get({ Host: `[::1]:${port}` })).status, 200);
		const healthz = await get({ Origin: "http://evil.example" }, "/healthz");
		assert.equal(healthz.code, "origin-not-allowed", "not even that the daemon runs");
	});

	it("accepts a proxy's Host and Origin at /v1/verify and at no similar path", async () => {
		const { token } = await daemon.create();
		const headers = {
			Host: "shop.example",
			Origin: "https://shop.example",
			Authorization: `Bearer ${token}`,
		};
		const answer = await raw(daemon.url, "/v1/verify", headers);
		assert.equal(answer.status, 200);
		assert.equal(answer.headers["access-control-allow-origin"], undefined);
		assert.equal((await raw(daemon.url, "/v1/verify/../api-tokens", headers)).code, "host-not-allowed");
		assert.equal((await raw(daemon.url, "/v1/verifyx", headers)).code, "host-not-allowed");
	});

	it("answers bytes that are not HTTP with a problem and keeps serving", async () => {
		const { hostname, port } = new URL(daemon.url);
		const text = await new Promise<string>((resolve, reject) => {
			let all = "";
			const socket = connect(Number(port), hostname, () => socket.write("NONSENSE\r\n\r\n"));
			socket.on("data", (data) => {
				all += data;
			});
			socket.on("error", reject).on("close", () => resolve(all));
		});
		assert.match(text, /^HTTP\/1\.1 400 .*application\/problem\+json/s);
		assert.equal((await daemon.call("GET", "/healthz")).status, 200);
	});

	it("GET /healthz proves knowledge of the owner key without revealing it", async () => {
		const { body } = await daemon.call("GET", "/healthz?challenge=abc", { secret: null });
		const proof = createHmac("sha256", ownerKey).update("abc").digest("hex");
		assert.deepEqual(body, { status: "ok", version: "1.2.3", protocol: 1, proof });
		assert.deepEqual((await daemon.call("GET", "/healthz", { secret: null })).body, {
			status: "ok",
			version: "1.2.3",
			protocol: 1,
		});
		assertProblem(await daemon.call("GET", "/healthz?challenge=", { secret: null }), "invalid-request");
	});

	it("POST /v1/shutdown stops the daemon for the owner", async () => {
		assert.equal((await daemon.call("POST", "/v1/shutdown")).status, 202);
		assert.equal(daemon.shutdowns, 1);
	});
});

interface RawAnswer {
	status: number | undefined;
	headers: Record<string, unknown>;
	code: string | undefined;
}

/** Sends headers and paths that `fetch` would not. */
function raw(url: string, path: string, headers: Record<string, string>): Promise<RawAnswer> {
	const { hostname, port } = new URL(url);
	return new Promise((resolve, reject) => {
		const options = { hostname, port, path, headers: { Authorization: `Bearer ${ownerKey}`, ...headers } };
		const sent = request(options, async (response) => {
			let text = "";
			for await (const part of response) text += part;
			const body = text === "" ? {} : JSON.parse(text);
			resolve({ status: response.statusCode, headers: response.headers, code: body.code });
		});
		sent.on("error", reject).end();
	});
}
