import assert from "node:assert/strict";
import * as vscode from "vscode";
import type { CreateTokenInput } from "../../daemon/contract.ts";
import type { Client } from "../../extension/daemon/client.ts";
import { LiveTokens } from "../../extension/daemon/live-tokens.ts";
import { policyFromSettings } from "../../extension/settings.ts";
import { SecretStore } from "../../extension/tokens/secret-store.ts";
import { TokenTree } from "../../extension/tokens/token-tree.ts";
import { DaemonHome } from "../extension/daemon-home.ts";
import { until } from "../workbench/until.ts";

const day = 86_400_000;
const inDays = (days: number) => new Date(Date.now() + days * day).toISOString();

describe("the list of tokens", () => {
	let home: DaemonHome;
	let client: Client;
	let live: LiveTokens;
	let tree: TokenTree;
	let log: vscode.LogOutputChannel;
	let kept: Map<string, string>;

	beforeEach(async () => {
		home = await DaemonHome.make(vscode.extensions.getExtension("tokensmith.tokensmith")?.extensionPath);
		const daemon = home.window();
		client = await daemon.client();
		log = vscode.window.createOutputChannel("Test", { log: true });
		const none = new vscode.EventEmitter<void>();
		live = new LiveTokens({ daemon, policy: policyFromSettings, onDidChangePolicy: none.event, log });
		kept = new Map();
		const secrets = new SecretStore(secretsIn(kept));
		tree = new TokenTree({ live, secrets, onDidChangeSecrets: none.event, log });
	});

	afterEach(async () => {
		tree.dispose();
		live.dispose();
		log.dispose();
		await home.close();
	});

	async function create(name: string, more: Partial<CreateTokenInput> = {}) {
		return client.createToken({ name, permissions: ["orders.read"], ...more });
	}

	async function items(): Promise<vscode.TreeItem[]> {
		return (await tree.getChildren()).map((node) => tree.getTreeItem(node));
	}

	async function item(name: string): Promise<vscode.TreeItem> {
		const found = (await items()).find(({ label }) => label === name);
		assert.ok(found, `${name} is not in the list`);
		return found;
	}

	it("goes from the soonest to end to the endless, with the revoked in a closed group", async () => {
		await create("endless", { expiry: null });
		await create("month");
		await create("week", { expiry: inDays(6) });
		const { id } = await create("dead", { expiry: inDays(1) });
		await client.revokeToken(id, "leaked");
		await live.whenLive();
		const rows = (await items()).map(({ label, description }) => `${label}: ${description}`);
		assert.deepEqual(rows, ["week: 6 days", "month: 30 days", "endless: no expiry", "Revoked: 1"]);
		const group = (await tree.getChildren()).at(-1);
		assert.ok(group);
		assert.equal(tree.getTreeItem(group).collapsibleState, vscode.TreeItemCollapsibleState.Collapsed);
		const dead = await tree.getChildren(group);
		assert.deepEqual(
			dead.map((node) => tree.getTreeItem(node).description),
			["revoked just now"],
		);
		assert.equal(dead.map((node) => tree.getParent(node))[0], group);
	});

	it("tells the menus the status of a token, whether its secret is kept here and whose it is", async () => {
		const { id, token } = await create("kept");
		await create("absent");
		kept.set(`token/${id}`, token);
		await live.whenLive();
		assert.equal((await item("kept")).contextValue, "token.active.kept.local");
		assert.equal((await item("absent")).contextValue, "token.active.absent.local");
	});

	it("has an icon and a colour for how urgent a token is", async () => {
		await create("urgent", { expiry: inDays(0.9) });
		await create("soon", { expiry: inDays(6) });
		await create("calm", { expiry: inDays(60) });
		await live.whenLive();
		const icons = (await items()).map(({ iconPath }) => iconPath instanceof vscode.ThemeIcon && iconPath.id);
		assert.deepEqual(icons, ["warning", "watch", "key"]);
	});

	it("shows a hostile name as letters", async () => {
		const name = "[x](cmd:a)$(trash)**b**";
		await create(name);
		await live.whenLive();
		const { tooltip } = await item(name);
		assert.ok(tooltip instanceof vscode.MarkdownString);
		assert.ok(!tooltip.isTrusted && !tooltip.supportHtml && !tooltip.supportThemeIcons);
		assert.ok(!tooltip.value.includes("[x]("), tooltip.value);
		assert.ok(!tooltip.value.includes("**b**"), tooltip.value);
	});

	it("shortens a long name for the eye, not for a screen reader", async () => {
		const name = "a name that is much longer than any side bar is wide";
		await create(name);
		await live.whenLive();
		const [row] = await items();
		assert.ok(String(row?.label).length <= 32);
		assert.equal(row?.accessibilityInformation?.label, `${name}, 30 days left`);
	});

	it("has no secret in any label, description or tooltip", async () => {
		const { token, id } = await create("quiet");
		kept.set(`token/${id}`, token);
		await live.whenLive();
		assert.ok(!JSON.stringify(await items()).includes(token));
	});

	it("announces a token that another window made", async () => {
		await live.whenLive();
		const changed = new Promise<void>((resolve) => tree.onDidChangeTreeData(() => resolve()));
		tree.mark("nobody");
		await changed;
		await create("from elsewhere");
		await until("the list has it", async () =>
			(await items()).some(({ label }) => label === "from elsewhere"),
		);
	});
});

/** SecretStorage belongs to an extension's context; this one belongs to the test. */
function secretsIn(map: Map<string, string>): vscode.SecretStorage {
	return {
		get: async (key) => map.get(key),
		store: async (key, value) => void map.set(key, value),
		delete: async (key) => void map.delete(key),
		keys: async () => [...map.keys()],
		onDidChange: new vscode.EventEmitter<vscode.SecretStorageChangeEvent>().event,
	};
}
