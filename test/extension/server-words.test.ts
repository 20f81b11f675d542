/** What a token may do at a server, as a dialog says it. */
import assert from "node:assert/strict";
import type { ServerRight } from "../../daemon/client/prove-server.ts";
import { rightsInWords } from "../../extension/servers/server-words.ts";
import { tokenRecord } from "./a-token.ts";

describe("what a token may do at a server", () => {
	const rows: [rights: ServerRight[], says: string][] = [
		[["read"], "Your token may list tokens. It never expires."],
		[
			["delete", "write", "read"],
			"Your token may list tokens, create and change them, revoke them. It never expires.",
		],
		[["read", "introspect", "rotateSelf"], "Your token may list tokens. It never expires."],
		[["administer", "read", "write", "delete"], "Your token may do everything. It never expires."],
	];
	for (const [rights, says] of rows) {
		it(`is told with the rights ${rights.join(", ")}`, () => {
			const record = { ...tokenRecord("own"), status: "active" as const };
			assert.equal(rightsInWords({ record, rights }), says);
		});
	}

	it("is told with its end", () => {
		const record = {
			...tokenRecord("own", { expiry: "2031-05-04T12:00:00.000Z" }),
			status: "active" as const,
		};
		assert.match(
			rightsInWords({ record, rights: ["read"] }),
			/^Your token may list tokens, until .*2031.*\.$/,
		);
	});
});
