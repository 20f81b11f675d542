/** The credentials of a request. */
import assert from "node:assert/strict";
import { IncomingMessage } from "node:http";
import { Socket } from "node:net";
import { credentialsOf } from "../../daemon/server/credentials.ts";

describe("Basic credentials", () => {
	const pairs: [sent: string, tokenId: string, secret: string][] = [
		["id:secret", "id", "secret"],
		["a+b:c+d", "a b", "c d"],
		["a%2Bb:c%2Bd", "a+b", "c+d"],
		["a%3Ab:c:d", "a:b", "c:d"],
	];
	for (const [sent, tokenId, secret] of pairs) {
		it(`are form-decoded (RFC 6749 section 2.3.1): ${sent}`, () => {
			const request = new IncomingMessage(new Socket());
			request.headers.authorization = `Basic ${Buffer.from(sent).toString("base64")}`;
			const address = "127.0.0.1";
			assert.deepEqual(
				credentialsOf(request, () => address),
				{ tokenId, secret, address },
			);
		});
	}
});
