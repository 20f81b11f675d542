import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import * as vscode from "vscode";
import { openCodeProviders } from "../../extension/env-line/code-providers.ts";
import { FirstFrame } from "../../extension/env-line/first-frame.ts";
import { Masking } from "../../extension/env-line/masking.ts";
import { TokenHover } from "../../extension/env-line/token-hover.ts";
import { tidy } from "./editors.ts";
import { memoryOf } from "./memory.ts";
import { OneWindow } from "./one-window.ts";

const text =
	'const key = process.env.SHOP_API_TOKEN;\nconst absent = process.env["BILLING_API_TOKEN"];\nprocess.env.';

describe("in code that reads environment variables", () => {
	let window: OneWindow;
	const opened: vscode.Disposable[] = [];

	beforeEach(async () => {
		window = await OneWindow.open("code");
		const firstFrame = new FirstFrame({ log: window.log });
		const masking = new Masking({ memory: memoryOf(), firstFrame });
		const hover = new TokenHover({ ...window, masking });
		opened.push(firstFrame, masking, openCodeProviders({ ...window, hover }));
	});
	afterEach(async () => {
		vscode.Disposable.from(...opened.splice(0)).dispose();
		await tidy();
		await window.close();
	});

	/** The code in a folder of its own, with a token in the env file above it. */
	async function open(): Promise<{ uri: vscode.Uri; secret: string }> {
		const { token } = await window.create("shop");
		await window.put(".env", `SHOP_API_TOKEN=${token}\nPORT=80\n`);
		const [folder] = vscode.workspace.workspaceFolders ?? [];
		const path = join(folder?.uri.fsPath ?? "", "code", "src", "main.js");
		await mkdir(dirname(path), { recursive: true });
		await writeFile(path, text);
		await window.bindings.whenReady();
		const uri = vscode.Uri.file(path);
		await vscode.window.showTextDocument(uri);
		return { uri, secret: token };
	}

	async function hoversAt(uri: vscode.Uri, line: number, character: number): Promise<string> {
		const at = new vscode.Position(line, character);
		const hovers = await vscode.commands.executeCommand<vscode.Hover[]>(
			"vscode.executeHoverProvider",
			uri,
			at,
		);
		const contents = hovers.flatMap(({ contents }) => contents);
		return contents
			.map((content) => (typeof content === "string" ? content : content.value))
			.join("\n")
			.replaceAll("&nbsp;", " ")
			.replaceAll("\\", "");
	}

	it("a hover names the line, the token and how long it lasts, and not its value", async () => {
		const { uri, secret } = await open();
		const hover = await hoversAt(uri, 0, 26);
		assert.match(hover, /\[code\/\.env:1 \(SHOP_API_TOKEN\)\]\(command:tokensmith\.openLine/);
		assert.match(hover, /\*\*shop\*\* · 30 days left/);
		assert.match(hover, /\[Rotate\]\(command:tokensmith\.rotateToken/);
		assert.ok(!hover.includes(secret));
	});

	it("a key without a value gets a token by the hover and by a quick fix, in the closest env file", async () => {
		const { uri } = await open();
		assert.match(await hoversAt(uri, 1, 32), /No env file has a value for BILLING.API.TOKEN/);
		const actions = async (line: number) =>
			vscode.commands.executeCommand<vscode.CodeAction[]>(
				"vscode.executeCodeActionProvider",
				uri,
				new vscode.Range(line, 32, line, 32),
			);
		const [fix] = (await actions(1)).filter(({ title }) => title.startsWith("Create Token for"));
		assert.equal(fix?.title, "Create Token for BILLING_API_TOKEN in code/.env");
		assert.equal(fix?.command?.command, "tokensmith.createTokenForLine");
		assert.deepEqual(
			(await actions(0)).filter(({ title }) => title.startsWith("Create Token for")),
			[],
		);
	});

	it("a completion lists the keys of the env files with their tokens, and no value", async () => {
		const { uri, secret } = await open();
		const list = await vscode.commands.executeCommand<vscode.CompletionList>(
			"vscode.executeCompletionItemProvider",
			uri,
			new vscode.Position(2, 12),
			".",
		);
		const own = list.items.filter(({ detail }) => detail?.includes("code/.env"));
		// The extension of this window answers as well; its daemon knows no such token.
		const rows = own.map(
			({ label, detail }) => `${typeof label === "string" ? label : label.label}: ${detail}`,
		);
		for (const row of ["PORT: code/.env", "SHOP_API_TOKEN: shop · 30 days left · code/.env"])
			assert.ok(rows.includes(row), rows.join());
		assert.ok(!JSON.stringify(own).includes(secret));
	});
});
