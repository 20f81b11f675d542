/**
 * The picture at the top of the README: a token is created, appears in its env line, and is rotated. With
 * TOKENSMITH_SCREENSHOTS=yes it is kept in media/readme, and else goes no further than this test.
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { CreateWizard } from "./create-wizard.ts";
import { daemonClient } from "./daemon.ts";
import { type Frame, movingPicture } from "./moving-picture.ts";
import { until } from "./until.ts";
import type { WorkbenchWindow } from "./window.ts";
import { Workbench } from "./workbench.ts";

const isKept = process.env.TOKENSMITH_SCREENSHOTS === "yes";
const place = resolve(import.meta.dirname, "..", "..", "media", "readme");
/** So that a page with it loads quickly. */
const mostBytes = 130_000;

const size = { width: 960, height: 500 };
/** Without the status bar. */
const clip = { x: 0, y: 0, width: 960, height: 472 };
const uncluttered = {
	"breadcrumbs.enabled": false,
	"editor.minimap.enabled": false,
	"editor.overviewRulerBorder": false,
	"editor.scrollbar.vertical": "hidden",
	"remote.autoForwardPorts": false,
	"tokensmith.masking.enabled": true,
	"window.commandCenter": false,
	"workbench.layoutControl.enabled": false,
};

const orders = { name: "Orders service", permissions: ["orders.read"], file: ".env", key: "ORDERS_TOKEN" };
const env = "# Where the orders come from\nURL=http://127.0.0.1:47600\n";

describe("the README's picture", () => {
	let workbench: Workbench;
	let window: WorkbenchWindow;
	const frames: Frame[] = [];

	before(async () => {
		workbench = await Workbench.start({ settings: uncluttered });
		execFileSync("git", ["init", "--quiet"], { cwd: workbench.workspace });
		await writeFile(join(workbench.workspace, ".env"), env);
		window = await workbench.openWindow();
		await window.page.setViewportSize(size);
		await window.openView("Tokensmith");
		await createOthers(workbench);
		await window.setTheme("dark");
		await window.openFile(".env");
		// Quick Open does not find a file that git ignores.
		await writeFile(join(workbench.workspace, ".gitignore"), ".env\n");
		await window.waitForTreeRow("Webhook receiver");
	});
	after(() => workbench.stop());

	it("shows a token from its creation to its rotation, and is small", async () => {
		await create();
		await rotate();
		const picture = movingPicture(frames);
		if (isKept) {
			await mkdir(place, { recursive: true });
			await writeFile(join(place, "tokensmith.png"), picture);
		}
		assert.ok(picture.length < mostBytes, `${picture.length} bytes`);
	});

	async function create(): Promise<void> {
		await shoot(1);
		const wizard = await CreateWizard.open(window);
		await wizard.goTo("name", orders);
		await window.input.type(orders.name);
		await shoot(1.5);
		await window.input.accept();
		await wizard.waitFor("permissions");
		await window.input.check("orders.read");
		await shoot(2);
		await window.input.accept();
		await wizard.goOn("expiry", orders);
		await window.input.waitForActive("Create Token");
		await shoot(3);
		await wizard.create();
		await window.answerDialog("Done");
		await window.clearNotifications();
		await window.page.locator(".codelens-decoration", { hasText: "Orders service" }).waitFor();
		await shoot(3);
	}

	async function rotate(): Promise<void> {
		await window.treeMenu("Orders service", "Rotate Token…");
		for (const question of ["How long should the old", "When does the overlap end", "When does the succ"]) {
			await window.input.waitForQuestion(question);
			await window.input.accept();
		}
		await window.input.waitForActive("Rotate Token");
		await shoot(3);
		await window.input.accept();
		await until("the overlap is shown", async () =>
			(await window.treeRows()).some((row) => row.startsWith("Rotated ")),
		);
		await window.clearNotifications();
		await shoot(3);
	}

	async function shoot(seconds: number): Promise<void> {
		await window.page.mouse.move(size.width / 2, size.height - 4);
		const png = await window.page.screenshot({ animations: "disabled", caret: "hide", clip });
		frames.push({ png, seconds });
	}
});

async function createOthers({ userData }: Workbench): Promise<void> {
	const client = daemonClient(userData);
	const expiry = (days: number) => new Date(Date.now() + days * 86_400_000 + 3_600_000).toISOString();
	await client.createToken({ name: "Nightly report", permissions: ["orders.read"], expiry: expiry(5) });
	await client.createToken({
		name: "Webhook receiver",
		permissions: ["webhooks.receive"],
		expiry: expiry(80),
	});
}
