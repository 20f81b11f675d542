/** Rotation if env files must not be read, and if there are none: in Restricted Mode, and without a folder. */
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Client } from "../../extension/daemon/client.ts";
import { createToken } from "./create-wizard.ts";
import { daemonClient, verifiedIn } from "./daemon.ts";
import { filesIn } from "./files.ts";
import { until } from "./until.ts";
import type { WorkbenchWindow } from "./window.ts";
import { Workbench } from "./workbench.ts";

describe("rotating without env files", () => {
	let workbench: Workbench;
	let client: Client;

	before(async () => {
		const settings = {
			"security.workspace.trust.startupPrompt": "never",
		};
		workbench = await Workbench.start({ settings, workspaceTrust: "asked" });
	});
	after(() => workbench.stop());

	/** Rotates the token, returns the text of the summary, and leaves the new secret on the clipboard. */
	async function rotate(
		window: WorkbenchWindow,
		name: string,
	): Promise<{ summary: string; message: string }> {
		const { input } = window;
		await window.treeMenu(name, "Rotate Token…");
		const active = {
			Overlap: "1 day",
			"End of the Overlap": "At its deadline",
			Expiry: "The same lifetime as before",
		};
		for (const [step, label] of Object.entries(active)) {
			await input.waitForStep(step);
			await input.waitForActive(label);
			await input.accept();
		}
		await input.waitForStep("Summary");
		await input.waitForActive("Rotate Token");
		const summary = (await input.rows()).join("\n");
		await input.pick("Rotate Token");
		const message = await window.notification(`Rotated “${name}”`);
		await window.answerNotification(`Rotated “${name}”`, "Copy Secret");
		return { summary, message };
	}

	/** The successor's secret is on the clipboard, and the old one still works. */
	async function checkKept(window: WorkbenchWindow, name: string, oldSecret: string): Promise<void> {
		const successor = (await client.listTokens()).find(
			(token) => token.name === name && token.predecessorId !== null,
		);
		await until("the new secret is on the clipboard", async () => {
			const verified = await verifiedIn(workbench.userData, await window.clipboard());
			return verified.valid && verified.token.id === successor?.id;
		});
		assert.ok((await verifiedIn(workbench.userData, oldSecret)).valid);
	}

	it("neither reads nor writes env files in Restricted Mode, says so, and stores the new secret", async () => {
		const window = await workbench.openWindow();
		await window.openView("Tokensmith");
		const secret = await createToken(window, { name: "Restricted" });
		client = daemonClient(workbench.userData);
		await writeFile(join(workbench.workspace, ".env"), `API_TOKEN=${secret}\n`);
		const before = await filesIn(workbench.workspace);
		await window.clearNotifications();
		const { summary, message } = await rotate(window, "Restricted");
		assert.match(summary, /None: in Restricted Mode env files are neither read nor written/);
		assert.ok(!summary.includes("API_TOKEN"), summary);
		assert.match(message, /The new secret is stored in SecretStorage/);
		await checkKept(window, "Restricted", secret);
		assert.deepEqual(await filesIn(workbench.workspace), before);
		await window.close();
	});

	it("says that no folder is open, and stores the new secret", async () => {
		const window = await workbench.openWindow("nothing");
		await window.openView("Tokensmith");
		const secret = await createToken(window, { name: "Without a folder" });
		const before = await filesIn(workbench.workspace);
		await window.clearNotifications();
		const { summary, message } = await rotate(window, "Without a folder");
		assert.match(summary, /None: no folder is open/);
		assert.match(message, /The new secret is stored in SecretStorage/);
		await checkKept(window, "Without a folder", secret);
		assert.deepEqual(await filesIn(workbench.workspace), before);
	});
});
