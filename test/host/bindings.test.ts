import assert from "node:assert/strict";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as vscode from "vscode";
import { bindingsOf, openLine } from "../../extension/env/bindings.ts";

const secret = "tks_0123456789abcdefghijklmnopqrstuvwxyzAB";

describe("bindings", () => {
	let place = "";

	beforeEach(async () => {
		const [folder] = vscode.workspace.workspaceFolders ?? [];
		assert.ok(folder);
		place = join(folder.uri.fsPath, "bindings");
		await mkdir(place);
	});

	afterEach(async () => {
		await vscode.commands.executeCommand("workbench.action.revertAndCloseActiveEditor");
		await rm(place, { recursive: true });
	});

	it("are found by the value, under any key, in quotes, and more than once", async () => {
		await writeFile(join(place, ".env"), `# ${secret}\nA=1\nexport B="${secret}"\nC=${secret}x\n`);
		await writeFile(join(place, ".env.local"), `\nD=${secret} # mine\n`);
		await writeFile(join(place, ".env.example"), `A=${secret}\n`);
		const words = (await bindingsOf(secret)).map((binding) => binding.words).sort();
		assert.deepEqual(words, ["bindings/.env.local:2 (D)", "bindings/.env:3 (B)"]);
	});

	it("are none where nothing holds the secret, or a file is no text", async () => {
		await writeFile(join(place, ".env"), Buffer.from([0, 1, 2, 0xff]));
		assert.deepEqual(await bindingsOf(secret), []);
	});

	it("are found in an editor with unsaved changes", async () => {
		const file = join(place, ".env");
		await writeFile(file, "A=1\n");
		const editor = await vscode.window.showTextDocument(vscode.Uri.file(file));
		await editor.edit((edit) => edit.insert(new vscode.Position(1, 0), `B=${secret}\n`));
		assert.deepEqual(
			(await bindingsOf(secret)).map(({ line, key }) => [line, key]),
			[[2, "B"]],
		);
	});

	it("open with the cursor on their line", async () => {
		await writeFile(join(place, ".env"), `A=1\nB=${secret}\n`);
		const [binding] = await bindingsOf(secret);
		assert.ok(binding);
		await openLine(binding);
		const editor = vscode.window.activeTextEditor;
		assert.equal(editor?.document.uri.toString(), binding.uri.toString());
		assert.equal(editor?.selection.active.line, 1);
	});
});
