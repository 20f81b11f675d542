/** The inspector protocol of a Node.js process that waits for a debugger, as far as breakpoints need it. */
import { once } from "node:events";
import { until } from "./until.ts";

export interface Script {
	scriptId: string;
	url: string;
	sourceMapURL?: string;
}

/** Both numbers are counted from 0. */
export interface Location {
	lineNumber: number;
	columnNumber: number;
}

export interface Paused {
	hitBreakpoints: string[];
	callFrames: { functionName: string; location: Location & { scriptId: string } }[];
}

export class DebugProtocol {
	readonly #socket: WebSocket;
	readonly #answers = new Map<number, (message: { result?: unknown; error?: { message: string } }) => void>();
	readonly #events = new Map<string, unknown[]>();
	#last = 0;

	/** Waits until a process listens on the port of 127.0.0.1. */
	static async connect(port: number): Promise<DebugProtocol> {
		const [target] = await until(`a process to debug on port ${port}`, () => targets(port), 60);
		const socket = new WebSocket(target?.webSocketDebuggerUrl ?? "");
		await once(socket, "open");
		return new DebugProtocol(socket);
	}

	private constructor(socket: WebSocket) {
		this.#socket = socket;
		socket.addEventListener("message", ({ data }) => this.#receive(JSON.parse(String(data))));
	}

	/** The events of one kind as they arrive from now on. */
	eventsOf<Params>(event: string): Params[] {
		const events: Params[] = [];
		this.#events.set(event, events);
		return events;
	}

	async send<Result>(method: string, params: object = {}): Promise<Result> {
		const id = ++this.#last;
		const { promise, resolve, reject } = Promise.withResolvers<Result>();
		this.#answers.set(id, ({ result, error }) =>
			error === undefined ? resolve(result as Result) : reject(new Error(`${method}: ${error.message}`)),
		);
		this.#socket.send(JSON.stringify({ id, method, params }));
		return promise;
	}

	close(): void {
		this.#socket.close();
	}

	#receive(message: { id?: number; method?: string; params?: unknown }): void {
		if (message.id !== undefined) this.#answers.get(message.id)?.(message as never);
		else this.#events.get(message.method ?? "")?.push(message.params);
	}
}

async function targets(port: number): Promise<{ webSocketDebuggerUrl: string }[] | undefined> {
	const response = await fetch(`http://127.0.0.1:${port}/json/list`).catch(() => undefined);
	return response === undefined ? undefined : ((await response.json()) as { webSocketDebuggerUrl: string }[]);
}
