/** The lists in which a user chooses the tokens of a command. */
import assert from "node:assert/strict";
import * as vscode from "vscode";
import type { TokenRecord } from "../../daemon/contract.ts";
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

	/** What the list shows first, and which tokens Enter takes, with these selected in the list of tokens. */
	async function choosing(selected: readonly TokenRecord[]): Promise<[rows: string[], taken: string[]]> {
		const tree = { ...servicesOf(window).tree, selected };
		const services = { ...servicesOf(window), tree } as unknown as ReturnType<typeof servicesOf>;
		const call = { services, argument: undefined, selected: undefined };
		const chosen = tokensFor(call, { title: `Tag ${selected.length}`, among: "all" });
		await until("they are listed", () => list?.title === `Tag ${selected.length}` && list.items.length === 3);
		const taken = list?.selectedItems.map(({ label }) => label) ?? [];
		const rows = list?.items.map(({ label }) => label) ?? [];
		await vscode.commands.executeCommand("workbench.action.closeQuickOpen");
		await assert.rejects(chosen, vscode.CancellationError);
		return [rows, taken];
	}

	it("begins with those that are selected in the list, and several of them are checked", async () => {
		const [one, two] = [
			await window.create("shipping", { expiry: null }),
			await window.create("tax", { expiry: null }),
		];
		await until("they are known", () => window.live.tokens.length === 3);
		assert.deepEqual(await choosing([one, two]), [
			["shipping", "tax", "orders"],
			["shipping", "tax"],
		]);
		assert.deepEqual(await choosing([two]), [["tax", "orders", "shipping"], []]);
	});
});
