/** An incident whose tokens are of connected systems: revoked there, replaced, confirmed dead, and tried again. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import * as vscode from "vscode";
import type { CreatedToken, Profile, TokenRecord } from "../../daemon/contract.ts";
import { createToken } from "../../extension/create/create-action.ts";
import {
	type IncidentPlan,
	type IncidentProgress,
	type IncidentResult,
	runIncident,
} from "../../extension/incident/incident-action.ts";
import { incidentMarkdown } from "../../extension/incident/incident-report.ts";
import { runIncidentAndReport } from "../../extension/incident/start-incident.ts";
import { Acme, acmeProfile } from "../daemon/systems/acme.ts";
import { startEclecticIq } from "../daemon/systems/guided-systems.ts";
import { until } from "../workbench/until.ts";
import { OneWindow } from "./one-window.ts";
import { Person } from "./person.ts";
import { QuickAnswers } from "./quick-answers.ts";
import { servicesOf } from "./services.ts";

interface Deployed {
	token: TokenRecord;
	secret: string;
}

let window: OneWindow;
let person: Person;
let acme: Acme;
let count = 0;

const disk = (name = ".env") => readFile(join(window.place, name), "utf8");
const usual: IncidentPlan = { ids: "all", reason: "Pushed to a public repository", replacing: "lines" };
const services = () => servicesOf(window);
const creations = () => acme.requests.filter((one) => one.startsWith("POST"));

async function connect(profile: Profile, baseUrl: string, credential?: string): Promise<void> {
	if (profile === acmeProfile || profile.id === "acme") await window.client.putProfile(profile);
	await until("the profile is listed", () => window.live.profiles.some(({ id }) => id === profile.id));
	const connectorHash = (await window.client.profiles()).find(({ id }) => id === profile.id)?.connectorHash;
	const settings = { name: "Acme Ltd", profile: profile.id, baseUrl, connectorHash: connectorHash ?? null };
	await window.client.putConnection("there", settings);
	if (credential !== undefined) await window.credentials.store("there", credential);
	await until("the connection is listed", () => window.live.connections.length === 1);
}

async function deploy(name: string, pasted?: string, expiry: string | null = null): Promise<Deployed> {
	const permissions = pasted === undefined ? ["read"] : [];
	const request = { name, permissions, expiry, connection: "there" };
	const outcome = await createToken(services(), { request, pasted });
	assert.ok(outcome.kind === "created", "error" in outcome ? String(outcome.error) : outcome.kind);
	await until("the list has it", () => window.live.tokens.some(({ id }) => id === outcome.token.id));
	return outcome;
}

async function carryOut(
	plan: Partial<IncidentPlan> = {},
	onProgress: (at: IncidentProgress) => void = () => {},
	cancellation = new vscode.CancellationTokenSource().token,
): Promise<IncidentResult> {
	await window.bindings.whenReady();
	const outcome = await runIncident(services(), { ...usual, ...plan }, { onProgress, cancellation });
	assert.ok(outcome.kind === "revoked", "error" in outcome ? String(outcome.error) : outcome.kind);
	return outcome;
}

const fates = ({ facts }: IncidentResult) => facts.systems.map(({ fate }) => fate);
const record = ({ token }: Deployed) => window.client.getToken(token.id);

describe("an incident at connected systems", () => {
	beforeEach(async () => {
		window = await OneWindow.open(`incident-systems-${++count}`);
		person = new Person();
		acme = await Acme.start();
		await window.live.whenLive();
	});

	afterEach(async () => {
		person.dispose();
		await window.close();
		await acme.stop();
	});

	describe("with an API", () => {
		let orders: Deployed;
		let local: CreatedToken;

		beforeEach(async () => {
			await connect(acmeProfile, acme.url, acme.credential);
			orders = await deploy("orders");
			local = await window.create("here");
			await window.put(".env", `A=${orders.secret}\nB=${local.token}\n`);
			await until("the list has it", () => window.live.tokens.length === 2);
			acme.requests.length = 0;
		});

		it("creates the successor, writes it to the lines, revokes the token and confirms that it is dead", async () => {
			const stages: string[] = [];
			const result = await carryOut({}, (at) => stages.push("step" in at ? at.step : at.stage));
			assert.deepEqual(stages.slice(-5), ["creating", "verifying", "replacing", "revoking", "confirming"]);
			const { status, revokedReason, successorId } = await record(orders);
			assert.deepEqual([status, revokedReason], ["revoked", usual.reason]);
			const secret = window.kept.get(`token/${successorId}`) ?? "";
			assert.match(await disk(), new RegExp(`^A=${secret}\nB=tks_`));
			assert.ok([...acme.tokens.values()].some((one) => one.secret === secret));
			assert.deepEqual(
				acme.changes.map((one) => one.split(" ")[0]),
				["POST", "DELETE"],
			);
			assert.ok(!window.kept.has(`token/${orders.token.id}`), "the dead secret is forgotten");
			assert.deepEqual([fates(result), result.dead], [["dead"], []]);
			const report = incidentMarkdown(result.facts);
			assert.match(report, /\| orders \| .* \| Acme Ltd \| revoked, and confirmed dead \| `acme…/);
			assert.match(report, /\| `.*\.env:1 \(A\)` \| orders \| contains the successor's secret \|/);
			assert.ok(!/which still works|Create new tokens/.test(report), report);
			const words = JSON.stringify(result.facts) + report;
			for (const one of [secret, orders.secret, acme.credential]) assert.ok(!words.includes(one));
		});

		it("says what of the successor is not as requested", async () => {
			const expiry = new Date(Date.now() + 30 * 86_400_000).toISOString();
			const short = await deploy("short", undefined, expiry);
			acme.fault = "ignore-expiry";
			const result = await carryOut({ ids: [short.token.id] });
			const report = incidentMarkdown(result.facts);
			assert.match(report, /\| `acme…\w+`; \*\*Not as requested: Expires: no expiry instead of .*\*\* \|/);
			assert.match(report, /- \[ \] Check what short .* may do: it is not as requested\./);
		});

		it("keeps the successor in SecretStorage only, or creates none, on request", async () => {
			const before = await disk();
			const result = await carryOut({ replacing: "storage", ids: [orders.token.id] });
			assert.equal(await disk(), before);
			assert.equal(window.kept.has(`token/${(await record(orders)).successorId}`), true);
			assert.deepEqual(
				result.dead.map(({ words }) => /\.env:1 \(A\)/.test(words)),
				[true],
			);
			const more = await deploy("more");
			acme.requests.length = 0;
			await carryOut({ replacing: "none", ids: [more.token.id] });
			assert.deepEqual([creations(), (await record(more)).status], [[], "revoked"]);
		});

		it("reports why the system refuses, and tries again on request until it does not", async () => {
			acme.fault = "refuse";
			person.answers(/1 token may still work/, "Revoke at Their Systems…", () => {
				assert.match(vscode.window.activeTextEditor?.document.getText() ?? "", /refused, so it still works/);
				acme.fault = "none";
			});
			await runIncidentAndReport(services(), usual);
			const [first, last] = [person.messages[0], person.last];
			assert.match(
				first?.text ?? "",
				/1 token may still work: “orders” \(Acme Ltd\).*The role may not do this/,
			);
			assert.match(last?.text ?? "", /^Revoked 2 tokens\..*2 lines contain successors' secrets/);
			assert.ok(!last?.buttons.includes("Revoke at Their Systems…"));
			assert.equal((await record(orders)).status, "revoked");
			assert.equal([...acme.tokens.values()].length, 1);
			const secret = window.kept.get(`token/${(await record(orders)).successorId}`);
			assert.match(await disk(), new RegExp(`^A=${secret}\n`));
		});

		it("repeats no creation whose answer is lost, and says that no successor is known", async () => {
			acme.fault = "cut";
			person.answers(/1 token may still work/, "Revoke at Their Systems…", () => {
				acme.fault = "none";
			});
			await runIncidentAndReport(services(), usual);
			assert.equal(creations().length, 1);
			assert.equal((await record(orders)).status, "revoked");
			const report = vscode.window.activeTextEditor?.document.getText() ?? "";
			assert.match(report, /\*\*none:\*\* .*Acme/);
			assert.match(report, /- \[ \] Create another token in place of orders/);
		});

		it("revokes the token also when no successor can be created", async () => {
			acme.beforeAnswer = async (request) => {
				acme.fault = request.startsWith("POST") ? "cut" : "none";
			};
			const result = await carryOut({ ids: [orders.token.id] });
			assert.deepEqual([fates(result), (await record(orders)).status], [["dead"], "revoked"]);
			assert.equal(result.dead.length, 1);
		});

		it("is cancelled between two tokens, and reports which were not reached", async () => {
			const other = await deploy("other");
			const source = new vscode.CancellationTokenSource();
			const result = await carryOut(
				{ replacing: "none" },
				(at) => "step" in at && at.step === "revoking" && source.cancel(),
				source.token,
			);
			assert.deepEqual(fates(result).toSorted(), ["dead", "not-reached"]);
			assert.match(
				incidentMarkdown(result.facts),
				/\*\*not reached, so it may still work:\*\* The incident was cancelled\./,
			);
			const states = (await Promise.all([record(orders), record(other)])).map(({ status }) => status);
			assert.deepEqual(states.toSorted(), ["active", "revoked"]);
			assert.deepEqual([(await window.client.getToken(local.id)).status, acme.tokens.size], ["revoked", 1]);
		});

		it("never deletes the credential in use, and offers to change it", async () => {
			await window.credentials.store("there", orders.secret);
			person.answers(/may still work/, "Show Details");
			await runIncidentAndReport(services(), usual);
			assert.ok([...acme.tokens.values()].some(({ secret }) => secret === orders.secret));
			assert.ok(person.last?.buttons.includes("Change Credential"));
			assert.match(
				`${person.last?.text} ${person.last?.detail}`,
				/orders is the credential of this connection/,
			);
			const [line] = (await disk()).split("\n");
			assert.notEqual(line, `A=${orders.secret}`, "the successor is in the line");
			assert.deepEqual(acme.changes, ["POST /tokens"]);
		});

		it("says what is missing when this machine has no credential, and reaches nothing", async () => {
			window.kept.delete("connection.there");
			const result = await carryOut();
			assert.deepEqual([fates(result), acme.requests], [["not-reached"], []]);
			assert.match(incidentMarkdown(result.facts), /has not stored the credential of the connection/);
		});
	});

	it("says how long a system may accept a revoked secret that is not confirmed dead", async () => {
		const connector = { ...acmeProfile.connector, lagSeconds: 1 } as NonNullable<Profile["connector"]>;
		await connect({ ...acmeProfile, connector }, acme.url, acme.credential);
		const orders = await deploy("orders");
		acme.isLate = true;
		const result = await carryOut();
		assert.deepEqual([fates(result), (await record(orders)).status], [["unconfirmed"], "revoked"]);
		const report = incidentMarkdown(result.facts);
		assert.match(report, /revoked, not yet confirmed dead: the system may accept its secret for 1 minute/);
		assert.match(report, /- \[ \] Check that Acme Ltd refuses orders/);
		assert.match(report, /Tokensmith keeps asking .* marked as not confirmed in the list of tokens\./);
		assert.ok(window.kept.has(`token/${orders.token.id}`), "it is needed to ask again");
	});

	it("asks again on request, and keeps what is needed to ask later where only a line had the secret", async () => {
		const connector = { ...acmeProfile.connector, lagSeconds: 1 } as NonNullable<Profile["connector"]>;
		await connect({ ...acmeProfile, connector }, acme.url, acme.credential);
		const orders = await deploy("orders");
		await window.put(".env", `A=${orders.secret}\n`);
		await window.bindings.whenReady();
		window.kept.delete(`token/${orders.token.id}`);
		acme.isLate = true;
		person.answers(/has not yet confirmed that the secret of “orders” is dead/, "Check Again", () => {
			assert.equal(window.kept.get(`token/${orders.token.id}`), orders.secret);
			acme.isLate = false;
			acme.forgetDeleted();
		});
		await runIncidentAndReport(services(), { ...usual, replacing: "none" });
		assert.match(person.messages[0]?.text ?? "", /^Acme Ltd has not yet confirmed/);
		assert.doesNotMatch(person.last?.text ?? "", /confirmed/);
		const report = vscode.window.activeTextEditor?.document.getText() ?? "";
		assert.match(report, /revoked, and confirmed dead/);
		assert.doesNotMatch(report, /Check that Acme Ltd|keeps asking/);
		assert.ok(!window.kept.has(`token/${orders.token.id}`));
	});

	it("confirms no death without the secret, and does once it has it again", async () => {
		const connector = { ...acmeProfile.connector, lagSeconds: 1 } as NonNullable<Profile["connector"]>;
		await connect({ ...acmeProfile, connector }, acme.url, acme.credential);
		const orders = await deploy("orders");
		const key = `token/${orders.token.id}`;
		acme.isLate = true;
		person.answers(/has not yet confirmed that the secret of “orders” is dead/, "Check Again", () => {
			if (window.kept.delete(key)) return;
			window.kept.set(key, orders.secret);
			acme.isLate = false;
			acme.forgetDeleted();
		});
		await runIncidentAndReport(services(), { ...usual, replacing: "none" });
		const asked = person.messages.map(({ text }) => text.includes("has not yet confirmed"));
		assert.deepEqual(asked, [true, true, false]);
		assert.match(vscode.window.activeTextEditor?.document.getText() ?? "", /revoked, and confirmed dead/);
	});

	describe("without an API", () => {
		it("names the page, changes nothing about the token, and guides through it on request", async () => {
			const eclecticIq = await startEclecticIq();
			try {
				const profile = window.live.profiles.find(({ id }) => id === "eclecticiq") ?? assert.fail();
				await connect(profile, eclecticIq.system.url);
				const [old, next] = ["a", "b"].map((letter) => letter.repeat(64)) as [string, string];
				for (const secret of [old, next]) eclecticIq.live.add(secret);
				const feeds = await deploy("feeds", old);
				await window.put(".env", `EIQ_TOKEN=${old}\n`);
				await window.bindings.whenReady();
				const states: string[] = [];
				const quick = new QuickAnswers(
					async () => void states.push((await record(feeds)).status),
					...profile.steps.map(() => ""),
					...["", next, "", ""],
					async () => void eclecticIq.live.delete(old),
					"",
				);
				person.answers(/1 token may still work/, "Revoke at Their Systems…");
				try {
					await quick.answer(() => runIncidentAndReport(services(), usual));
				} finally {
					quick.dispose();
				}
				assert.equal(quick.left, 0);
				assert.deepEqual(states, ["active"], "it works until the user has revoked it");
				assert.match(person.messages[0]?.text ?? "", /“feeds” \(Acme Ltd\)\. .*on the system's pages/);
				assert.equal((await record(feeds)).status, "revoked");
				const report = vscode.window.activeTextEditor?.document.getText() ?? "";
				assert.equal(await disk(), `EIQ_TOKEN=${next}\n`, report);
				assert.match(report, /\| feeds \| .* \| revoked, and confirmed dead \|/);
			} finally {
				await eclecticIq.system.stop();
			}
		});
	});
});
