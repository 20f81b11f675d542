import assert from "node:assert/strict";
import * as vscode from "vscode";
import { waitingLineFor } from "../../extension/env-line/waiting-line-choice.ts";
import { WaitingLineOffers } from "../../extension/env-line/waiting-line-offers.ts";
import { fileIn, set, show, tidy } from "./editors.ts";
import { OneWindow } from "./one-window.ts";

describe("a line that waits for a token", () => {
	let window: OneWindow;
	let offers: WaitingLineOffers;

	beforeEach(async () => {
		window = await OneWindow.open("waiting");
		offers = new WaitingLineOffers(window);
	});
	afterEach(async () => {
		offers.dispose();
		await tidy();
		await window.close();
	});

	const lenses = async ({ document }: vscode.TextEditor) =>
		(await offers.provideCodeLenses(document)).map(({ range, command }) => [
			range.start.line,
			command?.arguments?.[0].waiting.key,
		]);

	it("of an env file is offered a token by a lens and a quick fix, and others are not", async () => {
		const editor = await show(window, "URL=\nAPI_TOKEN=\nOTHER_TOKEN=value\n");
		assert.deepEqual(await lenses(editor), [[1, "API_TOKEN"]]);
		const fixes = (line: number) =>
			offers.provideCodeActions(editor.document, new vscode.Range(line, 0, line, 3));
		assert.deepEqual(
			(await fixes(1)).map(({ title }) => title),
			["Create Token for This Line"],
		);
		assert.deepEqual(await fixes(2), []);
	});

	it("of an example is offered one until an env file next to it has the key", async () => {
		const editor = await show(window, "API_TOKEN=changeme\nB_TOKEN=\n", ".env.example");
		assert.deepEqual(await lenses(editor), [
			[0, "API_TOKEN"],
			[1, "B_TOKEN"],
		]);
		await window.put(".env.local", "API_TOKEN=secret\n");
		assert.deepEqual(await lenses(editor), [[1, "B_TOKEN"]]);
	});

	it("leads to the env file that an example or schema describes", async () => {
		const goal = async (name: string) => {
			const { document } = await show(window, "API_TOKEN=\n", name);
			const { envFile } = await waitingLineFor({
				waiting: { uri: document.uri.toString(), key: "API_TOKEN" },
			});
			return envFile.toString();
		};
		assert.equal(await goal(".env.schema"), fileIn(window, ".env").toString());
		assert.equal(await goal(".env.staging.example"), fileIn(window, ".env.staging").toString());
		assert.equal(await goal(".env.test"), fileIn(window, ".env.test").toString());
	});

	it("is the one at the cursor without an argument, and none that has a value meanwhile", async () => {
		const editor = await show(window, "A_TOKEN=\nB_TOKEN=\n", ".env.cursor");
		editor.selection = new vscode.Selection(1, 2, 1, 2);
		assert.equal((await waitingLineFor(undefined)).key, "B_TOKEN");
		const gone = { waiting: { uri: editor.document.uri.toString(), key: "GONE_TOKEN" } };
		await assert.rejects(waitingLineFor(gone), vscode.CancellationError);
	});

	it("has no lens if lenses are turned off", async () => {
		await set("codeLens.enabled", false);
		assert.deepEqual(await lenses(await show(window, "API_TOKEN=\n", ".env.off")), []);
	});
});
