/** A real npm registry asks for a password after the summary. Escape there loses no answer. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import * as vscode from "vscode";
import { createToken } from "../../extension/create/create-action.ts";
import { createCommands } from "../../extension/create/create-token.ts";
import { rotationCommands } from "../../extension/rotation/rotation-commands.ts";
import { connectSystem } from "../../extension/systems/connect-action.ts";
import { type Registry, startVerdaccio } from "../daemon/systems/verdaccio.ts";
import { until } from "../workbench/until.ts";
import { OneWindow } from "./one-window.ts";
import { Person } from "./person.ts";
import { pressEscape, QuickAnswers } from "./quick-answers.ts";
import { servicesOf } from "./services.ts";

type Answers = Readonly<ConstructorParameters<typeof QuickAnswers>>;

let registry: Registry;
let window: OneWindow;
let person: Person;
let count = 0;

/** Fulfils with the summaries that were shown, and whether the command was cancelled. */
async function answering(name: string, argument: object, answers: Answers) {
	const quick = new QuickAnswers(...answers);
	const commands = { ...createCommands, ...rotationCommands };
	const call = { services: servicesOf(window), argument, selected: undefined };
	let isCancelled = false;
	try {
		await quick.answer(() => commands[name]?.run(call));
	} catch (error) {
		if (!(error instanceof vscode.CancellationError)) throw error;
		isCancelled = true;
	} finally {
		quick.dispose();
	}
	return { summaries: quick.lists.filter(({ title }) => title.endsWith("Summary")), isCancelled };
}

async function whoami(secret: string): Promise<string | undefined> {
	const headers = { authorization: `Bearer ${secret}` };
	const answer = await fetch(`${registry.url}/-/whoami`, { headers });
	return ((await answer.json()) as { username?: string }).username;
}

describe("Escape at the question for a system's password", () => {
	const walk = ["Registry", "deploy", "read-only", "30 days", "127.0.0.1", "Continue", /SecretStorage only/];
	const create = (...answers: Answers) =>
		answering("createToken", { connection: "npm-1" }, [...walk, ...answers]);
	const tokens = () => window.client.listTokens();

	before(async () => {
		registry = await startVerdaccio(vscode.extensions.getExtension("tokensmith.tokensmith")?.extensionPath);
	});
	after(() => registry.stop());

	beforeEach(async () => {
		window = await OneWindow.open(`password-${++count}`);
		person = new Person();
		await window.put(".env", "NPM_TOKEN=\n");
		await window.live.whenLive();
		const connection = { name: "Registry", profile: "npm", baseUrl: registry.url };
		await connectSystem(window, { id: "npm-1", connection, credential: registry.credential });
		await until("the connection is listed", () => window.live.connections.length === 1);
	});

	afterEach(async () => {
		person.dispose();
		await window.close();
	});

	it("returns to the summary of a creation with all answers, which creates once", async () => {
		const { summaries } = await create(/Create Token/, pressEscape, /Create Token/, registry.password);
		assert.equal(summaries.length, 2);
		assert.deepEqual(summaries[1], summaries[0]);
		const [token, ...more] = await tokens();
		assert.deepEqual([token?.name, token?.allowedAddresses, more], ["deploy", ["127.0.0.1"], []]);
		assert.equal(await whoami(window.kept.get(`token/${token?.id}`) ?? ""), registry.user);
	});

	it("ends the creation when the summary gets another Escape, and creates nothing", async () => {
		const { summaries, isCancelled } = await create(/Create Token/, pressEscape, pressEscape);
		assert.deepEqual([summaries.length, isCancelled], [2, true]);
		assert.deepEqual(await tokens(), []);
	});

	it("returns to the summary of a rotation with all answers, which rotates once", async () => {
		const request = { name: "deploy", connection: "npm-1", permissions: [] };
		const made = await createToken(servicesOf(window), { request, answers: { password: registry.password } });
		assert.ok(made.kind === "created", made.kind);
		await until("it is listed", () => window.live.tokens.length === 1);
		await window.put(".env", `NPM_TOKEN=${made.secret}\n`);
		const steps = ["1 hour", /same lifetime/] as const;
		const rotate = [/Rotate Token/, pressEscape, /Rotate Token/, registry.password] as const;
		const { summaries } = await answering("rotateToken", made.token, [...steps, ...rotate]);
		assert.equal(summaries.length, 2);
		assert.deepEqual(summaries[1], summaries[0]);
		assert.equal((await tokens()).length, 2);
		const [, fresh = ""] = /=(.*)/.exec(await readFile(join(window.place, ".env"), "utf8")) ?? [];
		assert.notEqual(fresh, made.secret);
		assert.equal(await whoami(fresh), registry.user);
	});
});
