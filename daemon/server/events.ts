/** Server-sent events: sends every change to every listener, so that all windows stay live. Buffers and replays nothing. */
import type { ServerResponse } from "node:http";
import type { ServerEvents } from "../contract.ts";

const heartbeatMilliseconds = 20_000;
/** A listener that stops reading is disconnected before it fills the memory; it reconnects and lists the tokens again. */
const unreadBytes = 1 << 20;

interface Following {
	isAllowed: () => boolean;
	stop: () => void;
	/** The workspace of the listener's window. */
	workspace?: string | undefined;
}

export class EventStream {
	/** Each listener's response, with a check whether its caller may still listen. */
	readonly #listeners = new Map<ServerResponse, () => boolean>();
	readonly #workspaces = new Map<ServerResponse, string>();
	/** Called when the last stream that names a workspace has ended. */
	onWorkspaceClosed: (workspace: string) => void = () => {};
	readonly #heartbeat: NodeJS.Timeout;

	constructor() {
		// A comment line keeps proxies from closing a silent connection.
		this.#heartbeat = setInterval(() => this.#broadcast(":\n\n"), heartbeatMilliseconds);
		this.#heartbeat.unref();
	}

	get listeners(): number {
		return this.#listeners.size;
	}

	/** `isAllowed` is checked before each event: a revoked token receives no more. `stop` is called at the end. */
	attach(
		response: ServerResponse,
		hello: ServerEvents["hello"],
		{ isAllowed, stop, workspace }: Following,
	): void {
		response.once("close", stop);
		response.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-store" });
		// A HEAD request has no body to stream.
		if (response.req.method === "HEAD") return void response.end();
		response.write(textOf("hello", hello));
		this.#listeners.set(response, isAllowed);
		if (workspace !== undefined) this.#workspaces.set(response, workspace);
		response.once("close", () => {
			this.#listeners.delete(response);
			this.#workspaces.delete(response);
			if (workspace !== undefined && !this.isOpen(workspace)) this.onWorkspaceClosed(workspace);
		});
	}

	/** Whether a stream names the workspace. */
	isOpen(workspace: string): boolean {
		return [...this.#workspaces.values()].includes(workspace);
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
