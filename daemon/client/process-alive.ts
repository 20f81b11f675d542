/** Whether a process with an id is alive. The id may have been reused by another process. */
import { readFileSync } from "node:fs";

export function isAlive(pid: number): boolean {
	// Signals to 0 go to this process and its own group.
	if (pid === 0) return false;
	try {
		process.kill(pid, 0);
	} catch (error) {
		// EPERM: it is alive and belongs to another user.
		return codeOf(error) !== "ESRCH";
	}
	return !isZombie(pid);
}

function codeOf(error: unknown): string | undefined {
	return (error as NodeJS.ErrnoException).code;
}

/** In a container whose first process reaps no orphans, a daemon that has ended remains as a zombie. */
function isZombie(pid: number): boolean {
	if (process.platform !== "linux") return false;
	try {
		const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
		return stat.slice(stat.lastIndexOf(")") + 2).startsWith("Z");
	} catch (error) {
		if (codeOf(error) === "ENOENT" || codeOf(error) === "ESRCH") return true;
		throw error;
	}
}
