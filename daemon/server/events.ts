/** Server-sent events: sends every change to every listener, so that all windows stay live. Keeps nothing: what a listener has missed comes with it. */
import type { ServerResponse } from "node:http";
import type { ServerEvents } from "../contract.ts";
import { RuleError } from "../rules/rule-error.ts";

const heartbeatMilliseconds = 20_000;
/** A listener that stops reading is disconnected before it fills the memory; it reconnects and lists the tokens again. */
const unreadBytes = 1 << 20;

/** How many streams there may be: each window of an editor has one, for the owner. */
export interface StreamLimits {
	owner: number;
	/** Of one token. */
	token: number;
	/** Of all tokens. */
	all: number;
}

const defaultLimits: StreamLimits = { owner: 100, token: 10, all: 200 };
const retryAfterSeconds = 30;

interface Following {
	/** undefined: the owner. */
	tokenId: string | undefined;
	isAllowed: () => boolean;
	stop: () => void;
	/** The workspace of the listener's window. */
	workspace?: string | undefined;
}

interface Beginning {
	/** After which the listener goes on, if it is lost. */
	id?: string | undefined;
	/** The texts of what it has missed. */
	missed?: readonly string[];
}

export class EventStream {
	/** Each listener's response, with a check whether its caller may still listen. */
	readonly #listeners = new Map<ServerResponse, () => boolean>();
	readonly #workspaces = new Map<ServerResponse, string>();
	/** Called when the last stream that names a workspace has ended. */
	onWorkspaceClosed: (workspace: string) => void = () => {};
	readonly #heartbeat: NodeJS.Timeout;
	readonly #limits: StreamLimits;
	/** The number of streams by token; the owner's have no id. */
	readonly #counts = new Map<string | undefined, number>();

	constructor(limits: StreamLimits = defaultLimits) {
		this.#limits = limits;
		// A comment line keeps proxies from closing a silent connection.
		this.#heartbeat = setInterval(() => this.#broadcast(":\n\n"), heartbeatMilliseconds);
		this.#heartbeat.unref();
	}

	get listeners(): number {
		return this.#listeners.size;
	}

	/**
	 * `isAllowed` is checked before each event: a revoked token receives no more. `stop` is called at the end.
	 * @throws RuleError `too-many-streams`
	 */
	attach(
		response: ServerResponse,
		hello: ServerEvents["hello"],
		following: Following,
		{ id, missed = [] }: Beginning = {},
	): void {
		const { isAllowed, stop, workspace, tokenId } = following;
		response.once("close", stop);
		this.#checkRoom(tokenId);
		response.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-store" });
		// A HEAD request has no body to stream.
		if (response.req.method === "HEAD") return void response.end();
		response.write(textOf("hello", hello, id) + missed.join(""));
		this.#listeners.set(response, isAllowed);
		this.#count(tokenId, 1);
		if (workspace !== undefined) this.#workspaces.set(response, workspace);
		response.once("close", () => {
			this.#listeners.delete(response);
			this.#count(tokenId, -1);
			this.#workspaces.delete(response);
			if (workspace !== undefined && !this.isOpen(workspace)) this.onWorkspaceClosed(workspace);
		});
	}

	/** Whether a stream names the workspace. */
	isOpen(workspace: string): boolean {
		return [...this.#workspaces.values()].includes(workspace);
	}

	notify<Name extends keyof ServerEvents>(name: Name, data: () => ServerEvents[Name], id?: string): void {
		if (this.#listeners.size > 0) this.#broadcast(textOf(name, data(), id));
	}

	close(): void {
		clearInterval(this.#heartbeat);
		for (const listener of this.#listeners.keys()) listener.end();
	}

	#checkRoom(tokenId: string | undefined): void {
		const { owner, token, all } = this.#limits;
		const own = this.#counts.get(tokenId) ?? 0;
		const owners = this.#counts.get(undefined) ?? 0;
		// Tokens can't keep the owner's windows out.
		if (tokenId === undefined ? own < owner : own < token && this.#listeners.size - owners < all) return;
		const detail = "Too many streams of events are open. Close those that are not needed.";
		throw new RuleError("too-many-streams", detail, { retryAfterSeconds });
	}

	#count(tokenId: string | undefined, more: 1 | -1): void {
		const count = (this.#counts.get(tokenId) ?? 0) + more;
		if (count > 0) this.#counts.set(tokenId, count);
		else this.#counts.delete(tokenId);
	}

	#broadcast(text: string): void {
		for (const [listener, mayListen] of this.#listeners) {
			if (listener.writableLength > unreadBytes) listener.destroy();
			else if (mayListen()) listener.write(text);
			else listener.end();
		}
	}
}

export function textOf(name: keyof ServerEvents, data: object, id: string | undefined): string {
	return `event: ${name}\ndata: ${JSON.stringify(data)}\n${id === undefined ? "" : `id: ${id}\n`}\n`;
}
