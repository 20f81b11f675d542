import assert from "node:assert/strict";
import * as vscode from "vscode";
import { readDaemonFile } from "../workbench/daemon.ts";

const id = "tokensmith.tokensmith";

describe("the extension in VS Code", () => {
	it("is found under its identifier", () => {
		assert.ok(vscode.extensions.getExtension(id), `${id} is not among the installed extensions`);
	});

	it("activates without starting a daemon", async () => {
		const extension = vscode.extensions.getExtension(id);
		assert.ok(extension);
		await extension.activate();
		assert.ok(extension.isActive);
		assert.equal(await readDaemonFile(String(process.env.TOKENSMITH_USER_DATA)), undefined);
	});

	it("registers exactly the commands that package.json declares", async () => {
		const extension = vscode.extensions.getExtension(id);
		assert.ok(extension);
		await extension.activate();
		const declared: string[] = extension.packageJSON.contributes.commands.map(
			(contribution: { command: string }) => contribution.command,
		);
		const registered = await vscode.commands.getCommands(true);
		const own = registered.filter((command) => command.startsWith("tokensmith."));
		// VS Code adds its own commands for every view, for example tokensmith.tokens.focus.
		const ofViews = own.filter((command) =>
			/^tokensmith\.(tokens|envFiles|systems|activity)\.\w+$/.test(command),
		);
		assert.deepEqual(own.filter((command) => !ofViews.includes(command)).sort(), declared.sort());
	});

	it("declares that it works in Restricted Mode and in virtual workspaces", () => {
		const { capabilities } = vscode.extensions.getExtension(id)?.packageJSON ?? {};
		assert.ok(capabilities?.untrustedWorkspaces?.supported);
		assert.ok(capabilities?.virtualWorkspaces);
	});
});
