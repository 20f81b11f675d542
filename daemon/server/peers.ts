/**
 * Bounds the connections. Where there are too many, the oldest on which no request has proved a token or the owner key makes
 * room, so that strangers can't keep others out.
 */
import type { IncomingMessage, Server } from "node:http";
import type { Socket } from "node:net";

const isKnown = Symbol("a request of this connection was authenticated");

type Peer = Socket & { [isKnown]?: true };

/** To be called for an authenticated request. */
export function recognize({ socket }: IncomingMessage): void {
	(socket as Peer)[isKnown] = true;
}

export class Peers {
	readonly #limit: number;
	/** Oldest first, with some that were recognized since. */
	readonly #strangers = new Set<Peer>();
	#open = 0;

	constructor(limit: number) {
		this.#limit = limit;
	}

	get open(): number {
		return this.#open;
	}

	watch(server: Server): void {
		server.on("connection", (socket: Peer) => this.#add(socket));
	}

	#add(socket: Peer): void {
		this.#open++;
		this.#strangers.add(socket);
		socket.once("close", () => {
			this.#open--;
			this.#strangers.delete(socket);
		});
		if (this.#open > this.#limit) this.#oldestStranger()?.destroy();
	}

	/** At least the newest connection is a stranger's. */
	#oldestStranger(): Peer | undefined {
		for (const socket of this.#strangers) {
			this.#strangers.delete(socket);
			if (socket[isKnown] !== true) return socket;
		}
		return undefined;
	}
}
