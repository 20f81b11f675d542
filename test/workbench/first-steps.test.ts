/** The walkthrough: a step is checked when it was really done, not when its button was clicked. */
import assert from "node:assert/strict";
import { createToken } from "./create-wizard.ts";
import { daemonClient, verifiedIn } from "./daemon.ts";
import { OverviewPage } from "./overview-page.ts";
import { until } from "./until.ts";
import type { WorkbenchWindow } from "./window.ts";
import { Workbench } from "./workbench.ts";

describe("the first steps", () => {
	let workbench: Workbench;
	let window: WorkbenchWindow;

	before(async () => {
		workbench = await Workbench.start();
		window = await workbench.openWindow();
		await OverviewPage.open(window);
		await openWalkthrough();
	});
	after(() => workbench.stop());

	const openWalkthrough = async () => {
		await window.runCommand("Welcome: Open Walkthrough...");
		await window.input.pick("First Steps with API Tokens");
		await step("create").waitFor();
	};
	const step = (name: string) =>
		window.page.locator(`[data-step-id="tokensmith.tokensmith#firstSteps#${name}"]`);
	const isTicked = (name: string) => step(name).locator(".codicon-getting-started-step-checked").isVisible();
	const ticked = (name: string) => until(`the step ${name} is ticked`, () => isTicked(name));

	it("are checked even if they were done before the walkthrough was opened", () => ticked("overview"));

	it("are not checked by a cancelled wizard", async () => {
		await step("create").click();
		await window.page.locator(".getting-started-step.expanded .monaco-button").click();
		await window.input.waitForStep("Create API Token");
		await window.input.leave();
		for (const name of ["create", "insert", "use", "rotate"]) assert.equal(await isTicked(name), false, name);
	});

	it("are checked when done, in whichever way", async () => {
		const secret = await createToken(window, { name: "Billing", file: ".env" });
		await ticked("create");
		await ticked("insert");
		const client = daemonClient(workbench.userData);
		assert.ok((await verifiedIn(workbench.userData, secret)).valid);
		await ticked("use");
		assert.equal(await isTicked("rotate"), false);
		const [token] = await client.listTokens();
		await client.rotateToken(token?.id ?? "", { overlapSeconds: 60 });
		await ticked("rotate");
	});
});
