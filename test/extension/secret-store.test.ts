import assert from "node:assert/strict";
import type * as vscode from "vscode";
import { SecretStore } from "../../extension/tokens/secret-store.ts";

describe("SecretStore", () => {
	/** VS Code gives its SecretStorage only to the extension; the workbench tests use that one. */
	function storage(entries: Map<string, string>): vscode.SecretStorage {
		return {
			get: async (key) => entries.get(key),
			store: async (key, value) => void entries.set(key, value),
			delete: async (key) => void entries.delete(key),
			keys: async () => [...entries.keys()],
			onDidChange: () => ({ dispose: () => {} }),
		};
	}

	it("stores, returns and deletes the secret of a token", async () => {
		const store = new SecretStore(storage(new Map()));
		await store.store("1", "tks_first");
		await store.store("2", "tks_second");
		assert.equal(await store.get("1"), "tks_first");
		await store.delete("1");
		assert.equal(await store.get("1"), undefined);
		assert.deepEqual(await store.ids(), ["2"]);
	});

	it("returns only secrets that it has stored", async () => {
		const entries = new Map([
			["connector", "other"],
			["token", "other"],
		]);
		const store = new SecretStore(storage(entries));
		await store.store("token/1", "tks_odd");
		assert.deepEqual(await store.ids(), ["token/1"]);
		assert.equal(await store.get("token/1"), "tks_odd");
	});
});
