/**
 * The Token Overview panel in the real workbench. With TOKENSMITH_SCREENSHOTS=yes its screenshots are
 * kept in media/screenshots.
 */
import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { daemonClient, verifiedIn } from "./daemon.ts";
import { buttonColors, contrastFaults, layoutFaults, setPageWidth } from "./overview-layout.ts";
import { OverviewPage } from "./overview-page.ts";
import { eventually, until } from "./until.ts";
import type { Theme, WorkbenchWindow } from "./window.ts";
import { Workbench } from "./workbench.ts";

const isKept = process.env.TOKENSMITH_SCREENSHOTS === "yes";
const hostile = "$(trash) <img src=x onerror=alert(1)> </script>";

describe("the Token Overview", () => {
	let workbench: Workbench;
	let window: WorkbenchWindow;
	let overview: OverviewPage;
	const complaints: string[] = [];

	before(async () => {
		workbench = await Workbench.start();
		window = await workbench.openWindow();
		window.page.on("console", (message) => {
			if (/Content Security Policy|Refused to/.test(message.text())) complaints.push(message.text());
		});
	});
	after(() => workbench.stop());

	it("offers to create the first token if there is none", async () => {
		overview = await OverviewPage.open(window);
		await overview.frame.getByText("No API tokens yet").waitFor();
		await overview.frame.getByRole("button", { name: "Create API Token" }).click();
		await window.input.waitForStep("Create API Token");
		await window.input.leave();
	});

	it("shows each token as soon as it exists, the next to expire first", async () => {
		await createTokens(workbench);
		await until("all tokens are shown", async () => (await overview.names()).length === 8);
		await overview.waitForFirstNames("Nightly report", "Import from the old shop", "Shop front");
		await overview.mark("Shop front, 26 days left").waitFor();
		await overview.waitForStatus("8 tokens");
	});

	it("is navigated by keyboard, from mark to mark and through the table", async () => {
		await overview.mark(/^Nightly report/).click();
		await window.press("ArrowRight");
		await overview.waitForFocused(/^Import from the old shop, \d days left$/);
		await window.press("Enter");
		await until("the token is marked", async () => (await overview.detail()) === "Import from the old shop");
		await overview.row("Import from the old shop").focus();
		await window.press("ArrowDown");
		await until("the next row is marked", async () => (await overview.detail()) === "Shop front");
		await overview.selectedRow("Shop front").waitFor();
		await window.press("Enter");
		await overview.waitForFocused(/Rotate/);
	});

	it("shows the verifications and refusals per day, as bars and as a table", async () => {
		await overview.row("Shop front").click();
		await overview.frame.getByText("In the last 30 days: 12 accepted, 0 refused.").waitFor();
		const today = overview.frame.locator(".usage .bar[tabindex='0']");
		await eventually(async () =>
			assert.match((await today.getAttribute("aria-label")) ?? "", /: 12 accepted, 0 refused$/),
		);
		await today.focus();
		await window.press("ArrowLeft");
		await overview.waitForFocused(/: 0 accepted, 0 refused$/);
		await overview.frame.getByText("Show as table").click();
		await eventually(async () => assert.equal(await overview.frame.locator(".usage tbody tr").count(), 30));
		await overview.frame.getByText("Show as table").click();
	});

	it("sorts by each column in both directions, and filters", async () => {
		await overview.head("Name").getByRole("button").click();
		await overview.frame.locator('[role=columnheader][aria-sort="ascending"]', { hasText: "Name" }).waitFor();
		await overview.head("Name").getByRole("button").click();
		await overview.waitForFirstNames("Webhook receiver");
		await overview.head("Verifications").getByRole("button").click();
		await overview.waitForFirstNames("Shop front");
		await overview.filter("invoices");
		await overview.waitForStatus("1 of 8 tokens");
		await overview.filter("");
		await overview.head("Time Left").getByRole("button").click();
	});

	it("opens the env line of a token, and keeps its state", async () => {
		await overview.row("Shop front").click();
		await overview.frame.getByRole("button", { name: "Open Env Line" }).click();
		await until("the env file is open", async () => (await window.tabs()).includes(".env"));
		overview = await OverviewPage.bringToFront(window);
		await until("the same token is marked", async () => (await overview.detail()) === "Shop front");
	});

	it("shows a token in the side bar", async () => {
		await overview.frame.getByRole("button", { name: "Show in Side Bar" }).click();
		await window.waitForTreeRow("Shop front");
	});

	it("has a menu for each row, with the mouse or the keyboard, that offers what can be done", async () => {
		await overview.row("Orders service, staging").click({ button: "right" });
		assert.deepEqual(await window.menuEntries(), [
			...["Rotate Token…", "Edit Token…", "Show Token", "Show Token Activity", "Revoke Token…"],
		]);
		await overview.row("Leaked in a log").click();
		await window.press("Tab");
		assert.equal(await overview.focused(), "Actions for Leaked in a log");
		await window.press("Enter");
		assert.deepEqual(await window.menuEntries(), ["Show Token", "Show Token Activity"]);
	});

	it("keeps a token for which Revoke was chosen in its row's menu when Enter is pressed in the question", async () => {
		const tokenNow = async () => {
			const tokens = await daemonClient(workbench.userData).listTokens();
			return tokens.find(({ name }) => name === "Orders service, staging")?.status;
		};
		const revoke = () =>
			window.chooseInMenu("Revoke Token…", () => overview.menuButton("Orders service, staging").click());
		await revoke();
		assert.match(await window.dialogText(), /Revoke the API token “Orders service, staging”\?/);
		await window.acceptDialog();
		assert.equal(await tokenNow(), "active");
		await revoke();
		await window.answerDialog("Revoke");
		await until("the token is revoked", async () => (await tokenNow()) === "revoked");
	});

	it("keeps times and counts whole and labels apart, from 400 to 1600 pixels", async () => {
		const faults: string[] = [];
		for (let pixels = 400; pixels <= 1600; pixels += 40) {
			await setPageWidth(window, overview, pixels);
			faults.push(...(await layoutFaults(overview)).map((fault) => `at ${pixels}: ${fault}`));
		}
		await setPageWidth(window, overview, undefined);
		assert.deepEqual(faults, []);
	});

	it("is restored after a reload of the window", async () => {
		await overview.row("Shop front").click();
		// Words that are saved nowhere else; otherwise an earlier state of the page could match.
		await overview.filter("shop FRONT");
		await overview.waitForStatus("1 of 8 tokens");
		await until("VS Code has saved the panel's state", () => window.hasSaved("shop FRONT"));
		await window.reload();
		overview = await OverviewPage.bringToFront(window);
		await until("the same token is marked", async () => (await overview.detail()) === "Shop front");
		await overview.waitForStatus("1 of 8 tokens");
		await overview.filter("");
		await overview.waitForStatus("8 tokens");
	});

	it("runs under its content security policy without violations", () => {
		assert.deepEqual(complaints, []);
	});

	it("can be read in every theme, and has screenshots of that", async () => {
		const folder = isKept
			? resolve(import.meta.dirname, "..", "..", "media", "screenshots")
			: await mkdtemp(join(tmpdir(), "tokensmith-overview-"));
		await mkdir(folder, { recursive: true });
		for (const theme of ["light", "dark", "high contrast light", "high contrast"] satisfies Theme[]) {
			await window.setTheme(theme);
			await overview.waitForTheme(theme);
			await overview.row("Shop front").click();
			await window.page.mouse.move(640, 784);
			assert.deepEqual(await contrastFaults(overview), [], theme);
			if (theme === "high contrast") assert.equal(new Set(await buttonColors(overview)).size, 1);
			await window.screenshot(join(folder, `overview-${theme.replaceAll(" ", "-")}.png`));
		}
		if (!isKept) await rm(folder, { recursive: true });
	});

	it("shows a name as plain text", async () => {
		await daemonClient(workbench.userData).createToken({ name: hostile, permissions: ["orders.read"] });
		await overview.row("onerror").waitFor();
		assert.equal(await overview.frame.locator("img").count(), 0);
		assert.ok((await overview.names()).includes(hostile));
	});
});

/** One token of each kind; one of them is used, and is in an env file. */
async function createTokens({ userData, workspace }: Workbench): Promise<void> {
	const client = daemonClient(userData);
	const kinds: [name: string, permissions: string[], hours: number | null][] = [
		["Nightly report", ["orders.read", "invoices.read"], 20],
		["Import from the old shop", ["orders.write"], 5 * 24 + 1],
		["Orders service, staging", ["orders.read"], 80 * 24],
		["Orders service, production", ["orders.read"], 81 * 24],
		["Webhook receiver", ["webhooks.receive"], null],
		["Partner portal", ["orders.read"], 200 * 24],
	];
	for (const [name, permissions, hours] of kinds)
		await client.createToken({ name, permissions, expiry: hours === null ? null : inHours(hours) });
	const { id } = await client.createToken({ name: "Leaked in a log", permissions: ["orders.read"] });
	await client.revokeToken(id, "Seen in a build log");
	const used = { name: "Shop front", permissions: ["orders.read"], expiry: inHours(26 * 24 + 1) };
	const { token } = await client.createToken(used);
	await writeFile(join(workspace, ".env"), `ORDERS_API_TOKEN=${token}\n`);
	for (let count = 0; count < 12; count++) await verifiedIn(userData, token);
}

function inHours(hours: number): string {
	return new Date(Date.now() + hours * 3_600_000).toISOString();
}
