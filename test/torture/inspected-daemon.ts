/**
 * A daemon whose memory a test can measure without its garbage, through V8's inspector. Invariant: what it measures is kept:
 * by objects, by buffers, or by the allocator.
 */
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { temporaryFolder } from "../daemon/harness.ts";
import { DaemonChild } from "../process/daemon.ts";
import { until } from "../workbench/until.ts";

/** From Linux's /proc, but for V8's memory; elsewhere that is all there is to compare. */
export interface Usage {
	descriptors: number;
	/** V8's objects and the buffers that they hold. */
	heapKilobytes: number;
	/** Of the process, with what its allocators keep for later. */
	residentKilobytes: number;
}

export class InspectedDaemon {
	readonly child: DaemonChild;
	readonly #inspector: WebSocket;
	#requests = 0;

	static async start(): Promise<InspectedDaemon> {
		const inspect = "export NODE_OPTIONS=--inspect=127.0.0.1:0;";
		const child = await DaemonChild.start(temporaryFolder(), ["--port", "0"], inspect);
		const address = await until("its inspector listens", () => /ws:\S+/.exec(child.errors)?.[0]);
		const inspector = new WebSocket(address);
		await once(inspector, "open");
		return new InspectedDaemon(child, inspector);
	}

	private constructor(child: DaemonChild, inspector: WebSocket) {
		this.child = child;
		this.#inspector = inspector;
	}

	get descriptors(): number {
		return existsSync(this.#process) ? readdirSync(`${this.#process}/fd`).length : 0;
	}

	/** After its garbage was collected. */
	async usage(): Promise<Usage> {
		await this.#request("HeapProfiler.collectGarbage");
		const { heapUsed, external } = (await this.evaluate("process.memoryUsage()")) as NodeJS.MemoryUsage;
		const status = existsSync(this.#process) ? readFileSync(`${this.#process}/status`, "utf8") : "";
		return {
			descriptors: this.descriptors,
			heapKilobytes: Math.round((heapUsed + external) / 1024),
			residentKilobytes: Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0),
		};
	}

	/** Evaluates an expression in the daemon and returns its value. */
	async evaluate(expression: string): Promise<unknown> {
		const { result, exceptionDetails } = await this.#request("Runtime.evaluate", {
			expression,
			returnByValue: true,
		});
		if (exceptionDetails !== undefined) throw new Error(JSON.stringify(exceptionDetails));
		return result.value;
	}

	get #process(): string {
		return `/proc/${this.child.child.pid}`;
	}

	async stop(): Promise<void> {
		this.#inspector.close();
		await this.child.kill();
	}

	// biome-ignore lint/suspicious/noExplicitAny: the answers of the inspector have a shape for each method.
	#request(method: string, params: object = {}): Promise<any> {
		const id = ++this.#requests;
		return new Promise((resolve) => {
			const receive = ({ data }: MessageEvent) => {
				const answer = JSON.parse(String(data));
				if (answer.id !== id) return;
				this.#inspector.removeEventListener("message", receive);
				resolve(answer.result);
			};
			this.#inspector.addEventListener("message", receive);
			this.#inspector.send(JSON.stringify({ id, method, params }));
		});
	}
}
