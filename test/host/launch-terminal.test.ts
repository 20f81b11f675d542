/** A terminal with the secrets of tokens in its environment. */
import assert from "node:assert/strict";
import { join } from "node:path";
import * as vscode from "vscode";
import type { CreatedToken } from "../../daemon/contract.ts";
import { hashOf } from "../../daemon/rules/secret.ts";
import { suggestionsFor } from "../../extension/launch/key-steps.ts";
import { openTerminal, terminalOptions } from "../../extension/launch/open-terminal.ts";
import { until } from "../workbench/until.ts";
import { filesWith, LaunchPlace } from "./launch-place.ts";
import { memoryOf } from "./memory.ts";
import { OneWindow } from "./one-window.ts";
import { servicesOf } from "./services.ts";

const acceptRow = "workbench.action.acceptSelectedQuickOpenItem";

describe("a terminal with secrets", () => {
	let window: OneWindow;
	let place: LaunchPlace;
	let token: CreatedToken;
	beforeEach(async () => {
		window = await OneWindow.open("terminal");
		place = await LaunchPlace.make();
		token = await window.create("orders-api");
	});
	afterEach(async () => {
		await place.remove();
		await window.close();
	});

	it("has the secret in its environment, and keeps nothing for the next window", async () => {
		const keyed = [{ key: "API_TOKEN", token }];
		const options = terminalOptions(keyed, { API_TOKEN: token.token }, place.folder);
		const { env: _, ...shown } = options;
		assert.ok(!JSON.stringify(shown).includes(token.token));
		assert.equal(options.isTransient, true);
		const terminal = vscode.window.createTerminal(options);
		try {
			terminal.sendText(`node ${join(place.path, "program.cjs")}`);
			await until("the program has run in it", async () => (await place.seen()) === hashOf(token.token));
		} finally {
			terminal.dispose();
		}
		assert.deepEqual(await filesWith(String(process.env.TOKENSMITH_USER_DATA), token.token), []);
	});

	it("remembers a token's variable for the workspace and the lineage", async () => {
		const memory = memoryOf();
		const pressing = setInterval(() => void vscode.commands.executeCommand(acceptRow), 100);
		try {
			const { id, token: secret } = token;
			window.kept.set(`token/${id}`, secret);
			await window.put(".env", `A=1\nSHOP_KEY=${secret}\n`);
			await window.bindings.whenReady();
			const services = servicesOf(window, { workspaceState: memory });
			const terminal = await openTerminal({ services, argument: { id }, selected: undefined });
			const options = terminal?.creationOptions as vscode.TerminalOptions;
			assert.deepEqual(options.env, { SHOP_KEY: secret });
			assert.ok(!JSON.stringify(memory.keys().map((key) => memory.get(key))).includes(secret));
			terminal?.dispose();
			const { live } = window;
			const successor = { ...token, id: "successor", predecessorId: id };
			const sources = { tokens: [...live.tokens, successor], memory, keysInFiles: () => [] };
			assert.equal(suggestionsFor(successor, sources)[0], "SHOP_KEY");
		} finally {
			clearInterval(pressing);
		}
	});

	it("names its tokens, and shows a hostile name as text", () => {
		const keyed = [{ key: "A", token: { ...token, name: "a\u001b]0;x\u0007b" } }];
		const { message } = terminalOptions(keyed, { A: token.token }, place.folder);
		assert.match(
			String(message),
			/^This terminal and every program started in it have access to secrets: A \(a\]0;xb\)\. Close the terminal/,
		);
	});
});
