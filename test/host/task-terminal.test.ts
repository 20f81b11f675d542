/** The terminal of a task with secrets, whatever happens around its program. */
import assert from "node:assert/strict";
import { setImmediate } from "node:timers/promises";
import { TaskTerminal } from "../../extension/launch/task-terminal.ts";
import { until } from "../workbench/until.ts";
import { LaunchPlace } from "./launch-place.ts";

describe("the terminal of a task", () => {
	let place: LaunchPlace;
	beforeEach(async () => {
		place = await LaunchPlace.make();
	});
	afterEach(() => place.remove());

	it("reports that its program cannot be terminated, without throwing", async () => {
		const program = "setInterval(() => {}, 1000); console.log('It runs')";
		const task = { command: "node", args: ["-e", program], cwd: place.path, needs: [] };
		const prepare = async () => ({ task, secrets: {} });
		const terminal = new TaskTerminal({ prepare, onFailure: (error) => assert.fail(String(error)) });
		let written = "";
		terminal.onDidWrite((text) => {
			written += text;
		});
		const closed = new Promise((resolve) => terminal.onDidClose(resolve));
		terminal.open();
		await until("the program runs", () => written.includes("It runs\r\n"));
		const { kill } = process;
		// A process of another user cannot be created as the superuser, so kill fails here.
		process.kill = () => {
			throw Object.assign(new Error("kill EPERM"), { code: "EPERM" });
		};
		try {
			terminal.handleInput("\x03");
		} finally {
			process.kill = kill;
		}
		assert.match(written, /The program could not be terminated: EPERM\./);
		terminal.close();
		await closed;
	});

	it("does not start once it was ended while the user was asked", async () => {
		const { promise: answered, resolve: answer } = Promise.withResolvers<void>();
		const task = { command: "node", args: ["program.cjs"], cwd: place.path, needs: [] };
		const prepare = () => answered.then(() => ({ task, secrets: {} }));
		const terminal = new TaskTerminal({ prepare, onFailure: (error) => assert.fail(String(error)) });
		let written = "";
		terminal.onDidWrite((text) => {
			written += text;
		});
		terminal.open();
		terminal.close();
		answer();
		await setImmediate();
		assert.deepEqual([written, await place.hasRun()], ["", false]);
	});

	it("ends nothing once its program has ended, whose number may be another's by then", async () => {
		const task = { command: "node", args: ["-e", ""], cwd: place.path, needs: [] };
		const prepare = async () => ({ task, secrets: {} });
		const terminal = new TaskTerminal({ prepare, onFailure: (error) => assert.fail(String(error)) });
		const closed = new Promise((resolve) => terminal.onDidClose(resolve));
		terminal.open();
		assert.equal(await closed, 0);
		const { kill } = process;
		const ended: unknown[] = [];
		process.kill = (...given) => {
			ended.push(given);
			return true;
		};
		try {
			terminal.handleInput("\x03");
			terminal.close();
		} finally {
			process.kill = kill;
		}
		assert.deepEqual(ended, []);
	});

	it("says why a program did not start", async () => {
		const task = { command: "no-such-program", args: [], cwd: place.path, needs: [] };
		const terminal = new TaskTerminal({
			prepare: async () => ({ task, secrets: {} }),
			onFailure: (error) => assert.fail(String(error)),
		});
		let written = "";
		terminal.onDidWrite((text) => {
			written += text;
		});
		const closed = new Promise((resolve) => terminal.onDidClose(resolve));
		terminal.open();
		assert.equal(await closed, 127, "as of a shell");
		assert.match(written, /no-such-program did not start: the program or folder does not exist\.\r\n$/);
	});

	it("goes on when its program no longer reads what is typed", async () => {
		const program = "require('node:fs').closeSync(0); console.log('closed'); setTimeout(() => {}, 500)";
		const task = { command: "node", args: ["-e", program], cwd: place.path, needs: [] };
		const prepare = async () => ({ task, secrets: {} });
		const terminal = new TaskTerminal({ prepare, onFailure: (error) => assert.fail(String(error)) });
		let written = "";
		terminal.onDidWrite((text) => {
			written += text;
		});
		const closed = new Promise((resolve) => terminal.onDidClose(resolve));
		terminal.open();
		await until("the input is closed", () => written.includes("closed\r\n"));
		terminal.handleInput("yes\r");
		assert.equal(await closed, 0);
	});
});
