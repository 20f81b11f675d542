/** Runs the process that makes a snapshot. */
import { once } from "node:events";
import { constants, setPriority } from "node:os";

/**
 * Resolves when the snapshot of the generation is there, or was abandoned.
 * @throws when the process failed; nothing is lost then, since the logs are kept.
 */
export async function runCompaction(
	{ script, wasm }: { script: string; wasm: string },
	{ directory, generation, abandoned }: { directory: string; generation: number; abandoned: AbortSignal },
): Promise<void> {
	const { spawn } = await import("node:child_process");
	const { text } = await import("node:stream/consumers");
	if (abandoned.aborted) return;
	const args = [script, directory, String(generation), wasm];
	const child = spawn(process.execPath, args, { stdio: ["ignore", "ignore", "pipe"] });
	if (child.pid !== undefined) lowerPriority(child.pid);
	abandoned.addEventListener("abort", () => child.kill());
	const [errors, [code]] = await Promise.all([text(child.stderr), once(child, "close")]);
	if (!abandoned.aborted && code !== 0) throw new Error(`The compaction ended with ${code}: ${errors}`);
}

function lowerPriority(pid: number): void {
	try {
		setPriority(pid, constants.priority.PRIORITY_LOW);
	} catch (error) {
		// It may have ended already, and only the system's rules decide whether it may be changed.
		const { info } = error as { info?: { code: string } };
		if (!["ESRCH", "EPERM", "EACCES"].includes(info?.code ?? "")) throw error;
	}
}
