/**
 * Data directories with many tokens. Creating 100,000 takes most of a minute, so a build does that once, and every
 * daemon that needs them starts on a copy.
 */
import { closeSync, cpSync, fsyncSync, openSync, readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { Daemon } from "./daemon.ts";
import type { Memory } from "./server-process.ts";

export interface Population {
	/** The data directory after an orderly stop. */
	stopped: string;
	/** The data directory as kill -9 leaves it, right after the answer that holds the last secret. */
	killed: string;
	/** Of the tokens that are not revoked, oldest first. */
	secrets: string[];
	/** Of the daemon that has created them, before its stop. */
	memory: Memory | undefined;
	stopMilliseconds: number;
}

/** How many of the tokens are revoked, evenly spread. */
export const revokedTokens = 20;

export interface PopulateOptions {
	distFolder: string;
	/** Takes the directories; does not exist yet. */
	folder: string;
	tokens: number;
}

export async function populate({ distFolder, folder, tokens }: PopulateOptions): Promise<Population> {
	const [stopped, killed] = [join(folder, "stopped"), join(folder, "killed")];
	const daemon = await Daemon.start(distFolder, stopped);
	const created = await daemon.createTokens(tokens - 1);
	const stride = Math.floor(created.length / revokedTokens);
	const isRevoked = (index: number) => index % stride === 0 && index < stride * revokedTokens;
	for (const secret of created.filter((_, index) => isRevoked(index))) await daemon.revoke(secret);
	const last = await daemon.createToken(tokens - 1);
	await daemon.server.whilePaused(async () => copyDirectory(stopped, killed));
	const memory = daemon.server.memory();
	const stoppedAt = performance.now();
	await daemon.server.stop();
	const stopMilliseconds = performance.now() - stoppedAt;
	const secrets = [...created.filter((_, index) => !isRevoked(index)), last];
	return { stopped, killed, secrets, memory, stopMilliseconds };
}

/** The copy is on disk when this returns, so that no later sync waits for it. */
export function copyDirectory(from: string, to: string): void {
	rmSync(to, { recursive: true, force: true });
	cpSync(from, to, { recursive: true });
	for (const path of filesOf(to)) {
		const file = openSync(path, "r");
		fsyncSync(file);
		closeSync(file);
	}
}

/** The bytes of all files in the directory, in MB. */
export function sizeOf(directory: string): number {
	return filesOf(directory).reduce((sum, path) => sum + statSync(path).size, 0) / 1e6;
}

function filesOf(directory: string): string[] {
	const entries = readdirSync(directory, { recursive: true, withFileTypes: true });
	return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}
