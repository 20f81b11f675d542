/**
 * Starts a daemon that outlives this process, unless one runs for the data directory. Programs that race end up on the same
 * one, since only one can hold the directory.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { type FileHandle, mkdir, open, readFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import type { DaemonFile } from "../contract.ts";
import { preferredPort } from "../facts.ts";
import { readDaemonFile } from "./endpoint.ts";
import { isAlive } from "./process-alive.ts";
import { Transport } from "./transport.ts";
import { TokensmithUnavailableError } from "./unavailable.ts";

export interface StartOptions {
	/** Created, for its owner only, if it is missing. */
	readonly dataDir: string;
	/** The bundled daemon.js. */
	readonly daemonPath: string;
	/** The daemon stops after this time without a client; 0: never. By default 600. */
	readonly idleSeconds?: number;
	readonly deadlineSeconds?: number;
}

/** What a daemon says in its first line. */
type Announcement = { readonly event: string; readonly pid?: number; readonly detail?: string };

/** @throws TokensmithUnavailableError that says why none runs */
export async function ensureDaemon(options: StartOptions): Promise<DaemonFile> {
	const { dataDir, deadlineSeconds = 15 } = options;
	const deadline = Date.now() + deadlineSeconds * 1000;
	let holder: number | undefined;
	while (Date.now() < deadline) {
		const running = await runningDaemon(dataDir);
		if (running !== undefined) return running;
		// The directory is held by a daemon that another program starts, or by one that is ending.
		if (holder !== undefined && isAlive(holder)) await delay(50);
		else holder = (await announcementOfNew(options, deadline - Date.now())).pid;
	}
	throw unavailable(
		`Another process holds ${dataDir}, and does not answer. End that process, then try again.`,
	);
}

/** The one that has proved to be the daemon of `daemon.json`. @throws TokensmithUnavailableError for a file that can't be read */
export async function runningDaemon(dataDir: string): Promise<DaemonFile | undefined> {
	const file = await readDaemonFile(dataDir).catch((error: unknown) => {
		const isUnreadable =
			error instanceof TokensmithUnavailableError && error.reason === "unusable" && error.cause;
		if (isUnreadable || !(error instanceof TokensmithUnavailableError)) throw error;
		return undefined;
	});
	if (file === undefined) return undefined;
	const health = await new Transport(async () => file).health(file);
	return health && file;
}

async function announcementOfNew(options: StartOptions, milliseconds: number): Promise<Announcement> {
	const errors = await openErrorFile(options.dataDir);
	try {
		const { size } = await errors.stat();
		const child = spawnDaemon(options, errors.fd);
		const said = await announcementOf(child, milliseconds).catch(async (cause: unknown) => {
			const output = await readFrom(join(options.dataDir, errorFileName), size);
			throw unavailable(`The daemon did not start. ${output}`.trimEnd(), cause);
		});
		if (said.event === "failed")
			throw unavailable(`The daemon did not start. ${said.detail ?? ""}`.trimEnd());
		return said;
	} finally {
		await errors.close();
	}
}

/** A file rather than a pipe: the daemon outlives the reader, and a write to a broken pipe would end it. */
async function openErrorFile(dataDir: string): Promise<FileHandle> {
	try {
		await mkdir(dataDir, { recursive: true, mode: 0o700 });
		const file = await open(join(dataDir, errorFileName), "a", 0o600);
		if ((await file.stat()).size > 1024 * 1024) await file.truncate();
		return file;
	} catch (cause) {
		const what = `The token data can't be written to ${dataDir} (${(cause as NodeJS.ErrnoException).code}).`;
		throw unavailable(
			`${what} Check that folder's permissions and free space, or name another with --data-dir.`,
			cause,
		);
	}
}

/** @types/node has no such child with a file as stderr. */
type ChildWithOutput = ChildProcess & { stdout: Readable };

function spawnDaemon(
	{ dataDir, daemonPath, idleSeconds = 600 }: StartOptions,
	errors: number,
): ChildWithOutput {
	const args = [
		"--data-dir",
		dataDir,
		"--port",
		String(preferredPort),
		"--idle-seconds",
		String(idleSeconds),
	];
	return spawn(nodePath(), [daemonPath, ...args], {
		cwd: dataDir,
		// It must not end with the process group of this program.
		detached: true,
		windowsHide: true,
		env: environment(),
		stdio: ["ignore", "pipe", errors],
	}) as ChildWithOutput;
}

/** The daemon needs Node.js, which a service in Bun or Deno is not. */
function nodePath(): string {
	const { bun, deno } = process.versions;
	return bun === undefined && deno === undefined ? process.execPath : "node";
}

/** Receives what Node.js writes to stderr when the daemon crashes. */
const errorFileName = "daemon-errors.txt";

async function announcementOf(child: ChildWithOutput, milliseconds: number): Promise<Announcement> {
	const signal = AbortSignal.timeout(Math.max(1, milliseconds));
	const ended = once(child, "close", { signal }).then(([code, killedBy]) => {
		throw new Error(`It ended with ${killedBy ?? `exit code ${code}`}.`);
	});
	try {
		const [line] = await Promise.race([once(createInterface(child.stdout), "line", { signal }), ended]);
		return JSON.parse(line) as Announcement;
	} catch (error) {
		child.kill("SIGKILL");
		throw error;
	} finally {
		// Neither the child nor its pipe keeps this program from ending.
		child.stdout.destroy();
		child.unref();
	}
}

async function readFrom(path: string, start: number): Promise<string> {
	const content = await readFile(path);
	return content.subarray(start).subarray(-2000).toString().trim();
}

/** The variables that Node.js needs, and no others of the user's environment. */
function environment(): NodeJS.ProcessEnv {
	const names = ["PATH", "HOME", "LANG", "TZ", "TMPDIR", "LD_LIBRARY_PATH"];
	const windowsNames = [
		"SystemRoot",
		"SystemDrive",
		"windir",
		"TEMP",
		"TMP",
		"USERPROFILE",
		"APPDATA",
		"LOCALAPPDATA",
	];
	const kept = [...names, ...windowsNames].flatMap((name) => {
		const value = process.env[name];
		return value === undefined ? [] : [[name, value]];
	});
	return { ...Object.fromEntries(kept), ELECTRON_RUN_AS_NODE: "1" };
}

function unavailable(message: string, cause?: unknown): TokensmithUnavailableError {
	return new TokensmithUnavailableError(message, { cause, outcome: "not-done", reason: "not-running" });
}

/** A stop that was asked for takes effect within this time. */
const stopSeconds = 15;

/** Stops the daemon in order. Resolves once its process has ended; undefined: none runs. */
export async function stopDaemon(dataDir: string): Promise<DaemonFile | undefined> {
	const running = await runningDaemon(dataDir);
	if (running === undefined) return undefined;
	await new Transport(async () => running).empty({ method: "POST", path: "/v1/shutdown" });
	const deadline = Date.now() + stopSeconds * 1000;
	while (isAlive(running.pid)) {
		if (Date.now() > deadline) {
			const what = `The daemon (process ${running.pid}) has not stopped after ${stopSeconds} seconds.`;
			throw new Error(`${what} End that process, then try again.`);
		}
		await delay(50);
	}
	return running;
}
