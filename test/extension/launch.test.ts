import assert from "node:assert/strict";
import { Consents, fingerprintOf } from "../../extension/launch/consents.ts";
import {
	cautionFor,
	contentOf,
	linesOf,
	refuseLeaks,
	strayPlace,
	variablesWith,
	withEnvironment,
	withTexts,
	writtenAs,
} from "../../extension/launch/debug-configuration.ts";
import { consentDetail, consentTitle, shownLine } from "../../extension/launch/launch-words.ts";
import { LineInput } from "../../extension/launch/line-input.ts";
import { SecretMask } from "../../extension/launch/secret-mask.ts";
import { commandLine, environmentFor, readTask } from "../../extension/launch/task-definition.ts";
import { endingSoon, NeedsError, readNeeds, tokenMeant } from "../../extension/launch/token-needs.ts";
import { lineageOf } from "../../extension/tokens/lineage.ts";
import { memoryOf } from "../host/memory.ts";
import { tokenRecord as token } from "./a-token.ts";

const now = Date.parse("2026-11-22T12:00:00Z");
const day = 86_400_000;
const secret = "tks_0123456789abcdefghijklmnopqrstuvwxyzAB";

describe("what a file of the workspace asks tokens for", () => {
	it("is variables with the names or ids of tokens", () => {
		assert.deepEqual(readNeeds({ API_TOKEN: "orders-api", B: "id" }), [
			{ key: "API_TOKEN", wanted: "orders-api" },
			{ key: "B", wanted: "id" },
		]);
	});

	for (const [what, value] of Object.entries({
		"nothing at all": undefined,
		"a list": ["orders-api"],
		"no token": {},
		"a name that is no variable's": { "A=B": "orders-api" },
		"a token that is no text": { A: 5 },
		"an empty name": { A: "" },
		"a variable that makes programs load something": { LD_PRELOAD: "orders-api" },
		"another one": { node_options: "orders-api" },
		"too many": Object.fromEntries(Array.from({ length: 21 }, (_, index) => [`A${index}`, "x"])),
	}))
		it(`is refused when it is ${what}`, () => assert.throws(() => readNeeds(value), NeedsError));
});

describe("the token that is meant", () => {
	const first = token("1", { successorId: "2", retiresDate: new Date(now + day).toISOString() });
	const second = token("2", { predecessorId: "1" });

	it("is the successor once a token was rotated, by its name and by its old id", () => {
		for (const wanted of ["orders-api", "1", "2"])
			assert.equal(tokenMeant([first, second], wanted, now).id, "2");
	});

	it("is the one that works where others of its name are dead", () => {
		const dead = token("0", { revokedDate: new Date(now).toISOString() });
		assert.equal(tokenMeant([dead, token("3")], "orders-api", now).id, "3");
		assert.equal(tokenMeant([dead], "orders-api", now).id, "0");
	});

	it("is nobody's guess where several could be meant, or none", () => {
		assert.throws(() => tokenMeant([token("1"), token("2")], "orders-api", now), /Several tokens/);
		assert.throws(() => tokenMeant([token("1")], "orders", now), /no token called “orders”/);
	});

	it("is remembered by its lineage, which a rotation does not change", () => {
		assert.equal(lineageOf([first, second], second), "1");
		assert.equal(lineageOf([first, second], first), "1");
		// The record of the first is gone, and its id still names the lineage.
		assert.equal(lineageOf([second], second), "1");
	});

	it("does not hang on records that follow each other in a circle", () => {
		const circle = [
			token("1", { successorId: "2", predecessorId: "2" }),
			token("2", { successorId: "1", predecessorId: "1" }),
		];
		assert.ok(tokenMeant(circle, "1", now));
		assert.ok(lineageOf(circle, circle[0] ?? token("1")));
	});
});

describe("consents", () => {
	const consent = {
		lineage: "1",
		fingerprint: fingerprintOf({ command: "npm test" }),
		words: "npm test",
		date: 1,
	};

	it("hold for the same token and the same content, and for nothing else", async () => {
		const consents = new Consents(memoryOf());
		assert.equal(consents.has(consent), false);
		await consents.give([consent]);
		assert.equal(consents.has(consent), true);
		assert.equal(consents.has({ ...consent, lineage: "2" }), false);
		const other = fingerprintOf({ command: "npm test; curl evil" });
		assert.equal(consents.has({ ...consent, fingerprint: other }), false);
	});

	it("can be withdrawn", async () => {
		const consents = new Consents(memoryOf());
		await consents.give([consent, { ...consent, lineage: "2" }]);
		await consents.withdraw([consent]);
		assert.deepEqual(
			consents.all.map(({ lineage }) => lineage),
			["2"],
		);
	});

	it("are not believed where the memory holds something else", async () => {
		const memory = memoryOf();
		await memory.update("launchConsents", [null, "x", { lineage: 1 }, consent]);
		assert.deepEqual(new Consents(memory).all, [consent]);
		await memory.update("launchConsents", "x");
		assert.deepEqual(new Consents(memory).all, []);
	});

	it("do not depend on the order in which a file has its members", () => {
		const one = fingerprintOf({ a: 1, b: { c: [1, 2], d: "x" } });
		assert.equal(one, fingerprintOf({ b: { d: "x", c: [1, 2] }, a: 1 }));
		assert.notEqual(one, fingerprintOf({ a: 1, b: { c: [2, 1], d: "x" } }));
	});
});

describe("the question before a secret is handed out", () => {
	const grants = [{ key: "API_TOKEN", token: token("1") }];

	it("says who asks, what runs, what it gets and what that may do", () => {
		const question = { who: "The task “test”", lines: ["npm test", "in /w"], caution: "Careful.", grants };
		assert.equal(consentTitle(question), "The task “test” wants the secret of the API token “orders-api”.");
		const detail = consentDetail(question);
		for (const part of ["npm test", "in /w", "API_TOKEN", "orders.read", "Careful."])
			assert.ok(detail.includes(part), `${part} is missing in ${detail}`);
	});

	it("counts the tokens where there are several", () => {
		const question = {
			who: "The task “test”",
			lines: [],
			caution: undefined,
			grants: [...grants, ...grants],
		};
		assert.equal(consentTitle(question), "The task “test” wants the secrets of 2 API tokens.");
	});

	for (const [what, line, hidden] of [
		["line breaks", `npm test${"\n".repeat(80)}; curl evil`, "curl evil"],
		["blanks", `npm test${" ".repeat(290)}; curl evil`, "curl evil"],
		["tabs", `npm test${"\t".repeat(5)}; curl evil`, "curl evil"],
		["wide blanks", `npm test${"\u3000".repeat(290)}; curl evil`, "curl evil"],
	] as const)
		it(`shows what stands behind many ${what}`, () => {
			const shown = shownLine(line);
			assert.ok(shown.includes(hidden), shown);
			assert.ok(shown.length < 60, shown);
		});

	it("shows no character that reorders or hides others", () => {
		const hidden = ["\u202E", "\u200B", "\u0007", "\u2066"];
		const shown = shownLine(`a${hidden.join("b")}`);
		assert.deepEqual(
			hidden.filter((character) => shown.includes(character)),
			[],
		);
	});

	it("says how much it does not show", () => {
		assert.match(shownLine("x".repeat(1000)), /… \(700 more characters\)$/);
		const many = { who: "", lines: Array.from({ length: 20 }, () => "x"), caution: undefined, grants };
		assert.match(consentDetail(many), /and 6 more/);
	});
});

describe("a token that is about to be used", () => {
	it("is warned of when it is dead or has no more than a day, the worst first", () => {
		const inDays = (days: number) => new Date(now + days * day).toISOString();
		const tokens = [
			token("calm", { expiry: inDays(2) }),
			token("soon", { expiry: inDays(0.9) }),
			token("sooner", { expiry: inDays(0.1) }),
			token("expired", { expiry: inDays(-1) }),
			token("endless"),
			token("revoked", { revokedDate: inDays(-1) }),
			token("disabled", { disabledDate: inDays(-1) }),
		];
		assert.deepEqual(
			endingSoon(tokens, now).map(({ id }) => id),
			["expired", "revoked", "disabled", "sooner", "soon"],
		);
	});
});

describe("a task", () => {
	it("is a line for the shell or a program with arguments, in a folder of the workspace", () => {
		const tokens = { A: "x" };
		const line = readTask({ type: "tokensmith", command: "npm test", tokens }, "/w");
		assert.deepEqual([line.command, line.args, line.cwd], ["npm test", undefined, "/w"]);
		const program = readTask(
			{ type: "tokensmith", command: "node", args: ["a b"], cwd: "api", tokens },
			"/w",
		);
		assert.deepEqual([program.args, program.cwd], [["a b"], "/w/api"]);
		assert.equal(commandLine(program), 'node "a b"');
	});

	for (const [what, more] of Object.entries({
		"no command": { command: " " },
		"a command that is no text": { command: ["npm"] },
		"arguments that are no list": { args: "x" },
		"arguments that are no texts": { args: [1] },
		"a folder that is no text": { cwd: 5 },
		"no tokens": { tokens: undefined },
	}))
		it(`is refused with ${what}`, () => {
			const definition = { type: "tokensmith", command: "npm test", tokens: { A: "x" }, ...more };
			assert.throws(() => readTask(definition, "/w"), NeedsError);
		});

	it("gets the machine's environment and the secrets, but not what VS Code tells its own programs", () => {
		const own = { PATH: "/bin", VSCODE_PID: "1", ELECTRON_RUN_AS_NODE: "1", A: "old" };
		assert.deepEqual(environmentFor(own, { A: secret }), { FORCE_COLOR: "1", PATH: "/bin", A: secret });
	});
});

describe("what a task's program prints", () => {
	const partial = "tks_…yzAB";

	it("shows a secret as its partial token, in whatever pieces it arrives", () => {
		for (let size = 1; size < 60; size++) {
			const mask = new SecretMask([secret]);
			const text = `a ${secret} b tks_ ${secret}${secret}\n`;
			let shown = "";
			for (let at = 0; at < text.length; at += size) shown += mask.write(text.slice(at, at + size));
			assert.equal(shown + mask.end(), `a ${partial} b tks_ ${partial}${partial}\n`);
		}
	});

	it("is held back only where a secret may have begun", () => {
		const mask = new SecretMask([secret]);
		assert.equal(mask.write("What? "), "What? ");
		assert.equal(mask.holds, false);
		assert.equal(mask.write("Go at it"), "Go at i");
		assert.equal(mask.flush(), "t");
	});

	it("does not give a secret away however slowly it comes, and not one that breaks off either", () => {
		const mask = new SecretMask([secret]);
		let shown = "";
		for (const character of `a ${secret} tks_ok`) shown += mask.write(character) + mask.flush();
		assert.equal(shown + mask.end(), `a tks_01${partial} tks_ok`);
		const cut = new SecretMask([secret]);
		assert.equal(cut.write(secret.slice(0, 30)) + cut.flush() + cut.end(), "tks_01…");
		const short = new SecretMask([secret]);
		assert.equal(short.write("tks_") + short.end(), "tks_");
	});

	it("is as it is without a secret, and where a secret is too short to be told from a word", () => {
		assert.equal(new SecretMask([]).write("text"), "text");
		assert.equal(new SecretMask(["text"]).write("text"), "text");
	});
});

describe("what is typed for a task's program", () => {
	it("goes to it line by line, echoed and corrected", () => {
		let echoed = "";
		const input = new LineInput((text) => {
			echoed += text;
		});
		assert.equal(input.take("yex"), "");
		assert.equal(input.take("\x7f"), "");
		assert.equal(input.take("s\rno"), "yes\n");
		assert.equal(echoed, "yex\b \bs\r\nno");
		assert.equal(input.take("\x03"), "interrupt");
		assert.equal(input.take("\x1b[A"), "");
		assert.equal(input.take("\x04"), "end");
	});
});

describe("a debug configuration with tokens", () => {
	const config = { type: "node", request: "launch", name: "Orders", program: "/w/check.mjs" };

	it("is taken when the secret reaches the program alone", () => {
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

	it("has the secrets in its environment and no tokens any more", () => {
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

	it("has a secret nowhere but in the environment", () => {
		assert.equal(strayPlace({ ...config, env: { A: secret } }, [secret]), undefined);
		assert.equal(strayPlace({ ...config, args: ["--token", secret] }, [secret]), "args");
		assert.equal(strayPlace({ ...config, url: `http://evil/?${secret}` }, [secret]), "url");
		assert.equal(strayPlace({ ...config, deep: { er: [{ [secret]: 1 }] } }, [secret]), "deep");
	});

	it("is the same content at each start, whatever marks VS Code leaves in it", () => {
		const one = contentOf({ ...config, __sessionId: "1", tokensmithTokens: { A: "x" } }, [config]);
		assert.deepEqual(one, contentOf({ ...config, __sessionId: "2" }, [config]));
		assert.deepEqual(one, contentOf({ ...config, __sessionId: "3" }, []));
		assert.notDeepEqual(one, contentOf({ ...config, runtimeExecutable: "/w/evil" }, [config]));
	});

	it("is other content where a file of the workspace itself writes what looks like a mark", () => {
		const written = { ...config, __adapter: "/w/evil" };
		const worse = { ...config, __adapter: "/w/worse" };
		assert.notDeepEqual(contentOf(config, [config]), contentOf(written, [written]));
		assert.notDeepEqual(contentOf(written, [written]), contentOf(worse, [worse]));
		assert.notDeepEqual(contentOf(config, [config, written]), contentOf(written, [config, written]));
	});

	it("is shown with everything that the workspace's file says, and none of the debugger's defaults", () => {
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

	it("is shown as it runs where several have its name", () => {
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

	it("is shown with what its file says for one platform, and where its name holds a variable", () => {
		const runs = { ...config, env: { NODE_OPTIONS: "-r /w/x" } };
		const lines = ["node, launch", "program: /w/check.mjs", 'env: {"NODE_OPTIONS":"-r /w/x"}'];
		const platform = { ...config, linux: { env: runs.env } };
		assert.deepEqual(linesOf(runs, writtenAs("Orders", [platform])), lines);
		const named = { ...runs, name: `\${workspaceFolderBasename}` };
		assert.deepEqual(linesOf(runs, writtenAs("Orders", [named])), lines);
		assert.deepEqual(writtenAs("Orders", [{ ...runs, name: "Other" }, null, "x"]), []);
	});

	it("is shown with the names alone of variables that no file has written", () => {
		const whole = { ...config, env: { A: "1", PASSWORD: "of the machine" } };
		const lines = linesOf(whole, [{ ...config, env: { A: "1" } }]);
		assert.deepEqual(lines.slice(2), ['env: {"A":"1"}', "env: PASSWORD"]);
		const listed = { ...config, type: "cppdbg", environment: [{ name: "A", value: "1" }] };
		assert.deepEqual(linesOf(listed, [listed]).slice(2), ['env: {"A":"1"}']);
	});

	it("has secrets in the place of the texts that stand for them, in variables of their own", () => {
		const asking = {
			...config,
			env: { A: "Bearer x-1", B: "2" },
			environment: [{ name: "C", value: "x-2" }],
		};
		assert.deepEqual(variablesWith(asking, ["x-1", "x-2", "x-3"]), { A: "x-1", C: "x-2" });
		const filled = withTexts(asking, new Map([["x-1", secret]]));
		assert.deepEqual(filled.env, { A: `Bearer ${secret}`, B: "2" });
		assert.throws(() => variablesWith({ ...config, args: ["x-1"] }, ["x-1"]), /would stand in args/);
		assert.throws(
			() => variablesWith({ ...config, env: { A: "x-1 x-2" } }, ["x-1", "x-2"]),
			/one token only/,
		);
	});

	it("comes with a caution for a debugger that nobody here knows", () => {
		assert.equal(cautionFor(config), undefined);
		assert.match(String(cautionFor({ ...config, type: "mystery" })), /mystery/);
	});
});
