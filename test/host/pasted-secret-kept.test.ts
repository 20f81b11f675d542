/** A secret that was made on a system's own pages is shown there once: a daemon that is lost does not lose it. */
import assert from "node:assert/strict";
import * as vscode from "vscode";
import { TokensmithUnavailableError } from "../../daemon/client/transport.ts";
import { createCommands } from "../../extension/create/create-token.ts";
import type { Client } from "../../extension/daemon/client.ts";
import { connectSystem } from "../../extension/systems/connect-action.ts";
import { startEclecticIq } from "../daemon/systems/guided-systems.ts";
import { until } from "../workbench/until.ts";
import { OneWindow } from "./one-window.ts";
import { Person } from "./person.ts";
import { pressEscape, QuickAnswers } from "./quick-answers.ts";
import { daemonThat, servicesOf } from "./services.ts";

describe("a secret that was pasted before the daemon was lost", () => {
	let eclecticIq: Awaited<ReturnType<typeof startEclecticIq>>;
	let window: OneWindow;
	let person: Person;
	let count = 0;

	const walk = ["Threats", "feeds", "6 months", "None", "Continue", /SecretStorage only/, /Create Token/];
	const broken = () =>
		new TokensmithUnavailableError("The connection broke.", { cause: undefined, outcome: "unknown" });

	/** Pastes once. @param more the answers after that */
	async function create(change: Partial<Client>, ...more: ConstructorParameters<typeof QuickAnswers>) {
		const steps = window.live.profiles.find(({ id }) => id === "eclecticiq")?.steps.length ?? 0;
		const quick = new QuickAnswers(...walk, ...Array(steps).fill(""), "eiq-live", ...more);
		const services = servicesOf(window, daemonThat(window, change));
		const call = { services, argument: { connection: "eiq" }, selected: undefined };
		try {
			await quick.answer(() => createCommands.createToken?.run(call));
		} finally {
			quick.dispose();
		}
		assert.equal(quick.left, 0);
	}

	const recorded = async () => {
		const [token, ...others] = await window.client.listTokens();
		assert.deepEqual([token?.name, token?.connectionId, others.length], ["feeds", "eiq", 0]);
		assert.equal(window.kept.get(`token/${token?.id}`), "eiq-live");
	};

	beforeEach(async () => {
		eclecticIq = await startEclecticIq();
		window = await OneWindow.open(`pasted-${++count}`);
		person = new Person();
		await window.live.whenLive();
		const connection = { name: "Threats", profile: "eclecticiq", baseUrl: eclecticIq.system.url };
		await connectSystem(window, { id: "eiq", connection, credential: undefined });
		await until("the connection is listed", () => window.live.connections.length === 1);
	});
	afterEach(async () => {
		person.dispose();
		await window.close();
		await eclecticIq.system.stop();
	});

	it("is used when the daemon recorded it without an answer", async () => {
		const registerToken: Client["registerToken"] = async (input) => {
			await window.client.registerToken(input);
			throw broken();
		};
		await create({ registerToken });
		await recorded();
		assert.ok(!person.messages.some(({ text }) => /lost/.test(text)), JSON.stringify(person.messages));
	});

	it("is used when the daemon says only later that it recorded it", async () => {
		let isLost = true;
		const registerToken: Client["registerToken"] = async (input) => {
			await window.client.registerToken(input);
			throw broken();
		};
		const identify: Client["identify"] = async (hashes) => {
			if (isLost) throw broken();
			return await window.client.identify(hashes);
		};
		person.answers(/unknown whether the token was recorded/, "Try Again", () => {
			isLost = false;
		});
		await create({ registerToken, identify });
		await recorded();
	});

	it("is recorded by another try, without being pasted again", async () => {
		let tries = 0;
		const registerToken: Client["registerToken"] = async (input) => {
			if (++tries === 1) throw broken();
			return await window.client.registerToken(input);
		};
		person.answers(/the token was not recorded\. The secret that you pasted is kept/, "Try Again");
		await create({ registerToken }, /Create Token/);
		assert.equal(tries, 2);
		await recorded();
	});

	it("can be copied when the user gives up", async () => {
		await vscode.env.clipboard.writeText("something else");
		const registerToken = () => Promise.reject(broken());
		person.answers(/the token was not recorded/, "Try Again");
		person.answers(/created at “Threats” is not recorded here/, "Copy Secret");
		await assert.rejects(create({ registerToken }, pressEscape), vscode.CancellationError);
		await until("it is copied", async () => (await vscode.env.clipboard.readText()) === "eiq-live");
		assert.deepEqual(await window.client.listTokens(), []);
	});
});
