/** The data of a user: it outlives the extension, several editors share it, and an earlier version's moves to it. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "../daemon/harness.ts";
import { DaemonChild } from "../process/daemon.ts";
import { createToken } from "./create-wizard.ts";
import { daemonClient, dataDirectory, globalStorage, runningDaemon, verifiedIn } from "./daemon.ts";
import { until } from "./until.ts";
import type { WorkbenchWindow } from "./window.ts";
import { Workbench, type WorkbenchOptions } from "./workbench.ts";

const lost = /missing from SecretStorage/;

describe("the data of a user", () => {
	const workbenches: Workbench[] = [];

	afterEach(async () => {
		for (const workbench of workbenches.splice(0).reverse()) await workbench.stop();
	});

	async function start(options: WorkbenchOptions = {}): Promise<Workbench> {
		const workbench = await Workbench.start(options);
		workbenches.push(workbench);
		return workbench;
	}

	async function open(workbench: Workbench): Promise<WorkbenchWindow> {
		const window = await workbench.openWindow();
		await window.bringToFront();
		await window.openView("Tokensmith");
		return window;
	}

	it("stays when the extension is uninstalled and installed again, and so do the secrets", async () => {
		const workbench = await start();
		const secret = await createToken(await open(workbench), { name: "Kept" });
		await workbench.reinstall(() =>
			until(
				"VS Code has deleted the extension's own storage",
				() => !existsSync(globalStorage(workbench.userData)),
			),
		);
		const window = await open(workbench);
		await window.waitForTreeRow("Kept");
		await window.treeMenu("Kept", "Copy Secret");
		await until("the secret is on the clipboard", async () => (await window.clipboard()) === secret);
		assert.ok((await verifiedIn(workbench.userData, secret)).valid);
		assert.deepEqual(
			(await window.notifications()).filter((text) => lost.test(text)),
			[],
		);
	});

	it("is deleted after a typed word, with the secrets, and the list goes on without a token", async () => {
		const workbench = await start();
		const window = await open(workbench);
		const secret = await createToken(window, { name: "Deleted" });
		await window.runCommand("Tokensmith: Delete All Data…");
		assert.match(await window.dialogText(), /tokens: 1; secrets that this editor keeps: 1/);
		await picture(window, "delete-all-data");
		await window.answerDialog("Delete…");
		await window.input.type("delete");
		await window.input.waitForMessage(/Type DELETE to delete everything/);
		await picture(window, "delete-all-data-word");
		await window.input.type("DELETE");
		await window.input.accept();
		await window.notification(/All data was deleted/);
		await until("the list is empty", async () => /No API tokens yet/.test(await window.welcomeText()));
		assert.equal((await verifiedIn(workbench.userData, secret)).valid, false);
	});

	async function picture(window: WorkbenchWindow, subject: string): Promise<void> {
		const folder = process.env.TOKENSMITH_PICTURES;
		if (folder !== undefined) await window.screenshot(join(folder, `${subject}.png`));
	}

	it("has one daemon and one policy for two editors, and no secret of the other one is called lost", async () => {
		const one = await start({ settings: { "tokensmith.expiry.maximumDays": 90 } });
		const first = await open(one);
		await createToken(first, { name: "Of the first" });
		const { pid } = await runningDaemon(one.userData);
		const client = daemonClient(one.userData);
		const maximumDays = async () => (await client.policy()).policy.maximumExpiryDays;

		const other = await start({
			dataDir: dataDirectory(one.userData),
			settings: { "tokensmith.expiry.maximumDays": 200 },
		});
		const second = await open(other);
		await second.waitForTreeRow("Of the first");
		const differing = await second.notification(/set in another editor apply here too/);
		assert.match(differing, /expiry\.maximumDays/);
		await createToken(second, { name: "Of the second" });
		await first.waitForTreeRow("Of the second");

		for (const window of [first, second]) {
			await window.bringToFront();
			await window.reload();
			await window.waitForTreeRow("Of the second");
			assert.deepEqual(
				(await window.notifications()).filter((text) => lost.test(text)),
				[],
			);
		}
		assert.deepEqual([await maximumDays(), (await runningDaemon(one.userData)).pid], [90, pid]);

		await other.changeSettings({ "tokensmith.expiry.maximumDays": 45 });
		await until("the changed setting is the policy", async () => (await maximumDays()) === 45);
		await first.bringToFront();
		await first.reload();
		await first.waitForTreeRow("Of the first");
		assert.equal(await maximumDays(), 45, "a start of the first editor changes nothing");
	});

	it("takes over that of an earlier version, whose daemon still runs, and says so", async () => {
		const earlierData = temporaryFolder();
		const child = await DaemonChild.start(earlierData);
		const { token: secret } = await child.create("From before");
		await child.kill();
		for (const name of readdirSync(earlierData)) if (/^lock-/.test(name)) rmSync(`${earlierData}/${name}`);
		const workbench = await start({ earlierData });
		rmSync(earlierData, { recursive: true });
		const earlierDaemon = await DaemonChild.start(globalStorage(workbench.userData));
		const window = await workbench.openWindow();
		await window.notification(/Your API tokens have moved to/);
		await window.openView("Tokensmith");
		await window.waitForTreeRow("From before");
		await earlierDaemon.exited;
		assert.ok((await verifiedIn(workbench.userData, secret)).valid);
		assert.deepEqual(readdirSync(globalStorage(workbench.userData)), ["audit-moved--reload-this-window.log"]);
	});

	it("is not merged with other data of an earlier version, which stays, until the user adds it", async () => {
		const [own, earlierData] = [temporaryFolder(), temporaryFolder()];
		for (const [folder, name] of [
			[own, "Mine"],
			[earlierData, "From before"],
		] as const) {
			const child = await DaemonChild.start(folder);
			await child.create(name);
			await child.kill();
			for (const file of readdirSync(folder)) if (/^lock-/.test(file)) rmSync(`${folder}/${file}`);
		}
		const before = readdirSync(earlierData).sort();
		const workbench = await start({ dataDir: own, earlierData });
		const window = await open(workbench);
		await window.waitForTreeRow("Mine");
		await window.notification(/from an earlier version are not in the list/);
		assert.deepEqual(readdirSync(globalStorage(workbench.userData)).sort(), before);
		await window.answerNotification(/from an earlier version are not in the list/, "Add Them…");
		assert.match(await window.dialogText(), /Tokens added: 1/);
		await window.answerDialog("Restore");
		await window.waitForTreeRow("From before");
		await window.waitForTreeRow("Mine");
		const { pid } = JSON.parse(readFileSync(join(own, "daemon.json"), "utf8"));
		process.kill(pid);
		for (const folder of [own, earlierData]) rmSync(folder, { recursive: true, maxRetries: 5 });
	});
});
