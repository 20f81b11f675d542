import assert from "node:assert/strict";
import * as vscode from "vscode";
import { until } from "../workbench/until.ts";

describe("the command Open Token Overview", () => {
	const panels = () =>
		vscode.window.tabGroups.all
			.flatMap(({ tabs }) => tabs)
			.filter(
				({ input }) =>
					input instanceof vscode.TabInputWebview && /tokensmith\.overview$/.test(input.viewType),
			);

	after(() => vscode.window.tabGroups.close(panels()));

	it("opens one panel, however often it is run", async () => {
		await vscode.commands.executeCommand("tokensmith.showOverview");
		await until("the panel is open", () => panels().length === 1);
		await vscode.commands.executeCommand("tokensmith.showOverview", { id: "of no token" });
		assert.equal(panels().length, 1);
		assert.equal(panels()[0]?.label, "Token Overview");
	});

	it("opens a new panel after it was closed", async () => {
		await vscode.window.tabGroups.close(panels());
		await until("the panel is closed", () => panels().length === 0);
		await vscode.commands.executeCommand("tokensmith.showOverview", "nonsense");
		await until("the panel is open", () => panels().length === 1);
	});
});
