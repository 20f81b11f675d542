/** A clone with a tokensmith.json, as a new developer meets it: the notice, one summary, and tokens on their lines. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import dotenv from "dotenv";
import { daemonClient, runningDaemon } from "./daemon.ts";
import { filesHolding } from "./files.ts";
import { until } from "./until.ts";
import type { WorkbenchWindow } from "./window.ts";
import { Workbench } from "./workbench.ts";

const command = "Tokensmith: Set Up This Workspace's Tokens…";
const manifest = {
	permissions: [
		{ name: "billing.read", group: "billing", description: "Read invoices" },
		{ name: "billing.write", group: "billing", description: "Create invoices" },
	],
	tokens: [
		{
			...{
				key: "BILLING_TOKEN",
				name: "Billing, development",
				permissions: ["billing.read", "billing.write"],
			},
			...{ expiresIn: { months: 6 }, policy: { maximumExpiry: { days: 14 } } },
		},
		{ key: "AUDIT_TOKEN", file: "audit/.env.local", permissions: ["billing.read"] },
	],
};

describe("a workspace with a tokensmith.json", () => {
	let clone: string;
	let workbench: Workbench;
	let window: WorkbenchWindow;
	const disk = (file: string) => readFile(join(workbench.workspace, file), "utf8");

	before(async () => {
		clone = join(await mkdtemp(join(tmpdir(), "tokensmith-clone-")), "billing-service");
		await mkdir(join(clone, "audit"), { recursive: true });
		await writeFile(join(clone, "tokensmith.json"), JSON.stringify(manifest, undefined, "\t"));
		await writeFile(join(clone, ".env.example"), "# Calls billing\nBILLING_TOKEN=changeme\nPORT=8080\n");
		await writeFile(join(clone, ".env"), "BILLING_TOKEN=changeme\nPORT=8080\n");
		execFileSync("git", ["init", "--quiet"], { cwd: clone });
		const settings = { "security.workspace.trust.startupPrompt": "never" };
		workbench = await Workbench.start({ workspace: clone, settings, workspaceTrust: "asked" });
		window = await workbench.openWindow();
	});
	after(async () => {
		await workbench.stop();
		await rm(join(clone, ".."), { recursive: true });
	});

	it("is announced once it is trusted, and in the Tokens view", async () => {
		await window.openView("Tokensmith");
		await until("the view says so", async () => /Restricted Mode/.test(await window.welcomeText()));
		assert.deepEqual(await window.notifications(), []);
		await window.runCommand("Workspaces: Manage Workspace Trust");
		const trust = window.page.locator(".workspace-trust-editor .monaco-button", { hasText: /^Trust$/ });
		await trust.first().click();
		const text = await window.notification("declares");
		assert.match(text, /billing-service needs 2 API tokens, which its tokensmith\.json declares\./);
		await until("the view offers it", async () => /tokens that it needs/.test(await window.welcomeText()));
	});

	it("is set up after one summary of what is created and written where", async () => {
		await window.answerNotification("declares", "Set Up…");
		await window.input.waitForStep("Set Up This Workspace's Tokens");
		await window.input.waitForActive("Create 2 Tokens and Add 2 Permissions");
		const texts = (await window.input.texts()).join("\n");
		assert.match(texts, /BILLING_TOKEN\s*\.env, which is added to \.gitignore/);
		assert.match(
			texts,
			/“Billing, development” · expires in 14 days, the latest allowed · billing\.read, billing/,
		);
		assert.match(texts, /AUDIT_TOKEN\s*audit\/\.env\.local \(a new file\), which is added to \.gitignore/);
		assert.match(texts, /billing\.read, billing\.write/);
		await window.input.accept();
		const done = await window.notification("are ready");
		assert.match(done, /BILLING_TOKEN and AUDIT_TOKEN are ready, with their secrets in .*\.env/);
		assert.match(done, /2 permissions were added\./);
	});

	it("has working tokens on its lines then, and nothing else has changed", async () => {
		const { BILLING_TOKEN: billing = "", PORT } = dotenv.parse(await disk(".env"));
		const { AUDIT_TOKEN: audit = "" } = dotenv.parse(await disk("audit/.env.local"));
		assert.equal(await disk(".env"), `BILLING_TOKEN=${billing}\nPORT=${PORT}\n`);
		assert.equal(await disk(".env.example"), "# Calls billing\nBILLING_TOKEN=changeme\nPORT=8080\n");
		assert.deepEqual(JSON.parse(await disk("tokensmith.json")), manifest);
		assert.equal(await disk(".gitignore"), "/.env\n/audit/.env.local\n");
		const { url } = await runningDaemon(workbench.userData);
		for (const secret of [billing, audit]) {
			const verify = `${url}/v1/verify?permission=billing.read`;
			const answer = await fetch(verify, { headers: { Authorization: `Bearer ${secret}` } });
			assert.equal(answer.status, 200);
			const holding = await filesHolding(workbench.folder, secret);
			assert.deepEqual(
				holding.map((file) => file.replace(/^billing-service\//, "")),
				[secret === billing ? ".env" : "audit/.env.local"],
			);
		}
		const tokens = await daemonClient(workbench.userData).listTokens();
		const [found] = tokens.filter(({ name }) => name === "Billing, development");
		const days = (Date.parse(found?.expiry ?? "") - Date.parse(found?.creationDate ?? "")) / 86_400_000;
		assert.equal(Math.round(days), 14);
	});

	it("is not announced again", async () => {
		await window.reload();
		await window.openView("Tokensmith");
		await window.waitForTreeRow("Billing, development");
		assert.doesNotMatch((await window.notifications()).join("\n"), /declares/);
	});

	it("says that there is nothing to do when it is set up again", async () => {
		await window.runCommand(command);
		const text = await window.notification("nothing to do");
		assert.match(text, /all 2 declared tokens are on their lines and work/);
		assert.equal((await daemonClient(workbench.userData).listTokens()).length, 2);
	});

	it("lists a revoked token as dead, and replaces it when its row is chosen", async () => {
		const client = daemonClient(workbench.userData);
		const [audit = assert.fail()] = (await client.listTokens()).filter(({ name }) => /AUDIT/.test(name));
		await client.revokeToken(audit.id);
		const before = await disk("audit/.env.local");
		await window.runCommand(command);
		await window.input.waitForActive("Nothing to Create");
		assert.match((await window.input.texts()).join("\n"), /AUDIT_TOKEN[\s\S]*no longer works/);
		await window.input.pick("AUDIT_TOKEN");
		await window.input.waitForActive("Create 1 Token");
		await window.input.accept();
		await window.notification("AUDIT_TOKEN is ready");
		assert.notEqual(await disk("audit/.env.local"), before);
	});

	const problem = (text: string) =>
		window.page.locator(".markers-panel .monaco-list-row", { hasText: text }).first();

	it("is checked against its schema while it is typed", async () => {
		await window.openFile("tokensmith.json");
		await window.press("ControlOrMeta+A");
		await window.page.keyboard.type('{ "tokens": [ { "file": "src/main.ts" } ] }');
		await window.runCommand("Problems: Focus on Problems View");
		await problem('Missing property "key".').waitFor();
		await problem("The value must name an env file").waitFor();
		await window.focusEditor("tokensmith.json");
		await window.runCommand("File: Revert File");
		await until("the file is as it was", async () => !(await window.isDirty("tokensmith.json")));
	});

	it("shows a mistake in the Problems view", async () => {
		const wrong = JSON.stringify({ tokens: [{ key: "A B" }] }, undefined, "\t");
		await writeFile(join(workbench.workspace, "tokensmith.json"), wrong);
		await window.notification("tokensmith.json is not used: /tokens/0/key must consist of letters");
		await window.runCommand("Problems: Focus on Problems View");
		await problem("key must consist of letters").waitFor();
	});
});
