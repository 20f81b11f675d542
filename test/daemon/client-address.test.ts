/** Whose address counts, and that every door reads it alike: verify, callers, introspection and creation. */
import assert from "node:assert/strict";
import { apiPermissions } from "../../daemon/contract.ts";
import { ownerKey, TestDaemon } from "./harness.ts";

describe("a client's address behind a trusted proxy", () => {
	let daemon: TestDaemon;
	beforeEach(async () => {
		daemon = await TestDaemon.start({ trustedProxies: ["127.0.0.1", "::ffff:10.0.0.0/104"] });
	});
	afterEach(async () => {
		await daemon.remove();
		assert.deepEqual(daemon.failures, [], "nothing failed unseen");
	});

	const spellings: [allowed: string, forwarded: string, allows: boolean][] = [
		["192.0.2.5", "192.0.2.5", true],
		["192.0.2.5", "::ffff:192.0.2.5", true],
		["192.0.2.5", "::ffff:c000:205", true],
		["192.0.2.5", "0:0:0:0:0:ffff:c000:205", true],
		["192.0.2.5", "192.0.2.5:51234", true],
		["192.0.2.5", "[::ffff:192.0.2.5]:51234", true],
		["::ffff:192.0.2.5", "::ffff:192.0.2.5", true],
		["::ffff:c000:205", "192.0.2.5", true],
		["::ffff:192.0.2.0/120", "192.0.2.77", true],
		["2001:db8::/32", "[2001:db8::7]:51234", true],
		["fe80::/10", "fe80::1%eth0", true],
		["192.0.2.5", "192.0.2.6:51234", false],
		["192.0.2.5", "192.0.2.5, , 10.1.2.3,", true],
		["192.0.2.5", "192.0.2.5:", false],
		["192.0.2.5", "192.0.2.5:123456", false],
		["192.0.2.5", "unknown", false],
		["192.0.2.5", "192.0.2.5, 203.0.113.9", false],
		["192.0.2.5", "203.0.113.9, 192.0.2.5, 10.1.2.3:80", true],
		["192.0.2.5", "192.0.2.5, unknown, 10.1.2.3", false],
		["10.1.2.3", ",10.1.2.3", true],
		["127.0.0.1", "", true],
	];
	for (const [allowed, forwarded, allows] of spellings) {
		it(`${JSON.stringify(forwarded)} is ${allows ? "" : "not "}within ${allowed}, at every door`, async () => {
			const { token } = await daemon.create({
				permissions: [apiPermissions.read],
				allowedAddresses: [allowed],
			});
			const headers: Record<string, string> = forwarded === "" ? {} : { "x-forwarded-for": forwarded };
			const status = allows ? 200 : 403;
			for (const path of ["/v1/verify", "/v1/api-tokens", "/v1/api-tokens/current"]) {
				const answer = await daemon.call("GET", path, { secret: token, headers });
				assert.equal(answer.status, status, path);
			}
		});
	}

	it("is recorded in its shortest form", async () => {
		const { id, token } = await daemon.create();
		await daemon.call("GET", "/v1/verify", {
			secret: token,
			headers: { "x-forwarded-for": "[::ffff:c000:205]:51234" },
		});
		assert.equal((await daemon.record(id)).lastUsedAddress, "192.0.2.5");
	});

	it("is read at introspection as at the other doors", async () => {
		const { token } = await daemon.create({ allowedAddresses: ["192.0.2.5"] });
		const introspect = async (address: string) => {
			const body = new URLSearchParams({ token, client_address: address }).toString();
			const headers = { "content-type": "application/x-www-form-urlencoded" };
			const answer = await daemon.call("POST", "/oauth2/introspect", { secret: ownerKey, body, headers });
			return answer.body.active;
		};
		for (const address of ["192.0.2.5", "::ffff:c000:205", "192.0.2.5:80", "[::ffff:192.0.2.5]"])
			assert.equal(await introspect(address), true, address);
		assert.equal(await introspect("::ffff:c000:206"), false);
	});
});
