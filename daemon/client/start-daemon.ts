/**
 * Starts a daemon that outlives this process, unless one runs for the data directory. Programs that race end up on the same
 * one, since only one can hold the directory.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { DaemonFile } from "../contract.ts";
import { preferredPort } from "../facts.ts";
import { readDaemonFile } from "./endpoint.ts";
import { isAlive } from "./process-alive.ts";
import { type Announcement, announcementOfNew, isStillAlive, SpawnError } from "./spawn-daemon.ts";
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

/** @throws TokensmithUnavailableError that says why none runs */
export async function ensureDaemon(options: StartOptions): Promise<DaemonFile> {
	const { dataDir, deadlineSeconds = 15 } = options;
	const deadline = Date.now() + deadlineSeconds * 1000;
	let holder: number | undefined;
	while (Date.now() < deadline) {
		const running = await runningDaemon(dataDir);
		if (running !== undefined) return running;
		// The directory is held by a daemon that another program starts, or by one that is ending.
		if (holder === undefined || !(await isStillAlive(holder)))
			holder = (await startNew(options, deadline - Date.now())).pid;
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

async function startNew(
	options: StartOptions,
	milliseconds: number,
): Promise<Exclude<Announcement, { event: "failed" }>> {
	const { dataDir, daemonPath, idleSeconds = 600 } = options;
	const args = ["--port", String(preferredPort), "--idle-seconds", String(idleSeconds)];
	const said = await announcementOfNew({ dataDir, daemonPath, args, milliseconds }).catch(
		(error: unknown) => {
			throw error instanceof SpawnError ? unavailable(startProblem(error, dataDir), error.cause) : error;
		},
	);
	if (said.event === "failed") throw unavailable(`The daemon did not start. ${said.detail}`);
	return said;
}

function startProblem({ reason, cause, output }: SpawnError, dataDir: string): string {
	if (reason !== "data-unwritable") return `The daemon did not start. ${output}`.trimEnd();
	const what = `The token data can't be written to ${dataDir} (${(cause as NodeJS.ErrnoException).code}).`;
	return `${what} Check that folder's permissions and free space, or set TOKENSMITH_DATA_DIR to another one.`;
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
