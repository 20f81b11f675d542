/** A busy route answers the same, whether its request is handled directly or by Express. */
import assert from "node:assert/strict";
import { connect } from "node:net";
import { type Answer, ownerKey, TestDaemon } from "./harness.ts";

/** A spelling that is left to Express. */
const throughExpress = { "content-type": "application/json;charset=UTF-8" };
const directly = { "content-type": "application/json" };

describe("the direct handler of busy routes", () => {
	let daemon: TestDaemon;
	before(async () => {
		daemon = await TestDaemon.start();
	});
	after(() => daemon.remove());

	for (const [what, body, status] of [
		["a create", { name: "x", permissions: ["orders.read"] }, 201],
		["a create without required fields", {}, 400],
		["an unknown field", { name: "x", permissions: ["orders.read"], more: 1 }, 400],
		["an unknown permission", { name: "x", permissions: ["unknown.permission"] }, 400],
		["an array", [], 400],
		["incomplete JSON", "{", 400],
		["JSON that is not an object", "null", 400],
		["a null character", "\u0000", 400],
		["a blank body", "  ", 400],
		["too large a body", JSON.stringify({ name: "x".repeat(70_000) }), 413],
	] as const) {
		it(`answers ${what} as Express does`, async () => {
			await sameAt("POST", { body }, status);
		});
	}

	for (const [what, secret, status] of [
		["a caller without credentials", null, 401],
		["a malformed token", "tks_nonsense", 401],
	] as const) {
		it(`refuses ${what} as Express does`, async () => {
			await sameAt("POST", { secret, body: { name: "x", permissions: ["orders.read"] } }, status);
		});
	}

	for (const query of ["", "?limit=1&sort=name", "?limit=0", "?unknown=1", "?limit=1&limit=2", "?q=%zz"]) {
		it(`lists with ${query || "no query"} as Express does`, async () => {
			const path = `/v1/api-tokens${query}`;
			const plain = await daemon.call("GET", path);
			// A request with a Content-Encoding is not plain.
			const odd = await daemon.call("GET", path, { headers: { "content-encoding": "identity" } });
			assert.deepEqual(comparable(plain), comparable(odd));
		});
	}

	it("discards a request that breaks off in its body", async () => {
		const { port } = new URL(daemon.url);
		const socket = connect(Number(port), "127.0.0.1");
		const head = [
			"POST /v1/api-tokens HTTP/1.1",
			`Host: 127.0.0.1:${port}`,
			`Authorization: Bearer ${ownerKey}`,
		];
		const before = (await daemon.call("GET", "/v1/api-tokens?limit=1000")).body.tokens.length;
		socket.write(
			[...head, "Content-Type: application/json", "Content-Length: 50", "", '{"name":'].join("\r\n"),
		);
		socket.destroy();
		const after = await daemon.call("GET", "/v1/api-tokens?limit=1000");
		assert.equal(after.body.tokens.length, before);
		assert.deepEqual(daemon.failures, []);
	});

	async function sameAt(method: string, options: { body: unknown; secret?: string | null }, status: number) {
		const plain = await daemon.call(method, "/v1/api-tokens", { ...options, headers: directly });
		const odd = await daemon.call(method, "/v1/api-tokens", { ...options, headers: throughExpress });
		assert.deepEqual([plain.status, comparable(plain)], [status, comparable(odd)]);
	}
});

/** The parts of an answer that are equal for equal requests. */
function comparable({ status, headers, body }: Answer) {
	const { code, detail, errors } = body;
	const names = [...headers.keys()].sort();
	return {
		status,
		names,
		type: headers.get("content-type"),
		members: Object.keys(body),
		code,
		detail,
		errors,
	};
}
