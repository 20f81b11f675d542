import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import * as vscode from "vscode";
import { openCodeProviders } from "../../extension/env-line/code-providers.ts";
import { FirstFrame } from "../../extension/env-line/first-frame.ts";
import { Masking } from "../../extension/env-line/masking.ts";
import { TokenHover } from "../../extension/env-line/token-hover.ts";
import { until } from "../workbench/until.ts";
import { tidy } from "./editors.ts";
import { memoryOf } from "./memory.ts";
import { OneWindow } from "./one-window.ts";

const text =
	'const key = process.env.SHOP_API_TOKEN;\nconst absent = process.env["BILLING_API_TOKEN"];\nprocess.env.';

describe("in code that reads environment variables", () => {
	let window: OneWindow;
	let documents = 0;
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
		await put(".env", `SHOP_API_TOKEN=${token}\nPORT=80\n`);
		return { uri: await openCode(text), secret: token };
	}

	async function openCode(code: string): Promise<vscode.Uri> {
		// VS Code may still have the document of another test, as it was.
		const path = `src/main${++documents}.js`;
		await put(path, code);
		await window.bindings.whenReady();
		const uri = vscode.Uri.file(join(window.place, path));
		await vscode.window.showTextDocument(uri);
		return uri;
	}

	async function put(path: string, content: string): Promise<void> {
		await mkdir(dirname(join(window.place, path)), { recursive: true });
		await writeFile(join(window.place, path), content);
	}

	async function fixesAt(uri: vscode.Uri, line: number, character: number): Promise<string[]> {
		const range = new vscode.Range(line, character, line, character);
		const actions = await vscode.commands.executeCommand<vscode.CodeAction[]>(
			"vscode.executeCodeActionProvider",
			uri,
			range,
		);
		const titles = actions.map(({ title }) => title).filter((title) => title.startsWith("Create Token for"));
		// The extension of this window answers as well.
		return [...new Set(titles)];
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
		assert.deepEqual(await fixesAt(uri, 1, 32), ["Create Token for BILLING_API_TOKEN in code/.env"]);
		assert.deepEqual(await fixesAt(uri, 0, 32), []);
	});

	it("a token goes to the folder of the code, and not to an env file of another part of the workspace", async () => {
		await put("other/.env", "PORT=80\n");
		assert.deepEqual(await fixesAt(await openCode("process.env.BILLING_API_TOKEN"), 0, 20), [
			"Create Token for BILLING_API_TOKEN in .env",
		]);
	});

	it("a token goes to no file that takes no new line", async () => {
		await put(".env.yaml", "PORT: 80\n");
		assert.deepEqual(await fixesAt(await openCode("process.env.BILLING_API_TOKEN"), 0, 20), [
			"Create Token for BILLING_API_TOKEN in .env",
		]);
	});

	it("no key is said to be missing that a file may have which can't be read or parsed", async () => {
		const uri = await openCode("process.env.BILLING_API_TOKEN + process.env.OTHER_API_TOKEN");
		const missing = /No env file has a value/;
		await put(".env.yaml", "BILLING_API_TOKEN: {vault: here}\n");
		await window.bindings.whenReady();
		await until("it may be there", async () => !missing.test(await hoversAt(uri, 0, 20)));
		assert.match(await hoversAt(uri, 0, 50), missing);
		await put(".env", "BILLING_API_TOKEN=x\0\n");
		await window.bindings.whenReady();
		await until("each may be there", async () => !missing.test(await hoversAt(uri, 0, 50)));
	});

	it("code outside of the workspace starts nothing and offers nothing", async () => {
		const document = await vscode.workspace.openTextDocument({
			language: "javascript",
			content: "process.env.BILLING_API_TOKEN",
		});
		assert.doesNotMatch(await hoversAt(document.uri, 0, 20), /No env file/);
		assert.deepEqual(await fixesAt(document.uri, 0, 20), []);
		assert.equal(window.bindings.state, "idle");
	});

	it("a completion replaces the rest of the key, and offers no key that is no name of a variable", async () => {
		await put(".env", "SHOP_API_TOKEN=\nSHOP-OTHER.KEY=1\n");
		const uri = await openCode("process.env.SHOP_KEY;");
		const { items } = await vscode.commands.executeCommand<vscode.CompletionList>(
			"vscode.executeCompletionItemProvider",
			uri,
			new vscode.Position(0, 16),
		);
		const own = items.filter(({ detail }) => detail?.includes("code/.env"));
		assert.deepEqual([...new Set(own.map(({ filterText }) => filterText))], [".SHOP_API_TOKEN"]);
		const range = own[0]?.range;
		assert.ok(range !== undefined && "replacing" in range);
		assert.equal(range.inserting.end.character, 16);
		assert.equal(range.replacing.end.character, 20);
	});

	it("a completion lists the keys of the env files with their tokens, and no value", async () => {
		await put(".env.example", "ASKED_API_TOKEN=\n");
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
		const wanted = [
			"ASKED_API_TOKEN: code/.env.example",
			"PORT: code/.env",
			"SHOP_API_TOKEN: shop · 30 days left · code/.env",
		];
		for (const row of wanted) assert.ok(rows.includes(row), rows.join());
		assert.ok(!JSON.stringify(own).includes(secret));
	});
});
