/** Tokens that change after their creation, as the documents of their systems describe it, and several at once. */
import assert from "node:assert/strict";
import { join } from "node:path";
import type { TokenRecord } from "../../daemon/contract.ts";
import type { Client } from "../../extension/daemon/client.ts";
import { daemonClient, runningDaemon } from "./daemon.ts";
import { until } from "./until.ts";
import type { WorkbenchWindow } from "./window.ts";
import { Workbench } from "./workbench.ts";

describe("a token after its creation", () => {
	let workbench: Workbench;
	let window: WorkbenchWindow;
	let client: Client;

	before(async () => {
		workbench = await Workbench.start();
		window = await workbench.openWindow();
		await window.openView("Tokensmith");
		client = daemonClient(workbench.userData);
	});
	after(() => workbench.stop());
	afterEach(() => window.input.leave());

	async function recordOf(name: string): Promise<TokenRecord> {
		const token = (await client.listTokens()).find((one) => one.name === name);
		assert.ok(token, `there is a token ${name}`);
		return token;
	}

	async function verify(secret: string, query = ""): Promise<number> {
		const { url } = await runningDaemon(workbench.userData);
		const headers = { authorization: `Bearer ${secret}` };
		return (await fetch(`${url}/v1/verify${query}`, { headers })).status;
	}

	async function editing(name: string): Promise<void> {
		await window.runCommand("Tokensmith: Edit Token…");
		await window.input.waitForQuestion("Which token?");
		await window.input.pick(name);
		await window.input.waitForQuestion("Choose what to change");
	}

	it("of Polarity is granted more from the token, and from the integration's side", async () => {
		const { token } = await client.createToken({ name: "Polarity bot", profile: "polarity" });
		await client.createToken({ name: "Second bot", profile: "polarity" });
		await editing("Polarity bot");
		await window.input.waitForRows(/Name Polarity Server 5 cannot change it: create another token/);
		await picture("edit-polarity");
		await window.input.pick("Resources");
		await window.input.waitForQuestion("Type what to grant");
		await window.input.add("channel/soc");
		await window.input.accept();
		await window.input.waitForActive("Apply 1 Change");
		await window.input.accept();
		await window.notification("“Polarity bot” is changed: Resources.");
		assert.equal(await verify(token, "?resource=channel/soc"), 200);

		await window.runCommand("Tokensmith: Grant Access to a Resource…");
		await window.input.waitForQuestion("Which integration, channel or other resource?");
		await window.input.choose("integration/virustotal");
		await window.input.waitForQuestion("Which tokens may use integration/virustotal?");
		await window.input.check("Polarity bot", "Second bot");
		await window.input.accept();
		await window.input.waitForActive("Grant to 2 tokens");
		await picture("grant-access");
		await window.input.accept();
		await window.notification("Access to “integration/virustotal” was granted to 2 tokens.");
		assert.deepEqual((await recordOf("Second bot")).resources, ["integration/virustotal"]);
		assert.equal(await verify(token, "?resource=integration/virustotal&resource=channel/soc"), 200);
	});

	it("of Narrative is renewed for a year, gets a permission, and is deleted", async () => {
		const permissions = ["datasets:read"];
		const expiry = new Date(Date.now() + 86_400_000).toISOString();
		const { token } = await client.createToken({
			name: "Native app",
			profile: "narrative",
			permissions,
			expiry,
		});
		await editing("Native app");
		await window.input.pick("Expires");
		await window.input.waitForQuestion("When does the token expire?");
		await window.input.pick("1 year");
		await window.input.waitForQuestion("Choose what to change");
		await window.input.pick("Permissions");
		await window.input.check("datasets:write");
		await window.input.accept();
		await window.input.waitForActive("Apply 2 Changes");
		await picture("edit-narrative");
		await window.input.accept();
		await window.notification("“Native app” is changed: Permissions and Expires.");
		const { expiry: renewed, permissions: changed } = await recordOf("Native app");
		const days = Math.round((Date.parse(renewed ?? "") - Date.now()) / 86_400_000);
		assert.ok([365, 366].includes(days), `${days} days`);
		assert.deepEqual(changed.toSorted(), ["datasets:read", "datasets:write"]);
		assert.equal(await verify(token, "?permission=datasets:write"), 200);
		await window.runCommand("Tokensmith: Revoke Token…");
		await window.input.waitForQuestion("Which tokens?");
		await window.input.type("zz");
		await window.input.waitForActive("Nothing fits. Delete the text to see all.");
		await window.input.type("");
		// A click would meet another row while the list is drawn again.
		await window.input.waitForRows(/^(?!.*Nothing fits).*Native app/s);
		await window.input.check("Native app");
		await window.input.accept();
		await window.answerDialog("Revoke");
		await until("it is revoked", async () => (await recordOf("Native app")).status === "revoked");
		assert.equal(await verify(token), 401);
	});

	it("is hidden when it has ended, and shown again", async () => {
		await until(
			"the revoked token is listed",
			async () => (await recordOf("Native app")).status === "revoked",
		);
		await window.runCommand("Tokensmith: Hide Ended Tokens");
		await until("its group is gone", async () => !(await treeText()).includes("Disabled and Revoked"));
		await picture("ended-hidden");
		await window.runCommand("Tokensmith: Show Ended Tokens");
		await until("its group is back", async () => (await treeText()).includes("Disabled and Revoked"));
	});

	it("stays for its audit time before it can be cleaned up", async () => {
		await window.runCommand("Tokensmith: Clean Up Ended Tokens…");
		await window.notification(/There is nothing to clean up\. The record of a token stays for 365 days/);
	});

	/** With TOKENSMITH_PICTURES=folder, pictures go there. */
	async function picture(subject: string): Promise<void> {
		const folder = process.env.TOKENSMITH_PICTURES;
		if (folder) await window.screenshot(join(folder, `${subject}.png`));
	}

	const treeText = async () =>
		(await window.page.locator(".tree-explorer-viewlet-tree-view").allInnerTexts()).join("\n");
});
