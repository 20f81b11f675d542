/** The extension in German, in the real workbench: the manifest, the messages and the Token Overview. */
import assert from "node:assert/strict";
import { daemonClient } from "./daemon.ts";
import { OverviewPage } from "./overview-page.ts";
import { eventually, until } from "./until.ts";
import type { WorkbenchWindow } from "./window.ts";
import { Workbench } from "./workbench.ts";

describe("in German", () => {
	let workbench: Workbench;
	let window: WorkbenchWindow;

	before(async () => {
		workbench = await Workbench.start({
			language: "de",
		});
		window = await workbench.openWindow();
		await window.openView("Tokensmith");
	});
	after(() => workbench.stop());

	it("an empty view explains what to do", async () => {
		await eventually(async () => assert.match(await window.welcomeText(), /Noch keine API-Token\./));
	});

	it("the wizard's questions and errors are German", async () => {
		await window.runCommand("API-Token erstellen");
		await window.input.waitForStep("API-Token erstellen: System");
		await window.input.pick("Dieser Rechner");
		await window.input.waitForStep("API-Token erstellen: Name");
		await window.input.type(" ");
		await window.input.waitForMessage("Der Name darf nicht leer sein.");
		await window.input.leave();
	});

	it("the tree shows groups and times", async () => {
		const expiry = new Date(Date.now() + (12 * 24 + 1) * 3_600_000).toISOString();
		await daemonClient(workbench.userData).createToken({
			...{ name: "Bestellungen", permissions: ["orders.read"], expiry },
		});
		await window.waitForTreeRow("Bestellungen");
		const label = await window.treeRow("Bestellungen").getAttribute("aria-label");
		assert.match(label ?? "", /^Bestellungen, noch 12 Tage/);
		await window.waitForTreeRow(/^Aktiv/);
	});

	it("the Token Overview is entirely German", async () => {
		await window.runCommand("Tokensmith: Tokenübersicht öffnen");
		const overview = await OverviewPage.bringToFront(window, "Tokenübersicht");
		await until("the token is shown", async () => (await overview.names()).includes("Bestellungen"));
		await overview.mark("Bestellungen, noch 12 Tage").waitFor();
		await overview.waitForStatus("1 Token");
	});
});
