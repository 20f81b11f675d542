/**
 * Starts the bundled daemon as a process that outlives this window, and waits for its announcement. Knows no VS Code,
 * and not whether a daemon is running.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { type FileHandle, mkdir, open, readFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import * as l10n from "@vscode/l10n";
import * as z from "zod";

/** Why no daemon can be reached. */
export type DaemonErrorCode =
	| "cannot-start"
	| "data-unwritable"
	| "newer-protocol"
	| "timeout"
	| "unknown-directory";

/** No daemon can be reached. The message says what to do about it. */
export class DaemonError extends Error {
	readonly code: DaemonErrorCode;

	constructor(code: DaemonErrorCode, message: string, options?: ErrorOptions) {
		super(message, options);
		this.name = "DaemonError";
		this.code = code;
	}
}

export interface StartOptions {
	/** Created, for its owner only, if it is missing. */
	dataDir: string;
	/** The data directory of earlier versions; its data is moved to a directory that has none. */
	earlier?: string | undefined;
	/** The bundled daemon.js. */
	daemonPath: string;
	/** Called at each start. */
	preferredPort: () => number;
	/** The daemon stops after this time without a client. */
	idleSeconds: number;
	/** The limit for starting a daemon, and for finding or replacing one. */
	deadlineSeconds: number;
	log: { info(message: string): void };
}

/** Resolves to the holder of the data directory: our child, or a daemon that started faster. @throws DaemonError */
export async function startDaemon(options: StartOptions): Promise<Announcement> {
	const { dataDir, log, deadlineSeconds } = options;
	const errors = await openErrorFile(dataDir);
	try {
		const { size } = await errors.stat();
		const child = spawnDaemon(options, errors.fd);
		const line = await announcementOf(child, deadlineSeconds * 1000).catch(async (cause: unknown) => {
			throw startError(cause, await readFrom(join(dataDir, errorFileName), size));
		});
		if (line.event === "failed") throw new DaemonError(startErrorCode(line.code), line.detail);
		log.info(
			line.event === "ready"
				? `Started the daemon (process ${line.pid}) at ${line.url}.`
				: `Process ${line.pid} was faster and holds the token data.`,
		);
		return line;
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
		throw new DaemonError(
			"data-unwritable",
			l10n.t(
				"The token data cannot be written to {0}. Check that folder's permissions and free space, then try again.",
				dataDir,
			),
			{ cause },
		);
	}
}

/** @types/node has no such child with a file as stderr. */
type ChildWithOutput = ChildProcess & { stdout: Readable };

function spawnDaemon(
	{ dataDir, earlier, daemonPath, preferredPort, idleSeconds }: StartOptions,
	errors: number,
): ChildWithOutput {
	const port = String(preferredPort());
	const move = earlier === undefined || earlier === dataDir ? [] : ["--move-from", earlier];
	return spawn(
		process.execPath,
		[daemonPath, "--data-dir", dataDir, "--port", port, "--idle-seconds", String(idleSeconds), ...move],
		{
			cwd: dataDir,
			// The daemon outlives this window, and must not end with its process group.
			detached: true,
			windowsHide: true,
			env: environment(),
			stdio: ["ignore", "pipe", errors],
		},
	) as ChildWithOutput;
}

/** Receives what Node.js writes to stderr when the daemon crashes. */
const errorFileName = "daemon-errors.txt";

/** The line that a daemon prints once it runs or has failed. */
const announcement = z.discriminatedUnion("event", [
	z.object({ event: z.literal("ready"), url: z.string(), pid: z.int().positive() }),
	z.object({ event: z.literal("held"), pid: z.int().positive().default(0) }),
	z.object({ event: z.literal("failed"), code: z.string(), detail: z.string() }),
]);

export type Announcement = Exclude<z.output<typeof announcement>, { event: "failed" }>;

/** The child's announcement. Rejects with the reason if there is none. */
async function announcementOf(
	child: ChildWithOutput,
	timeout: number,
): Promise<z.output<typeof announcement>> {
	const signal = AbortSignal.timeout(timeout);
	const ended = once(child, "close", { signal }).then(([code, killedBy]) => {
		throw new Error(`It ended with ${killedBy ?? `exit code ${code}`}.`);
	});
	try {
		const [line] = await Promise.race([once(createInterface(child.stdout), "line", { signal }), ended]);
		return announcement.parse(JSON.parse(line));
	} catch (error) {
		child.kill("SIGKILL");
		throw error;
	} finally {
		// Neither the child nor its pipe keeps this window's process from ending.
		child.stdout.destroy();
		child.unref();
	}
}

function startError(cause: unknown, errorOutput: string): DaemonError {
	if (cause instanceof Error && cause.name === "AbortError")
		return new DaemonError("timeout", l10n.t("The daemon was not ready in time. Try again."), { cause });
	return new DaemonError("cannot-start", l10n.t("The daemon did not start. The log says more; try again."), {
		cause: errorOutput === "" ? cause : new Error(errorOutput, { cause }),
	});
}

function startErrorCode(code: string): DaemonErrorCode {
	// The message about data that was not moved says what to do before another try, as that about a folder does.
	return ["data-unwritable", "data-unmoved"].includes(code) ? "data-unwritable" : "cannot-start";
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
