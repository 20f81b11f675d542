/** A token for a line that waits for one: from the lens of an example, and from the palette. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { CreateWizard } from "./create-wizard.ts";
import { daemonClient, verifiedIn } from "./daemon.ts";
import { until } from "./until.ts";
import type { WorkbenchWindow } from "./window.ts";
import { Workbench } from "./workbench.ts";

describe("a line that waits for a token", () => {
	let workbench: Workbench;
	let window: WorkbenchWindow;

	before(async () => {
		workbench = await Workbench.start();
		execFileSync("git", ["init", "--quiet"], { cwd: workbench.workspace });
		await writeFile(join(workbench.workspace, ".gitignore"), ".env\n");
		await writeFile(
			join(workbench.workspace, ".env.example"),
			"# For the orders API\nORDERS_API_TOKEN=changeme\nURL=http://127.0.0.1:47600\n",
		);
		await writeFile(join(workbench.workspace, ".env.staging"), "POLARITY_API_KEY=\n");
		window = await workbench.openWindow();
		await window.openView("Tokensmith");
	});
	after(() => workbench.stop());
	afterEach(() => window.input.leave());

	const lens = () => window.page.locator(".codelens-decoration a", { hasText: "Create Token for This Line" });

	it("in an example gets its token in the env file, with file, key, name and permission answered", async () => {
		await window.openFile(".env.example");
		await lens().click();
		await window.input.waitForStep("Create Token for ORDERS_API_TOKEN: System (1/7)");
		await window.input.pick("This machine");
		const wizard = await CreateWizard.resume(window, "name");
		await window.input.waitForValue("orders-service, orders");
		await window.input.accept();
		await wizard.waitFor("permissions");
		await until("the key's permission is checked", async () =>
			(await window.input.checked()).includes("orders.read"),
		);
		await wizard.goOn("permissions", { name: "", permissions: [], expiry: "7 days", file: "answered" });
		await window.input.waitForRows(/\.env \(a new file\).*\n.*ORDERS_API_TOKEN/s);
		const secret = await wizard.create();
		await window.answerDialog("Done");
		assert.equal(await readFile(join(workbench.workspace, ".env"), "utf8"), `ORDERS_API_TOKEN=${secret}\n`);
		assert.equal((await verifiedIn(workbench.userData, secret)).valid, true);
		await until("the lens has gone", async () => (await lens().count()) === 0);
	});

	it("in an env file is chosen from the palette, and its key names the system", async () => {
		await window.runCommand("Tokensmith: Create Token for This Line…");
		await window.input.pick(".env.staging:1");
		await window.input.waitForStep("Create Token for POLARITY_API_KEY: System (1/");
		await window.input.waitForActive("Polarity Server 5");
		await window.input.accept();
		const wizard = await CreateWizard.resume(window, "name");
		await window.input.waitForValue("orders-service, polarity, staging");
		await window.input.accept();
		await wizard.waitFor("resources");
		await window.input.add("channel/soc");
		await window.input.accept();
		const git = "Write it there anyway";
		await wizard.goOn("expiry", { system: "Polarity Server 5", name: "", file: "answered", git });
		const secret = await wizard.create();
		await window.answerDialog("Done");
		const text = await readFile(join(workbench.workspace, ".env.staging"), "utf8");
		assert.equal(text, `POLARITY_API_KEY=${secret}\n`);
		const tokens = await daemonClient(workbench.userData).listTokens();
		assert.deepEqual(tokens.find(({ profile }) => profile === "polarity")?.resources, ["channel/soc"]);
	});

	it("is explained if there is none", async () => {
		await window.runCommand("Tokensmith: Create Token for This Line…");
		await window.notification("No line here waits for a token");
	});
});
