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
});
