/**
 * Mistakes in input, files, settings and on the port: each is reported with a way to continue, and nothing is left half
 * done.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { chmod, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { CreateWizard, createToken } from "./create-wizard.ts";
import { daemonClient, dataDirectory, killDaemon, runningDaemon } from "./daemon.ts";
import { filesIn } from "./files.ts";
import { eventually, until } from "./until.ts";
import type { WorkbenchWindow } from "./window.ts";
import { Workbench } from "./workbench.ts";

describe("bad input", () => {
	let workbench: Workbench;
	let window: WorkbenchWindow;
	let envFile: string;
	let stranger: Server;
	const asked: (string | undefined)[] = [];

	before(async () => {
		stranger = createServer((request, response) => {
			asked.push(request.url);
			response.end();
		}).listen(0, "127.0.0.1");
		await once(stranger, "listening");
		const settings = {
			"tokensmith.daemon.preferredPort": (stranger.address() as AddressInfo).port,
		};
		workbench = await Workbench.start({ settings });
		envFile = join(workbench.workspace, ".env");
		window = await workbench.openWindow();
		await window.openView("Tokensmith");
	});
	after(async () => {
		await workbench.stop();
		stranger.close();
	});
	beforeEach(() => window.bringToFront());
	afterEach(async () => {
		await window.input.leave();
		await rm(envFile, { recursive: true, force: true });
	});

	it("does not disturb another program on the preferred port and listens on another", async () => {
		const { url } = await runningDaemon(workbench.userData);
		assert.notEqual(new URL(url).port, String((stranger.address() as AddressInfo).port));
		await createToken(window, { name: "On another port" });
		assert.deepEqual(asked, []);
	});

	it("refuses a folder in place of an env file before anything is created", async () => {
		await mkdir(envFile);
		const wizard = await CreateWizard.open(window);
		await wizard.goTo("file", { name: "For a folder" });
		await window.input.pick(".env");
		await window.input.waitForQuestion(".env is a folder. Choose a file.");
	});

	it("refuses a read-only env file before anything is created", async () => {
		await writeFile(envFile, "URL=1\n", { mode: 0o444 });
		const wizard = await CreateWizard.open(window);
		await wizard.goTo("file", { name: "For a read-only file" });
		await until("it is marked", async () => (await window.input.rows()).includes(".env read-only"));
		await window.input.pick(".env");
		await window.input.waitForQuestion(".env is read-only. Make it writable, or choose another file.");
	});

	it("keeps the token if the file cannot be written, and writes it on another attempt", async () => {
		await writeFile(envFile, "URL=1\n");
		const wizard = await CreateWizard.open(window);
		await wizard.goTo("summary", { name: "Second try", file: ".env" });
		await chmod(envFile, 0o444);
		const secret = await wizard.create();
		assert.match(await window.dialogText(), /It is not in \.env yet\. It is stored in SecretStorage:/);
		await window.answerDialog("Done");
		await window.notification("“Second try” was not written to .env. .env or its folder is read-only");
		assert.equal(await readFile(envFile, "utf8"), "URL=1\n");
		await chmod(envFile, 0o644);
		await window.answerNotification("“Second try” was not written", "Try Again");
		await window.notification("“Second try” is ready");
		assert.equal(await readFile(envFile, "utf8"), `URL=1\nAPI_TOKEN=${secret}\n`);
	});

	it("replaces another value only after confirmation, which shows the key and never the value", async () => {
		const other = "value-of-another-service";
		await writeFile(envFile, `API_TOKEN=${other} # keep me\n`);
		const wizard = await CreateWizard.open(window);
		await wizard.goTo("replace", { name: "Replacing", file: ".env", replace: "yes" });
		await window.input.waitForActive("Choose another key");
		assert.ok(!(await window.page.content()).includes(other));
		await wizard.goOn("replace", { name: "Replacing", file: ".env", replace: "yes" });
		await until("the summary says so", async () =>
			(await window.input.rows()).includes("Key API_TOKEN (replaces its value)"),
		);
		const secret = await wizard.create();
		await window.answerDialog("Done");
		assert.equal(await readFile(envFile, "utf8"), `API_TOKEN=${secret} # keep me\n`);
	});

	it("asks again if the daemon refuses an answer, and keeps all other answers", async () => {
		const client = daemonClient(workbench.userData);
		await client.putPermission("reports.read", { description: "Read reports" });
		const wizard = await CreateWizard.open(window);
		await wizard.goTo("summary", { name: "For reports", permissions: ["reports.read"], expiry: "7 days" });
		await client.removePermission("reports.read");
		await window.input.pick("Create Token");
		await window.answerNotification(/The token was not created\. Permissions: .*reports\.read/, "Try Again");
		await wizard.waitFor("permissions");
		await eventually(async () => assert.deepEqual(await window.input.checked(), ["reports.read"]));
		// Clears its mark. Kept, it would be added again.
		await window.input.check("reports.read", "orders.read");
		await window.input.accept();
		await wizard.waitFor("summary");
		await window.input.waitForRows(/Name For reports.*\n.*orders\.read\nExpires In 7 days/);
		assert.ok(!(await client.listTokens()).some(({ name }) => name === "For reports"));
	});

	it("offers to open a folder if there is no workspace, and can still create a token", async () => {
		const bare = await workbench.openWindow("nothing");
		const wizard = await CreateWizard.open(bare);
		await wizard.goTo("file", { name: "Without a folder" });
		await eventually(async () =>
			assert.deepEqual(await bare.input.labels(), [
				"No file: store it in SecretStorage only",
				"Open a folder first…",
			]),
		);
		await wizard.goOn("file", { name: "Without a folder" });
		await wizard.create();
		await bare.answerDialog("Done");
		await window.waitForTreeRow("Without a folder");
		await bare.close();
	});

	it("moves a damaged database aside, reports that with a button, and continues with the intact data", async () => {
		const data = dataDirectory(workbench.userData);
		await createToken(window, { name: "Before the damage" });
		await killDaemon(workbench.userData);
		const snapshots = (await readdir(data)).filter((name) => /^snapshot-.*\.db$/.test(name));
		for (const snapshot of snapshots) await writeFile(join(data, snapshot), "not a database");
		const notice = await window.notification("Damaged files were set aside");
		const aside = (await readdir(data)).filter((name) => name.endsWith(".damaged"));
		assert.deepEqual(
			aside,
			snapshots.map((name) => `${name}.damaged`),
		);
		assert.ok(notice.includes(aside[0] ?? ""), notice);
		await window.waitForTreeRow("Before the damage");
		await window.answerNotification("Damaged files were set aside", "Open Folder");
	});
});

describe("a data directory that cannot be written", () => {
	it("is reported in the view, and Try Again continues once it can be written", async () => {
		const workbench = await Workbench.start();
		try {
			const data = dataDirectory(workbench.userData);
			await mkdir(join(data, ".."), { recursive: true });
			await writeFile(data, "in the way");
			const window = await workbench.openWindow();
			await window.openView("Tokensmith");
			await until("the view says so", async () => /cannot write its data/.test(await window.welcomeText()));
			await rm(data);
			// The view also looks again by itself, and then the button is gone.
			window.pressWelcomeButton("Try Again").catch(() => {});
			await until("it works", async () => /No API tokens yet/.test(await window.welcomeText()));
		} finally {
			await workbench.stop();
		}
	});
});

describe("in Restricted Mode", () => {
	it("tokens can be created, and env files are neither read nor written", async () => {
		const settings = {
			"security.workspace.trust.startupPrompt": "never",
		};
		const workbench = await Workbench.start({
			settings,
			workspaceTrust: "asked",
		});
		try {
			await writeFile(join(workbench.workspace, ".env"), "API_TOKEN=1\n");
			const before = await filesIn(workbench.workspace);
			const window = await workbench.openWindow();
			await window.openView("Tokensmith");
			await until("the view says so", async () =>
				/Restricted Mode: env files are neither read nor written/.test(await window.welcomeText()),
			);
			await createToken(window, { name: "Restricted" });
			await window.waitForTreeRow("Restricted");
			assert.deepEqual(await filesIn(workbench.workspace), before);
			const wizard = await CreateWizard.open(window);
			await wizard.goTo("file", { name: "Trust first" });
			await window.input.pick("Manage Workspace Trust first…");
			await window.page
				.getByText("You Are in Restricted Mode")
				.or(window.page.locator(".workspace-trust-editor"))
				.first()
				.waitFor();
			assert.equal((await daemonClient(workbench.userData).listTokens()).length, 1);
		} finally {
			await workbench.stop();
		}
	});
});
