/** The note of a move, whose taking over is cut off at every step. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdirSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { temporaryFolder } from "../daemon/harness.ts";
import { describeWhere } from "../where.ts";

const canTrace = spawnSync("strace", ["-o", "/dev/null", "true"]).status === 0;
const note = resolve(import.meta.dirname, "../../daemon/cli/begun-move.ts");
const move = { from: "/data", to: "https://team.example" };
const other = { ...move, to: "https://other.example" };
const dead = 2 ** 22 + 1;
/** What makes, moves and removes names. */
const calls = ["link", "linkat", "rename", "renameat", "renameat2", "unlink", "unlinkat"];

describeWhere(canTrace, "strace can't run here")("a move that goes on with an interrupted one", () => {
	it("leaves a note that stops every other move, wherever it is killed, and can go on again", function () {
		this.timeout(180_000);
		const folder = temporaryFolder();
		writeFileSync(join(folder, "move.json"), JSON.stringify({ ...move, pid: dead }), { mode: 0o600 });
		const goOn = `noteBegun(${JSON.stringify(move)}, true)`;
		let killed = 0;
		for (const call of calls) {
			for (let step = 1; ; step++) {
				const { signal, status } = run(folder, goOn, { call, step });
				if (signal !== "SIGKILL" && status !== 137) break;
				const stopped = run(folder, `checkBegun(${JSON.stringify(other)})`);
				assert.match(stopped.stderr, /has not ended/, `${call} ${step}: ${readdirSync(folder)}`);
				killed++;
			}
		}
		assert.ok(killed > 3, String(killed));
		const { status, stderr } = run(folder, goOn);
		const left = readdirSync(folder).filter((name) => !name.endsWith(".part"));
		assert.deepEqual([status, left], [0, ["move.json"]], stderr);
		rmSync(folder, { recursive: true });
	});

	/** @param end the call, counted from 1, that kills the process */
	function run(folder: string, code: string, end?: { call: string; step: number }) {
		const work = `import { checkBegun, noteBegun } from ${JSON.stringify(note)}; ${code};`;
		const program = [process.execPath, "--input-type=module", "--eval", work];
		const trace = ["strace", "-f", "-qq", "-o", "/dev/null"];
		const [command = "", ...args] =
			end === undefined
				? program
				: [...trace, `--inject=${end.call}:signal=KILL:when=${end.step}`, ...program];
		const env = { ...process.env, TOKENSMITH_CONFIG_DIR: folder };
		return spawnSync(command, args, { encoding: "utf8", env });
	}
});
