/** What a window knows of its daemon, how it has one started, stopped and all data deleted, by programs in its place. */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { protocol } from "../../daemon/contract.ts";
import { Identity } from "../../daemon/rules/identity.ts";
import { DaemonHome, rejection } from "./daemon-home.ts";
import { type Loopback, loopback } from "./loopback.ts";

const ownerKey = "tko_the-key";
const identity = Identity.generate().name;

describe("the daemon of a window", () => {
	let home: DaemonHome;
	let server: Loopback;
	beforeEach(async () => {
		home = await DaemonHome.make();
		server = await loopback((_request, response) => response.end(), ownerKey);
	});
	afterEach(async () => {
		server.close();
		await home.close();
	});

	const write = (more: object = {}) =>
		home.writeDaemonFile({
			url: server.url,
			pid: process.pid,
			protocol,
			version: "1.0.0",
			ownerKey,
			...more,
		});
	/** A program that notes its arguments and says a line. */
	const saying = (line: object) =>
		home.program(`require("fs").appendFileSync("arguments", process.argv.slice(2).join(" ") + "\\n");
			console.log('${JSON.stringify(line)}');`);
	const given = () => readFileSync(join(home.dataDir, "arguments"), "utf8").trimEnd().split("\n");

	it("is known by its directory and its version, and by where earlier ones kept the data", () => {
		const window = home.window({ version: "1.2.3", earlier: "/earlier" });
		assert.deepEqual([window.dataDir, window.version, window.earlier], [home.dataDir, "1.2.3", "/earlier"]);
		assert.equal(home.window().earlier, undefined);
		const before = window.ofEarlierData();
		assert.deepEqual([before?.dataDir, before?.version, before?.earlier], ["/earlier", "1.2.3", undefined]);
		assert.equal(home.window().ofEarlierData(), undefined);
		assert.equal(home.window({ earlier: home.dataDir }).ofEarlierData(), undefined);
	});

	it("has an address for users, and one with its identity for services", async () => {
		const window = home.window({ version: "1.0.0" });
		await write({ identity });
		assert.equal(await window.url(), server.url);
		assert.equal(await window.identity(), identity);
		assert.equal(await window.addressForServices(), server.url.replace("://", `://${identity}@`));
		await write();
		assert.equal(await window.identity(), undefined);
		assert.equal(await window.addressForServices(), server.url);
	});

	it("is started with its port, to stop after ten minutes, and moves earlier data from elsewhere", async () => {
		const daemonPath = await saying({ event: "failed", code: "x", detail: "No." });
		const start = (more: object) =>
			rejection(home.window({ daemonPath, preferredPort: () => 7, ...more }).client());
		for (const more of [{}, { earlier: home.dataDir }, { earlier: "/earlier", idleSeconds: 5 }])
			await start(more);
		const before = `--data-dir ${home.dataDir} --port 7 --idle-seconds`;
		assert.deepEqual(given(), [`${before} 600`, `${before} 600`, `${before} 5 --move-from /earlier`]);
	});

	it("is said to be started, or that another one was faster", async () => {
		const ready = await saying({ event: "ready", url: "http://127.0.0.1:9", pid: process.pid });
		assert.equal(
			(await rejection(home.window({ daemonPath: ready, deadlineSeconds: 1 }).client())).code,
			"timeout",
		);
		assert.ok(home.logged.includes(`Started the daemon (process ${process.pid}) at http://127.0.0.1:9.`));
		const held = await saying({ event: "held", pid: process.pid });
		const error = await rejection(home.window({ daemonPath: held, deadlineSeconds: 1 }).client());
		assert.match(
			error.message,
			new RegExp(`^Process ${process.pid} holds the token data but does not answer`),
		);
		assert.ok(home.logged.includes(`Process ${process.pid} was faster and holds the token data.`));
		assert.equal(given().length, 2, "one that lives is waited for");
		assert.equal(error.name, "DaemonError");
	});

	it("is not started where there is no time for it", async () => {
		const error = await rejection(home.window({ deadlineSeconds: 0 }).client());
		assert.deepEqual(
			[error.code, error.message],
			["timeout", "The daemon could not be started in time. Try again."],
		);
	});

	it("is named when it does not stop", async () => {
		await write();
		const error = await rejection(home.window({ version: "1.0.0", deadlineSeconds: 1 }).restart());
		assert.equal(error.code, "timeout");
		assert.match(
			error.message,
			new RegExp(`^The daemon 1\\.0\\.0 \\(process ${process.pid}\\) does not stop`),
		);
		assert.deepEqual(
			server.requests.map(({ method, url }) => `${method} ${url}`),
			["POST /v1/shutdown"],
		);
		assert.ok(home.logged.includes(`Stopping the daemon 1.0.0 (process ${process.pid}).`));
	});

	describe("deletes all data", () => {
		it("for the typed word, and says what is left", async () => {
			const daemonPath = await home.program(
				'console.log(JSON.stringify({ event: "deleted", left: process.argv.slice(2) }))',
			);
			const left = await home.window({ daemonPath }).deleteAllData("a word");
			assert.deepEqual(left, ["--data-dir", home.dataDir, "--delete-data", "a word"]);
		});

		it("or says why not, and whether it may have begun", async () => {
			const refused = await saying({ event: "failed", code: "x", detail: "Type the word." });
			const notDone = await rejection(home.window({ daemonPath: refused }).deleteAllData("x"));
			assert.deepEqual([notDone.code, notDone.message], ["data-unwritable", "Type the word."]);
			const crashing = await home.program("process.exit(3)");
			const unknown = await rejection(home.window({ daemonPath: crashing }).deleteAllData("x"));
			assert.equal(unknown.code, "data-unwritable");
			assert.match(unknown.message, /^The deletion was cut off\. If it has begun, the next start/);
			assert.ok(unknown.cause instanceof Error);
		});

		it("nowhere while the data directory is unknown", async () => {
			const daemonPath = await saying({ event: "deleted", left: [] });
			const window = home.window({ daemonPath, problem: "This user has no home folder." });
			const error = await rejection(window.deleteAllData("x"));
			assert.deepEqual([error.code, error.message], ["unknown-directory", "This user has no home folder."]);
			assert.ok(!existsSync(join(home.dataDir, "arguments")));
		});
	});

	it("is not looked for where its file leads away from this machine", async () => {
		for (const url of ["http://10.0.0.1:80", "http://127.0.0.1.example:80", "https://127.0.0.1:80"]) {
			await write({ url });
			const error = await rejection(home.window({ deadlineSeconds: 0 }).client());
			assert.equal(error.code, "timeout");
			home.logged.splice(0);
			const daemonPath = await saying({ event: "failed", code: "x", detail: "No." });
			await rejection(home.window({ daemonPath }).client());
			assert.deepEqual(home.logged, [`The daemon of ${home.dataDir} does not listen on this machine.`]);
		}
	});
});
