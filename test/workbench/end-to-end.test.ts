/** The complete path: a token created in the workbench, used by a service, revoked in the workbench. */
import assert from "node:assert/strict";
import { execFile, execFileSync } from "node:child_process";
import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createToken } from "./create-wizard.ts";
import { dataDirectory } from "./daemon.ts";
import { filesHolding } from "./files.ts";
import { until } from "./until.ts";
import type { WorkbenchWindow } from "./window.ts";
import { Workbench } from "./workbench.ts";

describe("a service with a token", () => {
	let workbench: Workbench;
	let window: WorkbenchWindow;

	before(async () => {
		workbench = await Workbench.start();
		execFileSync("git", ["init", "--quiet"], { cwd: workbench.workspace });
		window = await workbench.openWindow();
		await window.openView("Tokensmith");
	});
	after(() => workbench.stop());

	/** Runs the sample's check with an env file written by the workbench; returns its output. */
	async function check(permission: string, file = ".env"): Promise<string> {
		const PATH = `${join(import.meta.dirname, "..", "..", "bin")}:${process.env.PATH}`;
		const TOKENSMITH_DATA_DIR = dataDirectory(workbench.userData);
		const env = { PATH, TOKENSMITH_NODE: process.execPath, TOKENSMITH_DATA_DIR };
		return run([`--env-file=${file}`, "check.mjs", permission], { cwd: workbench.workspace, env });
	}

	it("is accepted with its permission, refused without, and refused immediately after the revocation", async () => {
		await createToken(window, { name: "Orders", file: ".env", git: "Add the file to .gitignore" });
		assert.match(await check("orders.read"), /^Valid: Orders, /);
		assert.match(await check("orders.write"), /^Refused \(permission\)/);

		await window.treeMenu("Orders", "Revoke Token…");
		const question = await window.dialogText();
		assert.match(question, /^Revoke the API token “Orders”\?/);
		assert.match(question, /lines will break:\n•\s+\.env:1 \(API_TOKEN\)/);
		assert.match(question, /Last used: just now from 127\.0\.0\.1, once/);
		await window.answerDialog("Revoke");
		await window.notification(".env:1 (API_TOKEN) still contains the revoked secret.");

		assert.match(await check("orders.read"), /^Refused \(revoked\)/);
		await window.waitUntilTreeRowIsGone("Orders");
		await until("it is among the revoked", async () =>
			(await window.treeRows()).includes("Disabled and Revoked 1"),
		);
	});

	it("keeps working if the user cancels the revocation", async () => {
		await writeFile(join(workbench.workspace, ".env.staging"), "");
		await createToken(window, { name: "Staging", file: ".env.staging", git: "Write it there anyway" });
		await window.treeMenu("Staging", "Revoke Token…");
		await window.dialogText();
		await window.answerDialog("Cancel");
		assert.match(await check("orders.read", ".env.staging"), /^Valid: Staging, /);
	});

	it("leaves its secret in the env file and in no other file of VS Code, the daemon or the browser", async () => {
		await writeFile(join(workbench.workspace, ".env.local"), "");
		await writeFile(join(workbench.workspace, ".gitignore"), ".env.local\n");
		const answers = { name: "Local", file: ".env.local" };
		const secret = await createToken(window, answers, "Open .env.local");
		await window.focusEditor(".env.local");
		await until("the line is shown", async () =>
			(await window.editorLines()).includes(`API_TOKEN=${secret}`),
		);
		await window.treeMenu("Local", "Copy Secret");
		assert.match(await check("orders.write", ".env.local"), /^Refused \(permission\)/);
		await window.reload();
		await window.waitForTreeRow("Local");
		// The browser first writes its data in memory to its profile.
		await workbench.restartBrowser();
		window = await workbench.openWindow();

		// Here, SecretStorage is in the browser's profile, encrypted with a key of which the server holds one half.
		assert.deepEqual(await filesHolding(workbench.folder, secret), ["orders-service/.env.local"]);
		const written = await readdir(dataDirectory(workbench.userData));
		for (const file of [/^snapshot-.*\.db$/, /^changes-.*\.log$/, /^daemon\.log$/, /^daemon\.json$/])
			assert.ok(
				written.some((name) => file.test(name)),
				`${file} is among what was searched`,
			);
	});
});

/** The program's output, whatever its exit code. */
function run(args: string[], options: { cwd: string; env: NodeJS.ProcessEnv }): Promise<string> {
	return new Promise((resolve, reject) => {
		execFile(process.execPath, args, options, (error, stdout, stderr) => {
			if (error !== null && typeof error.code !== "number") reject(error);
			else resolve(stdout + stderr);
		});
	});
}
