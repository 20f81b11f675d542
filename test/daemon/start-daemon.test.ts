/** The start of a daemon unless one runs, and its stop, by programs and servers in its place. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { mock } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { isAlive } from "../../daemon/client/process-alive.ts";
import { ensureDaemon, runningDaemon, stopDaemon } from "../../daemon/client/start-daemon.ts";
import { TokensmithUnavailableError } from "../../daemon/client/unavailable.ts";
import { protocol } from "../../daemon/contract.ts";
import { preferredPort } from "../../daemon/facts.ts";
import { type Loopback, loopback } from "../extension/loopback.ts";
import { until } from "../workbench/until.ts";
import { temporaryFolder } from "./harness.ts";

const ownerKey = "tko_the-key";

describe("a daemon for the command line and services", () => {
	let folder = "";
	let dataDir = "";
	const servers: Loopback[] = [];
	const children: ChildProcess[] = [];
	beforeEach(() => {
		folder = temporaryFolder();
		dataDir = join(folder, "data");
	});
	afterEach(() => {
		mock.timers.reset();
		for (const server of servers.splice(0)) server.close();
		for (const child of children.splice(0)) child.kill("SIGKILL");
		rmSync(folder, { recursive: true, maxRetries: 10 });
	});

	function program(text: string): string {
		const path = join(folder, "program.cjs");
		writeFileSync(path, text);
		return path;
	}

	function writeDaemonFile(fields: object): void {
		mkdirSync(dataDir, { recursive: true, mode: 0o700 });
		const file = { pid: process.pid, protocol, version: "1.0.0", ownerKey, ...fields };
		writeFileSync(join(dataDir, "daemon.json"), JSON.stringify(file), { mode: 0o600 });
	}

	/** One that proves itself, in this process, and is asked to stop. */
	async function running(pid = process.pid): Promise<Loopback> {
		const server = await loopback((_request, response) => response.writeHead(204).end(), ownerKey);
		servers.push(server);
		writeDaemonFile({ url: server.url, pid });
		return server;
	}

	const ensure = (text: string, more: object = {}) =>
		ensureDaemon({ dataDir, daemonPath: program(text), ...more });

	async function failure(text: string, more: object = {}): Promise<TokensmithUnavailableError> {
		const error = await ensure(text, more).catch((reason: unknown) => reason);
		assert.ok(error instanceof TokensmithUnavailableError, String(error));
		assert.deepEqual([error.reason, error.outcome], ["not-running", "not-done"]);
		return error;
	}

	/** Notes its arguments, then says a line. */
	const saying = (line: object) =>
		`require("fs").appendFileSync(${JSON.stringify(join(folder, "starts"))}, process.argv.slice(4).join(" ") + "\\n");
		console.log('${JSON.stringify(line)}')`;
	const starts = () => readFileSync(join(folder, "starts"), "utf8").trimEnd().split("\n");

	describe("is started", () => {
		it("unless it runs, and has proved it", async () => {
			const { url } = await running();
			assert.equal((await ensure("throw new Error('started')")).url, url);
			assert.equal((await runningDaemon(dataDir))?.url, url);
		});

		it("at the preferred port, to stop after ten minutes or the time that is asked for", async () => {
			const failed = saying({ event: "failed", code: "x", detail: "No." });
			await failure(failed);
			await failure(failed, { idleSeconds: 5 });
			assert.deepEqual(
				starts(),
				[600, 5].map((seconds) => `--port ${preferredPort} --idle-seconds ${seconds}`),
			);
		});

		it("once, and is found when it has written its file", async () => {
			const server = await loopback((_request, response) => response.end(), ownerKey);
			servers.push(server);
			const file = { url: server.url, pid: process.pid, protocol, version: "1.0.0", ownerKey };
			const text = `require("fs").writeFileSync("daemon.json", '${JSON.stringify(file)}', { mode: 0o600 });
				${saying({ event: "ready", url: server.url, pid: process.pid })}`;
			assert.equal((await ensure(text)).url, server.url);
			assert.equal(starts().length, 1);
		});

		it("not again while the one that holds the directory is alive", async () => {
			const held = saying({ event: "held", pid: process.pid });
			const { message } = await failure(held, { deadlineSeconds: 2 });
			assert.match(message, /^Another process holds .*data, and does not answer\. End that process/);
			assert.equal(starts().length, 1);
		});

		it("again once the one that held the directory has ended", async () => {
			const holder = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"]);
			children.push(holder);
			const line = JSON.stringify({ event: "held", pid: holder.pid });
			const note = JSON.stringify(join(folder, "held"));
			const text = `const fs = require("fs");
				if (fs.existsSync(${note})) console.log('${JSON.stringify({ event: "failed", code: "x", detail: "Again." })}');
				else { fs.writeFileSync(${note}, ""); console.log('${line}'); }`;
			const failing = failure(text);
			await until("it has seen the holder", () => existsSync(join(folder, "held")));
			holder.kill("SIGKILL");
			assert.equal((await failing).message, "The daemon did not start. Again.");
		});

		it("or the error says why not", async () => {
			const refused = saying({ event: "failed", code: "x", detail: "Free some space." });
			assert.equal((await failure(refused)).message, "The daemon did not start. Free some space.");
			const crashed = await failure("console.error('broken bundle'); process.exit(3)");
			assert.equal(crashed.message, "The daemon did not start. broken bundle");
			assert.match(String(crashed.cause), /exit code 3/);
			assert.equal((await failure("process.exit(3)")).message, "The daemon did not start.");
			writeFileSync(join(folder, "file"), "");
			dataDir = join(folder, "file", "data");
			const unwritable = await failure("");
			assert.match(unwritable.message, /^The token data can't be written to .*data \(ENOTDIR\)\. Check/);
			assert.equal((unwritable.cause as NodeJS.ErrnoException).code, "ENOTDIR");
		});
	});

	describe("runs", () => {
		it("where it proves itself, and not where its file leads to nothing or to another process", async () => {
			assert.equal(await runningDaemon(dataDir), undefined);
			const server = await running();
			assert.equal((await runningDaemon(dataDir))?.ownerKey, ownerKey);
			writeDaemonFile({ url: server.url, ownerKey: "tko_another" });
			assert.equal(await runningDaemon(dataDir), undefined);
			writeDaemonFile({ url: "http://127.0.0.1:9" });
			assert.equal(await runningDaemon(dataDir), undefined);
			writeFileSync(join(dataDir, "daemon.json"), "{");
			assert.equal(await runningDaemon(dataDir), undefined);
		});

		it("perhaps where its file can't be believed, so that none is started beside it", async () => {
			if (process.platform === "win32") return;
			await running();
			chmodSync(join(dataDir, "daemon.json"), 0o666);
			await assert.rejects(runningDaemon(dataDir), /other users can write to it/);
			await assert.rejects(ensure("throw new Error('started')"), /other users can write to it/);
		});
	});

	describe("is stopped", () => {
		it("not where none runs", async () => assert.equal(await stopDaemon(dataDir), undefined));

		it("in order, until its process has ended", async () => {
			const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"]);
			children.push(child);
			const { requests } = await running(child.pid);
			let isDone = false;
			const stopping = stopDaemon(dataDir).then((stopped) => {
				isDone = true;
				return stopped;
			});
			await until("it is asked to stop", () => requests.length > 0);
			// A few looks at the process later it still waits.
			await delay(200);
			assert.equal(isDone, false);
			child.kill("SIGKILL");
			assert.equal((await stopping)?.pid, child.pid);
			assert.equal(isAlive(child.pid as number), false);
			assert.deepEqual(
				requests.map(({ method, url, headers }) => [method, url, headers.authorization]),
				[["POST", "/v1/shutdown", `Bearer ${ownerKey}`]],
			);
		});

		it("or named, if it has not ended after 15 seconds", async () => {
			const { requests } = await running();
			mock.timers.enable({ apis: ["Date"], now: 1_000_000 });
			let error: unknown;
			const stopping = stopDaemon(dataDir).catch((reason: unknown) => {
				error = reason;
			});
			await until("it is asked to stop", () => requests.length > 0);
			await delay(200);
			mock.timers.setTime(1_000_000 + 15_000);
			await delay(200);
			assert.equal(error, undefined);
			mock.timers.setTime(1_000_000 + 15_001);
			await stopping;
			assert.match(
				String(error),
				new RegExp(`The daemon \\(process ${process.pid}\\) has not stopped after 15 s`),
			);
		});
	});
});
