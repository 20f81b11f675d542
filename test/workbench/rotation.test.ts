/**
 * Rotation as a user sees it, question by question, and reverted by the editor's undo. What follows a rotation is in
 * token-life.test.ts. With TOKENSMITH_PICTURES=folder, screenshots go to that folder.
 */
import assert from "node:assert/strict";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { CreatedToken } from "../../daemon/contract.ts";
import type { Client } from "../../extension/daemon/client.ts";
import { daemonClient } from "./daemon.ts";
import { QuickInput } from "./quick-input.ts";
import { until } from "./until.ts";
import type { WorkbenchWindow } from "./window.ts";
import { Workbench } from "./workbench.ts";

describe("rotating in the workbench", () => {
	let workbench: Workbench;
	let window: WorkbenchWindow;
	let client: Client;
	let input: QuickInput;
	let orders: CreatedToken;

	before(async () => {
		workbench = await Workbench.start();
		await mkdir(join(workbench.workspace, "worker"));
		window = await workbench.openWindow();
		input = new QuickInput(window.page);
		await window.openView("Tokensmith");
		client = daemonClient(workbench.userData);
		orders = await client.createToken({ name: "orders-api", permissions: ["orders.read"] });
		await put(".env", `# mine\nAPI_TOKEN=${orders.token}\nexport ORDERS="${orders.token}" # why\n`);
		await put("worker/.env.local", `X=1\r\nAPI_TOKEN='${orders.token}'\r\n`);
		await window.waitForTreeRow("orders-api");
	});
	after(() => workbench.stop());

	const put = (path: string, text: string) => writeFile(join(workbench.workspace, path), text);
	const read = (path: string) => readFile(join(workbench.workspace, path), "utf8");

	async function picture(subject: string): Promise<void> {
		const folder = process.env.TOKENSMITH_PICTURES;
		if (folder === undefined) return;
		await window.screenshot(join(folder, `${subject}.png`));
	}

	async function checkFiles(value: string): Promise<void> {
		assert.equal(await read(".env"), `# mine\nAPI_TOKEN=${value}\nexport ORDERS="${value}" # why\n`);
		assert.equal(await read("worker/.env.local"), `X=1\r\nAPI_TOKEN='${value}'\r\n`);
	}

	/** The secret in the first line. */
	const secretInFile = async () => /API_TOKEN=(.*)/.exec(await read(".env"))?.[1] ?? "";

	it("asks step by step, names every line, and reports what it has done", async () => {
		await window.openFile(".env");
		await window.treeMenu("orders-api", "Rotate Token…");
		await input.waitForStep("Overlap");
		await picture("rotate-overlap");
		await input.waitForActive("1 day");
		await input.accept();
		await input.waitForStep("End of the Overlap");
		await input.pick("Earlier, when the old secret was not used for 1 hour");
		await input.waitForStep("Expiry");
		await input.waitForActive("The same lifetime as before");
		await input.accept();
		await input.waitForStep("Summary");
		await input.waitForActive("Rotate Token");
		await picture("rotate-summary");
		const rows = await input.rows();
		for (const words of [".env:2 (API_TOKEN)", ".env:3 (ORDERS)", "worker/.env.local:2 (API_TOKEN)"])
			assert.ok(
				rows.some((row) => row.includes(words)),
				rows.join("\n"),
			);
		await input.pick("Rotate Token");
		assert.match(await window.notification(/Rotated “orders-api”/), /3 lines contain the new secret/);
		await picture("rotated");
		const fresh = await secretInFile();
		assert.notEqual(fresh, orders.token);
		await checkFiles(fresh);
		assert.equal((await client.getToken(orders.id)).quietSeconds, 3600);
	});

	it("replaces the lines of both files in one edit, which one undo reverts", async () => {
		await window.focusEditor(".env");
		await window.undo();
		await until("the editor in front has the old secret", async () =>
			(await window.editorLines()).some((line) => line.includes(orders.token)),
		);
		await until("the other file is changed back as well", () => window.isDirty(".env.local"));
	});
});
