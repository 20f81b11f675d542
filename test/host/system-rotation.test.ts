/** The rotation of a connected system's token, whose system decides something otherwise: each report says what. */
import assert from "node:assert/strict";
import * as vscode from "vscode";
import type { Profile, TokenRecord } from "../../daemon/contract.ts";
import { SystemUnansweredError } from "../../extension/connections/system-unanswered.ts";
import { createToken } from "../../extension/create/create-action.ts";
import { explain } from "../../extension/failure.ts";
import { rotateToken } from "../../extension/rotation/rotate-action.ts";
import { rotateSelected } from "../../extension/rotation/rotate-expiring.ts";
import { rotationCommands } from "../../extension/rotation/rotation-commands.ts";
import { reportOutcome } from "../../extension/rotation/rotation-report.ts";
import { Acme, acmeProfile } from "../daemon/systems/acme.ts";
import { until } from "../workbench/until.ts";
import { OneWindow } from "./one-window.ts";
import { Person } from "./person.ts";
import { maximumOverlapSeconds } from "./rotation-scene.ts";
import { servicesOf } from "./services.ts";

const aDay = { overlap: { kind: "for", seconds: 86_400 }, quietSeconds: null, expiry: "same" } as const;

describe("the rotation of a token at a system", () => {
	let window: OneWindow;
	let person: Person;
	let acme: Acme;
	let token: TokenRecord;
	let count = 0;
	const services = () => servicesOf(window);

	beforeEach(async () => {
		window = await OneWindow.open(`system-rotation-${++count}`);
		person = new Person();
		acme = await Acme.start();
		await window.live.whenLive();
		await window.client.putProfile(acmeProfile);
		await window.live.reloadProfiles();
		const connectorHash = window.live.profiles.find(({ id }) => id === "acme")?.connectorHash ?? null;
		const settings = { name: "Acme Ltd", profile: "acme", baseUrl: acme.url, connectorHash };
		await window.client.putConnection("there", settings);
		await window.credentials.store("there", acme.credential);
		await until("the connection is listed", () => window.live.connections.length === 1);
		const expiry = new Date(Date.now() + 30 * 86_400_000).toISOString();
		const request = { name: "orders", permissions: ["read"], expiry, connection: "there" };
		const created = await createToken(services(), { request });
		assert.ok(created.kind === "created");
		token = created.token;
		await until("the list has it", () => window.live.tokens.length === 1);
		acme.fault = "ignore-expiry";
	});

	/** What it answers is lost, and it has no list. */
	async function loseAnswers(): Promise<void> {
		const { list: _, ...connector } = acmeProfile.connector as NonNullable<Profile["connector"]>;
		await window.client.putProfile({ ...acmeProfile, connector });
		await window.live.reloadProfiles();
		const connectorHash = window.live.profiles.find(({ id }) => id === "acme")?.connectorHash ?? null;
		const settings = { name: "Acme Ltd", profile: "acme", baseUrl: acme.url, connectorHash };
		await window.client.putConnection("there", settings);
		acme.requests.length = 0;
		acme.fault = "cut";
	}
	const told = /lists no tokens to Tokensmith: look on its pages, and delete the token there/;

	afterEach(async () => {
		person.dispose();
		await window.close();
		await acme.stop();
	});

	it("whose system ignores the expiry is a warning with every difference, and the successor's record has no such field", async () => {
		const outcome = await rotateToken(services(), { token, plan: aDay, maximumOverlapSeconds });
		assert.ok(outcome.kind === "rotated");
		assert.ok(!("ignored" in outcome.successor));
		person.answers(/did not do everything/, "Show Details");
		await reportOutcome(services(), token, outcome);
		assert.match(person.messages[0]?.text ?? "", /^Rotated “orders”.*“Acme Ltd” did not do everything as/);
		assert.match(person.last?.detail ?? "", /Not as requested: Expires: no expiry instead of /);
	});

	it("claims nothing about uses at the system, before it is undone or its overlap ends", async () => {
		acme.fault = "none";
		const outcome = await rotateToken(services(), { token, plan: aDay, maximumOverlapSeconds });
		assert.equal(outcome.kind, "rotated");
		for (const name of ["undoRotation", "endOverlap"]) {
			const call = { services: services(), argument: { id: token.id }, selected: undefined };
			await assert.rejects(async () => await rotationCommands[name]?.run(call));
			assert.match(person.last?.detail ?? "", /not known here\./, name);
			assert.doesNotMatch(person.last?.detail ?? "", /not used/, name);
		}
	});

	it("is unknown when the answer is lost at a system without a list, and leads to its page, not to another try", async () => {
		await loseAnswers();
		const outcome = await rotateToken(services(), { token, plan: aDay, maximumOverlapSeconds });
		await reportOutcome(services(), token, outcome);
		assert.match(person.last?.text ?? "", /^It is unknown whether “orders” was rotated\./);
		assert.deepEqual(person.last?.buttons.slice(0, 1), ["Open Page of System"]);
		assert.ok(outcome.kind === "not-started" && outcome.error instanceof Error);
		assert.match(outcome.error.message, told);
		assert.deepEqual(acme.changes, ["POST /tokens"]);
	});

	it("is said of a creation in the same way", async () => {
		await loseAnswers();
		const request = { name: "more", permissions: ["read"], connection: "there" };
		const outcome = await createToken(services(), { request });
		assert.ok(outcome.kind === "not-created" && outcome.error instanceof SystemUnansweredError);
		const { text, remedy } = explain(outcome.error);
		assert.match(text, told);
		assert.deepEqual(
			[remedy, outcome.error.connectionId, acme.changes],
			["open-system", "there", ["POST /tokens"]],
		);
	});

	it("is shown for each of several tokens", async () => {
		const { showQuickPick } = vscode.window;
		let told = "";
		const results = async (rows: vscode.QuickPickItem[]) => {
			told = rows.map(({ label, detail }) => `${label}: ${detail}`).join("\n");
		};
		Object.assign(vscode.window, { showQuickPick: results });
		try {
			await person.presses("enter", rotateSelected(services(), [token], []));
		} finally {
			Object.assign(vscode.window, { showQuickPick });
		}
		assert.match(
			told,
			/orders: “Acme Ltd” did not do everything as requested\. Expires: no expiry instead of/,
		);
	});
});
