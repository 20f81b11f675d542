/** The daemon that the extension started for one VS Code, seen from outside: only through its `daemon.json`. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { isAlive } from "../../daemon/client/process-alive.ts";
import type { Verification } from "../../daemon/client/verification.ts";
import type { CreatedToken, DaemonFile } from "../../daemon/contract.ts";
import { Client } from "../../extension/daemon/client.ts";
import { verified } from "../extension/verified.ts";
import { samplePermissions } from "../sample-permissions.ts";
import { until } from "./until.ts";

/** That of the user whose VS Code has these folders; the workbench is started with it. */
export function dataDirectory(userData: string): string {
	return join(userData, "tokensmith");
}

/** The extension's own storage, where earlier versions kept their data. */
export function globalStorage(userData: string): string {
	return join(userData, "User", "globalStorage", "tokensmith.tokensmith");
}

/** undefined: no daemon is announced there. */
export async function readDaemonFile(userData: string): Promise<DaemonFile | undefined> {
	const file = join(dataDirectory(userData), "daemon.json");
	const content = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
		if (error.code === "ENOENT") return undefined;
		throw error;
	});
	return content === undefined ? undefined : JSON.parse(content);
}

/** Waits until a daemon is running. */
export function runningDaemon(userData: string): Promise<DaemonFile> {
	return until("a daemon runs", async () => {
		const daemon = await readDaemonFile(userData);
		return daemon !== undefined && isAlive(daemon.pid) ? daemon : undefined;
	});
}

/** The owner's client for the running daemon. It adds the sample permissions that a new token needs. */
export function daemonClient(userData: string): Client {
	return new SampleClient(() => runningDaemon(userData));
}

class SampleClient extends Client {
	override async createToken(...[request, access]: Parameters<Client["createToken"]>): Promise<CreatedToken> {
		const { permissions } = await this.permissions();
		const known = new Set(permissions.map(({ name }) => name));
		const missing = samplePermissions.filter(
			({ name }) => request.permissions?.includes(name) && !known.has(name),
		);
		for (const { name, ...permission } of missing) await this.putPermission(name, permission);
		return super.createToken(request, access);
	}
}

/** Whether a secret is valid, as soon as a daemon can be asked. */
export async function verifiedIn(userData: string, secret: string): Promise<Verification> {
	await runningDaemon(userData);
	return await verified(dataDirectory(userData), secret);
}

/** Kills the daemon, as in a crash, and waits until it has ended. */
export async function killDaemon(userData: string): Promise<void> {
	const { pid } = await runningDaemon(userData);
	process.kill(pid, "SIGKILL");
	await until("the daemon is dead", () => !isAlive(pid));
}

/** The daemon outlives its windows by design; a test's daemon must not outlive the test. */
export async function stopDaemon(userData: string): Promise<void> {
	const daemon = await readDaemonFile(userData);
	if (daemon === undefined || !isAlive(daemon.pid)) return;
	process.kill(daemon.pid, "SIGTERM");
	await until("the daemon has stopped", () => !isAlive(daemon.pid));
}
