/** What a user sees and does on the lines of an env file, in the workbench. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { daemonClient } from "./daemon.ts";
import { eventually, until } from "./until.ts";
import type { WorkbenchWindow } from "./window.ts";
import { Workbench } from "./workbench.ts";

describe("the lines of an env file", () => {
	let workbench: Workbench;
	let window: WorkbenchWindow;
	let secret = "";
	const git = (...args: string[]) =>
		execFileSync("git", args, { cwd: workbench.workspace, encoding: "utf8" });

	before(async () => {
		workbench = await Workbench.start();
		git("init", "--quiet");
		window = await workbench.openWindow();
		await window.openView("Tokensmith");
		const client = daemonClient(workbench.userData);
		const { token } = await client.createToken({ name: "orders-api", permissions: ["orders.read"] });
		secret = token;
		await writeFile(join(workbench.workspace, ".env"), `PORT=8080\nORDERS_TOKEN=${secret}\n`);
		git("add", "--force", ".env");
		await window.openFile(".env");
	});
	after(() => workbench.stop());

	const line = (text: string) => window.page.locator(".editor-instance .view-line", { hasText: text });
	const squiggles = () => window.page.locator(".squiggly-warning").count();

	/** Whether the value is readable on the screen. */
	async function isShown(value: string): Promise<boolean> {
		const parts = line(value).locator("span span", { hasText: value });
		const opacities = await parts.evaluateAll((spans) =>
			spans.map((span) => span.ownerDocument.defaultView?.getComputedStyle(span).opacity),
		);
		return opacities.some((opacity) => opacity !== "0");
	}

	it("have the token's name and status above them", async () => {
		await eventually(async () =>
			assert.deepEqual(await window.codeLenses(), ["orders-api · 30 days left | Rotate"]),
		);
	});

	it("show the token's details on hover, but not its value", async () => {
		await line("ORDERS_TOKEN").hover();
		const hover = window.page.locator(".monaco-hover:visible", { hasText: "Permissions: orders.read" });
		await hover.waitFor();
		const text = await hover.innerText();
		assert.match(text, /Rotate \| Edit \| Revoke \| Show Token \| Show Activity/);
		assert.ok(!text.includes(secret));
		await hover.getByText("Show Token", { exact: true }).click();
		await window.page.locator(".pane-body .monaco-list-row.selected", { hasText: "orders-api" }).waitFor();
	});

	it("are masked if the setting is on, except for a revealed line", async () => {
		await window.focusEditor(".env");
		await window.runCommand("Tokensmith: Toggle Value Masking");
		await until("they are masked", async () => !(await isShown(secret)) && !(await isShown("8080")));
		await window.press("ControlOrMeta+Home");
		await window.press("ArrowDown");
		await window.runCommand("Tokensmith: Reveal Value");
		await until("the line is shown", () => isShown(secret));
		assert.ok(!(await isShown("8080")));
		await window.press("ControlOrMeta+Home");
		await until("it is masked again", async () => !(await isShown(secret)));
		await window.runCommand("Tokensmith: Toggle Value Masking");
		await until("they are shown", async () => (await isShown(secret)) && (await isShown("8080")));
	});

	it("stay masked in presentation mode, which the status bar shows and ends", async () => {
		await window.runCommand("Tokensmith: Toggle Presentation Mode");
		await until("they are masked", async () => !(await isShown(secret)));
		await until(
			"it cannot be revealed",
			async () => !(await window.offersCommand("Tokensmith: Reveal Value")),
		);
		const hover = window.page.locator(".monaco-hover:visible", { hasText: "Permissions: orders.read" });
		// The palette takes the hover with it when it closes, and a mouse that rests shows no other.
		await until("the hover is there", async () => {
			await window.page.mouse.move(5, 5);
			await line("ORDERS_TOKEN").hover();
			return until("it shows", () => hover.isVisible(), 5);
		});
		assert.ok(!(await hover.innerText()).includes("Reveal"));
		await window.press("Escape");
		await window.page.locator(".statusbar-item", { hasText: "Presentation Mode" }).click();
		await until("they are shown", () => isShown(secret));
	});

	it("are untracked by the quick fix, and the file stays", async () => {
		await until("the problem is there", async () => (await squiggles()) > 0);
		await window.focusEditor(".env");
		await window.press("ControlOrMeta+Home");
		await window.press("ArrowDown");
		await window.press("End");
		await window.press("ControlOrMeta+.");
		await window.page.locator(".action-widget .monaco-list-row", { hasText: "Ignore and Untrack" }).click();
		assert.match(await window.dialogText(), /^Untrack \.env in Git\?/);
		await window.answerDialog("Ignore and Untrack");
		await window.notification("Earlier commits still contain its secrets");
		assert.equal(git("ls-files"), "");
		assert.match(await readFile(join(workbench.workspace, ".gitignore"), "utf8"), /^\/\.env$/m);
		assert.ok((await readFile(join(workbench.workspace, ".env"), "utf8")).includes(secret));
		await until("the problem is gone", async () => (await squiggles()) === 0);
	});
});

describe("the lines of an env file in Restricted Mode", () => {
	let workbench: Workbench;
	let window: WorkbenchWindow;

	before(async () => {
		workbench = await Workbench.start({
			settings: {
				"tokensmith.masking.enabled": true,
				"security.workspace.trust.startupPrompt": "never",
				"security.workspace.trust.untrustedFiles": "open",
			},
			workspaceTrust: "asked",
		});
		window = await workbench.openWindow();
		await window.openView("Tokensmith");
		const client = daemonClient(workbench.userData);
		const { token } = await client.createToken({ name: "restricted", permissions: ["orders.read"] });
		await writeFile(join(workbench.workspace, ".env"), `ORDERS_TOKEN=${token}\n`);
		await window.waitForTreeRow("restricted");
		await window.openFile(".env");
	});
	after(() => workbench.stop());

	it("are still masked, but not identified", async () => {
		const line = window.page.locator(".editor-instance .view-line", { hasText: "ORDERS_TOKEN" });
		await line.locator("span span[class*=ced-]").first().waitFor();
		await line.hover();
		await window.runCommand("Tokensmith: Reveal Value");
		assert.equal(await window.page.locator(".codelens-decoration").count(), 0);
		assert.equal(await window.page.locator("[class*=squiggly]").count(), 0);
		assert.deepEqual(
			(await window.treeRows()).filter((row) => row.includes(".env")),
			[],
		);
	});
});
