/** The secret of a token that a comparison has found: pasted, tested at its system, and then known by its lines. */
import assert from "node:assert/strict";
import * as vscode from "vscode";
import type { Profile, TokenRecord } from "../../daemon/contract.ts";
import { systemCommands } from "../../extension/systems/system-commands.ts";
import { Acme, type AcmeToken, acmeProfile } from "../daemon/systems/acme.ts";
import { filesHolding } from "../workbench/files.ts";
import { until } from "../workbench/until.ts";
import { OneWindow } from "./one-window.ts";
import { Person } from "./person.ts";
import { QuickAnswers } from "./quick-answers.ts";
import { servicesOf } from "./services.ts";

let window: OneWindow;
let person: Person;
let acme: Acme;
let there: AcmeToken;
let token: TokenRecord;
let count = 0;

async function connectAndImport(profile: Profile): Promise<void> {
	await window.client.putProfile(profile);
	await until("the profile is listed", () => window.live.profiles.some(({ id }) => id === "acme"));
	const listed = (await window.client.profiles()).find(({ id }) => id === "acme");
	const settings = { name: "Acme Ltd", profile: "acme", baseUrl: acme.url };
	await window.client.putConnection("there", { ...settings, connectorHash: listed?.connectorHash ?? null });
	await window.credentials.store("there", acme.credential);
	await until("the connection is listed", () => window.live.connections.length === 1);
	const access = await window.connections.accessFor("there");
	assert.ok(access);
	[token = assert.fail()] = await window.client.importTokens("there", [there.id], access);
	await until("it is listed", () => window.live.tokens.length === 1);
}

async function addSecret(...pasted: string[]): Promise<"added" | "cancelled"> {
	const quick = new QuickAnswers(...pasted);
	const call = { services: servicesOf(window), argument: token, selected: undefined };
	try {
		await quick.answer(() => systemCommands.addSecret?.run(call));
		return "added";
	} catch (error) {
		if (error instanceof vscode.CancellationError) return "cancelled";
		throw error;
	} finally {
		quick.dispose();
	}
}

describe("Add Its Secret…", () => {
	beforeEach(async () => {
		window = await OneWindow.open(`add-secret-${++count}`);
		person = new Person();
		acme = await Acme.start();
		there = acme.add();
		await window.put(".env", `A=${there.secret}\n`);
		await window.live.whenLive();
	});

	afterEach(async () => {
		person.dispose();
		await window.close();
		await acme.stop();
	});

	it("stores the pasted secret once its system says whose it is, and finds its lines", async () => {
		await connectAndImport(acmeProfile);
		await window.bindings.whenReady();
		assert.equal(window.bindings.linesOf(token.id).length, 0);
		assert.equal(await addSecret(` "Bearer ${there.secret}" `), "added");
		assert.equal(window.kept.get(`token/${token.id}`), there.secret);
		assert.match(person.last?.text ?? "", /^Stored the secret of “by-hand” on this machine\./);
		await until("its line is found", () => window.bindings.linesOf(token.id).length === 1);
		assert.deepEqual(await filesHolding(window.home.dataDir, there.secret), []);
	});

	it("refuses a dead secret and that of another token, says why, and asks again", async () => {
		await connectAndImport(acmeProfile);
		const other = acme.add({ id: "other", name: "other" });
		person.answers(/refuses this secret|belongs to another token/, "Paste Again");
		assert.equal(await addSecret("wrong", other.secret, there.secret), "added");
		assert.deepEqual(
			person.messages.map(({ text }) => /refuses|another token|Stored/.exec(text)?.[0]),
			["refuses", "another token", "Stored"],
		);
		assert.equal(window.kept.get(`token/${token.id}`), there.secret);
	});

	it("keeps nothing when the user gives up", async () => {
		await connectAndImport(acmeProfile);
		assert.equal(await addSecret("wrong"), "cancelled");
		assert.ok(!window.kept.has(`token/${token.id}`));
		assert.equal((await window.client.getToken(token.id)).version, token.version);
	});

	it("asks whose the secret is where the system does not tell", async () => {
		const verify = [{ request: "GET /me", live: [200], dead: [401] }];
		const connector = { ...acmeProfile.connector, verify } as NonNullable<Profile["connector"]>;
		await connectAndImport({ ...acmeProfile, connector });
		assert.equal(await addSecret(there.secret), "cancelled");
		assert.match(person.last?.detail ?? "", /“Acme Ltd” accepts the secret, but does not tell which token/);
		person.answers(/Is this the secret of “by-hand”/, "Record It");
		assert.equal(await addSecret(there.secret), "added");
		assert.equal(window.kept.get(`token/${token.id}`), there.secret);
	});
});
