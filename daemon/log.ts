/** The daemon's own log: private, without secrets, and never longer than twice its limit. */
import { renameSync } from "node:fs";
import { join } from "node:path";
import { type Logger, pino } from "pino";
import { sizeOf } from "./store/log.ts";

export interface DaemonLog {
	log: Logger;
	/** Writes what is still in memory; to be called before the process ends. */
	flush: () => void;
}

const largestBytes = 5 << 20;
const bufferedBytes = 4096;
const lookMilliseconds = 60_000;

export function openLog(directory: string): DaemonLog {
	const path = join(directory, "daemon.log");
	setAsideWhenLong(path);
	// Each request has a line, and a request must not wait for it.
	const destination = pino.destination({ dest: path, sync: false, minLength: bufferedBytes, mode: 0o600 });
	// Until its file is open there is nothing that could be written, and it throws when it is asked to.
	let isOpen = false;
	destination.once("ready", () => {
		isOpen = true;
	});
	const log = pino(
		{
			base: { pid: process.pid },
			timestamp: pino.stdTimeFunctions.isoTime,
			// Nothing that is logged should hold one; should it come to that, it is not written.
			redact: ["token", "secret", "ownerKey", "*.token", "*.secret", "*.ownerKey", "*.authorization"],
		},
		destination,
	);
	setInterval(() => {
		destination.flush();
		if (setAsideWhenLong(path)) destination.reopen();
	}, lookMilliseconds).unref();
	const flush = () => {
		if (isOpen) destination.flushSync();
	};
	return { log, flush };
}

function setAsideWhenLong(path: string): boolean {
	if (sizeOf(path) <= largestBytes) return false;
	renameSync(path, `${path}.1`);
	return true;
}
