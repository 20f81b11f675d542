/** The daemon's own log: private, without secrets, never longer than twice its limit, and opened only after the start. */
import { renameSync } from "node:fs";
import { join } from "node:path";
import { sizeOf } from "./store/log.ts";

type Level = "info" | "warn" | "error";
type Tell = (facts: object, message: string) => void;

export interface DaemonLog extends Record<Level, Tell> {
	/** Writes what is still in memory, if that can be done soon; to be called before the process ends. */
	flush: () => Promise<void>;
}

interface OpenLog {
	log: Record<Level, Tell>;
	flush: () => Promise<void>;
}

const largestBytes = 5 << 20;
const bufferedBytes = 15_000;
const heldBytes = 1 << 20;
const lookMilliseconds = 60_000;
const flushMilliseconds = 500;
const openMilliseconds = 100;

/** What is told in the first moments is written after them, for no first answer is to wait until pino is loaded. */
export function openLog(directory: string): DaemonLog {
	const early: [level: Level, facts: object, message: string][] = [];
	let opened: OpenLog | undefined;
	let opening: Promise<OpenLog> | undefined;
	const open = async () => {
		opening ??= openFile(directory).catch(mute);
		opened = await opening;
		for (const [level, facts, message] of early.splice(0)) opened.log[level](facts, message);
		return opened;
	};
	const tell = (level: Level) => (facts: object, message: string) => {
		if (opened !== undefined) return opened.log[level](facts, message);
		if (early.push([level, facts, message]) === 1) setTimeout(open, openMilliseconds).unref();
	};
	const flush = async () => (await open()).flush();
	return { info: tell("info"), warn: tell("warn"), error: tell("error"), flush };
}

/** A log that can't be opened must not end a daemon that answers. */
function mute(error: unknown): OpenLog {
	process.stderr.write(`The daemon's log can't be opened: ${error}\n`);
	const nothing = () => {};
	return { log: { info: nothing, warn: nothing, error: nothing }, flush: async () => {} };
}

async function openFile(directory: string): Promise<OpenLog> {
	const [{ pino }, { SonicBoom }] = await Promise.all([import("pino"), import("sonic-boom")]);
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
