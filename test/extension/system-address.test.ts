import assert from "node:assert/strict";
import fc from "fast-check";
import { callsOf } from "../../daemon/capabilities.ts";
import { hostOf, readAddress, readVariable } from "../../extension/systems/system-address.ts";

describe("the address of a system", () => {
	const accepted: [typed: string, address: string][] = [
		["https://registry.example.com", "https://registry.example.com"],
		["  https://registry.example.com/  ", "https://registry.example.com"],
		["registry.example.com", "https://registry.example.com"],
		["registry.example.com:8443/npm/", "https://registry.example.com:8443/npm"],
		["https://EXAMPLE.com/A//", "https://example.com/A"],
		["http://127.0.0.1:4873", "http://127.0.0.1:4873"],
		["http://localhost:4873/", "http://localhost:4873"],
		["http://[::1]:4873", "http://[::1]:4873"],
	];
	for (const [typed, address] of accepted)
		it(`reads ${JSON.stringify(typed)} as ${address}`, () => {
			const read = readAddress(typed);
			assert.equal(read.ok && read.value, address);
		});

	const refused: [typed: string, why: RegExp][] = [
		["", /Enter an address/],
		["https://", /Enter an address/],
		["http://registry.example.com", /Without https.* Use https, or forward the server to a port/],
		["http://xlocalhost", /Without https/],
		["http://127.0.0.1.example.com", /Without https/],
		["http://localhost.example.com", /Without https/],
		["ftp://example.com", /must begin with/],
		["javascript:alert(1)", /Enter an address|must begin with/],
		["https://ann:secret@example.com", /user name or a password/],
		["https://example.com/?token=1", /must not contain/],
		["https://example.com/#a", /must not contain/],
	];
	for (const [typed, why] of refused)
		it(`refuses ${JSON.stringify(typed)}`, () => {
			const read = readAddress(typed);
			assert.match(read.ok ? "" : read.problem, why);
		});

	it("is itself an address with the same value", () => {
		fc.assert(
			fc.property(fc.webUrl(), (url) => {
				const read = readAddress(url);
				if (!read.ok) return;
				const again = readAddress(read.value);
				assert.equal(again.ok && again.value, read.value);
			}),
		);
	});

	it("is shown as its host", () => {
		assert.equal(hostOf("https://registry.example.com:8443/npm"), "registry.example.com:8443");
		assert.equal(hostOf("nothing"), "nothing");
	});
});

describe("a variable of a system's address", () => {
	const tenant = { name: "tenant", title: "Tenant", pattern: "[a-z0-9-]+|x" };

	it("must match its pattern as a whole", () => {
		assert.deepEqual(readVariable(tenant, " acme ", { base: null, origin: "built-in" }), {
			ok: true,
			value: "acme",
		});
		for (const text of ["", "  ", "a.b", "acme/..", "acme@evil", "acme x"])
			assert.equal(readVariable(tenant, text, { base: null, origin: "built-in" }).ok, false, text);
	});

	it("is taken from a whole address, as it is copied from a browser", () => {
		const mindbridge = { base: "https://{tenant}.example.ai/api", origin: "built-in" } as const;
		for (const typed of ["acme", "acme.example.ai", " https://acme.example.ai/home?tab=1 "])
			assert.deepEqual(readVariable(tenant, typed, mindbridge), { ok: true, value: "acme" });
		for (const typed of [
			".example.ai",
			"https://acme.example.com",
			"https://a@acme.example.ai",
			"example.ai",
		])
			assert.equal(readVariable(tenant, typed, mindbridge).ok, false, typed);
	});

	it("is asked for in the form of its example, without a pattern", () => {
		const read = readVariable({ ...tenant, example: "acme" }, "a.b", { base: null, origin: "built-in" });
		assert.deepEqual(read, { ok: false, problem: "Tenant: enter it in the form of “acme”." });
	});

	it("of a profile that is not built in is left to the daemon, whose patterns take linear time", () => {
		const slow = { ...tenant, pattern: "(x+x+)+y" };
		assert.equal(readVariable(slow, "x".repeat(40), { base: null, origin: "other" }).ok, true);
	});
});

describe("the calls of a connector", () => {
	it("are all its requests, once each", () => {
		const connector = {
			create: { request: "POST /tokens", body: { request: 7 } },
			revoke: { request: "DELETE /tokens/{id}" },
			verify: [{ request: "GET /me" }, { request: "GET /me" }],
		};
		assert.deepEqual(callsOf(connector), ["POST /tokens", "DELETE /tokens/{id}", "GET /me"]);
		assert.deepEqual(callsOf(undefined), []);
	});
});
