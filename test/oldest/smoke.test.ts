/** A token's life in the oldest VS Code that the extension supports. All other tests run in the newest one. */
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describeWhere } from "../where.ts";
import { createToken } from "../workbench/create-wizard.ts";
import { verifiedIn } from "../workbench/daemon.ts";
import { ensureWorkbench, isAvailable } from "../workbench/install.ts";
import { eventually, until } from "../workbench/until.ts";
import type { WorkbenchWindow } from "../workbench/window.ts";
import { Workbench } from "../workbench/workbench.ts";

const root = join(import.meta.dirname, "..", "..");

/** The row of the latest token, not of its predecessor. */
const current = /orders-api\s*30 days/;
const predecessor = /Rotated\s*\d+ hours left/;

const reason = "npm has no Node.js of that age for this platform";
describeWhere(isAvailable("oldest"), reason)("the oldest VS Code", () => {
	let workbench: Workbench;
	let window: WorkbenchWindow;
	let created = "";
	let renewed = "";

	before(async function () {
		// VS Code may have to be installed first.
		this.timeout(300_000);
		workbench = await Workbench.start({ version: "oldest" });
		window = await workbench.openWindow();
		await window.openView("Tokensmith");
	});
	after(() => workbench.stop());

	const file = () => join(workbench.workspace, ".env");

	/** Of the daemon, for the secrets before and after the rotation. */
	async function verdicts(): Promise<string[]> {
		const verifications = [created, renewed].map((secret) => verifiedIn(workbench.userData, secret));
		return (await Promise.all(verifications)).map((one) => (one.valid ? "valid" : one.reason));
	}

	it("is the one that package.json names, and has the API that the extension is compiled for", async () => {
		const { codeServer } = await ensureWorkbench("oldest");
		const { version } = await readJson(join(codeServer, "lib", "vscode", "package.json"));
		const { engines } = await readJson(join(root, "package.json"));
		assert.equal(engines.vscode, `^${version}`);
		const types = await readJson(join(root, "node_modules", "@types", "vscode", "package.json"));
		assert.equal(types.version.replace(/\.\d+$/, ""), version.replace(/\.\d+$/, ""));
	});

	it("creates a token through the wizard", async () => {
		created = await createToken(window, { name: "orders-api" });
		await window.waitForTreeRow(current);
		assert.deepEqual(await verdicts(), ["valid", "malformed"]);
	});

	it("inserts its secret into a line", async () => {
		await writeFile(file(), "PORT=8080\nAPI_TOKEN=\n");
		await window.treeAction("orders-api", "Insert Secret into Env File");
		await window.input.waitForQuestion("Where should the secret be written?");
		await window.input.pick(".env");
		await window.input.waitForQuestion("hold the secret?");
		await window.input.pick("API_TOKEN");
		await window.answerNotification("API_TOKEN in .env contains the secret of “orders-api”", "Open File");
		assert.equal(await readFile(file(), "utf8"), `PORT=8080\nAPI_TOKEN=${created}\n`);
	});

	it("shows the token above its line, and the line below the token", async () => {
		await eventually(async () =>
			assert.deepEqual(await window.codeLenses(), ["orders-api · 30 days left | Rotate"]),
		);
		await window.treeRow(current).click();
		await window.press("ArrowRight");
		await window.waitForTreeRow(/\.env:2/);
	});

	it("rotates the token, and the line contains the new secret", async () => {
		await window.treeMenu(current, "Rotate Token…");
		for (const step of ["Overlap", "End of the Overlap", "Expiry", "Summary"]) {
			await window.input.waitForStep(step);
			await until("an answer is offered", () => window.input.active());
			await window.input.accept();
		}
		await window.notification("Rotated “orders-api”: .env:2 (API_TOKEN) contains the new secret.");
		renewed = /^API_TOKEN=(.*)$/m.exec(await readFile(file(), "utf8"))?.[1] ?? "";
		assert.notEqual(renewed, created);
		assert.deepEqual(await verdicts(), ["valid", "valid"]);
	});

	it("revokes the old secret, then the new one", async () => {
		await revoke(predecessor, /These secrets of the same lineage keep working/);
		assert.deepEqual(await verdicts(), ["revoked", "valid"]);
		await revoke(current, /lines will break:\n•\s+\.env:2 \(API_TOKEN\)/);
		assert.deepEqual(await verdicts(), ["revoked", "revoked"]);
		await window.waitForTreeRow(/Disabled and Revoked\s*2/);
	});

	async function revoke(row: RegExp, consequence: RegExp): Promise<void> {
		await window.treeMenu(row, "Revoke Token…");
		assert.match(await window.dialogText(), consequence);
		await window.answerDialog("Revoke");
		await window.treeRow(row).waitFor({ state: "detached" });
	}
});

async function readJson(path: string): Promise<{ version: string; engines: { vscode: string } }> {
	return JSON.parse(await readFile(path, "utf8"));
}
