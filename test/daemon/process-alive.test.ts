/** Whether a process is alive, as the system's own list of processes has it. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { isAlive } from "../../daemon/client/process-alive.ts";
import { itWhere } from "../where.ts";
import { until } from "../workbench/until.ts";
import { temporaryFolder } from "./harness.ts";

const isLinux = process.platform === "linux";
const isRoot = process.getuid?.() === 0;

describe("a process", () => {
	const children: ChildProcess[] = [];
	let folder = "";
	beforeEach(() => {
		folder = temporaryFolder();
	});
	afterEach(() => {
		for (const child of children.splice(0)) child.kill("SIGKILL");
		rmSync(folder, { recursive: true });
	});

	function start(command: string, args: string[], options: { uid?: number } = {}): ChildProcess {
		const child = spawn(command, args, { ...options, stdio: ["ignore", "pipe", "ignore"] });
		children.push(child);
		return child;
	}

	it("is alive until it has ended", async () => {
		const child = start(process.execPath, ["-e", "setInterval(() => {}, 1000)"]);
		assert.ok(isAlive(child.pid as number));
		child.kill("SIGKILL");
		await once(child, "exit");
		assert.ok(!isAlive(child.pid as number));
	});

	it("is this one, and none has the id 0", () => {
		assert.ok(isAlive(process.pid));
		assert.ok(!isAlive(0));
	});

	itWhere(isLinux, "zombies are looked for on Linux only")(
		"is not alive when it has ended and its parent has not taken note",
		async () => {
			const parent = start("/bin/sh", ["-c", "sleep 0 & echo $!; exec sleep 60"]);
			const [printed] = await once(parent.stdout as NodeJS.ReadableStream, "data");
			await until("it counts as ended", () => !isAlive(Number(printed)));
			// The parent has not: the system still knows the id.
			process.kill(Number(printed), 0);
		},
	);

	itWhere(isLinux, "only Linux has a process's name and state in one line")(
		"is alive though its name looks like the state of one that has ended",
		async () => {
			const name = join(folder, "a) Z 1 (b");
			mkdirSync(folder, { recursive: true });
			symlinkSync("/bin/sleep", name);
			const child = start(name, ["60"]);
			await once(child, "spawn");
			assert.ok(isAlive(child.pid as number));
		},
	);

	itWhere(isRoot, "only root can act as two other users")("is alive though another user's", async () => {
		const child = start("/bin/sleep", ["60"], { uid: 65_534 });
		await once(child, "spawn");
		process.seteuid?.(65_533);
		try {
			assert.throws(() => process.kill(child.pid as number, 0), { code: "EPERM" });
			assert.ok(isAlive(child.pid as number));
		} finally {
			process.seteuid?.(0);
		}
	});
});
