/**
 * The daemon that the extension started for one VS Code, seen from outside: through its `daemon.json` alone.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Verification } from "../../daemon/client/client.ts";
import type { DaemonFile } from "../../daemon/contract.ts";
import { Client } from "../../extension/daemon/client.ts";
import { verified } from "../extension/verified.ts";
import { until } from "./until.ts";

/** The extension's global storage, which is the daemon's data directory. */
export function dataDirectory(userData: string): string {
	return join(userData, "User", "globalStorage", "tokensmith.tokensmith");
}

/** undefined: none is running that says so. */
export async function readDaemonFile(userData: string): Promise<DaemonFile | undefined> {
	const file = join(dataDirectory(userData), "daemon.json");
	const content = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
		if (error.code === "ENOENT") return undefined;
		throw error;
	});
	return content === undefined ? undefined : JSON.parse(content);
}

/** Waits until one lives. */
export function runningDaemon(userData: string): Promise<DaemonFile> {
	return until("a daemon runs", async () => {
		const daemon = await readDaemonFile(userData);
		return daemon !== undefined && isAlive(daemon.pid) ? daemon : undefined;
	});
}

/** The owner's client for the daemon that runs. */
export function daemonClient(userData: string): Client {
	return new Client(() => runningDaemon(userData));
}

/** Whether a secret is good, as soon as there is a daemon to ask. */
export async function verifiedIn(userData: string, secret: string): Promise<Verification> {
	await runningDaemon(userData);
	return await verified(dataDirectory(userData), secret);
}

/** Ends the daemon as a crash would, and waits until it has gone. */
export async function killDaemon(userData: string): Promise<void> {
	const { pid } = await runningDaemon(userData);
	process.kill(pid, "SIGKILL");
	await until("the daemon is dead", () => !isAlive(pid));
}

/** It outlives the windows on purpose; a test's must not outlive the test. */
export async function stopDaemon(userData: string): Promise<void> {
	const daemon = await readDaemonFile(userData);
	if (daemon === undefined || !isAlive(daemon.pid)) return;
	process.kill(daemon.pid, "SIGTERM");
	await until("the daemon has stopped", () => !isAlive(daemon.pid));
}

export function isAlive(pid: number): boolean {
	try {
		return process.kill(pid, 0);
	} catch (error) {
		return (error as NodeJS.ErrnoException).code === "EPERM";
	}
}
