/** The questions and messages around a start with secrets, and what each answer does. */
import assert from "node:assert/strict";
import { setImmediate } from "node:timers/promises";
import * as vscode from "vscode";
import type { TokenRecord } from "../../daemon/contract.ts";
import { Consents } from "../../extension/launch/consents.ts";
import { handOut } from "../../extension/launch/hand-out.ts";
import { launchCommands } from "../../extension/launch/launch-commands.ts";
import { askConsent, reportStartFailure, warnOfEnd } from "../../extension/launch/launch-prompts.ts";
import { openTerminal } from "../../extension/launch/open-terminal.ts";
import { NeedsError } from "../../extension/launch/token-needs.ts";
import { aToken } from "../extension/a-token.ts";
import { until } from "../workbench/until.ts";
import { memoryOf } from "./memory.ts";
import { OneWindow } from "./one-window.ts";
import { Person } from "./person.ts";
import { servicesOf } from "./services.ts";

const day = 86_400_000;
const at = (time: number) => new Date(time).toISOString();

describe("around a start with secrets", () => {
	let person: Person;
	/** The commands of buttons, with what they are about. */
	let run: unknown[][];
	const { executeCommand } = vscode.commands;
	const original = vscode.window.showQuickPick;
	beforeEach(() => {
		person = new Person();
		run = [];
		// Other commands are those of the extension that runs beside the tests.
		const execute = async (name: string, ...more: unknown[]) =>
			/^(tokensmith|workbench\.action)\./.test(name)
				? void run.push([name, ...more])
				: executeCommand(name, ...more);
		Object.assign(vscode.commands, { executeCommand: execute });
	});
	afterEach(() => {
		person.dispose();
		Object.assign(vscode.commands, { executeCommand });
		Object.assign(vscode.window, { showQuickPick: original });
	});

	describe("the question for consent", () => {
		const question = {
			...{ who: "The task “build”", lines: ["make all"], caution: undefined },
			grants: [{ key: "API_TOKEN", token: aToken({ name: "orders-api" }) }],
		};

		it("tells what runs, and nothing is allowed without an answer", async () => {
			assert.equal(await askConsent(question), "no");
			const { text, detail, buttons } = person.last ?? assert.fail();
			assert.equal(text, "The task “build” requests the secret of the API token “orders-api”.");
			assert.match(detail, /This will run:\n {4}make all\n/);
			assert.deepEqual(buttons, ["Allow Once", "Allow"]);
		});

		for (const [button, answer] of [
			["Allow Once", "once"],
			["Allow", "always"],
		] as const)
			it(`is answered with ${button}`, async () => {
				person.answers(/requests the secret/, button);
				assert.equal(await askConsent(question), answer);
			});
	});

	describe("a token near its end", () => {
		const warn = (token: TokenRecord) => warnOfEnd([aToken({ name: "endless" }), token], Date.now());
		const soon = () => aToken({ name: "soon", expiry: at(Date.now() + day / 2) });

		it("is shown beside the start, with its rotation", async () => {
			person.answers(/^“soon”/, "Rotate…");
			await warn(soon());
			await until("the rotation is asked for", () => run.length > 0);
			assert.match(person.last?.text ?? "", /^“soon”: expires in 1[12] hours\.$/);
			assert.deepEqual(run, [["tokensmith.rotateToken", { id: "soon" }]]);
		});

		it("is not shown while it has days left", async () => {
			await warn(aToken({ name: "later", expiry: at(Date.now() + 3 * day) }));
			assert.deepEqual(person.messages, []);
		});

		it("stops the start once it is over, unless the user goes on", async () => {
			const over = aToken({ name: "over", expiry: at(Date.now() - day) });
			await assert.rejects(warn(over), vscode.CancellationError);
			assert.match(person.last?.text ?? "", /^The API token “over” does not work: /);
			assert.equal(person.last?.detail, "Programs started with its secret are refused.");
			assert.deepEqual([person.last?.buttons, run], [["Create API Token", "Start Anyway"], []]);
			person.answers(/does not work/, "Start Anyway");
			await warn(over);
			assert.deepEqual(run, []);
		});

		it("leads to what makes it work again, or to another one", async () => {
			person.answers(/“off” does not work/, "Enable");
			await assert.rejects(warn(aToken({ name: "off", disabledDate: at(0) })), vscode.CancellationError);
			person.answers(/“gone” does not work/, "Create API Token");
			await assert.rejects(warn(aToken({ name: "gone", revokedDate: at(0) })), vscode.CancellationError);
			assert.deepEqual(run, [
				["tokensmith.enableToken", { id: "off" }],
				["tokensmith.createToken", { id: "gone" }],
			]);
		});
	});

	describe("a start that failed", () => {
		const log = vscode.window.createOutputChannel("Test starts", { log: true });
		after(() => log.dispose());

		it("leads to the file that asked for a secret", async () => {
			person.answers(/./, "Open tasks.json");
			const error = new NeedsError("It names no token.");
			await reportStartFailure(error, { failed: "The task did not run.", fileName: "tasks.json", log });
			assert.equal(person.last?.text, "The task did not run. It names no token.");
			assert.deepEqual(run, [["workbench.action.tasks.configureTaskRunner"]]);
		});

		it("has its remedy where the file is not the reason", async () => {
			await reportStartFailure(new Error("The disk is full."), {
				...{ failed: "Debugging was not started.", fileName: "launch.json", log },
			});
			assert.match(person.last?.text ?? "", /^Debugging was not started\. /);
			assert.ok(!person.last?.buttons.includes("Open launch.json"));
			assert.deepEqual(run, []);
		});
	});

	describe("in a window", () => {
		let window: OneWindow;
		beforeEach(async () => {
			Object.assign(vscode.commands, { executeCommand });
			window = await OneWindow.open(`launch-prompts-${Date.now()}`);
		});
		afterEach(() => window.close());

		const answeringList = (choose: (rows: readonly vscode.QuickPickItem[]) => unknown) =>
			Object.assign(vscode.window, { showQuickPick: async (rows: vscode.QuickPickItem[]) => choose(rows) });

		it("consents are withdrawn that the user chooses, and no others", async () => {
			const memory = memoryOf();
			// As VS Code's own, it needs a moment.
			const update = (key: string, value: unknown) => setImmediate().then(() => memory.update(key, value));
			const consents = new Consents({ ...memory, update });
			const withdraw = () =>
				launchCommands.withdrawConsents?.run({
					...{ services: servicesOf(window, { consents }), argument: undefined, selected: undefined },
				});
			await withdraw();
			assert.match(person.last?.text ?? "", /^No task or debug configuration .* has consent/);
			const token = await window.create("orders-api");
			await window.live.whenLive();
			const consent = (words: string, lineage: string) => ({ lineage, words, fingerprint: words, date: 0 });
			await consents.give([
				consent("make a", token.id),
				consent("make b", "gone"),
				consent("make c", "gone"),
			]);
			let shown: string[] = [];
			answeringList((rows) => {
				shown = rows.map(({ label, description }) => `${label}: ${description}`);
				return undefined;
			});
			await assert.rejects(async () => await withdraw(), vscode.CancellationError);
			answeringList(() => []);
			await assert.rejects(async () => await withdraw(), vscode.CancellationError);
			assert.deepEqual(shown, [
				"make a: orders-api",
				"make b: a token that no longer exists",
				"make c: a token that no longer exists",
			]);
			assert.equal(consents.all.length, 3);
			answeringList((rows) => [rows[1]]);
			await withdraw();
			assert.equal(person.last?.text, "“make b” will ask again.");
			assert.deepEqual(
				consents.all.map(({ words }) => words),
				["make a", "make c"],
			);
			answeringList((rows) => rows);
			await withdraw();
			assert.equal(person.last?.text, "2 tasks and debug configurations will ask again.");
			assert.deepEqual(consents.all, []);
		});

		it("a dead token's secret is handed out only to a user who starts anyway", async () => {
			const token = await window.create("orders-api");
			await window.secrets.store(token.id, token.token);
			await window.client.revokeToken(token.id);
			const { live, secrets } = window;
			const deps = { live, secrets, consents: new Consents(memoryOf()), isTrusted: () => true };
			const start = () =>
				handOut(
					{ ...deps, ask: async () => "once" },
					{
						...{ who: "The task “build”", lines: ["make all"], content: "make all" },
						needs: [{ key: "API_TOKEN", wanted: token.id }],
					},
				);
			await assert.rejects(start(), vscode.CancellationError);
			person.answers(/does not work/, "Start Anyway");
			assert.deepEqual(await start(), { API_TOKEN: token.token });
		});

		it("a terminal starts in the folder that the user chooses, and not without one", async () => {
			const token = await window.create("orders-api");
			await window.secrets.store(token.id, token.token);
			const [first = assert.fail()] = vscode.workspace.workspaceFolders ?? [];
			const second = { ...first, name: "second", index: 1, uri: vscode.Uri.file(window.place) };
			const { showWorkspaceFolderPick } = vscode.window;
			const real = Object.getOwnPropertyDescriptor(vscode.workspace, "workspaceFolders") ?? assert.fail();
			Object.defineProperty(vscode.workspace, "workspaceFolders", { ...real, get: () => [first, second] });
			let chosen: vscode.WorkspaceFolder | undefined;
			Object.assign(vscode.window, { showWorkspaceFolderPick: async () => chosen });
			const open = () =>
				openTerminal({ services: servicesOf(window), argument: { id: token.id }, selected: undefined });
			try {
				await assert.rejects(open(), vscode.CancellationError);
				chosen = second;
				const terminal = await person.presses("enter", open());
				const options = terminal?.creationOptions as vscode.TerminalOptions | undefined;
				terminal?.dispose();
				assert.equal(String(options?.cwd), String(second.uri));
			} finally {
				Object.defineProperty(vscode.workspace, "workspaceFolders", real);
				Object.assign(vscode.window, { showWorkspaceFolderPick });
			}
		});
	});
});
