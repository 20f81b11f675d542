/**
 * What a person sees, in the themes that VS Code knows. With TOKENSMITH_SCREENSHOTS=yes the pictures become those of
 * the README, in media/screenshots; else they go to a folder that is removed.
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, rm, stat } from "node:fs/promises";
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
	git: "Add it to .gitignore",
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
		};
		workbench = await Workbench.start({ workspace: sampleWorkspace, settings });
		execFileSync("git", ["init", "--quiet"], { cwd: workbench.workspace });
		window = await workbench.openWindow();
		await window.openView("Tokensmith");
		await createTokens(workbench);
		const permissions = ["orders.read", "invoices.read"];
		await createToken(window, { name: "Nightly report", permissions, exactExpiry: "20 hours" });
		await createToken(window, {
			name: "Webhook receiver",
			permissions: ["webhooks.receive"],
			expiry: "Never",
		});
		await window.clearNotifications();
		await window.openFile(".env.example");
		await window.waitForTreeRow("Webhook receiver");
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

/** One of each kind that the list tells apart. */
async function createTokens({ userData }: Workbench): Promise<void> {
	const client = daemonClient(userData);
	const expiry = (hours: number) => new Date(Date.now() + hours * 3_600_000).toISOString();
	const kinds: [name: string, permissions: string[], hours: number][] = [
		["Import from the old shop", ["orders.write"], 5 * 24],
		["Orders service, staging", ["orders.read", "orders.write"], 26 * 24],
		["Orders service, production", ["orders.read", "orders.write"], 80 * 24],
	];
	for (const [name, permissions, hours] of kinds)
		await client.createToken({ name, permissions, expiry: expiry(hours) });
	const { id } = await client.createToken({ name: "Leaked in a log", permissions: ["orders.read"] });
	await client.revokeToken(id, "Seen in a build log");
}
