import assert from "node:assert/strict";
import {
	cautionFor,
	contentOf,
	linesOf,
	refuseLeaks,
	strayPlace,
	variablesOf,
	variablesWith,
	withEnvironment,
	withoutVariables,
	withTexts,
	writtenAs,
} from "../../extension/launch/debug-configuration.ts";
import { NeedsError } from "../../extension/launch/token-needs.ts";

const secret = "tks_0123456789abcdefghijklmnopqrstuvwxyzAB";

describe("a debug configuration with tokens", () => {
	const config = { type: "node", request: "launch", name: "Orders", program: "/w/check.mjs" };

	it("is accepted if only the program receives the secret", () => {
		refuseLeaks(config);
		refuseLeaks({ ...config, console: "internalConsole" });
		refuseLeaks({ ...config, trace: false });
		refuseLeaks({ ...config, trace: { stdio: false, logFile: null } });
		refuseLeaks({ ...config, type: "debugpy", console: "internalConsole" });
		refuseLeaks({ ...config, type: "lldb", terminal: "console" });
	});

	for (const [what, more] of Object.entries({
		"an integrated terminal": { console: "integratedTerminal" },
		"an external terminal": { console: "externalTerminal" },
		"a terminal in a debugger's own words": { terminal: "integrated" },
		"a console of its own": { externalConsole: true },
		"the debug terminal": { type: "node-terminal" },
		"a debugger that takes a terminal by itself": { type: "lldb" },
		"Python's terminal": { type: "debugpy" },
		"a trace": { trace: true },
		"a trace by its level": { trace: "verbose" },
		"a trace into a file": { trace: { stdio: false, logFile: "/w/log" } },
		"a log file": { logToFile: true },
		"the engine's log": { logging: { engineLogging: true } },
		"a program that it attaches to": { request: "attach" },
		"no request": { request: undefined },
		"a debug adapter on a port": { debugServer: 4711 },
	}))
		it(`is refused with ${what}`, () => assert.throws(() => refuseLeaks({ ...config, ...more }), NeedsError));

	it("is refused with the setting that it needs", () => {
		const words = (more: object) => {
			try {
				refuseLeaks({ ...config, ...more });
			} catch (error) {
				return (error as Error).message;
			}
			return "";
		};
		assert.match(
			words({ console: "integratedTerminal" }),
			/Set "console": "internalConsole" in the configuration "Orders"/,
		);
		assert.match(words({ type: "lldb" }), /Set "terminal": "console" in the configuration "Orders"/);
		assert.match(words({ logToFile: true }), /^logToFile makes the debugger log its input/);
		assert.match(words({ request: "attach" }), /not to one that it attaches to/);
		assert.match(words({ debugServer: 4711 }), /^With debugServer, the secret would go to whatever listens/);
	});

	it("contains the secrets in its environment, and no longer the tokens", () => {
		const given = { ...config, env: { A: "1", B: "2" }, tokensmithTokens: { B: "orders-api" } };
		assert.deepEqual(withEnvironment(given, { B: secret }), { ...config, env: { A: "1", B: secret } });
		const listed = {
			...config,
			type: "cppdbg",
			environment: [
				{ name: "B", value: "old" },
				{ name: "A", value: "1" },
			],
		};
		assert.deepEqual(withEnvironment(listed, { B: secret }).environment, [
			{ name: "A", value: "1" },
			{ name: "B", value: secret },
		]);
	});

	it("contains a secret only in the environment", () => {
		assert.equal(strayPlace({ ...config, env: { A: secret } }, [secret]), undefined);
		assert.equal(strayPlace({ ...config, args: ["--token", secret] }, [secret]), "args");
		assert.equal(strayPlace({ ...config, url: `http://evil/?${secret}` }, [secret]), "url");
		assert.equal(strayPlace({ ...config, deep: { er: [{ [secret]: 1 }] } }, [secret]), "deep");
	});

	it("has the same content at each start, whatever marks VS Code adds", () => {
		const one = contentOf({ ...config, __sessionId: "1", tokensmithTokens: { A: "x" } }, [config]);
		assert.deepEqual(one, contentOf({ ...config, __sessionId: "2" }, [config]));
		assert.deepEqual(one, contentOf({ ...config, __sessionId: "3" }, []));
		assert.notDeepEqual(one, contentOf({ ...config, runtimeExecutable: "/w/evil" }, [config]));
	});

	it("has different content if a workspace file sets a property that looks like a mark", () => {
		const written = { ...config, __adapter: "/w/evil" };
		const worse = { ...config, __adapter: "/w/worse" };
		assert.notDeepEqual(contentOf(config, [config]), contentOf(written, [written]));
		assert.notDeepEqual(contentOf(written, [written]), contentOf(worse, [worse]));
		assert.notDeepEqual(contentOf(config, [config, written]), contentOf(written, [config, written]));
	});

	it("is shown with everything from the workspace file, but not the debugger's defaults", () => {
		const written = { ...config, runtimeExecutable: "/w/evil", vmArgs: "-x", tokensmithTokens: {} };
		const lines = linesOf({ ...written, smartStep: true, cwd: "/w" }, [written]);
		assert.deepEqual(lines, [
			"node, launch",
			"program: /w/check.mjs",
			"runtimeExecutable: /w/evil",
			"cwd: /w",
			"vmArgs: -x",
		]);
	});

	it("is shown as it runs if several configurations have its name", () => {
		const harmless = { ...config, program: "/w/check.mjs" };
		const evil = { ...config, program: "/w/evil.mjs", hooks: "/w/hook", env: { NODE_OPTIONS: "-r /w/x" } };
		for (const written of [
			[harmless, evil],
			[evil, harmless],
		])
			assert.deepEqual(linesOf(evil, writtenAs("Orders", written)), [
				"node, launch",
				"program: /w/evil.mjs",
				'env: {"NODE_OPTIONS":"-r /w/x"}',
				"hooks: /w/hook",
			]);
	});

	it("is shown with platform-specific properties, and if its name contains a variable", () => {
		const runs = { ...config, env: { NODE_OPTIONS: "-r /w/x" } };
		const lines = ["node, launch", "program: /w/check.mjs", 'env: {"NODE_OPTIONS":"-r /w/x"}'];
		const platform = { ...config, linux: { env: runs.env } };
		assert.deepEqual(linesOf(runs, writtenAs("Orders", [platform])), lines);
		const named = { ...runs, name: `\${workspaceFolderBasename}` };
		assert.deepEqual(linesOf(runs, writtenAs("Orders", [named])), lines);
		assert.deepEqual(writtenAs("Orders", [{ ...runs, name: "Other" }, null, "x"]), []);
	});

	it("is shown with only the names of variables that no file sets", () => {
		const whole = { ...config, env: { A: "1", PASSWORD: "of the machine" } };
		const lines = linesOf(whole, [{ ...config, env: { A: "1" } }]);
		assert.deepEqual(lines.slice(2), ['env: {"A":"1"}', "env: PASSWORD"]);
		const listed = { ...config, type: "cppdbg", environment: [{ name: "A", value: "1" }] };
		assert.deepEqual(linesOf(listed, [listed]).slice(2), ['env: {"A":"1"}']);
	});

	it("replaces placeholders with secrets, each in its own variable", () => {
		const asking = {
			...config,
			env: { A: "Bearer x-1", B: "2" },
			environment: [{ name: "C", value: "x-2" }],
		};
		assert.deepEqual(variablesWith(asking, ["x-1", "x-2", "x-3"]), { A: "x-1", C: "x-2" });
		const filled = withTexts(asking, new Map([["x-1", secret]]));
		assert.deepEqual(filled.env, { A: `Bearer ${secret}`, B: "2" });
		assert.deepEqual(filled.environment, asking.environment);
		assert.deepEqual(withTexts(asking, new Map([["x-2", secret]])).environment, [
			{ name: "C", value: secret },
		]);
		assert.deepEqual(withTexts(config, new Map([["x-1", secret]])), config);
		assert.throws(() => variablesWith({ ...config, args: ["x-1"] }, ["x-1"]), /would be visible in args/);
		assert.throws(
			() => variablesWith({ ...config, env: { A: "x-1 x-2" } }, ["x-1", "x-2"]),
			/one token only/,
		);
	});

	it("has variables by their value, in either form of its environment", () => {
		const environment = [
			{ name: "C", value: secret },
			{ name: "D", value: `${secret} ` },
		];
		const both = { ...config, env: { A: secret, B: "x" }, environment };
		assert.deepEqual(variablesOf(both, secret), ["A", "C"]);
		assert.deepEqual(withoutVariables(both, ["A", "C"]), {
			...config,
			env: { B: "x" },
			environment: [environment[1]],
		});
		assert.deepEqual(withoutVariables(config, ["A"]), config);
	});

	it("includes a caution for a debugger of an unknown type", () => {
		assert.equal(cautionFor(config), undefined);
		assert.match(String(cautionFor({ ...config, type: "mystery" })), /mystery/);
	});
});
