/** When the bundled daemon loads SQLite, as the kernel sees it: a service that starts with it waits for its first answer. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describeWhere } from "../where.ts";
import { daemonsOfEach } from "./daemon.ts";

const canTrace = spawnSync("strace", ["-o", "/dev/null", "true"]).status === 0;

describeWhere(canTrace, "strace can't run here")("a start after an orderly stop", () => {
	const daemons = daemonsOfEach();

	it("is ready to verify before it loads SQLite", async () => {
		const output = join(daemons.folder, "trace");
		const first = await daemons.start();
		await first.create("x");
		await first.fetch("/v1/shutdown", { method: "POST" });
		await first.exited;
		const strace = `strace --follow-forks -s 300 -e trace=openat,write -o ${output}`;
		const daemon = await daemons.start(["--port", "0"], `set -- ${strace} "$@";`);
		await daemon.fetch("/v1/shutdown", { method: "POST" });
		await daemon.exited;
		const calls = readFileSync(output, "utf8").split("\n");
		const ready = calls.findIndex((call) => call.includes('write(1, "{\\"event\\":\\"ready'));
		const loaded = calls.findIndex((call) => call.includes("sql-wasm.wasm"));
		assert.ok(ready !== -1 && (loaded === -1 || loaded > ready), calls.join("\n"));
	});
});
