/** What VS Code's palette and menus offer. With TOKENSMITH_PICTURES=folder, screenshots go to that folder. */
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { daemonClient } from "./daemon.ts";
import { until } from "./until.ts";
import type { WorkbenchWindow } from "./window.ts";
import { Workbench } from "./workbench.ts";

describe("the palette", () => {
	let workbench: Workbench;
	let window: WorkbenchWindow;

	before(async () => {
		workbench = await Workbench.start();
		window = await workbench.openWindow();
		await window.openView("Tokensmith");
	});
	after(() => workbench.stop());

	async function picture(subject: string): Promise<void> {
		const folder = process.env.TOKENSMITH_PICTURES;
		if (folder !== undefined) await window.screenshot(join(folder, `${subject}.png`));
	}

	const first = async (words: string) => (await window.searchedCommands(words))[0];

	it("lists the creation of a token first, by each word for one, and few others without a token", async () => {
		await until("the palette knows the command", async () => (await first("token")) === "Create API Token");
		for (const words of ["api key", "credential"]) assert.equal(await first(words), "Create API Token");
		const all = await window.searchedCommands("tokensmith: ", () => picture("palette-without-tokens"));
		// VS Code adds one to focus each view.
		const offered = all.filter((name) => !name.includes("Focus on"));
		assert.ok(offered.length <= 15, offered.join());
		assert.ok(!offered.includes("Tokensmith: Revoke Token…"), offered.join());
	});

	it("offers what can be done with the tokens that are there", async () => {
		const client = daemonClient(workbench.userData);
		await client.createToken({ name: "orders-api", permissions: ["orders.read"] });
		await until("the palette offers to revoke it", async () =>
			(await window.searchedCommands("revoke token")).includes("Tokensmith: Revoke Token…"),
		);
		await window.searchedCommands("tokensmith: ", () => picture("palette-with-tokens"));
		const enable = await window.searchedCommands("enable token");
		assert.ok(!enable.includes("Tokensmith: Enable Token"), enable.join());
	});

	it("offers to show ignored secrets again once there is one", async () => {
		const again = "Tokensmith: Show Ignored Secrets Again";
		await writeFile(
			join(workbench.workspace, ".env"),
			"GITHUB_TOKEN=ghp_R4nD0mQx7ZkPw3LsVb9TyUe2HcJfGa6NmXo1\n",
		);
		await window.togglePane("Env Files");
		await window.waitForTreeRow("GITHUB_TOKEN");
		assert.ok(!(await window.searchedCommands("secrets again")).includes(again));
		await window.treeMenu("GITHUB_TOKEN", "Ignore Secret");
		await window.waitUntilTreeRowIsGone("GITHUB_TOKEN");
		await window.runCommand(again);
		await window.waitForTreeRow("GITHUB_TOKEN");
		assert.ok(!(await window.searchedCommands("secrets again")).includes(again));
	});

	it("prepares a report that names no token and no path", async () => {
		await window.runCommand("Tokensmith: Report a Problem…");
		const text = await until("the report is open", async () => {
			const lines = (await window.editorLines()).join("\n");
			return lines.includes("1 active") ? lines : undefined;
		});
		for (const named of ["orders-api", workbench.workspace, "127.0.0.1"])
			assert.ok(!text.includes(named), text);
		await picture("problem-report");
	});
});
