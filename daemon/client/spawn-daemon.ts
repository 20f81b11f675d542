/**
 * Starts the bundled daemon as a process that outlives this one, and reads the line in which it says what became of it.
 * Knows neither whether one runs already nor the words for a failure: the client's are English, the extension's translated.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { type FileHandle, open, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import { isOwn, makePrivateFolder, mayBeChanged } from "./own-files.ts";
import { isAlive } from "./process-alive.ts";

export interface SpawnOptions {
	/** Created, for its owner only, if it is missing. */
	readonly dataDir: string;
	/** The bundled daemon.js. */
	readonly daemonPath: string;
	/** After `--data-dir`. */
	readonly args: readonly string[];
	/** The limit for the daemon's first line. */
	readonly milliseconds: number;
}

/** What a daemon says in its first line. */
export type Announcement =
	| { readonly event: "ready"; readonly url: string; readonly pid: number }
	/** Another daemon holds the data directory; 0: its process is not known. */
	| { readonly event: "held"; readonly pid: number }
	| { readonly event: "failed"; readonly code: string; readonly detail: string };

/** A new daemon said nothing. The cause is the error underneath, if there is one. */
export class SpawnError extends Error {
	readonly reason: "data-unwritable" | "too-slow" | "ended";
	/** What the daemon wrote to stderr. */
	readonly output: string;

	constructor(reason: SpawnError["reason"], cause: unknown, output = "") {
		super(`The daemon said nothing: ${reason}.`, { cause });
		this.name = "SpawnError";
		this.reason = reason;
		this.output = output;
	}
}

/** @throws SpawnError */
export async function announcementOfNew(options: SpawnOptions): Promise<Announcement> {
	const said = (await firstLineOfNew(options)) as Announcement;
	return said.event === "held" ? { ...said, pid: said.pid ?? 0 } : said;
}

/** @throws SpawnError */
export async function firstLineOfNew(options: SpawnOptions): Promise<{ readonly event: string }> {
	const errors = await openErrorFile(options.dataDir);
	try {
		const size = (await errors?.stat())?.size ?? 0;
		const child = spawnDaemon(options, errors?.fd ?? "ignore");
		return await firstLineOf(child, options.milliseconds).catch(async (cause: unknown) => {
			const isSlow = cause instanceof Error && cause.name === "AbortError";
			// The file may be gone, with all data.
			const output = errors && (await readFrom(join(options.dataDir, errorFileName), size).catch(() => ""));
			throw new SpawnError(isSlow ? "too-slow" : "ended", cause, output);
		});
	} finally {
		await errors?.close();
	}
}

/**
 * Whether the holder of a data directory still runs, after a moment. The process of one in another container can't be seen:
 * only a new daemon can tell whether it is there, so that takes longer.
 */
export async function isStillAlive(pid: number): Promise<boolean> {
	await delay(isAlive(pid) ? 50 : 300);
	return isAlive(pid);
}

/** Receives what Node.js writes to stderr when the daemon crashes. */
const errorFileName = "daemon-errors.txt";

/**
 * A file rather than a pipe: the daemon outlives the reader, and a write to a broken pipe would end it. Undefined for a
 * directory of another user, whose files may be links to files of this one: the daemon refuses it.
 */
async function openErrorFile(dataDir: string): Promise<FileHandle | undefined> {
	try {
		makePrivateFolder(dataDir);
		const found = await stat(dataDir);
		if (!isOwn(found) || mayBeChanged(found)) return undefined;
		const file = await open(join(dataDir, errorFileName), "a", 0o600);
		if ((await file.stat()).size > 1024 * 1024) await file.truncate();
		return file;
	} catch (cause) {
		throw new SpawnError("data-unwritable", cause);
	}
}

/** @types/node has no such child with a file as stderr. */
type ChildWithOutput = ChildProcess & { stdout: Readable };

function spawnDaemon(
	{ dataDir, daemonPath, args }: SpawnOptions,
	errors: number | "ignore",
): ChildWithOutput {
	return spawn(nodePath(), [daemonPath, "--data-dir", dataDir, ...args], {
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

async function firstLineOf(child: ChildWithOutput, milliseconds: number): Promise<{ event: string }> {
	const signal = AbortSignal.timeout(Math.max(1, milliseconds));
	const ended = once(child, "close", { signal }).then(([code, killedBy]) => {
		throw new Error(`It ended with ${killedBy ?? `exit code ${code}`}.`);
	});
	try {
		const [line] = await Promise.race([once(createInterface(child.stdout), "line", { signal }), ended]);
		return JSON.parse(line);
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
