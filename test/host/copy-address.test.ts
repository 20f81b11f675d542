import assert from "node:assert/strict";
import * as vscode from "vscode";
import { createTokensmithClient } from "../../daemon/client/client.ts";
import { daemonCommands } from "../../extension/daemon/daemon-commands.ts";
import { OneWindow } from "./one-window.ts";
import { servicesOf } from "./services.ts";

describe("Copy Address for Services", () => {
	let window: OneWindow;
	beforeEach(async () => {
		window = await OneWindow.open("copy-address");
	});
	afterEach(async () => {
		await vscode.env.clipboard.writeText("");
		await window.close();
	});

	it("copies the line with which a service verifies tokens", async () => {
		const { token } = await window.create("orders-api");
		await daemonCommands.copyAddress?.run({
			services: servicesOf(window),
			argument: undefined,
			selected: undefined,
		});
		const [, url = ""] = /^TOKENSMITH_URL=(.*)$/.exec(await vscode.env.clipboard.readText()) ?? [];
		assert.ok((await createTokensmithClient({ url }).verify(token)).valid);
	});
});
