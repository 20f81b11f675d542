/** What a user sees where code reads an environment variable. With TOKENSMITH_PICTURES=folder, screenshots go there. */
import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { daemonClient } from "./daemon.ts";
import { eventually, until } from "./until.ts";
import type { WorkbenchWindow } from "./window.ts";
import { Workbench } from "./workbench.ts";

describe("code that reads environment variables", () => {
	let workbench: Workbench;
	let window: WorkbenchWindow;
	let secret = "";

	before(async () => {
		workbench = await Workbench.start();
		window = await workbench.openWindow();
		await window.setTheme("dark");
		await window.openView("Tokensmith");
		const client = daemonClient(workbench.userData);
		const { token } = await client.createToken({ name: "orders-api", permissions: ["orders.read"] });
		secret = token;
		await mkdir(join(workbench.workspace, "src"), { recursive: true });
		await writeFile(join(workbench.workspace, ".env"), `PORT=8080\nORDERS_TOKEN=${secret}\n`);
		const code = "const token = process.env.ORDERS_TOKEN;\nconst key = process.env.BILLING_API_KEY;\n";
		await writeFile(join(workbench.workspace, "src/main.js"), code);
		await window.openFile("src/main.js");
	});
	after(() => workbench.stop());

	async function picture(subject: string): Promise<void> {
		const folder = process.env.TOKENSMITH_PICTURES;
		if (folder !== undefined) await window.screenshot(join(folder, `${subject}.png`));
	}

	async function hoverOn(key: string, text: string): Promise<string> {
		const word = window.page.locator(".editor-instance .view-line span span", { hasText: key }).last();
		const hover = window.page.locator(".monaco-hover:visible", { hasText: text });
		// An open hover does not follow what becomes known.
		await until(`the hover says ${text}`, async () => {
			await window.page.mouse.move(0, 0);
			await word.hover();
			await hover.waitFor({ timeout: 5000 });
			return true;
		});
		await picture(`code-hover-${key}`);
		return await hover.innerText();
	}

	it("tells on a key the line and the token, without its value", async () => {
		const text = await hoverOn("ORDERS_TOKEN", "Permissions: orders.read");
		assert.match(text, /\.env:2 \(ORDERS_TOKEN\)/);
		assert.match(text, /orders-api · 30 days left/);
		assert.ok(!text.includes(secret));
	});

	it("tells that no env file has a value for a key, and offers a token", async () => {
		const text = await hoverOn("BILLING_API_KEY", "No env file has a value");
		assert.match(text, /Create Token for BILLING_API_KEY in \.env/);
	});

	it("is completed with the keys of the env files", async () => {
		await window.focusEditor("main.js");
		await window.press("ControlOrMeta+End");
		await window.page.keyboard.type("fetch(process.env.", { delay: 30 });
		const rows = window.page.locator(".suggest-widget.visible .monaco-list-row");
		await rows.filter({ hasText: "ORDERS_TOKEN" }).first().waitFor();
		await picture("code-completion");
		await window.page.keyboard.type("ORD", { delay: 30 });
		await until("the env file's key is first", async () =>
			(await rows.allInnerTexts())[0]?.includes("orders-api · 30 days left · .env"),
		);
		await picture("code-completion-typed");
		await window.press("Enter");
		await eventually(async () =>
			assert.match((await window.editorLines()).join("\n"), /fetch\(process\.env\.ORDERS_TOKEN/),
		);
	});
});
