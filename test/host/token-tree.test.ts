import assert from "node:assert/strict";
import * as vscode from "vscode";
import { timeBadgeOf } from "../../extension/tokens/time-badge.ts";
import { TokenTree } from "../../extension/tokens/token-tree.ts";
import { verified } from "../extension/verified.ts";
import { until } from "../workbench/until.ts";
import { memoryOf } from "./memory.ts";
import { OneWindow } from "./one-window.ts";

const day = 86_400_000;
const inDays = (days: number) => new Date(Date.now() + days * day).toISOString();

describe("the list of tokens", () => {
	let window: OneWindow;
	let tree: TokenTree;
	let memory: { workspace: vscode.Memento; everywhere: vscode.Memento };

	beforeEach(async () => {
		window = await OneWindow.open("list");
		memory = { workspace: memoryOf(), everywhere: memoryOf() };
		tree = openTree();
	});

	afterEach(async () => {
		tree.dispose();
		await window.close();
	});

	function openTree(): TokenTree {
		const { live, bindings, connections, secrets, daemon, log, secretsChanged } = window;
		const onDidChangeSecrets = secretsChanged.event;
		return new TokenTree({
			...{ live, bindings, connections, secrets },
			daemon,
			log,
			memory,
			onDidChangeSecrets,
		});
	}

	/** The rows as they would be with everything open: indented label and description. */
	async function rows(parent?: Awaited<ReturnType<typeof tree.getChildren>>[number]): Promise<string[]> {
		const nodes = await tree.getChildren(parent);
		const rowsOf = nodes.map(async (node) => {
			const { label, description } = tree.getTreeItem(node);
			const below = await rows(node);
			return [`${label}${description ? `: ${description}` : ""}`, ...below.map((row) => `  ${row}`)];
		});
		return (await Promise.all(rowsOf)).flat();
	}

	async function items(): Promise<vscode.TreeItem[]> {
		const groups = await tree.getChildren();
		const nodes = (await Promise.all(groups.map((group) => tree.getChildren(group)))).flat();
		return nodes.map((node) => tree.getTreeItem(node));
	}

	async function item(name: string): Promise<vscode.TreeItem> {
		const found = (await items()).find(({ label }) => label === name);
		assert.ok(found, `${name} is not in the list`);
		return found;
	}

	async function tooltip(name: string): Promise<vscode.MarkdownString> {
		const nodes = (
			await Promise.all((await tree.getChildren()).map((group) => tree.getChildren(group)))
		).flat();
		const node = nodes.find((one) => tree.getTreeItem(one).label === name);
		assert.ok(node);
		const { tooltip: text } = await tree.resolveTreeItem(tree.getTreeItem(node), node);
		assert.ok(text instanceof vscode.MarkdownString);
		return text;
	}

	it("leaves out revoked and expired tokens when they are hidden, counts them, and remembers it", async () => {
		await window.create("working");
		const { id } = await window.create("dead");
		await window.client.revokeToken(id);
		await window.live.whenLive();
		await tree.shown.showEnded("hidden");
		assert.deepEqual(await rows(), ["Active: 1", "  working: 30 days"]);
		assert.equal(tree.shown.hiddenCount, 1);
		tree.dispose();
		tree = openTree();
		assert.deepEqual(await rows(), ["Active: 1", "  working: 30 days"], "another list, another day");
		tree.shown.showAnyway(id);
		assert.equal((await rows()).length, 4, "asked for by name, it is shown");
		await tree.shown.showEnded("shown");
		assert.deepEqual([(await rows()).length, tree.shown.hiddenCount], [4, 0]);
	});

	it("says that all are hidden rather than that there are none", async () => {
		const { id } = await window.create("dead");
		await window.client.revokeToken(id);
		await window.live.whenLive();
		await tree.shown.showEnded("hidden");
		assert.equal(tree.shown.state, "all-hidden");
	});

	it("shows the time that a long name would push out of a narrow list at the right edge as well", async () => {
		const long = "Billing service, staging";
		await window.create(long, { expiry: inDays(5) });
		await window.create("short", { expiry: inDays(5) });
		await window.create("Billing service, production", { expiry: inDays(40) });
		await window.live.whenLive();
		const address = (await item(long)).resourceUri;
		assert.deepEqual([address?.path, address?.query], ["/5d", "5 days left"]);
		assert.equal((await item("short")).resourceUri, undefined, "it has room");
		assert.equal((await item("Billing service, production")).resourceUri, undefined, "it is not pressing");
	});

	for (const [days, badge] of [
		[20 / 24 / 60, "1h"],
		[8.5 / 24, "9h"],
		[20 / 24, "1d"],
		[2.6, "3d"],
		[9.4, "9d"],
		[21, "3w"],
		[80, undefined],
	] as const)
		it(`has ${badge ?? "no badge"} for ${days.toFixed(2)} days`, () => {
			const now = Date.now();
			const end = new Date(now + days * day).toISOString();
			const address = timeBadgeOf(
				"Billing service, staging",
				{ expiry: end, expiryKnown: true, retiresDate: null },
				now,
			);
			assert.equal(address?.path.slice(1), badge);
		});

	it("is grouped by urgency, with ended tokens in a closed group at the end", async () => {
		await window.create("endless", { expiry: null });
		await window.create("month");
		await window.create("week", { expiry: inDays(6) });
		const { id } = await window.create("dead", { expiry: inDays(1) });
		await window.client.revokeToken(id, "leaked");
		await window.live.whenLive();
		assert.deepEqual(await rows(), [
			"Expires Soon: 1",
			"  week: 6 days",
			"Active: 1",
			"  month: 30 days",
			"No Expiry: 1",
			"  endless",
			"Disabled and Revoked: 1",
			"  dead: revoked just now",
		]);
		const groups = (await tree.getChildren()).map((group) => tree.getTreeItem(group).collapsibleState);
		const { Expanded, Collapsed } = vscode.TreeItemCollapsibleState;
		assert.deepEqual(groups, [Expanded, Expanded, Expanded, Collapsed]);
	});

	it("lists a rotated token under its successor, with the time left, and with its name only if that is another", async () => {
		const { id } = await window.create("orders", { expiry: inDays(60) });
		const successor = await window.client.rotateToken(id, { overlapSeconds: 3 * 86_400 });
		await window.live.whenLive();
		assert.deepEqual(await rows(), ["Active: 1", "  orders: 60 days", "    Rotated: 3 days left"]);
		const [row] = await tree.getChildren((await tree.getChildren((await tree.getChildren())[0]))[0]);
		assert.ok(row);
		assert.match(
			tree.getTreeItem(row).accessibilityInformation?.label ?? "",
			/^orders, rotated, 3 days left/,
		);
		await window.client.updateToken(successor.id, successor.version, { name: "shop" });
		await until("the list has the new name", () => window.live.tokens.some(({ name }) => name === "shop"));
		assert.deepEqual((await rows()).slice(1), ["  shop: 60 days", "    orders: rotated, 3 days left"]);
	});

	it("distinguishes tokens of the same name by the ends of their secrets, while there are several", async () => {
		const [one, other] = [await window.create("orders"), await window.create("orders")];
		await window.create("billing");
		await window.live.whenLive();
		const ends = [one, other].map(({ token }) => `…${token.slice(-4)}`);
		const ordersRows = ends.map((end) => `  orders: 30 days · ${end}`);
		assert.deepEqual((await rows()).sort(), ["  billing: 30 days", ...ordersRows, "Active: 3"].sort());
		await window.client.revokeToken(other.id, "one is enough");
		await window.live.whenLive();
		await until("the name is enough again", async () => (await rows()).includes("  orders: 30 days"));
	});

	it("lists under each token the lines that hold it, and a click opens them", async () => {
		const { token } = await window.create("orders");
		await window.put(".env", `A=1\nB=${token}\n`);
		await window.bindings.whenReady();
		assert.deepEqual(await rows(), ["Active: 1", "  orders: 30 days", "    list/.env:2 (B)"]);
		const [group] = await tree.getChildren();
		const [row] = await tree.getChildren(group);
		const [line] = await tree.getChildren(row);
		assert.ok(line?.kind === "line");
		const { command } = tree.getTreeItem(line);
		assert.equal(command?.command, "tokensmith.openLine");
		assert.deepEqual(command.arguments, [{ line: line.line }]);
		assert.ok(tree.getParent(line) === row);
	});

	it("is grouped by env file or issuer on request, here and in the next window", async () => {
		const { token } = await window.create("orders");
		await window.create("elsewhere");
		await window.put(".env", `A=${token}\nB=${token}\n`);
		await window.bindings.whenReady();
		await tree.shown.groupBy("file");
		assert.deepEqual(await rows(), [
			"list/.env: 1",
			"  orders: 30 days",
			"    list/.env:1 (A)",
			"    list/.env:2 (B)",
			"Not in an Env File: 1",
			"  elsewhere: 30 days",
		]);
		tree.dispose();
		tree = openTree();
		assert.equal(tree.shown.grouping, "file");
		await tree.shown.groupBy("issuer");
		assert.deepEqual((await rows())[0], "This Machine: 2");
		memory.workspace = memoryOf();
		assert.equal(
			tree.shown.grouping,
			"issuer",
			"a workspace without a grouping of its own begins with the last one",
		);
	});

	it("shows the tokens that match the filter, and their number", async () => {
		const { token } = await window.create("orders staging");
		await window.create("orders production", { tags: ["blue"] });
		await window.put(".env", `A=${token}\n`);
		await window.bindings.whenReady();
		tree.shown.filter = " Orders blue ";
		assert.deepEqual(await rows(), ["Active: 1", "  orders production: 30 days"]);
		assert.deepEqual(tree.shown.count, { count: 1, of: 2 });
		tree.shown.filter = "list/.env";
		assert.equal((await rows())[1], "  orders staging: 30 days");
		tree.shown.filter = "nothing has this";
		assert.deepEqual(await rows(), []);
		tree.shown.filter = "";
		assert.equal((await items()).length, 2);
	});

	it("gives the menus the status of a token, its issuer, and whether its secret is stored here", async () => {
		const { id, token } = await window.create("kept");
		await window.create("absent");
		await window.client.registerToken({
			name: "theirs",
			issuer: "other",
			hash: `sha256:${"0".repeat(64)}`,
			partialToken: "ghp_…abcd",
		});
		window.kept.set(`token/${id}`, token);
		await window.live.whenLive();
		assert.equal((await item("kept")).contextValue, "token.active.kept.local");
		assert.equal((await item("absent")).contextValue, "token.active.absent.local");
		assert.equal((await item("theirs")).contextValue, "token.active.absent.other");
	});

	it("marks a revoked token whose end its system has not confirmed", async () => {
		await window.client.putConnection("threats", {
			...{ name: "Threats", profile: "eclecticiq", baseUrl: "https://127.0.0.1:9" },
		});
		const { id } = await window.client.registerToken({
			...{ name: "theirs", issuer: "eclecticiq", connection: "threats" },
			hash: `sha256:${"0".repeat(64)}`,
			partialToken: "eiq_…abcd",
		});
		window.kept.set(`token/${id}`, "eiq-secret");
		await window.client.revokeToken(id, "done");
		await window.live.whenLive();
		await until("it is marked", async () => /not confirmed/.test(String((await item("theirs")).description)));
		assert.match((await item("theirs")).accessibilityInformation?.label ?? "", /not confirmed/);
	});

	it("has an icon and a colour for how urgent a token is", async () => {
		await window.create("urgent", { expiry: inDays(0.9) });
		await window.create("soon", { expiry: inDays(6) });
		await window.create("calm", { expiry: inDays(60) });
		await window.live.whenLive();
		const icons = (await items()).map(({ iconPath }) => iconPath instanceof vscode.ThemeIcon && iconPath.id);
		assert.deepEqual(icons, ["warning", "watch", "key"]);
	});

	it("shows a hostile name as plain text", async () => {
		const name = "[x](cmd:a)$(trash)**b**";
		await window.create(name);
		await window.live.whenLive();
		const text = await tooltip(name);
		assert.ok(!text.isTrusted && !text.supportHtml && !text.supportThemeIcons);
		assert.ok(!text.value.includes("[x]("), text.value);
		assert.ok(!text.value.includes("**b**"), text.value);
	});

	it("leaves it to VS Code to cut a long name, by the width that there is", async () => {
		const name = "a name that is much longer than any side bar is wide";
		await window.create(name);
		await window.live.whenLive();
		const [row] = await items();
		assert.equal(row?.label, name);
		assert.equal(row?.accessibilityInformation?.label, `${name}, 30 days left`);
	});

	it("shows the use of a rotated token since its rotation", async () => {
		const { id, token } = await window.create("orders");
		await window.client.rotateToken(id, { overlapSeconds: 3600 });
		await verified(window.home.dataDir, token);
		await window.live.whenLive();
		const [root] = await tree.getChildren((await tree.getChildren())[0]);
		const [predecessor] = await tree.getChildren(root);
		assert.ok(predecessor);
		const { tooltip: text } = await tree.resolveTreeItem(tree.getTreeItem(predecessor), predecessor);
		assert.ok(text instanceof vscode.MarkdownString);
		assert.match(text.value, /Used since the rotation: 127\\?\.0\\?\.0\\?\.1, once/);
	});

	it("has no secret in any label, description or tooltip", async () => {
		const { token, id } = await window.create("quiet");
		window.kept.set(`token/${id}`, token);
		await window.put(".env", `A=${token}\n`);
		await window.bindings.whenReady();
		assert.ok(!JSON.stringify([await rows(), await items(), await tooltip("quiet")]).includes(token));
	});

	it("shows a token that another window has created", async () => {
		await window.live.whenLive();
		await tree.getChildren();
		const changed = new Promise<void>((resolve) => tree.onDidChangeTreeData(() => resolve()));
		const { id } = await window.create("from elsewhere");
		await until("the list is updated", () => window.live.tokens.some((token) => token.id === id));
		tree.mark("unknown");
		await changed;
		assert.ok((await items()).some(({ label }) => label === "from elsewhere"));
	});

	it("is not drawn again when nothing has changed", async () => {
		await window.create("orders");
		await window.live.whenLive();
		let drawn = 0;
		tree.onDidChangeTreeData(() => drawn++);
		tree.shown.filter = "orders";
		assert.equal(drawn, 0, "VS Code has not asked for any row yet, and will be given these");
		await tree.getChildren();
		tree.shown.filter = "ord";
		assert.equal(drawn, 0);
		tree.shown.filter = "nothing";
		tree.shown.filter = "unknown";
		assert.equal(drawn, 1, "twice before it has asked would make it forget the rows that it is given");
		await tree.getChildren();
		tree.shown.filter = "";
		assert.equal(drawn, 2);
	});
});
