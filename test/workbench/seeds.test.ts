/**
 * The tokens of four systems, made with this machine standing in for each of them, as their own documents describe it:
 * what can be chosen, what is refused, and what a service learns of it.
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { TokenRecord } from "../../daemon/contract.ts";
import { CreateWizard, createToken } from "./create-wizard.ts";
import { daemonClient, runningDaemon } from "./daemon.ts";
import { until } from "./until.ts";
import type { WorkbenchWindow } from "./window.ts";
import { Workbench } from "./workbench.ts";

const day = 86_400_000;

describe("a token by the rules of", () => {
	let workbench: Workbench;
	let window: WorkbenchWindow;

	before(async () => {
		workbench = await Workbench.start();
		execFileSync("git", ["init", "--quiet"], { cwd: workbench.workspace });
		await writeFile(join(workbench.workspace, ".gitignore"), ".env*\n");
		window = await workbench.openWindow();
		await window.openView("Tokensmith");
	});
	after(() => workbench.stop());
	afterEach(() => window.input.leave());

	async function recordOf(name: string): Promise<TokenRecord> {
		const tokens = await daemonClient(workbench.userData).listTokens();
		const token = tokens.find((one) => one.name === name);
		assert.ok(token, `there is a token ${name}`);
		return token;
	}

	/** What a service asks, as its proxy does. */
	async function verify(secret: string, query = ""): Promise<Response> {
		const { url } = await runningDaemon(workbench.userData);
		return fetch(`${url}/v1/verify${query}`, { headers: { authorization: `Bearer ${secret}` } });
	}

	/** The end of the token's life in days from its creation, without its time of day. */
	const daysOf = ({ expiry, creationDate }: TokenRecord) =>
		Math.round((Date.parse(expiry ?? "") - Date.parse(creationDate)) / day);

	it("Polarity is granted integrations and channels, those typed before among them", async () => {
		const system = "Polarity Server 5";
		const resources = ["integration/virustotal", "integration/shodan", "channel/soc"];
		const secret = await createToken(window, { system, name: "Polarity bot", resources });
		const token = await recordOf("Polarity bot");
		assert.deepEqual([token.profile, [...token.resources].sort()], ["polarity", resources.toSorted()]);
		assert.equal(daysOf(token), 30);
		assert.equal((await verify(secret, "?resource=integration/virustotal")).status, 200);
		assert.equal((await verify(secret, "?resource=channel/other")).status, 403);

		const wizard = await CreateWizard.open(window);
		await wizard.goTo("resources", { system, name: "Second bot" });
		await until("the known ones are offered by kind", async () => {
			const rows = (await window.input.rows()).join("\n");
			return /^channel\/soc channel\nintegration\/shodan integration\nintegration\/virustotal$/.test(rows);
		});
		await window.input.type("dashboard/x");
		await until("another kind is refused", async () =>
			/There is no kind dashboard here/.test((await window.input.texts()).join("\n")),
		);
		await window.input.type("greynoise");
		await until("both kinds are offered", async () => {
			const labels = await window.input.labels();
			return labels.includes("integration/greynoise") && labels.includes("channel/greynoise");
		});
	});

	it("EclecticIQ ends after 6 calendar months, and its default source arrives at the service", async () => {
		const system = "EclecticIQ Intelligence Center";
		const answers = { system, name: "IC feed", expiry: "6 months", defaultSource: "Testing Group" } as const;
		const secret = await createToken(window, { ...answers, file: ".env", key: "EIQ_TOKEN" });
		const { expiry, creationDate, permissions } = await recordOf("IC feed");
		const months = (date: string) => new Date(date).getUTCFullYear() * 12 + new Date(date).getUTCMonth();
		assert.equal(months(expiry ?? "") - months(creationDate), 6);
		assert.equal(expiry?.slice(10), creationDate.slice(10), "the time of day stays");
		assert.deepEqual(permissions, ["*"], "those of its creator");
		const answer = await verify(secret);
		assert.deepEqual([answer.status, answer.headers.get("x-token-default-source")], [200, "Testing Group"]);
	});

	it("EclecticIQ ends at an exact date and time, and offers the source of another token", async () => {
		const system = "EclecticIQ Intelligence Center";
		const wizard = await CreateWizard.open(window);
		const answers = { system, name: "IC exact", exactExpiry: "2027-02-28 14:30 Z" } as const;
		await wizard.goTo("defaultSource", answers);
		await window.input.pick("Testing Group");
		await wizard.goOn("details", answers);
		await wizard.create();
		await window.answerDialog("Done");
		const { expiry, defaultSource } = await recordOf("IC exact");
		assert.deepEqual([expiry, defaultSource], ["2027-02-28T14:30:00.000Z", "Testing Group"]);
	});

	it("EclecticIQ never ends if the user confirms that", async () => {
		const system = "EclecticIQ Intelligence Center";
		await createToken(window, { system, name: "IC for ever", expiry: "Never" });
		const { expiry, defaultSource } = await recordOf("IC for ever");
		assert.deepEqual([expiry, defaultSource], [null, null]);
	});

	it("MindBridge has permissions, allowed addresses, details and a name of its own", async () => {
		const system = "MindBridge";
		const permissions = ["api.organizations.read", "api.engagements.read"];
		const details = { Description: "Reads engagements for the report", Tags: "audit, staging" };
		const more = { addresses: "10.0.0.0/8, 2001:db8::/32", expiry: "1 year", details } as const;
		const secret = await createToken(window, { system, name: "Audit report", permissions, ...more });
		const token = await recordOf("Audit report");
		assert.deepEqual(
			[token.profile, token.permissions, token.allowedAddresses, token.description, token.tags],
			["mindbridge", permissions, ["10.0.0.0/8", "2001:db8::/32"], details.Description, ["audit", "staging"]],
		);
		assert.equal((await verify(secret)).status, 403, "from another address");

		const wizard = await CreateWizard.open(window);
		await wizard.goTo("name", { system, name: "" });
		await window.input.type("Audit report");
		await window.input.waitForMessage("Another MindBridge token has this name. Names must be unique.");
		await window.input.accept();
		await window.input.waitForStep("Name (2/");
	});

	it("Narrative lives for at most a year", async () => {
		const system = "Narrative I/O";
		const permissions = ["datasets:read", "datasets:write"];
		const wizard = await CreateWizard.open(window);
		const answers = { system, name: "Native app", permissions, exactExpiry: "" } as const;
		await wizard.goTo("exactExpiry", answers);
		await window.input.type("13 months");
		await window.input.waitForMessage("At most 1 year from now");
		await window.input.accept();
		await window.input.back();
		await wizard.waitFor("expiry");
		await window.input.waitForRows(/^1 year/m);
		assert.ok(!(await window.input.labels()).includes("Never"));
		await window.input.pick("1 year");
		await wizard.goOn("details", answers);
		await wizard.create();
		await window.answerDialog("Done");
		const token = await recordOf("Native app");
		assert.deepEqual([token.profile, token.permissions], ["narrative", permissions]);
		assert.ok([365, 366].includes(daysOf(token)));
	});

	it("the system chosen last is active the next time, in the summary too, and another drops what it lacks", async () => {
		await window.runCommand("Create API Token");
		await window.input.waitForActive("Narrative I/O");
		await window.input.accept();
		const wizard = await CreateWizard.resume(window, "name");
		const answers = {
			system: "Narrative I/O",
			name: "Changed my mind",
			permissions: ["datasets:read"],
		} as const;
		await wizard.goOn("name", { ...answers, expiry: "90 days" });
		await window.input.pick("System");
		await wizard.waitFor("system");
		await wizard.standInFor("Polarity Server 5");
		await wizard.waitFor("resources");
		await window.input.add("channel/soc");
		await window.input.accept();
		await wizard.waitFor("expiry");
		await window.input.pick("30 days");
		await wizard.waitFor("summary");
		await until("the summary has Polarity's rows only", async () => {
			const rows = (await window.input.rows()).join("\n");
			return (
				/System Polarity Server 5, as a stand-in/.test(rows) &&
				/Resources channel\/soc/.test(rows) &&
				!/Permissions/.test(rows)
			);
		});
	});
});
