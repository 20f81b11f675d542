import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as vscode from "vscode";
import type { CreatedToken } from "../../daemon/contract.ts";
import { hashOf } from "../../daemon/rules/secret.ts";
import { Consents } from "../../extension/launch/consents.ts";
import type { ConsentAnswer, ConsentQuestion } from "../../extension/launch/launch-words.ts";
import { TokenDebugging } from "../../extension/launch/token-debugging.ts";
import { rotationCommands } from "../../extension/rotation/rotation-commands.ts";
import { until } from "../workbench/until.ts";
import { memoryOf } from "./memory.ts";
import { OneWindow } from "./one-window.ts";
import { Person } from "./person.ts";
import { servicesOf } from "./services.ts";

/** Writes the hash of its secret, and then waits until it is ended. */
const writesItsToken = `
const { createHash } = require("node:crypto");
const hash = createHash("sha256").update(process.env.API_TOKEN ?? "").digest("hex");
require("node:fs").writeFileSync(__dirname + "/seen", "sha256:" + hash);
if (process.argv[2] === "wait") setInterval(() => {}, 1000);
`;

let window: OneWindow;
let person: Person;
let token: CreatedToken;
let debugging: TokenDebugging;
let answer: ConsentAnswer = "no";
let asked: ConsentQuestion[] = [];
let count = 0;

const at = (name: string) => join(window.place, name);

/** Accepting a list before VS Code has its rows would choose none of them. */
function takeWhatIsPicked(): vscode.Disposable {
	const { showQuickPick } = vscode.window;
	const take = async (rows: readonly vscode.QuickPickItem[]) => rows.filter(({ picked }) => picked);
	Object.assign(vscode.window, { showQuickPick: take });
	return new vscode.Disposable(() => void Object.assign(vscode.window, { showQuickPick }));
}

/** Rotates the token with the shortest answers, and then answers the questions of the pressed button. */
async function rotateAndPress(button?: string): Promise<void> {
	if (button !== undefined) person.answers(/^Rotated “orders-api”/, button);
	const command = rotationCommands.rotateToken;
	const services = servicesOf(window, { debugging });
	const taking = takeWhatIsPicked();
	try {
		const run = command?.run({ services, argument: { id: token.id }, selected: undefined });
		await person.presses("enter", Promise.resolve(run));
	} finally {
		taking.dispose();
	}
}

async function newSecret(): Promise<string> {
	const { successorId } = await window.client.getToken(token.id);
	return window.kept.get(`token/${successorId}`) ?? "";
}

async function waitUntilSeen(secret: string): Promise<void> {
	const hash = hashOf(secret);
	await until("the program has received it", async () => (await readFile(at("seen"), "utf8")) === hash);
}

/** The running sessions. VS Code may still name an ended one as the active one. */
const running = new Set<string>();

async function waitUntilDebugged(secret: string): Promise<void> {
	await waitUntilSeen(secret);
	await until("the debugger is attached", () => {
		const session = vscode.debug.activeDebugSession;
		return session?.parentSession !== undefined && running.has(session.id);
	});
}

/** The program's own session, not that of one of its processes. */
function rootSession(): vscode.DebugSession | undefined {
	let session = vscode.debug.activeDebugSession;
	while (session?.parentSession !== undefined) session = session.parentSession;
	return session;
}

async function stopDebugging(): Promise<void> {
	await vscode.debug.stopDebugging();
	await until("no program is debugged", () => running.size === 0);
}

describe("running programs with a rotated secret", () => {
	let others: readonly vscode.Terminal[];
	const listeners = [
		vscode.debug.onDidStartDebugSession(({ id }) => running.add(id)),
		vscode.debug.onDidTerminateDebugSession(({ id }) => running.delete(id)),
	];
	after(() => vscode.Disposable.from(...listeners).dispose());

	beforeEach(async () => {
		window = await OneWindow.open(`reopen-${++count}`);
		person = new Person();
		token = await window.create("orders-api");
		await window.secrets.store(token.id, token.token);
		await window.put("program.cjs", writesItsToken);
		await window.put("seen", "");
		others = vscode.window.terminals;
		[answer, asked] = ["no", []];
		const { live, secrets } = window;
		debugging = new TokenDebugging({
			...{ live, secrets, consents: new Consents(memoryOf()), isTrusted: () => true },
			ask: async (question) => {
				asked.push(question);
				return answer;
			},
			onFailure: (error) => assert.fail(String(error)),
		});
	});
	afterEach(async () => {
		person.dispose();
		await stopDebugging();
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
		it("reopens each terminal that was given the old secret in its folder, with the new one, and no other", async () => {
			const env = { API_TOKEN: token.token, PORT: "8080" };
			const given = open("given", { env, cwd: window.place, isTransient: false });
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

		it("includes terminals in the folder of a changed line, and no terminal of another folder", async () => {
			await window.put(".env", `API_TOKEN=${token.token}\n`);
			const inside = open("inside", { cwd: window.place });
			const outside = open("outside", { cwd: tmpdir() });
			await rotateAndPress("Reopen Terminals");
			await until("the old one is closed", () => !isOpen(inside));
			assert.equal(named("inside").length, 1);
			assert.ok(isOpen(outside));
		});

		it("is not offered if nothing was started with the old secret", async () => {
			const outside = open("outside", { cwd: tmpdir(), env: { API_TOKEN: "another" } });
			await rotateAndPress();
			assert.deepEqual(person.last?.buttons, ["Copy Secret", "Undo Rotation"]);
			assert.ok(isOpen(outside));
		});
	});

	describe("Restart Debugging", () => {
		const folder = () => vscode.workspace.workspaceFolders?.[0];
		const config = (more: object): vscode.DebugConfiguration => ({
			...{ type: "node", request: "launch", name: "Orders", console: "internalConsole" },
			...{ program: at("program.cjs"), args: ["wait"], ...more },
		});

		// First, since VS Code may later name an ended session as active.
		it("is not offered without a debug session", async () => {
			await rotateAndPress();
			assert.ok(!person.last?.buttons.includes("Restart Debugging"));
		});

		async function debug(more: object): Promise<vscode.DebugSession> {
			assert.ok(await vscode.debug.startDebugging(folder(), config(more)));
			await waitUntilDebugged(token.token);
			const session = rootSession();
			assert.ok(session);
			return session;
		}

		it("gives the program the new secret, after consent", async () => {
			answer = "once";
			await debug({ env: { API_TOKEN: token.token } });
			await rotateAndPress("Restart Debugging");
			await waitUntilDebugged(await newSecret());
			assert.equal(asked.length, 1);
			assert.ok(asked[0]?.lines.includes(`program: ${at("program.cjs")}`));
			assert.equal(asked[0]?.grants[0]?.key, "API_TOKEN");
		});

		it("needs no new consent if the token was allowed at the start", async () => {
			answer = "always";
			// As debuggers fill it up, so that it is the same when VS Code is given it once more.
			const { configuration } = await debug({ env: { API_TOKEN: token.token } });
			await stopDebugging();
			const own = Object.entries(configuration).filter(([name]) => !name.startsWith("__") && name !== "env");
			const asking = { ...config({}), ...Object.fromEntries(own), tokensmithTokens: { API_TOKEN: token.id } };
			const resolved = await debugging.resolveDebugConfigurationWithSubstitutedVariables(folder(), asking);
			assert.ok(resolved);
			await window.put("seen", "");
			await debug(resolved);
			assert.equal(asked.length, 1);
			await rotateAndPress("Restart Debugging");
			await waitUntilDebugged(await newSecret());
			assert.equal(asked.length, 1);
		});

		it("leaves the program running when the user refuses", async () => {
			const { id } = await debug({ env: { API_TOKEN: token.token } });
			await rotateAndPress("Restart Debugging");
			assert.equal(asked.length, 1);
			assert.equal(rootSession()?.id, id);
			await waitUntilDebugged(token.token);
		});

		it("lets a program read the new secret from its env file at the restart", async () => {
			await window.put(".env", `API_TOKEN=${token.token}\n`);
			await debug({ envFile: at(".env") });
			await rotateAndPress("Restart Debugging");
			await waitUntilDebugged(await newSecret());
		});
	});
});
