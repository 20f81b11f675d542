/** Secrets for tasks and debugging: after consent alone, in the environment alone. */
import assert from "node:assert/strict";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as vscode from "vscode";
import type { CreatedToken } from "../../daemon/contract.ts";
import { hashOf } from "../../daemon/rules/secret.ts";
import type { Client } from "../../extension/daemon/client.ts";
import { LiveTokens } from "../../extension/daemon/live-tokens.ts";
import { Consents } from "../../extension/launch/consents.ts";
import type { ConsentAnswer, ConsentQuestion } from "../../extension/launch/launch-words.ts";
import { TokenDebugging } from "../../extension/launch/token-debugging.ts";
import { runnable } from "../../extension/launch/token-tasks.ts";
import { policyFromSettings } from "../../extension/settings.ts";
import { SecretStore } from "../../extension/tokens/secret-store.ts";
import { DaemonHome } from "../extension/daemon-home.ts";
import { until } from "../workbench/until.ts";
import { filesWith, LaunchPlace } from "./launch-place.ts";
import { memoryOf } from "./memory.ts";
import { secretsIn } from "./secrets.ts";

const variable = `\${command:tokensmith.secretForDebug}`;

describe("passing secrets to programs", () => {
	let home: DaemonHome;
	let client: Client;
	let live: LiveTokens;
	let token: CreatedToken;
	let consents: Consents;
	let folder: vscode.WorkspaceFolder;
	let place: LaunchPlace;
	let answer: ConsentAnswer = "no";
	let isTrusted = true;
	let asked: ConsentQuestion[] = [];
	let failures: unknown[] = [];
	const kept = new Map<string, string>();

	before(async () => {
		home = await DaemonHome.make(vscode.extensions.getExtension("tokensmith.tokensmith")?.extensionPath);
		client = await home.window().client();
		token = await client.createToken({ name: "orders-api", permissions: ["api.api-tokens.read"] });
		kept.set(`token/${token.id}`, token.token);
		const none = new vscode.EventEmitter<void>();
		const log = { info: () => {}, warn: () => {} };
		live = new LiveTokens({
			...{ daemon: home.window(), policy: policyFromSettings, onDidChangePolicy: none.event, log },
		});
		await live.whenLive();
	});
	after(async () => {
		live.dispose();
		await home.close();
	});

	beforeEach(async () => {
		place = await LaunchPlace.make();
		({ folder } = place);
		consents = new Consents(memoryOf());
		[answer, isTrusted, asked, failures] = ["always", true, [], []];
	});
	afterEach(() => place.remove());

	const deps = () => ({
		...{ live, consents, secrets: new SecretStore(secretsIn(kept)) },
		isTrusted: () => isTrusted,
		ask: async (question: ConsentQuestion) => {
			asked.push(question);
			return answer;
		},
		onFailure: (error: unknown) => void failures.push(error),
	});

	describe("a task", () => {
		const definition = (more: object = {}) => ({
			...{ type: "tokensmith", command: "node", args: ["program.cjs"], cwd: "launch" },
			...{ tokens: { API_TOKEN: "orders-api" }, ...more },
		});

		async function run(more: object = {}): Promise<number | undefined> {
			const task = runnable(new vscode.Task(definition(more), folder, "test", "tokensmith"), deps());
			const { promise, resolve } = Promise.withResolvers<number | undefined>();
			const listener = vscode.tasks.onDidEndTaskProcess(({ execution, exitCode }) => {
				if (execution.task.name === "test") resolve(exitCode);
			});
			await vscode.tasks.executeTask(task);
			return promise.finally(() => listener.dispose());
		}

		it("passes the secret in its program's environment, and ends with the program's exit code", async () => {
			assert.equal(await run(), 0);
			assert.equal(await place.seen(), hashOf(token.token));
			assert.equal(await run({ command: "exit 3", args: undefined }), 3);
			assert.deepEqual(failures, []);
		});

		it("asks once, and again for another command, folder, variable or token", async () => {
			await run();
			await run();
			assert.equal(asked.length, 1);
			assert.deepEqual(asked[0]?.lines, ["node program.cjs", `in ${place.path}`]);
			await run({ args: ["program.cjs", "--more"] });
			await run({ command: "true", args: undefined, cwd: "." });
			await run({ tokens: { OTHER: "orders-api" } });
			assert.equal(asked.length, 4);
			await consents.withdraw(consents.all);
			await run();
			assert.equal(asked.length, 5);
		});

		it("asks at each start if it was allowed once", async () => {
			answer = "once";
			await run();
			await run();
			assert.equal(asked.length, 2);
			assert.deepEqual(consents.all, []);
		});

		it("does not run if the user declines, and shows no message", async () => {
			answer = "no";
			assert.notEqual(await run(), 0);
			assert.equal(await place.hasRun(), false);
			assert.deepEqual(failures, []);
		});

		it("does not run and does not ask in Restricted Mode", async () => {
			isTrusted = false;
			assert.notEqual(await run(), 0);
			assert.equal(await place.hasRun(), false);
			assert.equal(asked.length, 0);
			assert.match(String(failures[0]), /Restricted Mode/);
		});

		it("does not run if the token does not exist or its secret is not stored here", async () => {
			assert.notEqual(await run({ tokens: { API_TOKEN: "missing" } }), 0);
			const { id } = await client.createToken({ name: "elsewhere", permissions: ["api.api-tokens.read"] });
			await until("it is known", () => live.tokens.some((one) => one.id === id));
			assert.notEqual(await run({ tokens: { API_TOKEN: "elsewhere" } }), 0);
			assert.equal(await place.hasRun(), false);
			assert.match(String(failures[0]), /No token is named “missing”/);
			assert.match(String(failures[1]), /not stored in this editor/);
		});

		it("leaves no secret in VS Code's files", async () => {
			await run();
			assert.deepEqual(await filesWith(String(process.env.TOKENSMITH_USER_DATA), token.token), []);
			assert.deepEqual(await filesWith(folder.uri.fsPath, token.token), []);
		});

		it("is known to VS Code from tasks.json", async () => {
			const file = join(folder.uri.fsPath, ".vscode", "tasks.json");
			await mkdir(join(file, ".."), { recursive: true });
			const task = { ...definition(), tokens: { API_TOKEN: "missing" }, label: "from the file" };
			await writeFile(file, JSON.stringify({ version: "2.0.0", tasks: [task] }));
			try {
				const found = await until("the task is there", async () =>
					(await vscode.tasks.fetchTasks({ type: "tokensmith" })).find(
						({ name }) => name === "from the file",
					),
				);
				assert.ok(found.execution instanceof vscode.CustomExecution);
			} finally {
				await rm(file);
			}
		});
	});

	describe("debugging", () => {
		const config = (more: object = {}): vscode.DebugConfiguration => ({
			...{ type: "node", request: "launch", name: "Orders", console: "internalConsole" },
			...{ program: join(place.path, "program.cjs"), ...more },
		});
		const tokens = { tokensmithTokens: { API_TOKEN: "orders-api" } };

		async function debug(resolved: vscode.DebugConfiguration): Promise<void> {
			const { promise, resolve } = Promise.withResolvers<void>();
			const listener = vscode.debug.onDidTerminateDebugSession(({ parentSession }) => {
				if (parentSession === undefined) resolve();
			});
			assert.ok(await vscode.debug.startDebugging(folder, resolved));
			await promise.finally(() => listener.dispose());
		}

		it("starts the program with the secret in its environment", async () => {
			const debugging = new TokenDebugging(deps());
			const resolved = await debugging.resolveDebugConfigurationWithSubstitutedVariables(
				folder,
				config(tokens),
			);
			assert.ok(resolved);
			assert.equal(resolved.tokensmithTokens, undefined);
			await debug(resolved);
			assert.equal(await place.seen(), hashOf(token.token));
		});

		it("asks once for a configuration, and again after it has changed", async () => {
			const debugging = new TokenDebugging(deps());
			const start = (more: object) =>
				debugging.resolveDebugConfigurationWithSubstitutedVariables(folder, config({ ...tokens, ...more }));
			await start({ __sessionId: "1" });
			await start({ __sessionId: "2" });
			assert.equal(asked.length, 1);
			await start({ runtimeExecutable: "/w/evil" });
			await start({ env: { NODE_OPTIONS: "--require ./evil.cjs" } });
			await start({ preLaunchTask: "evil" });
			assert.equal(asked.length, 4);
		});

		it("does not start if the user declines, and shows no message", async () => {
			answer = "no";
			const debugging = new TokenDebugging(deps());
			const resolved = await debugging.resolveDebugConfigurationWithSubstitutedVariables(
				folder,
				config(tokens),
			);
			assert.equal(resolved, undefined);
			assert.deepEqual(failures, []);
		});

		it("does not start in Restricted Mode, or if the secret would be visible", async () => {
			const debugging = new TokenDebugging(deps());
			const start = (more: object) =>
				debugging.resolveDebugConfigurationWithSubstitutedVariables(folder, config({ ...tokens, ...more }));
			assert.equal(await start({ console: "integratedTerminal" }), undefined);
			assert.equal(await start({ trace: true }), undefined);
			assert.equal(await start({ request: "attach" }), undefined);
			isTrusted = false;
			assert.equal(await start({}), undefined);
			assert.equal(failures.length, 4);
			assert.equal(asked.length, 0);
		});

		it("goes on with another secret only as it was allowed to start", async () => {
			const debugging = new TokenDebugging(deps());
			const next = (more: object = {}) =>
				debugging.renewed(folder, config({ env: { A: "1", API_TOKEN: token.token }, ...more }), [
					{ key: "API_TOKEN", token, secret: "the next secret" },
				]);
			answer = "no";
			assert.equal(await next(), undefined);
			assert.deepEqual([asked.length, failures], [1, []]);
			answer = "always";
			isTrusted = false;
			assert.equal(await next(), undefined);
			assert.match(String(failures[0]), /Restricted Mode/);
			isTrusted = true;
			assert.equal(await next({ console: "integratedTerminal" }), undefined);
			assert.deepEqual([asked.length, failures.length], [1, 2]);
			for (let time = 0; time < 2; time++)
				assert.deepEqual(await next(), config({ env: { A: "1", API_TOKEN: "the next secret" } }));
			assert.equal(asked.length, 2);
		});

		it("does not change a configuration without tokens", async () => {
			const debugging = new TokenDebugging(deps());
			const plain = config({ console: "integratedTerminal", trace: true });
			assert.equal(await debugging.resolveDebugConfigurationWithSubstitutedVariables(folder, plain), plain);
		});

		it("does not start through VS Code with an unknown token", async () => {
			const unknown = { tokensmithTokens: { API_TOKEN: "missing" } };
			assert.equal(await vscode.debug.startDebugging(folder, config(unknown)), false);
			assert.equal(await place.hasRun(), false);
		});

		it("does not start through VS Code if its variable receives no secret", async () => {
			const asking = config({ env: { API_TOKEN: variable } });
			assert.equal(await vscode.debug.startDebugging(folder, asking), false);
			assert.equal(await place.hasRun(), false);
		});

		describe("by a variable", () => {
			const choose = async () => token;
			const raw = (more: object = {}) => config({ env: { API_TOKEN: variable }, ...more });

			/** As VS Code does: the variable is resolved, and its value inserted. */
			async function start(
				debugging: TokenDebugging,
				more: object = {},
				wanted: unknown = "orders-api",
			): Promise<vscode.DebugConfiguration | null | undefined> {
				debugging.resolveDebugConfiguration(folder, raw(more));
				const value = await debugging.placeholderFor(wanted, choose);
				assert.notEqual(value, token.token);
				const filled = JSON.parse(JSON.stringify(raw(more)).replaceAll(variable, value));
				return await debugging.resolveDebugConfigurationWithSubstitutedVariables(folder, filled);
			}

			it("passes the secret to the configuration that requests it", async () => {
				const resolved = await start(new TokenDebugging(deps()), {}, raw());
				assert.deepEqual(resolved, config({ env: { API_TOKEN: token.token } }));
				assert.ok(asked[0]?.lines.includes("env: API_TOKEN"));
				assert.equal(asked[0]?.grants[0]?.key, "API_TOKEN");
				await debug(resolved as vscode.DebugConfiguration);
				assert.equal(await place.seen(), hashOf(token.token));
			});

			it("reads the token's name or ID from an input's arguments", async () => {
				const debugging = new TokenDebugging(deps());
				for (const wanted of ["orders-api", token.id, { token: "orders-api" }]) {
					const resolved = await start(debugging, {}, wanted);
					assert.equal(resolved?.env.API_TOKEN, token.token);
				}
				assert.equal(asked.length, 1);
			});

			it("returns nothing if no debugging is starting, as for a task's input", async () => {
				const debugging = new TokenDebugging(deps());
				await assert.rejects(debugging.placeholderFor("orders-api", choose), /Only a debug configuration/);
				debugging.resolveDebugConfiguration(folder, config());
				await assert.rejects(debugging.placeholderFor("orders-api", choose), /Only a debug configuration/);
				assert.equal(asked.length, 0);
			});

			it("passes no secret to a task that asks while a start is waiting at a prompt, even with consent", async () => {
				const debugging = new TokenDebugging(deps());
				assert.ok(await start(debugging));
				assert.equal(consents.all.length, 1);
				// The next start is cancelled at a prompt, which VS Code does not report.
				debugging.resolveDebugConfiguration(folder, raw());
				const value = await debugging.placeholderFor("orders-api", choose);
				assert.match(value, /^tokensmith-[0-9a-f-]{36}$/);
			});

			it("passes a secret once: a configuration that holds the same placeholder later gets none", async () => {
				const debugging = new TokenDebugging(deps());
				debugging.resolveDebugConfiguration(folder, raw());
				const value = await debugging.placeholderFor("orders-api", choose);
				const filled = JSON.parse(JSON.stringify(raw()).replaceAll(variable, value));
				const resolve = () => debugging.resolveDebugConfigurationWithSubstitutedVariables(folder, filled);
				assert.equal((await resolve())?.env.API_TOKEN, token.token);
				assert.equal(await resolve(), filled);
			});

			it("waits five minutes for the answers to a start's prompts", async () => {
				const debugging = new TokenDebugging(deps());
				const { now } = Date;
				const started = now();
				try {
					Date.now = () => started;
					debugging.resolveDebugConfiguration(folder, raw());
					Date.now = () => started + 299_999;
					await debugging.placeholderFor("orders-api", choose);
					Date.now = () => started + 300_000;
					await assert.rejects(debugging.placeholderFor("orders-api", choose), /Only a debug configuration/);
				} finally {
					Date.now = now;
				}
			});

			it("asks again for another program, even if the variable was allowed for the first", async () => {
				const debugging = new TokenDebugging(deps());
				await start(debugging);
				await start(debugging, { program: "/x/evil.cjs" });
				assert.equal(asked.length, 2);
				await start(debugging, { env: { OTHER: variable } });
				assert.equal(asked.length, 3);
			});

			it("does not start if the secret would be outside the environment", async () => {
				const debugging = new TokenDebugging(deps());
				for (const more of [
					{ args: [variable] },
					{ program: `/x/${variable}` },
					{ console: "integratedTerminal" },
					{ env: { [variable]: "x" } },
				])
					assert.equal(await start(debugging, more), undefined);
				assert.equal(failures.length, 4);
				assert.ok(!JSON.stringify(failures.map(String)).includes(token.token));
			});

			it("does not start if the user declines, and shows no message", async () => {
				answer = "no";
				assert.equal(await start(new TokenDebugging(deps())), undefined);
				assert.deepEqual(failures, []);
			});
		});
	});
});
