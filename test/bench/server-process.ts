/**
 * The daemon and its peers as child processes. Invariant: none outlives the bench, however it ends, and each is ended
 * by its own process id.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { createInterface } from "node:readline";
import type { DaemonFile } from "../../daemon/contract.ts";
import { type Answer, ask } from "./answer.ts";

export class ServerProcess {
	readonly url: string;
	/** On the clock of `performance.now`. */
	readonly spawnedAt: number;
	readonly #child: ChildProcess;
	readonly #exited: Promise<unknown>;

	/** Answers when the process has said, in its first line, where it listens. */
	static async start(script: string, args: readonly string[]): Promise<ServerProcess> {
		const spawnedAt = performance.now();
		const child = spawn(process.execPath, [script, ...args], { stdio: ["ignore", "pipe", "inherit"] });
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

	/** Resident memory; undefined where the system has no /proc. */
	memoryBytes(): number | undefined {
		if (process.platform !== "linux") return undefined;
		const status = readFileSync(`/proc/${this.#child.pid}/status`, "utf8");
		return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
	}

	async stop(): Promise<void> {
		this.#child.kill("SIGTERM");
		await this.#exited;
	}
}

/** A daemon and its owner's way in. */
export class Daemon {
	readonly server: ServerProcess;
	readonly #ownerKey: string;

	/** @param distFolder where the built daemon is. */
	static async start(distFolder: string, directory: string): Promise<Daemon> {
		const script = join(distFolder, "daemon.js");
		const server = await ServerProcess.start(script, ["--data-dir", directory, "--port", "0"]);
		const { ownerKey }: DaemonFile = JSON.parse(readFileSync(join(directory, "daemon.json"), "utf8"));
		return new Daemon(server, ownerKey);
	}

	private constructor(server: ServerProcess, ownerKey: string) {
		this.server = server;
		this.#ownerKey = ownerKey;
	}

	get ownerHeaders(): Record<string, string> {
		return { Authorization: `Bearer ${this.#ownerKey}` };
	}

	/** The cheapest answer that only a whole daemon can give. */
	firstAnswer(): Promise<Answer> {
		return ask(`${this.server.url}/v1/api-tokens?limit=1`, { headers: this.ownerHeaders });
	}

	/** Creates tokens, 32 at a time, and answers their secrets. */
	async createTokens(count: number): Promise<string[]> {
		const secrets: string[] = [];
		const headers = { ...this.ownerHeaders, "Content-Type": "application/json" };
		const createSome = async (): Promise<void> => {
			while (secrets.length < count) {
				const at = secrets.push("") - 1;
				const { status, body } = await ask(
					`${this.server.url}/v1/api-tokens`,
					{ method: "POST", headers },
					tokenBody(at),
				);
				if (status !== 201) throw new Error(body);
				secrets[at] = JSON.parse(body).token;
			}
		};
		await Promise.all(Array.from({ length: 32 }, createSome));
		return secrets;
	}
}

/** Every token is as long as any other, so that all answers are. */
export function tokenBody(number: number): string {
	const name = `bench ${String(number).padStart(7, "0")}`;
	return JSON.stringify({ name, permissions: ["orders.read", "invoices.read"] });
}
