import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import type * as vscode from "vscode";
import { IgnoredSecrets } from "../../extension/env/ignored-secrets.ts";
import { memoryOf } from "./memory.ts";
import { secretsIn } from "./secrets.ts";

const hashOf = (value: string) => `sha256:${createHash("sha256").update(value).digest("hex")}`;
const [one, other] = [hashOf("one"), hashOf("other")];

describe("ignored values", () => {
	let memory: vscode.Memento;
	let stored: Map<string, string>;
	let logged: string[];
	const open = (storage: Pick<vscode.SecretStorage, "get" | "store"> = secretsIn(stored)) =>
		new IgnoredSecrets({ memory, storage, log: { warn: (message) => void logged.push(message) } });
	const remembered = () => JSON.stringify(memory.get("ignoredSecrets"));

	/** Whether the value is ignored, once the key has been read. */
	async function isIgnored(ignored: IgnoredSecrets, hash: string): Promise<boolean> {
		const opened = new Promise((resolve) => ignored.onDidChange(resolve));
		if (!ignored.has(hash)) return false;
		await Promise.race([opened, new Promise(setImmediate)]);
		return ignored.has(hash);
	}

	beforeEach(() => {
		[memory, stored, logged] = [memoryOf(), new Map(), []];
	});

	it("are shared with another window, and can be restored", async () => {
		await open().add(one);
		const ignored = open();
		assert.deepEqual([await isIgnored(ignored, one), await isIgnored(ignored, other)], [true, false]);
		await ignored.delete(one);
		assert.equal(await isIgnored(open(), one), false);
		await ignored.add(one);
		await ignored.clear();
		assert.equal(ignored.has(one), false);
	});

	it("are stored so that guesses cannot be tested without the key in SecretStorage", async () => {
		await open().add(one);
		assert.ok(!remembered().includes(one) && !remembered().includes(one.slice(7, 30)));
		const before = remembered();
		[memory, stored] = [memoryOf(), new Map()];
		await open().add(one);
		assert.notEqual(remembered(), before);
	});

	it("read no key if there are none", () => {
		const never = () => assert.fail("SecretStorage must not be read");
		assert.equal(open({ get: never, store: never }).has(one), false);
	});

	it("of an earlier version stay ignored, and their hashes are removed from the state", async () => {
		await memory.update("ignoredSecrets", [one]);
		const ignored = open();
		assert.equal(await isIgnored(ignored, one), true);
		assert.equal(await isIgnored(ignored, other), false);
		assert.ok(!remembered().includes(one));
	});

	it("are reported again if their key is lost or cannot be read", async () => {
		await open().add(one);
		stored.clear();
		assert.equal(await isIgnored(open(), one), false);
		assert.equal(remembered(), "[]");
		await open().add(one);
		const failing = open({ get: () => Promise.reject(new Error("no keyring")), store: async () => {} });
		assert.equal(await isIgnored(failing, one), false);
		assert.equal(logged.length, 1);
		await assert.rejects(failing.add(other), /no keyring/);
	});
});
