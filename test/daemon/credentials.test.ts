/** The credentials of a request. */
import assert from "node:assert/strict";
import { IncomingMessage } from "node:http";
import { Socket } from "node:net";
import { bearerOf, challenge, credentialsOf } from "../../daemon/server/credentials.ts";

describe("Basic credentials", () => {
	const pairs: [sent: string, tokenId: string, secret: string][] = [
		["id:secret", "id", "secret"],
		["i:s", "i", "s"],
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

describe("Basic credentials without an id", () => {
	it("are none", () => {
		const request = new IncomingMessage(new Socket());
		request.headers.authorization = `Basic ${Buffer.from(":secret").toString("base64")}`;
		assert.deepEqual(
			credentialsOf(request, () => ""),
			{ secret: undefined, address: "" },
		);
	});
});

describe("a Bearer secret", () => {
	const headers: [header: string | undefined, secret: string | undefined][] = [
		["Bearer x", "x"],
		["bEARER  x ", "x"],
		["Bearer ", undefined],
		["Bearer", undefined],
		["Bearerx y", undefined],
		["Basic eDp5", undefined],
		[undefined, undefined],
	];
	for (const [header, secret] of headers) {
		it(`of ${JSON.stringify(header)} is ${JSON.stringify(secret)}`, () => {
			assert.equal(bearerOf(header), secret);
		});
	}
});

describe("a challenge", () => {
	it("has no character that ends a quoted value, or that a header can't hold", () => {
		const description = 'a "b" \\ c\r\n\x7f é ~!#[]';
		const shown = challenge({ error_description: description });
		assert.equal(shown, 'Bearer realm="tokensmith", error_description="a ?b? ? c??? ? ~!#[]"');
	});

	it("names a scope of up to 500 characters, and shortens what describes it", () => {
		const [full, beyond] = ["a".repeat(500), "a".repeat(501)];
		assert.equal(challenge({ scope: full }), `Bearer realm="tokensmith", scope="${full}"`);
		assert.equal(challenge({ scope: beyond }), 'Bearer realm="tokensmith"');
		assert.ok(challenge({ error_description: full }).endsWith(`"${full}"`));
		assert.ok(challenge({ error_description: beyond }).endsWith(`"${"a".repeat(497)}..."`));
	});
});
