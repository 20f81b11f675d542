/** The daemon is started, shown and stopped by the command line, and started by services that need it. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { temporaryFolder } from "../daemon/harness.ts";
import { run } from "./command-line.ts";

const client = resolve(import.meta.dirname, "..", "..", "dist", "client.js");
const execute = promisify(execFile);

describe("a daemon that is kept running", () => {
	let home: string;
	let directory: string;
	const own = (...args: string[]) =>
		run(["daemon", ...args], { environment: { HOME: home, XDG_DATA_HOME: home } });
	const fileOf = () => JSON.parse(readFileSync(join(directory, "daemon.json"), "utf8"));
	const status = async () => JSON.parse((await own("status", "--json")).stdout);

	beforeEach(() => {
		home = temporaryFolder();
		directory = join(home, "tokensmith");
	});
	afterEach(async () => {
		await own("stop");
		rmSync(home, { recursive: true, force: true, maxRetries: 3 });
	});

	it("starts in the background without an idle stop, and is the same one at the next start", async () => {
		const first = await own("start");
		assert.deepEqual([first.code, first.stderr], [0, ""]);
		assert.match(first.stdout, /^The daemon runs at http:\/\/127\.0\.0\.1:\d+ \(process \d+\)\.\n$/);
		const { url, pid, version } = fileOf();
		const second = await own("start");
		assert.deepEqual(
			[second.code, second.stdout],
			[0, `The daemon runs already, at ${url} (process ${pid}).\n`],
		);
		const { startedDate, ...shown } = await status();
		assert.deepEqual(shown, {
			...{ running: true, url, pid, dataDir: directory, version },
			...{ idleSeconds: 0, service: "none", otherData: [] },
		});
		assert.ok(Date.now() - Date.parse(startedDate) < 60_000, startedDate);
		const words = await own("status");
		assert.match(
			words.stdout,
			/^url +http.*\nprocess +\d+\n.*\nversion .*\nstarted +.*\nstops when idle +never\n/s,
		);
	});

	it("keeps the idle stop that is asked for, and says so to the next start", async () => {
		assert.equal((await own("start", "--idle-seconds", "500")).code, 0);
		assert.equal((await status()).idleSeconds, 500);
		assert.match(
			(await own("start")).stdout,
			/stops after 500 seconds without a client\. .*tokensmith daemon stop/,
		);
	});

	it("stops in order, and not twice", async () => {
		await own("start");
		const { pid } = fileOf();
		const stopped = await own("stop");
		assert.deepEqual([stopped.code, stopped.stdout], [0, `Stopped the daemon (process ${pid}).\n`]);
		assert.ok(!existsSync(join(directory, "daemon.json")));
		const again = await own("stop");
		assert.deepEqual([again.code, again.stdout], [0, `No daemon runs for ${directory}.\n`]);
		const shown = await own("status", "--json");
		assert.deepEqual([shown.code, JSON.parse(shown.stdout).running], [3, false]);
	});

	it("does not take a file that a killed daemon has left for a running one", async () => {
		await own("start");
		const { pid } = fileOf();
		process.kill(pid, "SIGKILL");
		assert.equal((await own("status")).code, 3);
		assert.equal((await own("stop")).stdout, `No daemon runs for ${directory}.\n`);
		assert.equal((await own("start")).code, 0);
		assert.notEqual(fileOf().pid, pid);
	});

	it("refuses wrong numbers and unreadable places, and starts nothing", async () => {
		assert.equal((await own("start", "--idle-seconds", "soon")).code, 2);
		assert.equal((await own("start", "everything")).code, 2);
		assert.ok(!existsSync(directory));
		writeFileSync(directory, "");
		const file = await own("start");
		assert.deepEqual([file.code, file.stdout], [3, ""]);
		assert.match(file.stderr, /can't be written to .*tokensmith \(EEXIST\)/);
		rmSync(directory);
		mkdirSync(join(directory, "daemon.json"), { recursive: true, mode: 0o700 });
		const folder = await own("status");
		assert.equal(folder.code, 3);
		assert.match(folder.stderr, /daemon\.json can't be read \(EISDIR\)/);
	});

	const service = `
		const { createTokensmithClient, requireToken, verifyRequest } = require(${JSON.stringify(client)});
		const request = () => new Request("http://service.example.com", { headers: { authorization: "Bearer tks_no" } });
	`;
	const serve = async (code: string, environment: Record<string, string> = {}) => {
		const { TOKENSMITH_URL: _, TOKENSMITH_DATA_DIR: __, ...rest } = process.env;
		const env = { ...rest, HOME: home, XDG_DATA_HOME: home, ...environment };
		const { stdout } = await execute(process.execPath, ["--eval", `(async () => {${service}${code}})()`], {
			env,
		});
		return stdout.trim();
	};
	const check = "console.log((await verifyRequest(request(), { start: true })).response.status);";

	it("is started once by services that begin at the same time, for a client as for a check", async () => {
		const list = "console.log((await createTokensmithClient({ start: true }).list()).length);";
		const both = `console.log((await Promise.all([1, 2].map(() => verifyRequest(request(), { start: true })))).map(({ response }) => response.status).join());`;
		const answers = await Promise.all([serve(list), serve(check), serve(both)]);
		assert.deepEqual(answers, ["0", "401", "401,401"]);
		const { pid } = fileOf();
		assert.equal(await serve(check), "401");
		assert.equal(fileOf().pid, pid);
	});

	it("is started again for a service whose daemon was killed or stopped", async () => {
		for (const signal of ["SIGKILL", "SIGTERM"]) {
			const end = `
				const { readFileSync } = require("node:fs");
				const file = () => JSON.parse(readFileSync(${JSON.stringify(join(directory, "daemon.json"))}, "utf8"));
				const client = createTokensmithClient({ start: true });
				await client.list();
				const { pid } = file();
				process.kill(pid, "${signal}");
				// One that stops in order still answers meanwhile.
				const isThere = () => { try { return process.kill(pid, 0); } catch { return false; } };
				while (isThere()) await new Promise((resolve) => setTimeout(resolve, 20));
				console.log((await client.list()).length, file().pid !== pid);
			`;
			assert.equal(await serve(end), "0 true", signal);
		}
	});

	it("is not started without being asked for, nor for a daemon elsewhere", async () => {
		assert.equal(await serve("console.log((await verifyRequest(request())).response.status);"), "503");
		const elsewhere = `http://tki-${"0".repeat(64)}@127.0.0.1:9`;
		assert.equal(await serve(check, { TOKENSMITH_URL: elsewhere }), "503");
		assert.ok(!existsSync(directory));
		const refused = `
			for (const make of [
				() => createTokensmithClient({ start: true, url: "${elsewhere}" }),
				() => requireToken({ start: "yes" }),
				() => requireToken({ start: true, client: {} }),
			]) try { make(); console.log("made"); } catch (error) { console.log(error.name); }
		`;
		assert.equal(await serve(refused), "TypeError\nTypeError\nTypeError");
	});

	it("gives the reason where it can't be started, without a process for each request", async () => {
		writeFileSync(directory, "");
		const fails = `
			const client = createTokensmithClient({ start: true });
			const errors = [];
			for (let call = 0; call < 20; call++) await client.list().catch((error) => errors.push(error));
			console.log(new Set(errors).size, errors[0].name, errors[0].message);
		`;
		assert.match(await serve(fails), /^1 TokensmithUnavailableError The token data can't be written to /);
	});
});
