/** The daemon's log file: private, without secrets, at most twice its size limit, and opened only after the start. */
import { renameSync, statSync } from "node:fs";
import { join } from "node:path";

const pinoOptions = {
	base: { pid: process.pid },
	timestamp: () => `,"time":"${new Date().toISOString()}"`,
	// A safety net: callers log no secrets.
	redact: ["token", "secret", "ownerKey", "*.token", "*.secret", "*.ownerKey", "*.authorization"],
};

type Level = "info" | "warn" | "error";
type WriteLine = (facts: object, message: string) => void;

export interface DaemonLog extends Record<Level, WriteLine> {
	/** Writes the lines that are still in memory, within half a second. To be called before the process ends. */
	flush: () => Promise<void>;
}

interface OpenLog {
	log: Record<Level, WriteLine>;
	flush: () => Promise<void>;
}

const largestBytes = 5 << 20;
const bufferedBytes = 15_000;
const unwrittenBytes = 1 << 20;
const checkMilliseconds = 60_000;
const flushMilliseconds = 500;
const openMilliseconds = 100;

export function openLog(directory: string): DaemonLog {
	return keptUntilOpen(() => openFile(directory).catch(silentLog));
}

/** JSON lines on standard error, for whatever collects them. */
export function standardLog(): DaemonLog {
	return keptUntilOpen(openStandard);
}

/** The first lines are kept in memory until pino is loaded, so that the first answer does not wait for it. */
function keptUntilOpen(openNow: () => Promise<OpenLog>): DaemonLog {
	const early: [level: Level, facts: object, message: string][] = [];
	let opened: OpenLog | undefined;
	let opening: Promise<OpenLog> | undefined;
	const open = async () => {
		opening ??= openNow();
		opened = await opening;
		for (const [level, facts, message] of early.splice(0)) opened.log[level](facts, message);
		return opened;
	};
	const write = (level: Level) => (facts: object, message: string) => {
		if (opened !== undefined) return opened.log[level](facts, message);
		if (early.push([level, facts, message]) === 1) setTimeout(open, openMilliseconds).unref();
	};
	const flush = async () => (await open()).flush();
	return { info: write("info"), warn: write("warn"), error: write("error"), flush };
}

async function openStandard(): Promise<OpenLog> {
	const { default: pino } = await import("pino");
	const destination = pino.destination({ dest: 2, sync: false });
	const flush = () => new Promise<void>((resolve) => destination.flush(() => resolve()));
	return { log: pino(pinoOptions, destination), flush };
}

/** A log that can't be opened must not stop the daemon. */
function silentLog(error: unknown): OpenLog {
	process.stderr.write(`The daemon's log can't be opened: ${error}\n`);
	const ignore = () => {};
	return { log: { info: ignore, warn: ignore, error: ignore }, flush: async () => {} };
}

async function openFile(directory: string): Promise<OpenLog> {
	const [{ default: pino }, { default: sonicBoom }] = await Promise.all([
		import("pino"),
		import("sonic-boom"),
	]);
	const path = join(directory, "daemon.log");
	rotateWhenLarge(path);
	// Asynchronous, so that no request waits for its line. Not pino's own destination, which at exit retries endlessly
	// on a full disk.
	const destination = new sonicBoom.SonicBoom({
		dest: path,
		sync: false,
		minLength: bufferedBytes,
		// On a full disk, lines are dropped rather than kept in memory.
		maxLength: unwrittenBytes,
		mode: 0o600,
	});
	// The daemon keeps running without its log.
	let canWrite = true;
	destination.on("error", (error: NodeJS.ErrnoException) => {
		if (canWrite) process.stderr.write(`The daemon's log can't be written: ${error.message}\n`);
		canWrite = false;
	});
	let bytes = bytesOf(path);
	const rotate = () => {
		if (rotateWhenLarge(path)) destination.reopen();
		bytes = bytesOf(path);
	};
	// Counted, so that the file stays within its limit however much is written between two checks.
	destination.on("write", (written: number) => {
		bytes += written;
		if (bytes > largestBytes) rotate();
	});
	const log = pino(pinoOptions, destination);
	setInterval(() => {
		if (!canWrite) return;
		destination.flush();
		rotate();
	}, checkMilliseconds).unref();
	const flush = () =>
		new Promise<void>((resolve) => {
			if (!canWrite) return resolve();
			destination.flush(() => resolve());
			setTimeout(resolve, flushMilliseconds);
		});
	return { log, flush };
}

/** Whether the file was renamed to make room for a new one. */
function rotateWhenLarge(path: string): boolean {
	if (bytesOf(path) <= largestBytes) return false;
	try {
		renameSync(path, `${path}.1`);
		return true;
	} catch {
		// A log that can't be renamed keeps growing, which does no other harm.
		return false;
	}
}

function bytesOf(path: string): number {
	return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
