/**
 * The side bar, the status bar and the notifications as a user sees them. With TOKENSMITH_PICTURES=folder, screenshots
 * of each go to that folder.
 */
import assert from "node:assert/strict";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { CreatedToken } from "../../daemon/contract.ts";
import type { Client } from "../../extension/daemon/client.ts";
import { daemonClient, dataDirectory, runningDaemon } from "./daemon.ts";
import { until } from "./until.ts";
import type { Theme, WorkbenchWindow } from "./window.ts";
import { Workbench } from "./workbench.ts";

const hour = 3_600_000;
const inHours = (hours: number) => new Date(Date.now() + hours * hour).toISOString();
const themes: Theme[] = ["light", "dark", "high contrast"];
const unknown = "ghp_R4nD0mQx7ZkPw3LsVb9TyUe2HcJfGa6NmXo1";

describe("the side bar", () => {
	let workbench: Workbench;
	let window: WorkbenchWindow;
	let client: Client;

	before(async () => {
		workbench = await Workbench.start();
		for (const folder of ["worker", "web"])
			await mkdir(join(workbench.workspace, "services", folder), { recursive: true });
		window = await workbench.openWindow();
		await window.openView("Tokensmith");
		client = daemonClient(workbench.userData);
	});
	after(() => workbench.stop());

	async function put(path: string, text: string): Promise<void> {
		await writeFile(join(workbench.workspace, path), text);
	}

	function create(name: string, hours: number | null): Promise<CreatedToken> {
		const expiry = hours === null ? null : inHours(hours);
		return client.createToken({ name, permissions: ["orders.read"], expiry });
	}

	/** A service that presents the secret to the daemon. */
	async function use(secret: string): Promise<number> {
		const { url } = await runningDaemon(workbench.userData);
		return (await fetch(`${url}/v1/verify`, { headers: { authorization: `Bearer ${secret}` } })).status;
	}

	async function picture(subject: string): Promise<void> {
		const folder = process.env.TOKENSMITH_PICTURES;
		if (folder === undefined) return;
		for (const theme of themes) {
			await window.setTheme(theme);
			await window.page.mouse.move(640, 784);
			await window.screenshot(join(folder, `${subject}-${theme.replace(" ", "-")}.png`));
		}
	}

	const showRows = (expected: string[]) =>
		until("the rows are shown", async () => {
			assert.deepEqual(await window.treeRows(), expected);
			return true;
		});

	it("shows the tokens in groups, a rotated one below its successor, with their lines", async () => {
		const orders = await create("orders-api", 80 * 24);
		const billing = await create("billing-api", 5 * 24);
		await create("nightly-import", 20.5);
		await create("Webhook receiver", null);
		const leaked = await create("Leaked in a log", 60 * 24);
		await client.revokeToken(leaked.id, "Seen in a build log");
		const paused = await create("load-test", 60 * 24);
		await client.disableToken(paused.id);
		const successor = await client.rotateToken(orders.id, { overlapSeconds: 3 * 24 * 3600 });
		await put(
			".env",
			`# The service's own\nAPI_TOKEN=${successor.token}\nBILLING_TOKEN="${billing.token}"\n`,
		);
		await put(
			"services/worker/.env",
			`# Moves soon\nexport API_TOKEN=${orders.token}\nGITHUB_TOKEN=${unknown}\n`,
		);
		await put("services/web/.env.local", "PORT=8080\n");
		await showRows([
			"Expires Soon 2",
			"nightly-import 20 hours",
			"billing-api 5 days",
			"Active 1",
			"orders-api 80 days",
			"Rotated 3 days left",
			".env:2 (API_TOKEN)",
			"No Expiry 1",
			"Webhook receiver",
			"Disabled and Revoked 2",
		]);
		await picture("tokens");
	});

	it("shows the nearest expiry in the status bar", async () => {
		await until("it is there", async () =>
			(await window.statusBar()).some((text) => text.includes("20 hours: nightly-import")),
		);
	});

	it("opens the line on Enter", async () => {
		await window.treeRow(".env:2 (API_TOKEN)").click();
		await until("the file is open", async () => (await window.tabs()).includes(".env"));
	});

	it("reports the use of a revoked token, once in one of two windows, and shows its activity", async () => {
		const { id, token } = await create("stolen", 60 * 24);
		await client.revokeToken(id, "Laptop stolen");
		const other = await workbench.openWindow();
		await other.openView("Tokensmith");
		await other.waitForTreeRow("Disabled and Revoked");
		const windows = [window, other];
		assert.equal(await use(token), 401);
		const told = await Promise.any(
			windows.map(async (one) => {
				assert.match(await one.notification("stolen"), /The revoked API token “stolen” was used from/);
				return one;
			}),
		);
		const quiet = windows.filter((one) => one !== told);
		await told.bringToFront();
		await told.answerNotification("stolen", "Show Activity");
		await told.waitForTreeRow("Revoked token used: stolen");
		// The first window may still show an earlier notice.
		for (const one of quiet)
			assert.deepEqual(
				(await one.notifications()).filter((text) => text.includes("stolen")),
				[],
			);
		for (const one of quiet) await one.close();
		window = told;
		await picture("activity");
		await window.togglePane("Activity");
	});

	it("shows each env file with its lines and their status", async () => {
		await window.togglePane("Env Files");
		await window.togglePane("Tokens");
		await window.waitForTreeRow("GITHUB_TOKEN");
		await picture("env-files");
		await showRows([
			".env 2 tokens",
			"API_TOKEN 80 days · orders-api",
			"BILLING_TOKEN 5 days · billing-api",
			"services/web/.env.local no tokens",
			"services/worker/.env 2 tokens",
			"API_TOKEN rotated, 3 days left · orders-api",
			"GITHUB_TOKEN unknown token",
		]);
		await window.togglePane("Tokens");
		await window.togglePane("Env Files");
	});

	it("filters while typing, shows that it does, and shows all again", async () => {
		await window.runCommand("Tokensmith: Filter Tokens…");
		await window.input.type("worker");
		await showRows(["Active 1", "orders-api rotated, 3 days left"]);
		await window.input.accept();
		// The list receives the focus, which would close a palette that opens too early.
		await until("the list has the focus", () => window.hasFocus(".sidebar .monaco-list"));
		await picture("filter");
		await window.runCommand("Tokensmith: Clear Token Filter");
		await window.waitForTreeRow("billing-api");
	});

	it("renames on F2 and revokes on Delete, after confirmation", async () => {
		await window.treeRow("Webhook receiver").click();
		await window.press("F2");
		await window.input.type("Webhook sender");
		await window.input.accept();
		await window.waitForTreeRow("Webhook sender");
		await window.treeRow("Webhook sender").click();
		await window.press("Delete");
		assert.match(await window.dialogText(), /Webhook sender/);
		await window.answerDialog("Cancel");
		await window.waitForTreeRow("Webhook sender");
	});

	it("groups by env file, and by status again", async () => {
		await window.runCommand("Tokensmith: Group Tokens by Env File");
		await window.waitForTreeRow("Not in an Env File");
		await picture("by-file");
		await window.runCommand("Tokensmith: Group Tokens by Status");
		await window.waitForTreeRow("Expires Soon");
	});

	it("reports tokens that expire together in one notification, once", async () => {
		const expiry = new Date(Date.now() + 3000).toISOString();
		for (const name of ["first", "second"])
			await client.createToken({ name, permissions: ["orders.read"], expiry });
		assert.match(await window.notification("2 API tokens have expired"), /“first”.*“second”/);
		await picture("notice");
		await window.answerNotification("2 API tokens have expired", "Snooze…");
		await window.input.waitForActive("In One Day");
		await window.input.accept();
		const notices = join(dataDirectory(workbench.userData), "notices");
		await until("both are snoozed", async () => {
			const claims = await readdir(notices);
			return claims.filter((name) => name.includes("~snooze~")).length === 2;
		});
		await window.reload();
		await window.waitForTreeRow("first");
		assert.deepEqual(await window.notifications(), []);
	});
});
