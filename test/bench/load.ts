/**
 * The process that puts servers under load: each connection sends its next request when it has the answer to the last,
 * as services do. It uses a bare socket, not an HTTP client, so that the server is the limit and not this process.
 */
import { connect } from "node:net";
import { performance } from "node:perf_hooks";

export interface LoadOrder {
	port: number;
	/** Whole requests, sent in turn over all connections. */
	requests: readonly Uint8Array[];
	connections: number;
	/** No request is sent later than this. */
	seconds: number;
	/** No more requests than this are sent. */
	count: number;
	/** An answer with another status ends the run. */
	status: number;
}

export interface LoadResult {
	answers: number;
	seconds: number;
	p50Milliseconds: number;
	p99Milliseconds: number;
	/** CPU time of this process: at one second per second, it was the limit. */
	cpuSeconds: number;
}

/** The message to the parent: the result, or why there is none. */
export type LoadReport = { result: LoadResult } | { error: string };

const headEnd = Buffer.from("\r\n\r\n");
const lengthHeader = Buffer.from("\r\nContent-Length: ");

class Run {
	readonly #order: LoadOrder;
	readonly #latencies: number[] = [];
	#sent = 0;
	#deadline = 0;

	constructor(order: LoadOrder) {
		this.#order = order;
	}

	async result(): Promise<LoadResult> {
		const cpu = process.cpuUsage();
		const started = performance.now();
		this.#deadline = started + this.#order.seconds * 1000;
		await Promise.all(Array.from({ length: this.#order.connections }, () => this.#exchange()));
		const seconds = (performance.now() - started) / 1000;
		const { user, system } = process.cpuUsage(cpu);
		const sorted = Float64Array.from(this.#latencies).sort();
		const at = (share: number) => sorted[Math.floor(sorted.length * share)] ?? Number.NaN;
		return {
			answers: sorted.length,
			seconds,
			p50Milliseconds: at(0.5),
			p99Milliseconds: at(0.99),
			cpuSeconds: (user + system) / 1e6,
		};
	}

	/** Sends and receives over one connection, until the time is up or all requests are sent. */
	#exchange(): Promise<void> {
		return new Promise((resolve, reject) => {
			let sentAt = 0;
			let missing = 0;
			const onread = {
				buffer: Buffer.allocUnsafe(1 << 16),
				callback: (size: number, buffer: Uint8Array): boolean => {
					try {
						missing = missing > 0 ? missing - size : this.#rest(buffer as Buffer, size);
						if (missing === 0) {
							this.#latencies.push(performance.now() - sentAt);
							send();
						}
					} catch (error) {
						socket.destroy(error as Error);
					}
					return true;
				},
			};
			const socket = connect({ port: this.#order.port, host: "127.0.0.1", noDelay: true, onread });
			const send = (): void => {
				const request = this.#next();
				if (request === undefined) return void socket.end();
				sentAt = performance.now();
				socket.write(request);
			};
			socket.once("connect", send).once("error", reject);
			socket.once("close", () => (missing === 0 ? resolve() : reject(new Error("An answer was cut off."))));
		});
	}

	#next(): Uint8Array | undefined {
		const { requests, count } = this.#order;
		if (this.#sent >= count || performance.now() >= this.#deadline) return undefined;
		return requests[this.#sent++ % requests.length];
	}

	/** How many bytes of the answer are still missing. Its head arrives in one piece, because servers write it so. */
	#rest(buffer: Buffer, size: number): number {
		const status = Number(buffer.toString("latin1", 9, 12));
		if (status !== this.#order.status) throw new Error(buffer.toString("latin1", 0, size));
		const end = buffer.indexOf(headEnd);
		const at = buffer.indexOf(lengthHeader);
		if (end === -1 || end >= size || at === -1 || at >= end) {
			throw new Error(`This answer can't be measured: ${buffer.toString("latin1", 0, size)}`);
		}
		const length = Number.parseInt(buffer.toString("latin1", at + lengthHeader.length, end + 1), 10);
		return end + headEnd.length + length - size;
	}
}

process.on("message", (order: LoadOrder) => {
	const report = (answer: LoadReport): void => void process.send?.(answer);
	new Run(order).result().then(
		(result) => report({ result }),
		(error: Error) => report({ error: error.message }),
	);
});
