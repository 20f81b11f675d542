/**
 * A data directory for a test and the real, bundled daemons that run in it. close() stops the last of them and removes
 * the directory.
 */
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { isAlive } from "../../daemon/client/process-alive.ts";
import type { DaemonFile } from "../../daemon/contract.ts";
import { DaemonProcess, type DaemonProcessOptions } from "../../extension/daemon/daemon-process.ts";
import { DaemonError } from "../../extension/daemon/start-daemon.ts";
import { until } from "../workbench/until.ts";

export class DaemonHome {
	readonly dataDir: string;
	/** The daemon that `npm run build` builds, and its version. */
	readonly bundle: string;
	readonly version: string;
	readonly logged: string[] = [];

	/** `root`: the folder of package.json and dist. `dataDir`: by default a new one. */
	static async make(root = process.cwd(), dataDir?: string): Promise<DaemonHome> {
		const { version } = JSON.parse(await readFile(join(root, "package.json"), "utf8"));
		const directory = dataDir ?? (await mkdtemp(join(tmpdir(), "tokensmith-home-")));
		return new DaemonHome(directory, root, version);
	}

	private constructor(dataDir: string, root: string, version: string) {
		this.dataDir = dataDir;
		this.bundle = join(root, "dist", "daemon.js");
		this.version = version;
	}

	/** The parts of one window. */
	window(options: Partial<DaemonProcessOptions> = {}): DaemonProcess {
		return new DaemonProcess({ ...this.options, ...options });
	}

	get options(): DaemonProcessOptions {
		const log = (message: string) => void this.logged.push(message);
		return {
			dataDir: this.dataDir,
			daemonPath: this.bundle,
			version: this.version,
			preferredPort: () => 0,
			log: { info: log, warn: log },
		};
	}

	async daemonFile(): Promise<DaemonFile> {
		return JSON.parse(await readFile(join(this.dataDir, "daemon.json"), "utf8"));
	}

	async writeDaemonFile(contents: object | string): Promise<void> {
		const text = typeof contents === "string" ? contents : JSON.stringify(contents);
		await writeFile(join(this.dataDir, "daemon.json"), text, { mode: 0o600 });
	}

	/** The path of a program with the text, to be started instead of the daemon. */
	async program(text: string): Promise<string> {
		const path = join(this.dataDir, "program.cjs");
		await writeFile(path, text);
		return path;
	}

	/** Kills the daemon that daemon.json names, as in a crash. */
	async kill(): Promise<number> {
		const { pid } = await this.daemonFile();
		process.kill(pid, "SIGKILL");
		await until("the daemon is gone", () => !isAlive(pid));
		return pid;
	}

	async close(): Promise<void> {
		const file = await this.daemonFile().catch((error: NodeJS.ErrnoException) => {
			if (error.code === "ENOENT") return undefined;
			throw error;
		});
		if (file !== undefined && file.pid !== process.pid && isAlive(file.pid)) await this.kill();
		// A start that lost the race may still be writing its last file.
		await rm(this.dataDir, { recursive: true, force: true, maxRetries: 10 });
	}
}

/** The error with which the work for a window fails. */
export async function rejection(work: Promise<unknown>): Promise<DaemonError> {
	const error = await work.then(
		() => undefined,
		(reason: unknown) => reason,
	);
	assert.ok(error instanceof DaemonError, inspect(error));
	return error;
}
