/** Whether a process lives, by its id alone: one whose id has been given out again lives too. */
import { readFileSync } from "node:fs";
import { codeOf } from "../error-code.ts";

export function isAlive(pid: number): boolean {
	try {
		process.kill(pid, 0);
	} catch (error) {
		// EPERM: it lives and is somebody else's.
		return codeOf(error) !== "ESRCH";
	}
	return !isZombie(pid);
}

/** Where the first process of a container does not reap what it inherits, a daemon that has ended stays a zombie. */
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
