/** The daemon and its peers as child processes. Invariant: none outlives the bench, and each is ended by its own process id. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { performance } from "node:perf_hooks";
import { createInterface } from "node:readline";

/** In MB. */
export interface Memory {
	resident: number;
	/** The highest that `resident` has been. */
	peak: number;
}

interface StartOptions {
	environment?: Record<string, string>;
	/** Whether its standard error is a log. */
	hasLog?: boolean;
}

export class ServerProcess {
	readonly url: string;
	/** On the clock of `performance.now`. */
	readonly spawnedAt: number;
	readonly #child: ChildProcess;
	readonly #exited: Promise<unknown>;

	/** Resolves when the process has printed, in its first line, where it listens. */
	static async start(
		script: string,
		args: readonly string[],
		{ environment = {}, hasLog = false }: StartOptions = {},
	): Promise<ServerProcess> {
		const spawnedAt = performance.now();
		const child = spawn(process.execPath, [script, ...args], {
			env: { ...process.env, ...environment },
			stdio: ["ignore", "pipe", hasLog ? "ignore" : "inherit"],
		});
		const end = () => child.kill("SIGKILL");
		process.once("exit", end);
		const exited = once(child, "exit").finally(() => process.off("exit", end));
		const line = once(createInterface(child.stdout), "line").then(([text]) => String(text));
		const first = await Promise.race([line, exited]);
		const url = typeof first === "string" ? JSON.parse(first).url : undefined;
		if (url === undefined) throw new Error(`${script} did not start: ${first}`);
		return new ServerProcess(child, { url, spawnedAt, exited });
	}

	private constructor(
		child: ChildProcess,
		started: { url: string; spawnedAt: number; exited: Promise<unknown> },
	) {
		this.#child = child;
		this.url = started.url;
		this.spawnedAt = started.spawnedAt;
		this.#exited = started.exited;
	}

	get port(): number {
		return Number(new URL(this.url).port);
	}

	/** CPU time of all its threads so far; undefined where the system has no /proc. */
	cpuSeconds(): number | undefined {
		if (process.platform !== "linux") return undefined;
		const afterName = readFileSync(`/proc/${this.#child.pid}/stat`, "utf8").split(") ")[1] ?? "";
		const [userTicks, systemTicks] = afterName.split(" ").slice(11, 13).map(Number);
		// Linux counts here in hundredths of a second, whatever its kernel's own tick.
		return ((userTicks ?? 0) + (systemTicks ?? 0)) / 100;
	}

	/** Undefined where the system has no /proc. */
	memory(): Memory | undefined {
		if (process.platform !== "linux") return undefined;
		const status = readFileSync(`/proc/${this.#child.pid}/status`, "utf8");
		const megabytes = (field: string) =>
			(Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, "m").exec(status)?.[1]) * 1024) / 1e6;
		return { resident: megabytes("VmRSS"), peak: megabytes("VmHWM") };
	}

	/** Runs `work` while no thread of the process runs: its files are then what a kill at that moment would leave. */
	async whilePaused(work: () => Promise<void>): Promise<void> {
		this.#child.kill("SIGSTOP");
		try {
			await work();
		} finally {
			this.#child.kill("SIGCONT");
		}
	}

	/** Orderly, and resolves when it has exited. */
	async stop(): Promise<void> {
		this.#child.kill("SIGTERM");
		await this.#exited;
	}

	async kill(): Promise<void> {
		this.#child.kill("SIGKILL");
		await this.#exited;
	}
}
