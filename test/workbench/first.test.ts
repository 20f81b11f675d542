/** The first token, from the welcome view to its line in the env file. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Answers, CreateWizard, createToken, type Question } from "./create-wizard.ts";
import { daemonClient } from "./daemon.ts";
import { filesIn } from "./files.ts";
import { eventually, until } from "./until.ts";
import type { WorkbenchWindow } from "./window.ts";
import { Workbench } from "./workbench.ts";

describe("the first token", () => {
	let workbench: Workbench;
	let window: WorkbenchWindow;

	before(async () => {
		workbench = await Workbench.start();
		execFileSync("git", ["init", "--quiet"], { cwd: workbench.workspace });
		window = await workbench.openWindow();
		await window.openView("Tokensmith");
	});
	after(() => workbench.stop());

	describe("the wizard", () => {
		afterEach(() => window.input.leave());

		async function openAt(question: Question, answers: Partial<Answers> = {}): Promise<CreateWizard> {
			const wizard = await CreateWizard.open(window);
			await wizard.goTo(question, { name: "Orders service", ...answers });
			return wizard;
		}

		it("explains tokens and offers to create one", async () => {
			await until("the welcome text", async () =>
				/No API tokens yet\.\s+Create API Token\s+You choose a token.s permissions/.test(
					await window.welcomeText(),
				),
			);
			await window.pressWelcomeButton("Create API Token");
			await window.input.waitForStep("Create API Token: System (1/9)");
		});

		it("refuses a blank name and one of 300 characters as they are typed", async () => {
			await openAt("name");
			await window.input.type("   ");
			await window.input.waitForMessage("The name must not be blank.");
			await window.input.accept();
			await window.input.waitForStep("(2/9)");
			await window.input.type("n".repeat(300));
			await window.input.waitForMessage("The name must be at most 200 characters long.");
			await window.input.accept();
			await window.input.type("Orders service");
			await window.input.waitForMessage("What is the token for?");
			await window.input.accept();
			await window.input.waitForStep("(3/9)");
		});

		it("groups permissions by resource, finds them by name and description, and requires at least one", async () => {
			await openAt("permissions");
			await window.input.waitForRows(
				/invoices\.read Read invoices .* invoices, declared by this workspace\n/,
			);
			await window.input.accept();
			await window.input.waitForStep("choose at least 1 permission");
			await window.input.check("webhooks.receive");
			await window.input.waitForStep("Create API Token: Permissions (3/9)");
			await window.input.type("change orders");
			await until("only what was searched is left", async () => {
				assert.deepEqual(await window.input.labels(), ["orders.write"]);
				return true;
			});
			await window.input.check("orders.write");
			await eventually(async () =>
				assert.deepEqual(await window.input.checked(), ["orders.write", "webhooks.receive"]),
			);
		});

		it("keeps every answer when going back", async () => {
			const wizard = await openAt("addresses", {
				permissions: ["orders.read", "invoices.read"],
				expiry: "90 days",
			});
			await window.input.type("127.0.0.1");
			await window.input.accept();
			await wizard.waitFor("details");
			await window.input.back();
			await wizard.waitFor("addresses");
			await window.input.waitForValue("127.0.0.1");
			await window.input.back();
			await wizard.waitFor("expiry");
			await window.input.waitForActive("90 days");
			await window.input.back();
			await wizard.waitFor("permissions");
			await until("both permissions are still checked", async () => {
				assert.deepEqual(await window.input.checked(), ["orders.read", "invoices.read"]);
				return true;
			});
			await window.input.back();
			await wizard.waitFor("name");
			await window.input.waitForValue("Orders service");
		});

		it("refuses an expiry that is past, too far away or not a date, while typing", async () => {
			await openAt("exactExpiry", { exactExpiry: "" });
			const remarks = {
				"2020-01-31": "Fri, 31 Jan 2020, 23:59 UTC is in the past.",
				"400 days": /At most 365 days from now: until \w+/,
				"2027-02-30": "2027-02-30 is not a valid date.",
				soon: "Write a date like 2027-01-31",
			};
			for (const [text, remark] of Object.entries(remarks)) {
				await window.input.type(text);
				await window.input.waitForMessage(remark);
				await window.input.accept();
				assert.equal(await window.input.value(), text);
			}
			await window.input.type("10 days");
			await window.input.waitForMessage(/^\w{3}, .*, in 10 days/);
			await window.input.accept();
			await window.input.waitForStep("(5/9)");
		});

		it("asks for confirmation before a token never expires", async () => {
			const wizard = await openAt("never", { expiry: "Never" });
			await window.input.waitForActive("Choose an expiry");
			await window.input.accept();
			await wizard.waitFor("expiry");
		});

		it("refuses 10.0.0.0/33 while typing, and accepts IPv4 and IPv6", async () => {
			const wizard = await openAt("addresses");
			await window.input.type("10.0.0.0/33");
			await window.input.waitForMessage("10.0.0.0/33: the prefix length must be from 0 to 32 for IPv4.");
			await window.input.accept();
			await window.input.type("10.0.0.0/8, 2001:db8::/32");
			await window.input.waitForMessage("Only 10.0.0.0/8, 2001:db8::/32");
			await window.input.accept();
			await wizard.waitFor("details");
		});

		it("suggests the keys that .env.example has and .env lacks, and refuses an invalid key", async () => {
			const git = "Write it there anyway";
			await openAt("key", { file: ".env", git });
			await until("keys are suggested", async () => {
				assert.deepEqual(await window.input.labels(), ["API_TOKEN", "ORDERS_SERVICE_TOKEN"]);
				return true;
			});
			await window.input.type("1.5€");
			await until(
				"it is refused",
				async () => (await window.input.labels())[0] === "1.5€ is not a valid key",
			);
			await window.input.accept();
			await window.input.waitForStep("(8/9)");
		});

		it("shows all answers before anything is created, and lets each be changed", async () => {
			const wizard = await openAt("summary", {
				file: ".env",
				git: "Add the file to .gitignore",
				expiry: "7 days",
			});
			const rows = await until("the summary is shown", async () => {
				const shown = await window.input.rows();
				return shown.length === 10 ? shown : undefined;
			});
			assert.match(
				rows.join("\n"),
				/^Create Token\nSystem This machine.*\nName Orders service.*\nPermissions orders\.read\nExpires In 7 days: .+\nAllowed addresses Any address\nDetails None\nSecret is stored in \.env \(a new file\) and SecretStorage\nGit \.env is added to \.gitignore\nKey API_TOKEN$/,
			);
			await window.input.pick("Expires");
			await wizard.waitFor("expiry");
			await window.input.pick("60 days");
			await wizard.waitFor("summary");
			await until("the change is shown", async () =>
				/Expires In 60 days/.test((await window.input.rows()).join()),
			);
		});
	});

	describe("once it is created", () => {
		it("is created by keyboard alone, and its secret is shown once", async () => {
			const before = await filesIn(workbench.workspace);
			await createByKeyboard(window);
			const shown = await window.dialogText();
			const secret = /^tks_[0-9A-Za-z]{38}$/m.exec(shown)?.[0] ?? "";
			assert.match(shown, /^“Orders service” is created\. This is its secret:\ntks_/);
			assert.match(
				shown,
				/API_TOKEN in \.env contains it\. It is stored in SecretStorage: you can copy it again from the/,
			);
			// What Enter chooses copies nothing.
			await window.press("Enter");
			await until("the file is in front", async () =>
				(await window.editorLines()).includes(`API_TOKEN=${secret}`),
			);
			assert.notEqual(await window.clipboard(), secret);
			await eventually(async () => assert.deepEqual(await window.notifications(), []));
			assert.deepEqual(await filesIn(workbench.workspace), {
				...before,
				".env": `API_TOKEN=${secret}\n`,
				".gitignore": `${before[".gitignore"]}/.env\n`,
			});
			assert.equal((await stat(join(workbench.workspace, ".env"))).mode & 0o777, 0o600);
			const tokens = await daemonClient(workbench.userData).listTokens();
			const token = tokens.find(({ name }) => name === "Orders service");
			assert.deepEqual(token?.permissions, ["orders.read", "orders.delete"]);
			assert.deepEqual(token?.allowedAddresses, ["127.0.0.1", "::1"]);
		});

		it("is created in presentation mode without its secret on the screen, unless the user asks for it", async () => {
			await window.runCommand("Tokensmith: Toggle Presentation Mode");
			const wizard = await CreateWizard.open(window);
			await wizard.goTo("summary", { name: "On stage" });
			await window.input.pick("Create Token");
			const text = await window.dialogText();
			assert.match(text, /^“On stage” is created\. Its secret is not shown in presentation mode\./);
			assert.doesNotMatch(text, /tks_/);
			await window.page.locator(".monaco-dialog-box .monaco-button", { hasText: "Show Secret" }).click();
			await until("the secret is shown", async () =>
				/^tks_[0-9A-Za-z]{38}$/m.test(await window.dialogText()),
			);
			await window.answerDialog("Done");
			await window.runCommand("Tokensmith: Toggle Presentation Mode");
		});

		it("is listed with its remaining time, and its details without its secret", async () => {
			const secret = await createToken(window, { name: "Listed", addresses: "127.0.0.1", expiry: "60 days" });
			await until("it is listed", async () => (await window.treeRows()).includes("Listed 60 days"));
			const tooltip = await window.treeTooltip("Listed");
			// With ordinary spaces, so that long lines break between words.
			for (const fact of ["(60 days left)", "Permissions: orders.read", "Allowed addresses: 127.0.0.1"])
				assert.ok(tooltip.includes(fact), tooltip);
			assert.ok(tooltip.includes(`Secret: tks_…${secret.slice(-4)}, stored in SecretStorage`), tooltip);
			assert.ok(
				!(await window.page.content()).includes(secret),
				"the page must not hold the secret any more",
			);
		});

		it("stays in SecretStorage after a reload of the window and a restart of the browser", async () => {
			const secret = await createToken(window, { name: "Kept" });
			await window.reload();
			await copySecret(window, "Kept", secret);
			await workbench.restartBrowser();
			window = await workbench.openWindow();
			await copySecret(window, "Kept", secret);
		});

		it("changes one line of an env file and no other byte, and can be undone", async () => {
			const folder = join(workbench.workspace, "deploy");
			const [head, tail] = [
				"\uFEFF# Production\r\n\r\nexport URL = 'http://127.0.0.1' # keep\r\nAPI_TOKEN=",
				"\r\n#API_TOKEN=old\r\nLAST=1",
			];
			await mkdir(folder);
			await writeFile(join(folder, ".env"), head + tail);
			await writeFile(join(folder, ".gitignore"), ".env\n");
			const answers = { name: "Deployment", file: "deploy/.env" };
			const secret = await createToken(window, answers, "Open deploy/.env");
			assert.equal(await readFile(join(folder, ".env"), "utf8"), head + secret + tail);
			assert.equal(await readFile(join(folder, ".gitignore"), "utf8"), ".env\n");
			// VS Code opens files with unsaved changes by itself, so another .env may have a tab.
			await until("it is in front", async () => (await window.editorLines()).includes("# Production"));
			await window.focusEditor(".env");
			await window.undo();
			await window.save();
			await until(
				"the line is as before",
				async () => (await readFile(join(folder, ".env"), "utf8")) === head + tail,
			);
		});
	});
});

async function createByKeyboard(window: WorkbenchWindow): Promise<void> {
	const { page, input } = window;
	await window.runCommand("Create API Token");
	await input.waitForActive("This machine");
	await page.keyboard.press("Enter");
	await input.waitForQuestion("Billing service");
	await page.keyboard.type("Orders service");
	await page.keyboard.press("Enter");
	await input.waitForQuestion("What may the token do?");
	await page.keyboard.type("orders");
	await input.waitForActive("orders.read");
	await page.keyboard.press("Enter");
	await until("it is added", async () => (await input.value()) === "");
	await page.keyboard.type("orders");
	await input.waitForActive("orders.read");
	// Space checks a row as well, and Enter then goes back to the whole list.
	await until("the row is active", async () => {
		if ((await input.active()) === "orders.delete") return true;
		await page.keyboard.press("ArrowDown");
		return false;
	});
	for (const key of ["Space", "Enter"]) await page.keyboard.press(key);
	await until("the whole list is shown", async () => (await input.value()) === "");
	await page.keyboard.press("Enter");
	await input.waitForQuestion("When does the token expire?");
	await input.waitForActive("30 days");
	await page.keyboard.press("Enter");
	await input.waitForQuestion("192.0.2.7");
	await page.keyboard.type("127.0.0.1 ::1");
	await page.keyboard.press("Enter");
	for (const row of ["Continue", ".env", "Add the file to .gitignore", "API_TOKEN", "Create Token"]) {
		await input.waitForActive(row);
		await page.keyboard.press("Enter");
	}
}

async function copySecret(window: WorkbenchWindow, name: string, secret: string): Promise<void> {
	await window.page.evaluate('navigator.clipboard.writeText("")');
	await window.runCommand("Tokensmith: Copy Secret");
	await window.input.pick(name);
	await until("the secret is on the clipboard", async () => (await window.clipboard()) === secret);
}
