/** What the bundled daemon syncs, as the kernel sees it: a power cut takes only what was not. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describeWhere, itWhere } from "../where.ts";
import { type DaemonChild, daemonsOfEach } from "./daemon.ts";

/** Where Linux has files in memory. */
const memory = "/dev/shm";
const canTrace = spawnSync("strace", ["-o", "/dev/null", "true"]).status === 0;

describeWhere(canTrace, "strace can't run here")("the bundled daemon syncs", () => {
	const daemons = daemonsOfEach();

	it("each change before it answers, and the end of its log and of the copy when it stops", () =>
		assertSynced());

	itWhere(existsSync(memory), `there is no ${memory}`)("the same on a disk that takes no time", async () => {
		const folder = mkdtempSync(join(memory, "tokensmith-"));
		daemons.directory = join(folder, "data");
		try {
			await assertSynced();
		} finally {
			await daemons.stopAll();
			rmSync(folder, { recursive: true });
		}
	});

	async function assertSynced(): Promise<void> {
		const daemon = await startTraced();
		const before = synced(/changes-\d+\.log/);
		for (let count = 0; count < 5; count++) await daemon.create("x");
		assert.ok(synced(/changes-\d+\.log/) >= before + 5);
		const [logs, copies] = [synced(/changes-\d+\.log>/), synced(/copy-\d+\.log>/)];
		await stop(daemon);
		assert.ok(synced(/changes-\d+\.log>/) > logs);
		assert.ok(synced(/copy-\d+\.log>/) > copies);
	}

	it("a snapshot before it has its name, and then the directory", async () => {
		await stop(await startTraced());
		const calls = trace();
		const file = calls.findIndex((call) => /^f(data)?sync\(\d+<.*snapshot-.*\.db\.tmp>/.test(call));
		const renamed = calls.findIndex((call) => /^rename\w*\(.*snapshot-.*\.db"/.test(call));
		// The next one of all: what is written later syncs the directory too.
		const next = calls.find((call, at) => at > renamed && /^f(data)?sync\(/.test(call));
		assert.ok(file !== -1 && renamed > file, calls.join("\n"));
		assert.match(next ?? "", /^fsync\(\d+<.*\/data>/, calls.join("\n"));
	});

	it("what it takes back of a change that could not be synced, before it says so", async () => {
		await stop(await daemons.start());
		// With one thread for files, the first sync of all is the first one of that thread.
		const daemon = await startTraced("-e inject=fdatasync:error=EIO:when=1", "UV_THREADPOOL_SIZE=1");
		const before = synced(/changes-\d+\.log/);
		assert.equal((await daemon.tryToCreate("refused")).status, 507);
		assert.equal(trace().filter((call) => /INJECTED/.test(call)).length, 1);
		assert.equal(synced(/changes-\d+\.log/), before + 2);
		await daemon.create("accepted");
		await stop(daemon);
	});

	it("the log without a line that was never completed, before another one is written there", async () => {
		const daemon = await daemons.start();
		await daemon.create("x");
		await daemon.kill("SIGKILL");
		const name = readdirSync(daemons.directory).findLast((file) => /^changes-\d+\.log$/.test(file)) ?? "";
		const log = readFileSync(join(daemons.directory, name));
		log.write("00000000 5 [", log.lastIndexOf("\n") + 1);
		writeFileSync(join(daemons.directory, name), log);
		const started = await startTraced();
		assert.equal(started.first.event, "ready");
		assert.ok(synced(/changes-\d+\.log/) > 0);
		await stop(started);
	});

	function startTraced(more = "", environment = "") {
		const output = join(daemons.folder, "trace");
		const strace = `strace --follow-forks --decode-fds=path -s 300 -e trace=fsync,fdatasync,rename,renameat,renameat2 ${more} -o ${output}`;
		return daemons.start(["--port", "0"], `set -- env ${environment} ${strace} "$@";`);
	}

	/** Orderly: a daemon whose strace is killed would run on, and the tests with it. */
	async function stop(daemon: DaemonChild): Promise<void> {
		await daemon.fetch("/v1/shutdown", { method: "POST" });
		await daemon.exited;
	}

	/** The calls, without the number of the thread. */
	function trace(): string[] {
		const lines = readFileSync(join(daemons.folder, "trace"), "utf8").split("\n");
		return lines.map((line) => line.replace(/^\d+\s+/, ""));
	}

	function synced(file: RegExp): number {
		return trace().filter((call) => /^f(data)?sync\(/.test(call) && file.test(call)).length;
	}
});
