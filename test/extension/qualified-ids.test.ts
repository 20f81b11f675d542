/** Ids of a connected server: in what it answers they carry its key, and in what is sent to it they do not. */
import assert from "node:assert/strict";
import {
	bareId,
	barePath,
	bareRequest,
	isTokensmith,
	qualifiedAnswer,
	qualifiedAt,
	serverOf,
} from "../../extension/daemon/qualified-ids.ts";

const key = "srv-0000abcd";

describe("an id", () => {
	const ids: [id: string | null | undefined, server: string | undefined, bare: string][] = [
		[`${key}~one`, key, "one"],
		[`${key}~srv-11111111~one`, key, "srv-11111111~one"],
		["one", undefined, "one"],
		[`x${key}~one`, undefined, `x${key}~one`],
		["srv-0000abc~one", undefined, "srv-0000abc~one"],
		["srv-0000ABCD~one", undefined, "srv-0000ABCD~one"],
		[key, undefined, key],
		[null, undefined, ""],
		[undefined, undefined, ""],
	];
	for (const [id, server, bare] of ids) {
		it(`${JSON.stringify(id)} belongs to ${server ?? "this machine"}`, () => {
			assert.equal(serverOf(id), server);
			assert.equal(bareId(id ?? ""), bare);
		});
	}

	it("is made of the server's key and the server's own id", () => {
		assert.equal(qualifiedAt(key, "one"), `${key}~one`);
		assert.equal(bareId(qualifiedAt(key, "one")), "one");
	});

	it("of an issuer tells Tokensmith's own tokens, here and at a server, from others", () => {
		assert.deepEqual(
			["local", `${key}~local`, "github", `${key}~github`, "localhost", ""].map(isTokensmith),
			[true, true, false, false, false, false],
		);
	});
});

describe("a server's answer", () => {
	it("has the ids of tokens, connections and profiles qualified, and nothing else", () => {
		const answer = {
			tokens: [
				{
					...{ id: "a", partialToken: "tks_…", name: "a", issuer: "local", profile: "local" },
					...{ predecessorId: "b", successorId: null, connectionId: undefined, userId: "u" },
				},
			],
			connections: [{ id: "c", baseUrl: "https://c", name: "c" }],
			profiles: [{ id: "p", changeable: false, title: { id: "of a text", text: "x" } }],
			found: { hash: { id: "d" } },
			event: { tokenId: "e", before: { tokenIds: ["f", "g", 1] } },
			remote: { id: "theirs", name: "of another system" },
			count: 1,
			none: null,
		};
		assert.deepEqual(qualifiedAnswer(key, answer), {
			tokens: [
				{
					...{ id: `${key}~a`, partialToken: "tks_…", name: "a" },
					...{ issuer: `${key}~local`, profile: `${key}~local` },
					...{ predecessorId: `${key}~b`, successorId: null, connectionId: undefined, userId: "u" },
				},
			],
			connections: [{ id: `${key}~c`, baseUrl: "https://c", name: "c" }],
			profiles: [{ id: `${key}~p`, changeable: false, title: { id: "of a text", text: "x" } }],
			found: { hash: { id: `${key}~d` } },
			event: { tokenId: `${key}~e`, before: { tokenIds: [`${key}~f`, `${key}~g`, 1] } },
			remote: { id: "theirs", name: "of another system" },
			count: 1,
			none: null,
		});
		assert.equal(answer.tokens[0]?.id, "a", "the answer itself stays as it is");
	});

	it("may be anything", () => {
		for (const answer of [null, 1, "id", true, []]) assert.deepEqual(qualifiedAnswer(key, answer), answer);
		assert.deepEqual(qualifiedAnswer(key, { tokenId: { id: "a" } }), { tokenId: { id: `${key}~a` } });
	});
});

describe("a request to a server", () => {
	it("has its own ids, wherever they stand, and keeps those of others and of this machine", () => {
		const body = {
			id: `${key}~a`,
			filter: { ids: [`${key}~b`, "c", "srv-11111111~d"] },
			note: `see ${key}~a`,
		};
		assert.deepEqual(bareRequest(key, body), {
			id: "a",
			filter: { ids: ["b", "c", "srv-11111111~d"] },
			note: `see ${key}~a`,
		});
		assert.equal(body.id, `${key}~a`);
	});

	it("has them in its path and its query too, in either encoding", () => {
		const query = new URLSearchParams({ tokenId: `${key}~b`, other: "srv-11111111~d" });
		assert.equal(
			barePath(key, `/v1/tokens/${encodeURIComponent(`${key}~a`)}?${query}`),
			"/v1/tokens/a?tokenId=b&other=srv-11111111%7Ed",
		);
	});
});
