/**
 * What a user sees, in each of VS Code's kinds of theme. With TOKENSMITH_SCREENSHOTS=yes (`npm run pictures`) the
 * screenshots are kept in media/screenshots; otherwise they go to a folder that is removed.
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { type Answers, CreateWizard, createToken } from "./create-wizard.ts";
import { daemonClient } from "./daemon.ts";
import { until } from "./until.ts";
import type { Theme, WorkbenchWindow } from "./window.ts";
import { sampleWorkspace, Workbench } from "./workbench.ts";

const isKept = process.env.TOKENSMITH_SCREENSHOTS === "yes";
const mostBytes = 150_000;

const billing: Answers = {
	name: "Billing service",
	permissions: ["orders.read", "invoices.read"],
	expiry: "90 days",
	addresses: "10.0.0.0/8, 2001:db8::/32",
	file: ".env",
};

describe("screenshots", () => {
	let workbench: Workbench;
	let window: WorkbenchWindow;
	let folder: string;

	before(async () => {
		folder = isKept
			? resolve(import.meta.dirname, "..", "..", "media", "screenshots")
			: await mkdtemp(join(tmpdir(), "tokensmith-screenshots-"));
		await mkdir(folder, { recursive: true });
		const settings = {
			"tokensmith.daemon.preferredPort": 0,
			"editor.minimap.enabled": false,
			"remote.autoForwardPorts": false,
			"tokensmith.masking.enabled": true,
		};
		workbench = await Workbench.start({ workspace: sampleWorkspace, settings });
		execFileSync("git", ["init", "--quiet"], { cwd: workbench.workspace });
		window = await workbench.openWindow();
		await window.openView("Tokensmith");
		const secrets = await createTokens(workbench);
		await writeEnvFiles(workbench.workspace, secrets);
		const permissions = ["orders.read", "invoices.read"];
		await createToken(window, { name: "Nightly report", permissions, exactExpiry: "20 hours" });
		await createToken(window, {
			name: "Webhook receiver",
			permissions: ["webhooks.receive"],
			expiry: "Never",
		});
		await window.clearNotifications();
		await window.treeRow("Shop front").click();
		await window.press("ArrowRight");
		await window.treeRow(".env:3").click();
		await window.waitForTreeRow(".env.staging:1");
		await window.page.locator(".codelens-decoration").first().waitFor();
	});
	after(async () => {
		await workbench.stop();
		if (!isKept) await rm(folder, { recursive: true });
	});

	for (const theme of ["light", "dark", "high contrast"] satisfies Theme[]) {
		it(`show the tokens, a tooltip and the wizard in ${theme}`, async () => {
			await window.setTheme(theme);
			const shoot = async (subject: string) => {
				const file = join(folder, `${subject}-${theme.replace(" ", "-")}.png`);
				await window.screenshot(file);
				const { size } = await stat(file);
				assert.ok(size > 5000 && size < mostBytes, `${file} has ${size} bytes`);
			};
			await window.page.mouse.move(640, 784);
			await shoot("tokens");
			await window.treeTooltip("Nightly report");
			await shoot("tooltip");
			await window.page.mouse.move(640, 784);
			// By position: Playwright's own hover would scroll the page, which VS Code keeps fixed.
			const line = await window.page.locator(".view-line", { hasText: "SHOP_TOKEN" }).boundingBox();
			assert.ok(line !== null);
			await window.page.mouse.move(line.x + 60, line.y + line.height / 2, { steps: 5 });
			await window.page.mouse.move(line.x + 250, line.y + line.height / 2, { steps: 20 });
			await window.page.locator(".monaco-hover:visible", { hasText: "Shop front" }).waitFor();
			await shoot("env-line");
			await window.page.mouse.move(640, 784);
			await window.treeMenu(/Shop front/, "Rotate Token…");
			// Otherwise the row below the menu's entry would show its tooltip.
			await window.page.mouse.move(640, 784);
			for (const question of ["How long should the old", "When does the overlap end", "When does the succ"]) {
				await window.input.waitForQuestion(question);
				await window.input.accept();
			}
			await window.input.waitForActive("Rotate Token");
			await shoot("rotation");
			await window.input.leave();
			const wizard = await CreateWizard.open(window);
			await wizard.goTo("permissions", billing);
			await window.input.check("orders.read", "invoices.read");
			await shoot("permissions");
			await window.input.accept();
			await wizard.goOn("expiry", billing);
			await window.input.waitForActive("Create Token");
			await shoot("summary");
			await window.input.leave();
		});
	}

	it("show the secret once", async () => {
		await window.setTheme("dark");
		const wizard = await CreateWizard.open(window);
		await wizard.goTo("summary", billing);
		await wizard.create();
		await until("the progress has gone", async () => (await window.notifications()).length === 0);
		await window.screenshot(join(folder, "secret-dark.png"));
		await window.answerDialog("Done");
	});
});

/** One token of each kind that the list distinguishes. Returns the secrets by name. */
async function createTokens({ userData }: Workbench): Promise<Record<string, string>> {
	const client = daemonClient(userData);
	const expiry = (hours: number) => new Date(Date.now() + hours * 3_600_000).toISOString();
	const kinds: [name: string, permissions: string[], hours: number][] = [
		["Import from the old shop", ["orders.write"], 5 * 24],
		["Shop front", ["orders.read", "invoices.read"], 26 * 24],
		["Orders service", ["orders.read", "orders.write"], 80 * 24],
	];
	const secrets: Record<string, string> = {};
	for (const [name, permissions, hours] of kinds)
		secrets[name] = (await client.createToken({ name, permissions, expiry: expiry(hours) })).token;
	const { id } = await client.createToken({ name: "Leaked in a log", permissions: ["orders.read"] });
	await client.revokeToken(id, "Seen in a build log");
	return secrets;
}

async function writeEnvFiles(folder: string, secrets: Record<string, string>): Promise<void> {
	const [shop, old] = [secrets["Shop front"], secrets["Import from the old shop"]];
	const lines = [
		"# Where the shop finds its orders",
		"URL=http://127.0.0.1:47600",
		`export SHOP_TOKEN="${shop}"`,
		"",
		"# The nightly import of the old shop, to be taken out in spring",
		`IMPORT_TOKEN=${old}`,
		"PORT=8080",
	];
	await writeFile(join(folder, ".gitignore"), ".env\n.env.*\n!.env.example\n");
	await writeFile(join(folder, ".env"), `${lines.join("\n")}\n`);
	await writeFile(join(folder, ".env.staging"), `SHOP_TOKEN='${shop}'\n`);
}
