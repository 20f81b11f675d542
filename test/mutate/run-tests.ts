/** Runs test files in a process group of their own, which is ended with them or when they seem to hang. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Counts } from "../reporter.ts";

export type Outcome = "passed" | "failed" | "hung";

export interface TestRun {
	outcome: Outcome;
	/** As far as they are known. */
	failedFiles: string[];
}

/** Stops at the first test that fails. */
export async function runTests(
	root: string,
	files: string[],
	limitMilliseconds: number,
	environment: NodeJS.ProcessEnv = {},
): Promise<TestRun> {
	const runner = files.every((file) => file.startsWith("test/host/"))
		? ["test/host/run.ts", "counts.json", ...files.map((file) => file.replace(/^.*\/|\.test\.ts$/g, ""))]
		: ["test/mocha.ts", "counts.json", "40000", ...files];
	const counts = join(root, "counts.json");
	rmSync(counts, { force: true });
	const outcome = await run(root, [process.execPath, ...runner], limitMilliseconds, {
		TOKENSMITH_BAIL: "yes",
		...environment,
	});
	if (!existsSync(counts)) return { outcome, failedFiles: [] };
	const counted: Counts = JSON.parse(readFileSync(counts, "utf8"));
	// The extension host counts by bundle, and has the test files in the failures' stacks.
	const hasFailed = (file: string) =>
		(counted.files[join(root, file)]?.failed ?? 0) > 0 ||
		counted.failures.some((failure) => failure.includes(`/${file}:`));
	return { outcome, failedFiles: files.filter(hasFailed) };
}

/** @param limitMilliseconds since its last line: a test that never ends writes no more, and others end by themselves */
export async function run(
	root: string,
	[command, ...args]: string[],
	limitMilliseconds: number,
	environment: NodeJS.ProcessEnv = {},
): Promise<Outcome> {
	const child = spawn(command as string, args, {
		cwd: root,
		detached: true,
		stdio: ["ignore", "pipe", "ignore"],
		// What a mutant leaves behind goes with the copy.
		env: { ...process.env, TMPDIR: join(root, "t"), ...environment },
	});
	let hung = false;
	const limit = setTimeout(() => {
		hung = true;
		endGroup(child.pid);
	}, limitMilliseconds);
	child.stdout.on("data", () => limit.refresh());
	const [code] = await once(child, "exit");
	clearTimeout(limit);
	child.stdout.destroy();
	endGroup(child.pid);
	if (hung) return "hung";
	return code === 0 ? "passed" : "failed";
}

function endGroup(leader: number | undefined): void {
	try {
		if (leader !== undefined) process.kill(-leader, "SIGKILL");
	} catch (error) {
		// The whole group has ended by itself.
		if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
	}
}
