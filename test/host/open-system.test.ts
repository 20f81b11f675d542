/** The page of a connected system: opened over https, and after a word of warning over http. */
import assert from "node:assert/strict";
import * as vscode from "vscode";
import { systemCommands } from "../../extension/systems/system-commands.ts";
import { until } from "../workbench/until.ts";
import { OneWindow } from "./one-window.ts";
import { Person } from "./person.ts";
import { servicesOf } from "./services.ts";

describe("the page of a system", () => {
	let window: OneWindow;
	let person: Person;
	let opened: string[];
	const { openExternal } = vscode.env;

	async function open(profile: string, baseUrl: string): Promise<void> {
		await window.client.putConnection("sys", { name: "Ours", profile, baseUrl });
		await until("it is listed", () => window.live.connections[0]?.baseUrl === baseUrl);
		const call = { services: servicesOf(window), argument: { connection: "sys" }, selected: undefined };
		await systemCommands.openSystem?.run(call);
	}

	beforeEach(async () => {
		window = await OneWindow.open("open-system");
		person = new Person();
		opened = [];
		const instead = async (uri: vscode.Uri) => opened.push(uri.toString(true)) > 0;
		Object.defineProperty(vscode.env, "openExternal", { value: instead, configurable: true });
		await window.live.whenLive();
	});
	afterEach(async () => {
		Object.defineProperty(vscode.env, "openExternal", { value: openExternal, configurable: true });
		person.dispose();
		await window.close();
	});

	it("is opened at once over https", async () => {
		await open("npm", "https://registry.example.com/npm");
		assert.deepEqual([opened, person.messages], [["https://registry.example.com/npm"], []]);
	});

	it("is opened over http when the user wants that, or its address is copied", async () => {
		const address = "http://127.0.0.1:4873/npm";
		person.answers(/page of “Ours” is at 127\.0\.0\.1:4873, without encryption/, "Open Page");
		await open("npm", address);
		assert.deepEqual(opened, [address]);
		assert.deepEqual(person.last?.buttons.slice(0, 2), ["Copy Address", "Open Page"]);
		person.dispose();
		person = new Person();
		person.answers(/without encryption/, "Copy Address");
		await open("npm", address);
		assert.equal(await vscode.env.clipboard.readText(), address);
		assert.equal(opened.length, 1);
	});
});
