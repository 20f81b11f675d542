/**
 * The four systems as ones that really issue: from the connection to a token's end. The profiles of MindBridge and Narrative
 * are the built-in ones with an address of the tests, so their connectors are confirmed as a person's own.
 */
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TokenRecord } from "../../daemon/contract.ts";
import type { Client } from "../../extension/daemon/client.ts";
import { polarityDocument, startEclecticIq, startPolarityWithApi } from "../daemon/systems/guided-systems.ts";
import { startMindBridge } from "../daemon/systems/mindbridge.ts";
import { startNarrative } from "../daemon/systems/narrative.ts";
import { CreateWizard } from "./create-wizard.ts";
import { daemonClient } from "./daemon.ts";
import { until } from "./until.ts";
import type { WorkbenchWindow } from "./window.ts";
import { Workbench } from "./workbench.ts";

const root = join(import.meta.dirname, "..", "..");

describe("a connected system in the workbench", () => {
	let folder: string;
	let mindbridge: Awaited<ReturnType<typeof startMindBridge>>;
	let narrative: Awaited<ReturnType<typeof startNarrative>>;
	let eclecticIq: Awaited<ReturnType<typeof startEclecticIq>>;
	let polarity: Awaited<ReturnType<typeof startPolarityWithApi>>;
	let workbench: Workbench;
	let window: WorkbenchWindow;
	let client: Client;

	before(async () => {
		folder = await mkdtemp(join(tmpdir(), "tokensmith-profiles-"));
		[mindbridge, narrative] = await Promise.all([startMindBridge(), startNarrative()]);
		[eclecticIq, polarity] = await Promise.all([startEclecticIq(), startPolarityWithApi(polarityDocument())]);
		const profiles = await Promise.all(["mindbridge", "narrative"].map(withOwnAddress));
		workbench = await Workbench.start({ settings: { "tokensmith.profiles": profiles } });
		window = await workbench.openWindow();
		await window.openView("Tokensmith");
		client = daemonClient(workbench.userData);
		await until("the user's profiles are known", async () => {
			const ids = (await client.profiles()).map(({ id }) => id);
			return ids.includes("mindbridge-here") && ids.includes("narrative-here");
		});
	});
	after(async () => {
		await workbench.stop();
		for (const { system } of [mindbridge, narrative, eclecticIq, polarity]) await system.stop();
		await rm(folder, { recursive: true });
	});
	afterEach(() => window.input.leave());

	/** A profile file of the user: the built-in profile under another id, at any address. */
	async function withOwnAddress(id: string): Promise<string> {
		const profile = JSON.parse(await readFile(join(root, `daemon/profiles/${id}.json`), "utf8"));
		const { variables, ...connector } = profile.connector;
		const own = { ...profile, id: `${id}-here`, name: `${profile.name} here` };
		const file = join(folder, `${id}.json`);
		await writeFile(file, JSON.stringify({ ...own, connector: { ...connector, base: null } }));
		return file;
	}

	/** @param credential undefined: nothing but secrets is tested there. */
	async function connect(
		system: string,
		name: string,
		url: string,
		credential: string | undefined,
	): Promise<void> {
		const { input } = window;
		await window.runCommand("Tokensmith: Connect a System…");
		await input.waitForQuestion("Which system should Tokensmith");
		// The list is longer than what is visible.
		await input.choose(system);
		const answers = { Address: url, Name: name, ...(credential !== undefined && { Credential: credential }) };
		for (const [step, text] of Object.entries(answers)) {
			await input.waitForStep(step);
			await input.type(text);
			await input.accept();
		}
		await input.waitForStep("Summary");
		await input.pick(credential === undefined ? "Connect" : "Connect and Test");
		if (system.endsWith(" here")) {
			assert.match(await window.dialogText(), /is not part of Tokensmith\. Use it\?[\s\S]*•\s+POST /);
			await window.answerDialog("Use This Connector");
		}
		await window.notification(`Connected “${name}”`);
		await window.clearNotifications();
	}

	/** From the chosen system to the created token; the secret is stored without a file. */
	async function create(answers: {
		system: string;
		name: string;
		permissions?: readonly string[];
		resources?: readonly string[];
		expiry?: string;
		defaultSource?: string;
		addresses?: string;
		/** Made by hand at the system's page. */
		pasted?: string;
	}): Promise<void> {
		const { input } = window;
		const wizard = await CreateWizard.open(window);
		await input.pick(answers.system);
		await wizard.waitFor("name");
		await input.type(answers.name);
		await input.accept();
		if (answers.permissions !== undefined) {
			await wizard.waitFor("permissions");
			await input.check(...answers.permissions);
			await input.accept();
		}
		if (answers.resources !== undefined) {
			await wizard.waitFor("resources");
			await input.add(...answers.resources);
			await input.accept();
		}
		await wizard.waitFor("expiry");
		if (answers.expiry === undefined) await input.accept();
		else await input.pick(answers.expiry);
		if (answers.defaultSource !== undefined) {
			await wizard.waitFor("defaultSource");
			await input.choose(answers.defaultSource);
		}
		if (answers.addresses !== undefined) {
			await wizard.waitFor("addresses");
			await input.type(answers.addresses);
			await input.accept();
		}
		await wizard.waitFor("details");
		await input.pick("Continue");
		await wizard.waitFor("file");
		await input.pick("No file: store it in SecretStorage only");
		await wizard.waitFor("summary");
		await picture(`${answers.system}-summary`);
		await input.pick("Create Token");
		if (answers.pasted !== undefined) {
			await input.waitForQuestion("or paste the secret");
			await picture(`${answers.system}-guide`);
			await input.type(` "${answers.pasted}" `);
			await input.accept();
		}
		await until("it is created", async () => (await window.dialogText()).includes("is created"));
		await picture(`${answers.system}-created`);
		await window.answerDialog("Done");
	}

	async function revoke(name: string): Promise<void> {
		const { input } = window;
		await window.runCommand("Tokensmith: Revoke Token…");
		await input.waitForQuestion("Which tokens?");
		await input.check(name);
		await input.accept();
		assert.match(await window.dialogText(), /Deleted at its system/);
		await window.answerDialog("Revoke");
		await window.notification(`Revoked “${name}”`);
		assert.equal((await recordOf(name)).status, "revoked");
		await window.clearNotifications();
	}

	async function recordOf(name: string): Promise<TokenRecord> {
		const token = (await client.listTokens()).find((one) => one.name === name);
		assert.ok(token, `there is a token ${name}`);
		return token;
	}

	/** With TOKENSMITH_PICTURES=folder, pictures go there. */
	async function picture(subject: string): Promise<void> {
		const pictures = process.env.TOKENSMITH_PICTURES;
		if (pictures) await window.screenshot(join(pictures, `live-${subject.replaceAll(" ", "-")}.png`));
	}

	it("MindBridge issues a token with permissions and allowed addresses, renames it and revokes it", async () => {
		const { input } = window;
		await connect("MindBridge here", "Audits", `${mindbridge.system.url}/api`, mindbridge.admin);
		const permissions = ["api.engagements.read", "api.organizations.read"];
		await create({ system: "Audits", name: "Audit report", permissions, addresses: "192.0.2.0/24" });
		const [there = assert.fail()] = [...mindbridge.tokens.values()];
		assert.deepEqual(there.token.permissions.toSorted(), permissions);
		assert.deepEqual(there.token.allowedAddresses, ["192.0.2.0/24"]);

		await window.runCommand("Tokensmith: Edit Token…");
		await input.waitForQuestion("Which token?");
		await input.pick("Audit report");
		await input.waitForQuestion("Choose what to change");
		await input.waitForRows(/Permissions .*cannot change/);
		await picture("mindbridge-edit");
		await input.pick("Name");
		await input.waitForQuestion("What is the token for?");
		await input.type("Audit report 2027");
		await input.accept();
		await input.waitForActive("Apply 1 Change");
		await input.accept();
		await window.notification(/is changed: Name\./);
		assert.equal(there.token.name, "Audit report 2027");
		await revoke("Audit report 2027");
		assert.equal(mindbridge.tokens.size, 0);
	});

	it("Narrative issues a token, renews it for at most a year, and deletes it", async () => {
		const { input } = window;
		await connect("Narrative I/O here", "Data", narrative.system.url, narrative.admin);
		await create({ system: "Data", name: "Native app", permissions: ["datasets:read"] });
		const [there = assert.fail()] = [...narrative.tokens.values()];
		assert.deepEqual(there.token.permissions, [{ resource: "datasets", access: "read" }]);

		await window.runCommand("Tokensmith: Edit Token…");
		await input.waitForQuestion("Which token?");
		await input.pick("Native app");
		await input.waitForQuestion("Choose what to change");
		await input.pick("Expires");
		await input.waitForQuestion("When does the token expire?");
		await input.pick("1 year");
		await input.waitForActive("Apply 1 Change");
		await input.accept();
		await window.notification(/is changed: Expires\./);
		const days = Math.round((Date.parse(there.token.expires_at) - Date.now()) / 86_400_000);
		assert.ok([365, 366].includes(days), `${days} days`);
		assert.equal(Date.parse((await recordOf("Native app")).expiry ?? ""), Date.parse(there.token.expires_at));
		await revoke("Native app");
		assert.equal(narrative.tokens.size, 0);
	});

	it("EclecticIQ is guided: its token is made and deleted on its page, and tested there", async () => {
		const { input } = window;
		await connect("EclecticIQ Intelligence Center", "Threats", eclecticIq.system.url, undefined);
		eclecticIq.live.add("eiq-by-hand");
		const answers = {
			name: "Feeds",
			expiry: "6 months",
			defaultSource: "Testing Group",
			pasted: "eiq-by-hand",
		};
		await create({ system: "Threats", ...answers });
		const record = await recordOf("Feeds");
		assert.deepEqual([record.issuer, record.defaultSource], ["eclecticiq", "Testing Group"]);
		const months = (Date.parse(record.expiry ?? "") - Date.now()) / (30.4 * 86_400_000);
		assert.ok(months > 5.5 && months < 6.5, `${months} months`);

		await window.runCommand("Tokensmith: Revoke Token…");
		await input.waitForQuestion("Which tokens?");
		await input.check("Feeds");
		await input.accept();
		assert.match(await window.dialogText(), /You delete it at its system, step by step/);
		await window.answerDialog("Revoke");
		await input.waitForQuestion("Press Enter when this is done");
		await picture("eclecticiq-revoke");
		eclecticIq.live.delete("eiq-by-hand");
		await until("all steps are done", async () => {
			if ((await recordOf("Feeds")).status === "revoked") return true;
			await input.accept({ timeout: 1000 });
			return false;
		});
		await window.notification("Revoked “Feeds”");
		await window.clearNotifications();
	});

	it("Polarity issues a key for integrations by the operations of its own document, and deletes it", async () => {
		await connect("Polarity Server 5", "Polarity", polarity.system.url, "pol-admin");
		await create({ system: "Polarity", name: "Polarity bot", resources: [] });
		assert.equal(polarity.live.size, 1);
		await revoke("Polarity bot");
		assert.equal(polarity.live.size, 0);
	});
});
