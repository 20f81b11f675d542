import assert from "node:assert/strict";
import type * as vscode from "vscode";
import { Credentials } from "../../extension/connections/credentials.ts";
import { SecretStore } from "../../extension/tokens/secret-store.ts";

describe("the credentials of connections", () => {
	function storage(entries: Map<string, string>): vscode.SecretStorage {
		return {
			get: async (key) => entries.get(key),
			store: async (key, value) => void entries.set(key, value),
			delete: async (key) => void entries.delete(key),
			keys: async () => [...entries.keys()],
			onDidChange: () => ({ dispose: () => {} }),
		};
	}

	it("are stored beside the secrets of tokens, and neither list contains the other", async () => {
		const entries = new Map<string, string>();
		const [credentials, secrets] = [new Credentials(storage(entries)), new SecretStore(storage(entries))];
		await credentials.store("7", "admin");
		await secrets.store("7", "tks_secret");
		assert.deepEqual([...entries.keys()].sort(), ["connection.7", "token/7"]);
		assert.deepEqual([await credentials.ids(), await secrets.ids()], [["7"], ["7"]]);
		await secrets.delete("7");
		assert.equal(await credentials.get("7"), "admin");
		await credentials.delete("7");
		assert.equal(await credentials.get("7"), undefined);
	});
});
