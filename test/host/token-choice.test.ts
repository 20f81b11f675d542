/** The lists in which a user chooses the tokens of a command. */
import assert from "node:assert/strict";
import * as vscode from "vscode";
import { tokensFor } from "../../extension/tokens/token-choice.ts";
import { until } from "../workbench/until.ts";
import { OneWindow } from "./one-window.ts";
import { servicesOf } from "./services.ts";

describe("a choice of several tokens", () => {
	const { createQuickPick } = vscode.window;
	let window: OneWindow;
	let list: vscode.QuickPick<vscode.QuickPickItem> | undefined;

	before(async () => {
		window = await OneWindow.open("token-choice");
		await window.create("orders");
		Object.assign(vscode.window, {
			createQuickPick: () => {
				list = createQuickPick();
				return list;
			},
		});
	});
	after(async () => {
		Object.assign(vscode.window, { createQuickPick });
		await window.close();
	});

	it("says that at least one is needed, if Enter is pressed without any", async () => {
		const call = { services: servicesOf(window), argument: undefined, selected: undefined };
		const choosing = tokensFor(call, { title: "Revoke Token", among: "all" });
		await until("the tokens are listed", () => list?.items.length === 1);
		await until("the title says so", async () => {
			await vscode.commands.executeCommand("workbench.action.acceptSelectedQuickOpenItem");
			return list?.title === "Revoke Token – choose at least one";
		});
		await vscode.commands.executeCommand("workbench.action.closeQuickOpen");
		await assert.rejects(choosing, vscode.CancellationError);
	});

	it("begins with those that are selected in the list, and they are checked", async () => {
		const token = await window.create("shipping", { expiry: null });
		await until("it is listed", () => window.live.tokens.some(({ id }) => id === token.id));
		const tree = { ...servicesOf(window).tree, selected: [token] };
		const services = { ...servicesOf(window), tree } as unknown as ReturnType<typeof servicesOf>;
		const call = { services, argument: undefined, selected: undefined };
		const choosing = tokensFor(call, { title: "Tag Tokens", among: "all" });
		await until("the tokens are listed", () => list?.title === "Tag Tokens" && list.items.length === 2);
		assert.deepEqual(
			list?.items.map(({ label }) => label),
			["shipping", "orders"],
		);
		await vscode.commands.executeCommand("workbench.action.acceptSelectedQuickOpenItem");
		assert.deepEqual(
			(await choosing).map(({ name }) => name),
			["shipping"],
		);
	});
});
