/** What an OAuth 2.0 client is told when the daemon itself fails. */
import assert from "node:assert/strict";
import { apiPermissions } from "../../daemon/contract.ts";
import { TestDaemon } from "./harness.ts";

describe("an OAuth 2.0 endpoint of a daemon that fails", () => {
	it("says server_error (RFC 6749 section 5.2), not that the request is wrong", async () => {
		const daemon = await TestDaemon.start();
		try {
			const { token } = await daemon.create({ permissions: [apiPermissions.introspect] });
			assert.equal((await daemon.verify(token)).status, 200);
			const failure = new Error("of the test");
			Object.assign(daemon.authority.access, { verify: () => Promise.reject(failure) });
			const { status, body } = await daemon.call("POST", "/oauth2/introspect", {
				secret: token,
				headers: { "content-type": "application/x-www-form-urlencoded" },
				body: `token=${token}`,
			});
			assert.deepEqual([status, body.error], [500, "server_error"]);
			assert.deepEqual(daemon.failures, [failure]);
		} finally {
			await daemon.remove();
		}
	});
});
