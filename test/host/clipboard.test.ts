import assert from "node:assert/strict";
import * as vscode from "vscode";
import { hashOf } from "../../daemon/rules/secret.ts";
import { Clipboard } from "../../extension/tokens/clipboard.ts";
import { copySecret } from "../../extension/tokens/copy-secret.ts";
import { until } from "../workbench/until.ts";
import { OneWindow } from "./one-window.ts";
import { Person } from "./person.ts";

describe("Clipboard", () => {
	const { clipboard } = vscode.env;
	const warnings: string[] = [];
	const log = { warn: (message: string) => void warnings.push(message) };

	afterEach(async () => {
		await clipboard.writeText("");
		assert.deepEqual(warnings, []);
	});

	it("copies a secret and clears it when its time has come", async () => {
		const ours = new Clipboard({ log, clearAfterSeconds: 0.3 });
		await ours.copySecret("tks_first", "orders");
		assert.equal(await clipboard.readText(), "tks_first");
		await until("it is cleared", async () => (await clipboard.readText()) === "");
	});

	it("leaves alone what has been copied since", async () => {
		const ours = new Clipboard({ log });
		await ours.copySecret("tks_first", "orders");
		await clipboard.writeText("a sentence");
		await ours.clear();
		assert.equal(await clipboard.readText(), "a sentence");
	});

	it("clears a second secret too, though the first one's time has come before", async () => {
		const ours = new Clipboard({ log, clearAfterSeconds: 0.3 });
		await ours.copySecret("tks_first", "orders");
		await ours.copySecret("tks_second", "orders");
		await until("it is cleared", async () => (await clipboard.readText()) === "");
	});

	it("clears when the window closes", async () => {
		const ours = new Clipboard({ log });
		await ours.copySecret("tks_last", "orders");
		ours.dispose();
		await until("it is cleared", async () => (await clipboard.readText()) === "");
	});
});

describe("Copy Secret", () => {
	let window: OneWindow;
	let person: Person;

	beforeEach(async () => {
		window = await OneWindow.open("copy-secret");
		person = new Person();
	});
	afterEach(async () => {
		person.dispose();
		await window.close();
	});

	it("says where another system's secret can be that is not stored, and offers no token of ours", async () => {
		const facts = { name: "CI", issuer: "github", hash: hashOf("ci"), partialToken: "ghp_…wxyz" };
		const services = { secrets: window.secrets, clipboard: new Clipboard({ log: { warn() {} } }) };
		void copySecret(services, await window.client.registerToken(facts));
		await until("it is said", () => person.last !== undefined);
		assert.match(person.last?.text ?? "", /“CI” is not stored in this editor\. .* or from its system\.$/);
		assert.deepEqual(person.last?.buttons, ["Show Token"]);
	});
});
