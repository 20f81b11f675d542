/** Which checks of a service share a client, and with it proved connections. */
import assert from "node:assert/strict";
import { createTokensmithClient } from "../../daemon/client/client.ts";
import { clientOf, verifiedTokensOf } from "../../daemon/client/shared-clients.ts";
import { Identity } from "../../daemon/rules/identity.ts";

const identity = Identity.generate().name;
const urlAt = (port: number) => `http://${identity}@127.0.0.1:${port}`;

describe("a client of several checks", () => {
	/** The limit counts the clients of the whole process, so each test fills it anew. */
	const mostClients = 100;
	const variables = { ...process.env };
	afterEach(() => {
		for (const name of ["TOKENSMITH_URL", "TOKENSMITH_DATA_DIR"]) {
			delete process.env[name];
			if (variables[name] !== undefined) process.env[name] = variables[name];
		}
	});

	it("is the same for the same daemon, and another one for another", () => {
		const url = urlAt(1);
		assert.equal(clientOf({ url }), clientOf({ url }));
		assert.notEqual(clientOf({ url }), clientOf({ url: urlAt(2) }));
		assert.equal(clientOf({ dataDir: "/a" }), clientOf({ dataDir: "/a" }));
		assert.notEqual(clientOf({ dataDir: "/a" }), clientOf({ dataDir: "/b" }));
		assert.notEqual(clientOf({ dataDir: "/a" }), clientOf({ dataDir: "/a", start: true }));
	});

	it("is the given one, which alone says whether a daemon is started", () => {
		const client = createTokensmithClient({ url: urlAt(1) });
		assert.equal(clientOf({ client }), client);
		assert.equal(clientOf({ client, url: urlAt(2), start: false }), client);
		assert.throws(() => clientOf({ client, start: true }), TypeError);
	});

	it("is of the data directory where both that and an address are given", () => {
		const both = clientOf({ dataDir: "/c", url: urlAt(3) });
		assert.equal(both, clientOf({ dataDir: "/c" }));
	});

	it("is of the daemon that the environment names, which is not started where that is an address", () => {
		delete process.env.TOKENSMITH_DATA_DIR;
		process.env.TOKENSMITH_URL = urlAt(4);
		assert.equal(clientOf({}), clientOf({ url: urlAt(4) }));
		assert.equal(clientOf({ start: true }), clientOf({}));
		assert.throws(() => clientOf({ url: urlAt(4), start: true }), /With a url no daemon can be started/);
		delete process.env.TOKENSMITH_URL;
		process.env.TOKENSMITH_DATA_DIR = "/d";
		assert.equal(clientOf({}), clientOf({ dataDir: "/d" }));
		assert.equal(clientOf({ start: true }), clientOf({ dataDir: "/d", start: true }));
	});

	it("is kept among the last hundred", () => {
		// The first that finds no room takes the place of all others, so that the count begins here.
		let port = 1000;
		let first = clientOf({ url: urlAt(port) });
		while (clientOf({ url: urlAt(1000) }) === first) clientOf({ url: urlAt(++port) });
		first = clientOf({ url: urlAt(1000) });
		const others = mostClients - 2;
		for (let count = 1; count <= others; count++) clientOf({ url: urlAt(2000 + count) });
		assert.equal(clientOf({ url: urlAt(1000) }), first);
		clientOf({ url: urlAt(3000) });
		assert.notEqual(clientOf({ url: urlAt(1000) }), first);
	});

	it("has one set of accepted tokens for each time that they are kept", () => {
		const client = createTokensmithClient({ url: urlAt(1) });
		const other = createTokensmithClient({ url: urlAt(1) });
		assert.equal(verifiedTokensOf(client, 5), verifiedTokensOf(client, 5));
		assert.notEqual(verifiedTokensOf(client, 5), verifiedTokensOf(client, 6));
		assert.notEqual(verifiedTokensOf(client, 5), verifiedTokensOf(other, 5));
	});

	it("keeps them for that time", () => {
		const client = createTokensmithClient({ url: urlAt(1) });
		const token = { status: "active", expiry: null } as Parameters<
			ReturnType<typeof verifiedTokensOf>["keep"]
		>[2];
		for (const [seconds, kept] of [
			[0, false],
			[60, true],
		] as const) {
			const tokens = verifiedTokensOf(client, seconds);
			tokens.keep("secret", {}, token);
			assert.equal(tokens.get("secret", {}) !== undefined, kept);
		}
	});
});
