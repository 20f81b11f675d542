/** Which hashes are requested of the daemon, and when again. */
import assert from "node:assert/strict";
import type { AskedSecret, Client } from "../../extension/daemon/client.ts";
import { TokenIdentities } from "../../extension/env/token-identities.ts";

describe("a hash of an env line", () => {
	let requested: string[][];
	let known: Record<string, { id: string }>;
	let identities: TokenIdentities;
	/** Called while an answer is under way. */
	let meanwhile: () => void;
	beforeEach(() => {
		requested = [];
		known = { one: { id: "token-1" } };
		meanwhile = () => {};
		const idsOf = async (secrets: AskedSecret[]) => {
			requested.push(secrets.map(({ hash }) => hash));
			const found = { ...known };
			meanwhile();
			return found;
		};
		identities = new TokenIdentities(async () => ({ idsOf }) as unknown as Client);
	});

	it("is requested once, whether it matches a token or not", async () => {
		assert.equal(identities.of("one"), undefined);
		assert.equal(await identities.request(secrets(["one", "two", "one"])), true);
		assert.deepEqual([identities.of("one"), identities.of("two")], ["token-1", null]);
		assert.equal(await identities.request(secrets(["one", "two"])), false);
		assert.deepEqual(requested, [["one", "two"]]);
	});

	it("is requested again after a token was added, if it matched none", async () => {
		identities.noteTokens(new Set(["a"]));
		await identities.request(secrets(["one", "two"]));
		assert.equal(identities.noteTokens(new Set(["a"])), false);
		assert.equal(identities.noteTokens(new Set()), false);
		assert.equal(identities.of("two"), null);
		known.two = { id: "token-2" };
		assert.equal(identities.noteTokens(new Set(["a", "b"])), true);
		assert.equal(identities.of("two"), undefined);
		await identities.request(secrets(["one", "two"]));
		assert.deepEqual(requested.at(-1), ["two"]);
		assert.equal(identities.of("two"), "token-2");
	});

	it("is not taken for unknown by an answer from before a token was added", async () => {
		meanwhile = () => identities.noteTokens(new Set(["b"]));
		await identities.request(secrets(["two"]));
		assert.equal(identities.of("two"), undefined);
	});
});

function secrets(hashes: readonly string[]): AskedSecret[] {
	return hashes.map((hash) => ({ hash, partial: `${hash}…` }));
}
