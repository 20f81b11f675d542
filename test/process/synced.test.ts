/** What the bundled daemon syncs, as the kernel sees it: a power cut takes only what was not. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describeWhere } from "../where.ts";
import { type DaemonChild, daemonsOfEach } from "./daemon.ts";

const canTrace = spawnSync("strace", ["-o", "/dev/null", "true"]).status === 0;

describeWhere(canTrace, "strace can't run here")("the bundled daemon syncs", () => {
	const daemons = daemonsOfEach();

	it("each change before it answers, and its copy when it stops", async () => {
		const daemon = await startTraced();
		const before = synced(/changes-\d+\.log/);
		for (let count = 0; count < 5; count++) await daemon.create("x");
		assert.ok(synced(/changes-\d+\.log/) >= before + 5);
		const copies = synced(/copy-\d+\.log>/);
		await stop(daemon);
		assert.ok(synced(/copy-\d+\.log>/) > copies);
	});

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

	function startTraced() {
		const output = join(daemons.folder, "trace");
		const strace = `strace --follow-forks --decode-fds=path -s 300 -e trace=fsync,fdatasync,rename,renameat,renameat2 -o ${output}`;
		return daemons.start(["--port", "0"], `set -- ${strace} "$@";`);
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
