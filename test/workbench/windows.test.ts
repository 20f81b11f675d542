/** Several windows and one daemon: every window shows what one window does, and a daemon crash loses nothing. */
import assert from "node:assert/strict";
import { CreateWizard, createToken } from "./create-wizard.ts";
import { daemonClient, killDaemon, runningDaemon } from "./daemon.ts";
import { until } from "./until.ts";
import type { WorkbenchWindow } from "./window.ts";
import { Workbench } from "./workbench.ts";

describe("two windows", () => {
	let workbench: Workbench;
	let first: WorkbenchWindow;
	let second: WorkbenchWindow;

	before(async () => {
		workbench = await Workbench.start();
		first = await workbench.openWindow();
		second = await workbench.openWindow();
		for (const window of [first, second]) {
			await window.bringToFront();
			await window.openView("Tokensmith");
		}
	});
	beforeEach(() => first.bringToFront());
	after(() => workbench.stop());

	it("show the same tokens immediately, whichever window creates or revokes them", async () => {
		await createToken(first, { name: "Shared" });
		await second.waitForTreeRow("Shared");
		await second.bringToFront();
		await second.treeMenu("Shared", "Revoke Token…");
		await second.dialogText();
		await second.answerDialog("Revoke");
		await first.waitUntilTreeRowIsGone("Shared");
	});

	it("share one daemon, and the secrets after the next reload of a window", async () => {
		const running = await runningDaemon(workbench.userData);
		const secret = await createToken(first, { name: "Of the first window" });
		await second.waitForTreeRow("Of the first window");
		// In a browser, VS Code reads its SecretStorage once per window; on the desktop all windows share one.
		await second.bringToFront();
		await second.reload();
		await second.waitForTreeRow("Of the first window");
		await second.treeMenu("Of the first window", "Copy Secret");
		await until("the secret is on the clipboard", async () => (await second.clipboard()) === secret);
		assert.equal((await runningDaemon(workbench.userData)).pid, running.pid);
	});

	it("recover if the daemon is killed while idle", async () => {
		await createToken(first, { name: "Survivor" });
		const before = await runningDaemon(workbench.userData);
		await killDaemon(workbench.userData);
		const after = await runningDaemon(workbench.userData);
		assert.notEqual(after.pid, before.pid);
		assert.notEqual(after.ownerKey, before.ownerKey);
		await daemonClient(workbench.userData).createToken({
			name: "After the crash",
			permissions: ["orders.read"],
		});
		for (const window of [first, second]) {
			await window.waitForTreeRow("After the crash");
			await window.waitForTreeRow("Survivor");
		}
	});

	it("finish a wizard whose daemon is killed between two questions", async () => {
		const wizard = await CreateWizard.open(first);
		await wizard.goTo("addresses", { name: "Across a crash" });
		await killDaemon(workbench.userData);
		await wizard.goOn("addresses", { name: "Across a crash" });
		await killDaemon(workbench.userData);
		assert.match(await wizard.create(), /^tks_/);
		await first.answerDialog("Done");
		await second.waitForTreeRow("Across a crash");
	});
});
