/** Sends orders to the process that makes the load: the same process for both servers, so that only the server differs. */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { LoadOrder, LoadReport, LoadResult } from "./load.ts";

const graceSeconds = 30;

export class LoadProcess {
	readonly #child: ChildProcess;

	static start(): LoadProcess {
		const child = fork(join(import.meta.dirname, "load.ts"), { serialization: "advanced" });
		const end = () => child.kill("SIGKILL");
		process.once("exit", end);
		child.once("exit", () => process.off("exit", end));
		return new LoadProcess(child);
	}

	private constructor(child: ChildProcess) {
		this.#child = child;
	}

	/** One order at a time. */
	async run(order: LoadOrder): Promise<LoadResult> {
		this.#child.send(order);
		// A server that has stopped answering must not block the bench.
		const signal = AbortSignal.timeout((order.seconds + graceSeconds) * 1000);
		const [report]: LoadReport[] = await once(this.#child, "message", { signal });
		if (report === undefined || "error" in report)
			throw new Error(report?.error ?? "The load process has ended.");
		return report.result;
	}

	async stop(): Promise<void> {
		const exited = once(this.#child, "exit");
		this.#child.disconnect();
		await exited;
	}
}

/** The bytes of a request to a server on this machine. */
export function requestBytes(
	port: number,
	line: string,
	headers: Record<string, string>,
	body = "",
): Uint8Array {
	const all = {
		Host: `127.0.0.1:${port}`,
		...headers,
		...(body === "" ? {} : { "Content-Length": body.length }),
	};
	const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}`);
	return Buffer.from([`${line} HTTP/1.1`, ...lines, "", body].join("\r\n"));
}
