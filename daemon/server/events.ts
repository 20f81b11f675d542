/** Server-sent events: every change to whoever listens, so that all windows stay live. Holds nothing back and repeats nothing. */
import type { ServerResponse } from "node:http";
import type { ServerEvents } from "../contract.ts";

const heartbeatMilliseconds = 20_000;
/** A listener that has stopped reading is let go before it fills the memory; it connects again and lists anew. */
const unreadBytes = 1 << 20;

export class EventStream {
	/** With whether whoever listens may still do so. */
	readonly #listeners = new Map<ServerResponse, () => boolean>();
	readonly #heartbeat: NodeJS.Timeout;

	constructor() {
		// A comment line keeps proxies and sockets from taking silence for the end.
		this.#heartbeat = setInterval(() => this.#broadcast(":\n\n"), heartbeatMilliseconds);
		this.#heartbeat.unref();
	}

	get listeners(): number {
		return this.#listeners.size;
	}

	/** @param mayListen asked before everything that is told: a token that is revoked hears nothing more. */
	attach(response: ServerResponse, hello: ServerEvents["hello"], mayListen: () => boolean): void {
		response.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-store" });
		// Nothing else would ever be sent, and nobody is listening.
		if (response.req.method === "HEAD") return void response.end();
		response.write(textOf("hello", hello));
		this.#listeners.set(response, mayListen);
		response.once("close", () => this.#listeners.delete(response));
	}

	notify<Name extends keyof ServerEvents>(name: Name, data: () => ServerEvents[Name]): void {
		if (this.#listeners.size > 0) this.#broadcast(textOf(name, data()));
	}

	close(): void {
		clearInterval(this.#heartbeat);
		for (const listener of this.#listeners.keys()) listener.end();
	}

	#broadcast(text: string): void {
		for (const [listener, mayListen] of this.#listeners) {
			if (listener.writableLength > unreadBytes) listener.destroy();
			else if (mayListen()) listener.write(text);
			else listener.end();
		}
	}
}

function textOf<Name extends keyof ServerEvents>(name: Name, data: ServerEvents[Name]): string {
	return `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
}
