/**
 * Secrets without a file: in a debug run, a task and a terminal, started as a user does. The started program presents
 * its secret to the daemon, and reports the response and the secret's hash.
 */
import assert from "node:assert/strict";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { hashOf } from "../../daemon/rules/secret.ts";
import { createToken } from "./create-wizard.ts";
import { runningDaemon } from "./daemon.ts";
import { filesHolding } from "./files.ts";
import { until } from "./until.ts";
import type { WorkbenchWindow } from "./window.ts";
import { Workbench } from "./workbench.ts";

describe("a secret without a file", () => {
	let workbench: Workbench;
	let window: WorkbenchWindow;
	let secret: string;

	before(async () => {
		const settings = {
			"remote.autoForwardPorts": false,
			// A test's terminal input must not enter the machine's shell history.
			"terminal.integrated.env.linux": { HISTFILE: "/dev/null" },
		};
		workbench = await Workbench.start({ settings });
		await mkdir(join(workbench.workspace, ".vscode"));
		await write(".vscode/launch.json", JSON.stringify({ version: "0.2.0", configurations }));
		await write(".vscode/tasks.json", JSON.stringify({ version: "2.0.0", tasks }));
		window = await workbench.openWindow();
		await window.openView("Tokensmith");
		secret = await createToken(window, { name: "orders-api" });
		await write("prove.mjs", program((await runningDaemon(workbench.userData)).url));
	});
	after(() => workbench.stop());

	function write(path: string, content: string): Promise<void> {
		return writeFile(join(workbench.workspace, path), content);
	}

	/** Waits until the program started under this name has reported. */
	async function checkProof(name: string): Promise<void> {
		const proof = await until(`${name} has told what it had`, async () =>
			JSON.parse(await readFile(join(workbench.workspace, `${name}.json`), "utf8")),
		);
		assert.deepEqual(proof, { status: 200, token: "orders-api", hash: hashOf(secret) });
	}

	/** The consent question for a secret that workspace files request. */
	async function allow(who: string, line: string): Promise<void> {
		const question = await window.dialogText();
		assert.ok(question.startsWith(`${who} requests the secret of the API token “orders-api”.`), question);
		assert.ok(question.includes(line), question);
		await window.answerDialog("Allow");
	}

	it("is in the environment of a debug run started with F5, after consent", async () => {
		await window.press("F5");
		await allow("The debug configuration “Check orders”", "API_TOKEN will hold the secret of “orders-api”");
		await checkProof("debugged");
		await window.page.locator(".repl .expression", { hasText: "The daemon answers 200" }).first().waitFor();
	});

	it("is passed to the same debug run again without a question", async () => {
		await write("debugged.json", "");
		await window.page.locator(".debug-toolbar").waitFor({ state: "hidden" });
		await window.press("F5");
		await checkProof("debugged");
	});

	it("is the value of a variable that a debug run requests", async () => {
		await window.runCommand("Debug: Select and Start Debugging");
		await window.input.pick("Ask for a secret");
		await window.input.waitForQuestion("Which token?");
		await window.input.pick("orders-api");
		await allow(
			"The debug configuration “Ask for a secret”",
			"API_TOKEN will hold the secret of “orders-api”",
		);
		await checkProof("asked");
	});

	it("is in the environment of a task, after consent", async () => {
		await window.press("ControlOrMeta+Shift+B");
		await allow("The task “prove”", "node prove.mjs tasked");
		await checkProof("tasked");
	});

	it("is in the environment of a terminal that is opened with it", async () => {
		await window.treeMenu("orders-api", "Open Terminal with Tokens…");
		await window.input.pick("API_TOKEN");
		await window.page.locator(".terminal-wrapper.active .xterm-helper-textarea:focus").waitFor();
		await window.page.keyboard.type("node prove.mjs typed\n");
		await checkProof("typed");
	});

	it("is in no file afterwards, including those of VS Code, the daemon and the browser", async () => {
		await window.reload();
		await window.waitForTreeRow("orders-api");
		// The browser first writes its data in memory to its profile.
		await workbench.restartBrowser();
		assert.deepEqual(await filesHolding(workbench.folder, secret), []);
		const proofs = await filesHolding(workbench.folder, hashOf(secret));
		for (const name of ["debugged", "asked", "tasked", "typed"])
			assert.ok(proofs.includes(`orders-service/${name}.json`), `${name}.json is among what was searched`);
	});
});

const debugRun = {
	...{ type: "node", request: "launch", console: "internalConsole" },
	program: `\${workspaceFolder}/prove.mjs`,
};
const configurations = [
	{ ...debugRun, name: "Check orders", args: ["debugged"], tokensmithTokens: { API_TOKEN: "orders-api" } },
	{
		...{ ...debugRun, name: "Ask for a secret", args: ["asked"] },
		env: { API_TOKEN: `\${command:tokensmith.secretForDebug}` },
	},
];
const tasks = [
	{
		...{ type: "tokensmith", label: "prove", group: { kind: "build", isDefault: true } },
		...{ command: "node prove.mjs tasked", tokens: { API_TOKEN: "orders-api" } },
	},
];

/** Reports only the secret's hash. */
function program(url: string): string {
	return `
import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
const { API_TOKEN = "" } = process.env;
const headers = { Authorization: "Bearer " + API_TOKEN };
const answer = await fetch("${url}/v1/verify?permission=orders.read", { headers });
const { token } = await answer.json();
const hash = "sha256:" + createHash("sha256").update(API_TOKEN).digest("hex");
writeFileSync(process.argv[2] + ".json", JSON.stringify({ status: answer.status, token: token?.name, hash }));
console.log("The daemon answers " + answer.status);
`;
}
