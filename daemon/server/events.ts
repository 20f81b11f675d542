/** Server-sent events: every change to whoever listens, so that all windows stay live. Holds nothing back and repeats nothing. */
import type { ServerResponse } from "node:http";
import type { ServerEvents } from "../contract.ts";

const heartbeatMilliseconds = 20_000;
/** A listener that has stopped reading is let go before it fills the memory; it connects again and lists anew. */
const unreadBytes = 1 << 20;

export class EventStream {
	readonly #listeners = new Set<ServerResponse>();
	readonly #heartbeat: NodeJS.Timeout;

	constructor() {
		// A comment line keeps proxies and sockets from taking silence for the end.
		this.#heartbeat = setInterval(() => this.#broadcast(":\n\n"), heartbeatMilliseconds);
		this.#heartbeat.unref();
	}

	get listeners(): number {
		return this.#listeners.size;
	}

	attach(response: ServerResponse, hello: ServerEvents["hello"]): void {
		response.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-store" });
		// Nothing else would ever be sent, and nobody is listening.
		if (response.req.method === "HEAD") return void response.end();
		response.write(textOf("hello", hello));
		this.#listeners.add(response);
		response.once("close", () => this.#listeners.delete(response));
	}

	notify<Name extends keyof ServerEvents>(name: Name, data: ServerEvents[Name]): void {
		if (this.#listeners.size > 0) this.#broadcast(textOf(name, data));
	}

	close(): void {
		clearInterval(this.#heartbeat);
		for (const listener of this.#listeners) listener.end();
	}

	#broadcast(text: string): void {
		for (const listener of this.#listeners) {
			if (listener.writableLength > unreadBytes) listener.destroy();
			else listener.write(text);
		}
	}
}

function textOf<Name extends keyof ServerEvents>(name: Name, data: ServerEvents[Name]): string {
	return `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
}
