/** A daemon that cannot be started: the error says what is wrong, and nothing is left behind. */
import assert from "node:assert/strict";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { inspect } from "node:util";
import { isAlive } from "../../daemon/client/process-alive.ts";
import type { DaemonErrorCode } from "../../extension/daemon/start-daemon.ts";
import { until } from "../workbench/until.ts";
import { DaemonHome, rejection } from "./daemon-home.ts";

describe("DaemonProcess failing", function () {
	this.timeout(40_000);
	let home: DaemonHome;
	beforeEach(async () => {
		home = await DaemonHome.make();
	});
	afterEach(() => home.close());

	it("reports that the data cannot be written if the directory cannot be created", async () => {
		const file = join(home.dataDir, "file");
		await writeFile(file, "");
		const error = await rejection(home.window({ dataDir: join(file, "data") }).client());
		assert.equal(error.code, "data-unwritable");
		assert.equal(
			error.message,
			`The token data cannot be written to ${join(file, "data")}. Check that folder's permissions and free space, then try again.`,
		);
		assert.ok(error.cause instanceof Error);
	});

	it("starts nothing while the data directory is unknown, and says why", async () => {
		const window = home.window({ problem: "This user has no home folder." });
		for (const work of [window.client(), window.restart()])
			assert.deepEqual(
				[(await rejection(work)).code, (await rejection(work)).message],
				["unknown-directory", "This user has no home folder."],
			);
		assert.deepEqual(await readdir(home.dataDir), []);
	});

	it("passes on the daemon's own error", async () => {
		for (const [said, code] of [
			["data-unwritable", "data-unwritable"],
			["data-unmoved", "data-unwritable"],
			["unexpected", "cannot-start"],
		]) {
			const line = JSON.stringify({ event: "failed", code: said, detail: "Free some space." });
			const daemonPath = await home.program(`console.log(${JSON.stringify(line)})`);
			const error = await rejection(home.window({ daemonPath }).client());
			assert.deepEqual([error.code, error.message], [code, "Free some space."]);
		}
	});

	const programs: Record<string, [program: string, code: DaemonErrorCode, cause: RegExp]> = {
		"throws at once": ["throw new Error('broken bundle')", "cannot-start", /broken bundle(.|\n)*exit code 1/],
		"ends without a word": ["", "cannot-start", /exit code 0/],
		"is killed": ["process.kill(process.pid, 'SIGKILL')", "cannot-start", /SIGKILL/],
		"prints something else": ["console.log('hello')", "cannot-start", /JSON/],
		hangs: ["setInterval(() => {}, 1000)", "timeout", /TimeoutError/],
	};
	for (const [what, [text, code, cause]] of Object.entries(programs)) {
		it(`reports the cause if the daemon ${what}`, async () => {
			const daemonPath = await home.program(text);
			const deadlineSeconds = code === "timeout" ? 1 : 15;
			const error = await rejection(home.window({ daemonPath, deadlineSeconds }).client());
			assert.equal(error.code, code);
			assert.match(inspect(error.cause), cause);
		});
	}

	it("reports the cause if daemon.js is missing", async () => {
		const error = await rejection(home.window({ daemonPath: join(home.dataDir, "none.js") }).client());
		assert.equal(error.code, "cannot-start");
		assert.match(inspect(error.cause), /Cannot find module/);
	});

	it("leaves no process behind that was not ready in time", async () => {
		const pidFile = join(home.dataDir, "pid");
		const text = `require("fs").writeFileSync(${JSON.stringify(pidFile)}, String(process.pid));
			setInterval(() => {}, 1000);`;
		await rejection(home.window({ daemonPath: await home.program(text), deadlineSeconds: 3 }).client());
		const pid = Number(await readFile(pidFile, "utf8"));
		await until("it is gone", () => !isAlive(pid));
	});

	it("names the process that locks the data and does not respond", async () => {
		await home.window().client();
		const { pid } = await home.daemonFile();
		process.kill(pid, "SIGSTOP");
		const error = await rejection(home.window({ deadlineSeconds: 6 }).client());
		process.kill(pid, "SIGCONT");
		assert.equal(error.code, "timeout");
		assert.match(error.message, new RegExp(`Process ${pid} holds`));
	});

	it("starts a daemon after a failure as soon as that is possible", async () => {
		const daemonPath = join(home.dataDir, "late.cjs");
		const window = home.window({ daemonPath });
		await rejection(window.client());
		await writeFile(daemonPath, `require(${JSON.stringify(home.bundle)})`);
		assert.deepEqual(await (await window.client()).listTokens(), []);
	});
});
