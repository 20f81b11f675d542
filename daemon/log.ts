/** The daemon's own log: private, without secrets, and never longer than twice its limit. */
import { renameSync } from "node:fs";
import { join } from "node:path";
import { type Logger, pino } from "pino";
import { SonicBoom } from "sonic-boom";
import { sizeOf } from "./store/log.ts";

export interface DaemonLog {
	log: Logger;
	/** Writes what is still in memory, if that can be done soon; to be called before the process ends. */
	flush: () => Promise<void>;
}

const largestBytes = 5 << 20;
const bufferedBytes = 4096;
const heldBytes = 1 << 20;
const lookMilliseconds = 60_000;
const flushMilliseconds = 500;

export function openLog(directory: string): DaemonLog {
	const path = join(directory, "daemon.log");
	setAsideWhenLong(path);
	// Each request has a line, and a request must not wait for it. Not pino's own destination, which at the process's end
	// tries for ever to write to a full disk.
	const destination = new SonicBoom({
		dest: path,
		sync: false,
		minLength: bufferedBytes,
		// What a full disk does not take is dropped rather than kept in memory.
		maxLength: heldBytes,
		mode: 0o600,
	});
	// Tokens are verified whether or not their log can be written.
	let canWrite = true;
	destination.on("error", () => {
		canWrite = false;
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
		if (!canWrite) return;
		destination.flush();
		if (setAsideWhenLong(path)) destination.reopen();
	}, lookMilliseconds).unref();
	const flush = () =>
		new Promise<void>((resolve) => {
			if (!canWrite) return resolve();
			destination.flush(() => resolve());
			setTimeout(resolve, flushMilliseconds);
		});
	return { log, flush };
}

function setAsideWhenLong(path: string): boolean {
	if (sizeOf(path) <= largestBytes) return false;
	try {
		renameSync(path, `${path}.1`);
		return true;
	} catch {
		// A log that can't be set aside only grows on; there is no better place to say so than the log itself.
		return false;
	}
}
