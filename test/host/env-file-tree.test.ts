import assert from "node:assert/strict";
import * as vscode from "vscode";
import { EnvFileTree } from "../../extension/env-line/env-file-tree.ts";
import { until } from "../workbench/until.ts";
import { OneWindow } from "./one-window.ts";

const unknown = "ghp_R4nD0mQx7ZkPw3LsVb9TyUe2HcJfGa6NmXo1";

describe("the Env Files view", () => {
	let window: OneWindow;
	let tree: EnvFileTree;

	beforeEach(async () => {
		window = await OneWindow.open("env-view");
		tree = new EnvFileTree(window);
	});

	afterEach(async () => {
		tree.dispose();
		await window.close();
	});

	/** Each file's rows, without files of other tests. */
	function rows(): string[] {
		return nodes().map((node) => {
			const { label, description } = tree.getTreeItem(node);
			return `${node.kind === "line" ? "  " : ""}${label}: ${description}`;
		});
	}

	function nodes() {
		const files = tree
			.getChildren()
			.filter((node) => String(tree.getTreeItem(node).label).startsWith("env-view/"));
		return files.flatMap((file) => [file, ...tree.getChildren(file)]);
	}

	it("lists every env file with the lines that contain a token or look like it", async () => {
		const { token } = await window.create("orders");
		const { token: dead, id } = await window.create("dead");
		await window.client.revokeToken(id);
		await window.put(".env", `PORT=1\nA=${token}\n# B=${token}\nC=${dead}\nD=${unknown}\n`);
		await window.put(".env.local", "PORT=1\n");
		await window.bindings.whenReady();
		assert.deepEqual(rows(), [
			"env-view/.env: 3 tokens",
			"  A: 30 days · orders",
			"  B: 30 days, commented out · orders",
			"  C: revoked just now · dead",
			"  D: unknown token",
			"env-view/.env.local: no tokens",
		]);
	});

	it("has a row of its own for each token of a line", async () => {
		const { token } = await window.create("orders");
		await window.put(".env", `BOTH=${token},${unknown}\nURL=https://x:${token}@h/?t=${token}\n`);
		await window.bindings.whenReady();
		assert.deepEqual(rows(), [
			"env-view/.env: 2 tokens",
			"  BOTH: 30 days · orders",
			"  BOTH: unknown token",
			"  URL: 30 days · orders",
		]);
		const ids = nodes().map((node) => tree.getTreeItem(node).id);
		assert.equal(new Set(ids).size, ids.length);
	});

	it("shows a long key whole, and the status before the name", async () => {
		const { token } = await window.create("Quarterly reconciliation");
		const key = "CHECKOUT_SERVICE_RECONCILIATION_TOKEN";
		await window.put(".env", `${key}=${token}\nPARTNER_SITE_TOKEN=${token}\n`);
		await window.bindings.whenReady();
		assert.deepEqual(rows().slice(1), [
			"  CHECKOUT_SERVICE_RECONCILIATION_TOKEN: 30 days · Quarterly reconciliation",
			"  PARTNER_SITE_TOKEN: 30 days · Quarterly reconciliation",
		]);
		const [, line] = nodes();
		assert.ok(line);
		const { label } = tree.getTreeItem(line).accessibilityInformation ?? {};
		assert.equal(label, `${key}, line 1, 30 days · Quarterly reconciliation`);
		const { tooltip } = await tree.resolveTreeItem(tree.getTreeItem(line), line);
		assert.ok(tooltip instanceof vscode.MarkdownString);
		assert.match(tooltip.value, /Line: env-view\/\.env:1 \\\(CHECKOUT/);
	});

	it("opens the line, and tells the menus whether its token is known", async () => {
		const { token } = await window.create("orders");
		await window.put(".env", `A=${token}\nD=${unknown}\n`);
		await window.bindings.whenReady();
		const [file, known, foreign] = nodes();
		assert.ok(file && known?.kind === "line" && foreign?.kind === "line");
		const items = [file, known, foreign].map((node) => tree.getTreeItem(node));
		assert.deepEqual(
			items.map(({ contextValue }) => contextValue),
			["envFile", "envLine.known", "envLine.unknown"],
		);
		assert.equal(items[0]?.command?.command, "vscode.open");
		assert.equal(items[1]?.command?.command, "tokensmith.openLine");
		assert.deepEqual(items[1]?.command?.arguments, [{ line: known.line }]);
		assert.ok(tree.getParent(known));
	});

	it("shows no value, in no label, description or tooltip", async () => {
		const { token } = await window.create("orders");
		await window.put(".env", `A=${token}\nD=${unknown}\n`);
		await window.bindings.whenReady();
		const items = await Promise.all(
			nodes().map((node) => tree.resolveTreeItem(tree.getTreeItem(node), node)),
		);
		const shown = JSON.stringify(items);
		assert.ok(shown.includes("not in the records"), shown);
		for (const value of [token, unknown]) assert.ok(!shown.includes(value));
	});

	it("follows changes of the token", async () => {
		const { token, id } = await window.create("orders");
		await window.put(".env", `A=${token}\n`);
		await window.bindings.whenReady();
		await window.client.disableToken(id);
		await until("the line says so", () => rows().includes("  A: disabled · orders"));
		const [, line] = nodes();
		assert.ok(line);
		const { iconPath } = tree.getTreeItem(line);
		assert.ok(iconPath instanceof vscode.ThemeIcon && iconPath.id === "debug-pause");
	});

	it("redraws only what has changed: a line, a file with its lines, or everything if files appear or disappear", async () => {
		const { token, id } = await window.create("orders");
		const { token: other } = await window.create("other");
		await window.put(".env", `A=${token}\nB=${other}\n`);
		await window.put(".env.local", `A=${other}\n`);
		await window.bindings.whenReady();
		const [file, line] = nodes();
		assert.ok(file && line);
		const drawn: unknown[] = [];
		const listener = tree.onDidChangeTreeData((changed) => drawn.push(changed));
		await window.client.disableToken(id);
		await until("the line says so", () => tree.getTreeItem(line).description === "disabled · orders");
		assert.deepEqual(drawn, [[line]]);
		await window.put(".env", `A=${token}\nB=${other}\nC=${unknown}\n`);
		await until("the file has one more", () => tree.getTreeItem(file).description === "3 tokens");
		assert.deepEqual(drawn.slice(1), [[file]]);
		await window.put(".env.more", "A=1\n");
		await until("the new file is there", () => rows().includes("env-view/.env.more: no tokens"));
		assert.deepEqual(drawn.slice(2), [undefined]);
		listener.dispose();
	});

	it("runs a menu command with the current line, even if its row looks the same", async () => {
		const { token } = await window.create("orders");
		await window.put(".env", `A=${token}\n`);
		await window.bindings.whenReady();
		const [, line] = nodes();
		assert.ok(line?.kind === "line");
		const drawn: unknown[] = [];
		const listener = tree.onDidChangeTreeData((changed) => drawn.push(changed));
		await window.put(".env", `export A='${token}'\n`);
		await until("the row's line is the new one", () => line.line.range.start.character === 10);
		assert.deepEqual(drawn, []);
		listener.dispose();
	});
});
