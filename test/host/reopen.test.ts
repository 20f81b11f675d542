import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as vscode from "vscode";
import type { CreatedToken } from "../../daemon/contract.ts";
import { hashOf } from "../../daemon/rules/secret.ts";
import type { CommandTable } from "../../extension/command.ts";
import { rotationCommands } from "../../extension/rotation/rotation-commands.ts";
import { until } from "../workbench/until.ts";
import { OneWindow } from "./one-window.ts";
import { Person } from "./person.ts";
import { servicesOf } from "./services.ts";

/** Writes the hash of what it was given, and then waits to be ended. */
const writesItsToken = `
const { createHash } = require("node:crypto");
const hash = createHash("sha256").update(process.env.API_TOKEN ?? "").digest("hex");
require("node:fs").writeFileSync(__dirname + "/seen", "sha256:" + hash);
if (process.argv[2] === "wait") setInterval(() => {}, 1000);
`;

let window: OneWindow;
let person: Person;
let token: CreatedToken;
let count = 0;

const at = (name: string) => join(window.place, name);

/** Rotates the token with the shortest way through the questions, and then through those of what is pressed. */
async function rotateAndPress(button?: string): Promise<void> {
	if (button !== undefined) person.answers(/^Rotated “orders-api”/, button);
	const command = (rotationCommands as CommandTable).rotateToken;
	const services = servicesOf(window);
	const run = command?.run({ services, argument: { id: token.id }, selected: undefined });
	await person.presses("enter", Promise.resolve(run));
}

async function newSecret(): Promise<string> {
	const { successorId } = await window.client.getToken(token.id);
	return window.kept.get(`token/${successorId}`) ?? "";
}

async function waitUntilSeen(secret: string): Promise<void> {
	const hash = hashOf(secret);
	await until("the program was given it", async () => (await readFile(at("seen"), "utf8")) === hash);
}

describe("what runs with a secret that is rotated", () => {
	let others: readonly vscode.Terminal[];

	beforeEach(async () => {
		window = await OneWindow.open(`reopen-${++count}`);
		person = new Person();
		token = await window.create("orders-api");
		await window.secrets.store(token.id, token.token);
		await window.put("program.cjs", writesItsToken);
		await window.put("seen", "");
		others = vscode.window.terminals;
	});
	afterEach(async () => {
		person.dispose();
		await vscode.debug.stopDebugging();
		await until("no program is debugged", () => vscode.debug.activeDebugSession === undefined);
		for (const terminal of opened()) terminal.dispose();
		await window.close();
	});

	const opened = () => vscode.window.terminals.filter((terminal) => !others.includes(terminal));
	const named = (name: string) => opened().filter((terminal) => terminal.name === name);
	const isOpen = (terminal: vscode.Terminal) => opened().includes(terminal);

	function open(name: string, options: vscode.TerminalOptions): vscode.Terminal {
		return vscode.window.createTerminal({ name, isTransient: true, ...options });
	}

	describe("Reopen Terminals", () => {
		it("opens each that was given the old secret again where it was, with the new one, and leaves the others alone", async () => {
			const env = { API_TOKEN: token.token, PORT: "8080" };
			const given = open("given", { env, cwd: window.place });
			const plain = open("plain", { cwd: window.place, env: { PORT: "8080" } });
			await rotateAndPress("Reopen Terminals");
			await until("the old one is closed", () => !isOpen(given));
			const [fresh, ...more] = named("given");
			assert.ok(fresh);
			assert.deepEqual(more, []);
			const secret = await newSecret();
			const options = fresh.creationOptions as vscode.TerminalOptions;
			assert.deepEqual(options.env, { API_TOKEN: secret, PORT: "8080" });
			assert.equal(options.isTransient, true);
			fresh.sendText("node program.cjs");
			await waitUntilSeen(secret);
			assert.ok(isOpen(plain));
		});

		it("takes in those that stand where a line was changed, and no terminal of another folder", async () => {
			await window.put(".env", `API_TOKEN=${token.token}\n`);
			const inside = open("inside", { cwd: window.place });
			const outside = open("outside", { cwd: tmpdir() });
			await rotateAndPress("Reopen Terminals");
			await until("the old one is closed", () => !isOpen(inside));
			assert.equal(named("inside").length, 1);
			assert.ok(isOpen(outside));
		});

		it("is not offered where nothing was started with the old secret", async () => {
			const outside = open("outside", { cwd: tmpdir(), env: { API_TOKEN: "another" } });
			await rotateAndPress();
			assert.deepEqual(person.last?.buttons, ["Copy Secret", "Undo Rotation"]);
			assert.ok(isOpen(outside));
		});
	});

	describe("Restart Debugging", () => {
		async function debug(more: object): Promise<void> {
			const [folder] = vscode.workspace.workspaceFolders ?? [];
			const started = await vscode.debug.startDebugging(folder, {
				...{ type: "node", request: "launch", name: "Orders", console: "internalConsole" },
				...{ program: at("program.cjs"), args: ["wait"], ...more },
			});
			assert.ok(started);
			await waitUntilSeen(token.token);
		}

		it("gives the program that was given the old secret the new one", async () => {
			await debug({ env: { API_TOKEN: token.token } });
			await rotateAndPress("Restart Debugging");
			await waitUntilSeen(await newSecret());
		});

		it("lets a program that reads its env file when it starts read the new secret", async () => {
			await window.put(".env", `API_TOKEN=${token.token}\n`);
			await debug({ envFile: at(".env") });
			await rotateAndPress("Restart Debugging");
			await waitUntilSeen(await newSecret());
		});

		it("is not offered where nothing is debugged", async () => {
			await rotateAndPress();
			assert.ok(!person.last?.buttons.includes("Restart Debugging"));
		});
	});
});
