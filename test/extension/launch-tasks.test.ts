import assert from "node:assert/strict";
import { LineInput } from "../../extension/launch/line-input.ts";
import { SecretMask } from "../../extension/launch/secret-mask.ts";
import { commandLine, environmentFor, readTask } from "../../extension/launch/task-definition.ts";
import { NeedsError } from "../../extension/launch/token-needs.ts";

const secret = "tks_0123456789abcdefghijklmnopqrstuvwxyzAB";

describe("a task", () => {
	it("is a shell command line or a program with arguments, in a workspace folder", () => {
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
		"arguments that are no texts": { args: ["x", 1] },
		"a folder that is no text": { cwd: 5 },
		"no tokens": { tokens: undefined },
	}))
		it(`is refused with ${what}`, () => {
			const definition = { type: "tokensmith", command: "npm test", tokens: { A: "x" }, ...more };
			assert.throws(() => readTask(definition, "/w"), NeedsError);
		});

	it("gets the machine's environment and the secrets, but not VS Code's internal variables", () => {
		const own = { PATH: "/bin", VSCODE_PID: "1", ELECTRON_RUN_AS_NODE: "1", A: "old" };
		assert.deepEqual(environmentFor(own, { A: secret }), { FORCE_COLOR: "1", PATH: "/bin", A: secret });
	});
});

describe("a task's output", () => {
	const partial = "tks_…yzAB";

	it("shows a secret as its partial token, however it is split", () => {
		for (let size = 1; size < 60; size++) {
			const mask = new SecretMask([secret]);
			const text = `a ${secret} b tks_ ${secret}${secret}\n`;
			let shown = "";
			for (let at = 0; at < text.length; at += size) shown += mask.write(text.slice(at, at + size));
			assert.equal(shown + mask.end(), `a ${partial} b tks_ ${partial}${partial}\n`);
		}
	});

	it("is held back only where a secret may start", () => {
		const mask = new SecretMask([secret]);
		assert.equal(mask.write("What? "), "What? ");
		assert.equal(mask.holds, false);
		assert.equal(mask.write("Go at it"), "Go at i");
		assert.equal(mask.flush(), "t");
	});

	it("never shows a secret, however slowly it arrives, nor an incomplete one", () => {
		const mask = new SecretMask([secret]);
		let shown = "";
		for (const character of `a ${secret} tks_ok`) shown += mask.write(character) + mask.flush();
		assert.equal(shown + mask.end(), `a tks_01${partial} tks_ok`);
		const cut = new SecretMask([secret]);
		assert.equal(cut.write(secret.slice(0, 30)) + cut.flush() + cut.end(), "***…");
		const begun = new SecretMask([secret]);
		assert.equal(begun.write(secret.slice(0, 7)) + begun.end(), "tks_01…");
		const short = new SecretMask([secret]);
		assert.equal(short.write("tks_") + short.end(), "tks_");
	});

	it("is unchanged without a secret, and if a secret is too short to distinguish from a word", () => {
		assert.equal(new SecretMask([]).write("text"), "text");
		assert.equal(new SecretMask(["text"]).write("text"), "text");
	});
});

describe("a task's input", () => {
	it("is passed line by line, echoed and corrected", () => {
		let echoed = "";
		const input = new LineInput((text) => {
			echoed += text;
		});
		assert.equal(input.take("yex"), "");
		assert.equal(input.take("\x7f"), "");
		assert.equal(input.take("s\rno"), "yes\n");
		assert.equal(echoed, "yex\b \bs\r\nno");
		assert.equal(input.take("\x04"), "", "the line is not empty");
		assert.equal(input.take("\x03"), "interrupt");
		assert.equal(input.take("\x1b[A"), "");
		assert.equal(input.take("\b"), "");
		assert.equal(input.take("\x04"), "end");
		assert.equal(echoed, "yex\b \bs\r\nno^C\r\n");
	});

	it("keeps blanks, and nothing that can't be seen", () => {
		const input = new LineInput(() => {});
		assert.equal(input.take("a\0 \x1fb\tc\n"), "a bc\n");
	});
});
