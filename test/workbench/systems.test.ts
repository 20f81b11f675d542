/**
 * A real npm registry as a connected system, from the palette: connect, create with the password asked, use by npm
 * itself, rotate, revoke, compare. With TOKENSMITH_PICTURES=folder, screenshots go to that folder.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import type { TokenRecord } from "../../daemon/contract.ts";
import type { Client } from "../../extension/daemon/client.ts";
import { type Registry, startVerdaccio } from "../daemon/systems/verdaccio.ts";
import { daemonClient } from "./daemon.ts";
import { filesHolding } from "./files.ts";
import type { QuickInput } from "./quick-input.ts";
import { until } from "./until.ts";
import type { WorkbenchWindow } from "./window.ts";
import { Workbench } from "./workbench.ts";

describe("a connected registry in the workbench", () => {
	let registry: Registry;
	let workbench: Workbench;
	let window: WorkbenchWindow;
	let input: QuickInput;
	let client: Client;
	/** Every secret of this walk, to be looked for at its end. */
	const secrets: string[] = [];

	before(async () => {
		registry = await startVerdaccio();
		workbench = await Workbench.start();
		await writeFile(join(workbench.workspace, ".env"), "# mine\nNPM_TOKEN=\n");
		window = await workbench.openWindow();
		input = window.input;
		await window.openView("Tokensmith");
		client = daemonClient(workbench.userData);
		secrets.push(registry.credential, registry.password);
	});
	after(async () => {
		await workbench.stop();
		await registry.stop();
	});

	async function picture(subject: string): Promise<void> {
		const folder = process.env.TOKENSMITH_PICTURES;
		if (folder !== undefined) await window.screenshot(join(folder, `${subject}.png`));
	}

	async function secretOnLine(): Promise<string> {
		const text = await readFile(join(workbench.workspace, ".env"), "utf8");
		return /^NPM_TOKEN=(.*)$/m.exec(text)?.[1] ?? "";
	}

	/** As npm says with the value of the line; undefined: it refuses it. */
	async function npmWhoami(secret: string): Promise<string | undefined> {
		const rc = join(workbench.userData, "npmrc");
		const host = new URL(registry.url).host;
		await writeFile(rc, `registry=${registry.url}\n//${host}/:_authToken=${secret}\n`);
		try {
			const { stdout } = await promisify(execFile)("npm", ["whoami", "--userconfig", rc]);
			return stdout.trim();
		} catch (error) {
			assert.match(String(error), /E401|ENEEDAUTH|E403/);
			return undefined;
		} finally {
			await writeFile(rc, "");
		}
	}

	const tokens = async (): Promise<TokenRecord[]> => await client.listTokens();

	it("is connected in one walk, with its credential tested and hidden", async () => {
		await window.runCommand("Tokensmith: Connect a System…");
		await input.waitForQuestion("Which system should Tokensmith");
		await until("the systems are listed", async () => (await input.labels()).length > 5);
		await picture("connect-system");
		await input.pick("npm registry");
		await input.waitForQuestion("https://registry.example.com");
		await input.type("http://registry.example.com");
		await input.waitForMessage(/Without https/);
		await input.type(registry.url);
		await picture("connect-address");
		await input.accept();
		await input.waitForStep("Name");
		await input.type("Registry");
		await input.accept();
		await input.waitForQuestion("Paste it");
		await input.type(` "Bearer wrong" `);
		await picture("connect-credential");
		await input.accept();
		await input.waitForStep("Summary");
		await picture("connect-summary");
		await input.pick("Connect and Test");
		await window.notification(/refuses the credential/);
		await picture("connect-refused");
		assert.deepEqual(await client.connections(), []);
		await window.answerNotification(/refuses the credential/, "Change Credential");
		await input.waitForQuestion("Paste it");
		await input.type(registry.credential);
		await input.accept();
		await input.waitForStep("Summary");
		await input.pick("Connect and Test");
		await window.notification(/Connected “Registry”/);
		await picture("connected");
		assert.deepEqual(
			(await client.connections()).map(({ name, baseUrl }) => [name, baseUrl]),
			[["Registry", registry.url]],
		);
	});

	it("is listed with its state", async () => {
		await window.togglePane("Systems");
		await window.waitForTreeRow("Registry");
		// Without https there is none.
		assert.doesNotMatch(await window.treeTooltip("Registry"), /Certificate/);
		await picture("systems-view");
		await window.treeMenu("Registry", "Test Connection");
		await window.notification(/“Registry” accepts the credential/);
		await window.clearNotifications();
	});

	it("creates a token with the password asked, which npm itself accepts from the line", async () => {
		await window.runCommand("Create API Token");
		await input.waitForQuestion("Which system should issue");
		await input.pick("Registry");
		await input.waitForQuestion("Billing service");
		await input.type("deploy");
		await input.accept();
		await input.waitForQuestion("What may the token do?");
		await input.accept();
		await input.waitForQuestion("When does the token expire?");
		await input.pick("30 days");
		await input.waitForQuestion("192.0.2.7");
		await input.accept();
		await input.waitForQuestion("Add details");
		await input.pick("Continue");
		await input.waitForQuestion("Where should the secret be written?");
		await input.pick(".env");
		await input.waitForQuestion("hold the secret?");
		await input.pick("NPM_TOKEN");
		await input.waitForQuestion("Press Enter to create");
		await picture("system-create-summary");
		await input.pick("Create Token");
		await answerPassword();
		await until("the secret is shown", async () =>
			(await window.dialogText()).includes("This is its secret"),
		);
		await picture("system-created");
		await window.answerDialog("Copy Secret");
		await until("the status bar says that it is copied", async () =>
			(await window.statusBar()).some((text) => text.includes("Copied the secret of “deploy”")),
		);
		assert.match(await window.treeTooltip("deploy"), /Issuer: Registry \(npm\)/);
		const secret = await secretOnLine();
		secrets.push(secret);
		assert.equal(await npmWhoami(secret), registry.user);
		const [token] = await tokens();
		assert.deepEqual([token?.name, token?.issuer, token?.profile], ["deploy", "npm", "npm"]);
		await window.clearNotifications();
	});

	it("rotates it with an overlap, in which npm accepts both secrets", async () => {
		const old = await secretOnLine();
		await window.treeMenu("deploy", "Rotate Token…");
		await input.waitForStep("Overlap");
		await input.pick("1 hour");
		await input.waitForStep("Expiry (2/3)");
		await input.waitForActive("The same lifetime as before");
		await input.accept();
		await input.waitForStep("Summary");
		await input.pick("Rotate Token");
		await answerPassword();
		await window.notification(/Rotated “deploy”/);
		await picture("system-rotated");
		const fresh = await secretOnLine();
		secrets.push(fresh);
		assert.notEqual(fresh, old);
		assert.deepEqual([await npmWhoami(old), await npmWhoami(fresh)], [registry.user, registry.user]);
		await window.clearNotifications();
	});

	it("revokes both at the registry, which confirms that they are dead", async () => {
		const [, , old = "", fresh = ""] = secrets;
		await window.treeMenu("deploy", "Revoke Token…");
		await until("the effects are named", async () =>
			(await window.dialogText()).includes("Deleted at its system"),
		);
		await picture("system-revoke");
		await window.answerDialog("Revoke Both");
		await window.notification(/“Registry” confirms that its secret is dead/);
		assert.deepEqual([await npmWhoami(old), await npmWhoami(fresh)], [undefined, undefined]);
		assert.deepEqual(
			(await tokens()).map(({ status }) => status),
			["revoked", "revoked"],
		);
		await window.clearNotifications();
	});

	it("shows what is at the registry and not here, and imports it", async () => {
		for (const readonly of [true, false])
			await fetch(`${registry.url}/-/npm/v1/tokens`, {
				method: "POST",
				headers: { authorization: `Bearer ${registry.credential}`, "content-type": "application/json" },
				body: JSON.stringify({ password: registry.password, readonly, cidr_whitelist: [] }),
			});
		await window.treeMenu("Registry", "Compare Tokens with System…");
		await input.waitForQuestion("Press Enter to do what a row says");
		await input.waitForActive("Import all 2");
		await picture("system-compare");
		await input.type("nothing like it");
		await input.waitForActive("Nothing fits. Delete the text to see all.");
		await input.type("");
		// The rows are drawn again, with the first one active.
		await until(
			"all rows are back",
			async () => !(await input.rows()).some((row) => row.includes("Nothing")),
		);
		await input.waitForActive("Import all 2");
		await window.press("ArrowDown");
		await window.press("ArrowDown");
		const second = (await input.active()) ?? "";
		assert.match(second, /^eyJh/);
		await input.accept();
		await until("it is imported", async () => (await tokens()).length === 3);
		assert.ok((await tokens()).some(({ name }) => /^eyJh….{4}$/.test(name)));
		await until("the row says so", async () =>
			(await input.rows()).some((row) => row.includes(second) && row.includes("done")),
		);
		assert.equal(await input.active(), second);
		await picture("system-imported");
		await input.leave();
	});

	it("has left no credential, password or secret in VS Code's files, in the daemon's or in a log", async () => {
		for (const secret of secrets) assert.deepEqual(await filesHolding(workbench.userData, secret), []);
		assert.ok(secrets.length === 4 && secrets.every((secret) => secret.length > 10));
	});

	async function answerPassword(): Promise<void> {
		await input.waitForStep("Confirmation");
		assert.doesNotMatch(await input.title(), /\(1/);
		await input.type(registry.password);
		await input.accept();
	}
});
