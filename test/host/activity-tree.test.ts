import assert from "node:assert/strict";
import * as vscode from "vscode";
import { ActivityTree } from "../../extension/activity/activity-tree.ts";
import { OneWindow } from "./one-window.ts";

describe("the Activity view", () => {
	let window: OneWindow;
	let tree: ActivityTree;

	beforeEach(async () => {
		window = await OneWindow.open("activity");
		tree = new ActivityTree(window);
		await window.live.whenLive();
	});

	afterEach(async () => {
		tree.dispose();
		await window.close();
	});

	function events(): vscode.TreeItem[] {
		const days = tree.getChildren().filter((node) => node.kind === "day");
		return days.flatMap((day) => tree.getChildren(day)).map((node) => tree.getTreeItem(node));
	}

	const labels = () => events().map(({ label }) => label);

	it("lists events, newest first, and a click shows the token", async () => {
		const { id } = await window.create("orders");
		await window.client.revokeToken(id, "leaked");
		await tree.show(undefined);
		assert.deepEqual(labels().slice(0, 2), ["Revoked orders", "Created orders"]);
		const [first] = events();
		assert.match(String(first?.description), /^\d\d:\d\d · leaked$/);
		assert.deepEqual(first?.command?.arguments, [{ id }]);
	});

	it("highlights the use of a token that no longer works, with its address", async () => {
		const { id, token } = await window.create("orders");
		await window.client.revokeToken(id);
		const { url } = await window.home.daemonFile();
		const notified = new Promise<void>((resolve) => window.live.onDidUseDeadToken(() => resolve()));
		const audited = new Promise<void>((resolve) => {
			window.live.onDidAudit(({ action }) => action === "dead-token-used" && resolve());
		});
		await fetch(`${url}/v1/verify`, { headers: { authorization: `Bearer ${token}` } });
		await Promise.all([notified, audited]);
		await tree.show(undefined);
		const [first] = events();
		assert.equal(first?.label, "Revoked token used: orders");
		assert.match(String(first?.description), /from 127\.0\.0\.1$/);
		assert.ok(
			first?.iconPath instanceof vscode.ThemeIcon &&
				first.iconPath.color?.id === "tokensmith.expiredForeground",
		);
		assert.ok(!JSON.stringify(events()).includes(token));
	});

	it("shows the events of one token only on request, and all again", async () => {
		const { id } = await window.create("one");
		await window.create("other");
		await tree.show(id);
		assert.deepEqual(labels(), ["Created one"]);
		await tree.show(undefined);
		assert.ok(labels().includes("Created other"));
	});

	it("loads older events page by page", async () => {
		for (let count = 0; count < 110; count++) await window.create(`token ${count}`);
		await tree.show(undefined);
		const more = tree.getChildren().at(-1);
		assert.ok(more?.kind === "more");
		assert.equal(tree.getTreeItem(more).command?.command, "tokensmith.loadMoreActivity");
		assert.equal(labels().length, 100);
		await tree.more();
		assert.ok(labels().includes("Created token 0"));
		assert.ok(tree.getChildren().every(({ kind }) => kind === "day"));
	});

	it("shows a hostile name as plain text", async () => {
		await window.create("\u202Egnp.exe");
		await tree.show(undefined);
		assert.equal(labels()[0], "Created gnp.exe");
	});
});
