/** The command `tokensmith` in VS Code's terminals, and its installation for others. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as vscode from "vscode";
import { until } from "../workbench/until.ts";

const extension = vscode.extensions.getExtension("tokensmith.tokensmith");

describe("the command line", () => {
	let folder: string;
	before(async () => {
		folder = mkdtempSync(join(tmpdir(), "tokensmith-terminal-"));
		await extension?.activate();
	});
	after(() => rmSync(folder, { recursive: true, maxRetries: 3 }));

	const written = (name: string) =>
		until(`${name} is written`, async () => (await stat(join(folder, name)).catch(() => undefined))?.size);

	it("is in the PATH of terminals, on VS Code's own Node.js", async () => {
		const terminal = vscode.window.createTerminal({ cwd: folder, shellPath: "/bin/sh" });
		terminal.sendText("tokensmith --version >version; command -v tokensmith >where");
		await written("version");
		await written("where");
		terminal.dispose();
		assert.equal(readFileSync(join(folder, "version"), "utf8"), `${extension?.packageJSON.version}\n`);
		assert.equal(readFileSync(join(folder, "where"), "utf8"), `${extension?.extensionPath}/bin/tokensmith\n`);
	});

	it("is installed for other terminals, in the folder that is offered", async () => {
		const { HOME } = process.env;
		process.env.HOME = folder;
		try {
			const installed = vscode.commands.executeCommand("tokensmith.installCommand");
			await until("the folder is asked for", async () => {
				await vscode.commands.executeCommand("workbench.action.acceptSelectedQuickOpenItem");
				return stat(join(folder, ".local", "bin", "tokensmith")).catch(() => undefined);
			});
			await installed;
		} finally {
			process.env.HOME = HOME;
		}
		assert.match(
			readFileSync(join(folder, ".local", "bin", "tokensmith"), "utf8"),
			/^#!\/bin\/sh\n# Written by/,
		);
	});
});
