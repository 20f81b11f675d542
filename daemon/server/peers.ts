/**
 * Bounds the connections. Where there are too many, the oldest on which no request has proved a token or the owner key makes
 * room, so that strangers can't keep others out. Where callers hold most of them, the caller with the most makes room, so
 * that a flood by one token keeps out no other.
 */
import type { IncomingMessage, Server } from "node:http";
import type { Socket } from "node:net";

/** Strangers have at least this part of the connections: every connection begins as one of theirs. */
const strangersPart = 1 / 4;

const place = Symbol("where the connection is counted");

type Peer = Socket & { [place]?: Place | undefined };

interface Place {
	peers: Peers;
	groups: Groups;
	/** Of the group: an address, or a caller. */
	name: string;
}

/** To be called for an authenticated request. @param caller the id of its token, or `owner` */
export function recognize({ socket }: IncomingMessage, caller: string): void {
	(socket as Peer)[place]?.peers.know(socket, caller);
}

export class Peers {
	readonly #limit: number;
	readonly #strangers = new Groups();
	readonly #callers = new Groups();
	/** As they were accepted, by the client's end. */
	readonly #plain = new Map<string, Peer>();

	constructor(limit: number) {
		this.#limit = limit;
	}

	get open(): number {
		return this.#strangers.count + this.#callers.count;
	}

	watch(server: Server): void {
		server.on("connection", (socket: Peer) => this.#add(socket));
		server.on("secureConnection", (socket: Peer) => this.#replace(socket));
	}

	/** A connection with requests of several callers, as a proxy's are, is counted as the first one's. */
	know(socket: Peer, caller: string): void {
		const at = socket[place];
		if (at?.groups === this.#callers) this.#callers.renew(at.name, socket);
		else if (this.#remove(socket)) this.#put(socket, this.#callers, caller);
	}

	#add(socket: Peer): void {
		this.#put(socket, this.#strangers, socket.remoteAddress ?? "");
		const end = endOf(socket);
		this.#plain.set(end, socket);
		socket.once("close", () => {
			if (this.#plain.get(end) === socket) this.#plain.delete(end);
			this.#remove(socket);
		});
		if (this.open > this.#limit) this.#makeRoom();
	}

	/** An encrypted connection is another object than the one that was accepted, and requests know it alone. */
	#replace(encrypted: Peer): void {
		const socket = this.#plain.get(endOf(encrypted));
		if (socket === undefined || !this.#remove(socket)) return;
		this.#put(encrypted, this.#strangers, encrypted.remoteAddress ?? "");
		encrypted.once("close", () => this.#remove(encrypted));
	}

	#makeRoom(): void {
		const haveMost = this.#strangers.count > this.#limit * strangersPart;
		const socket = haveMost ? this.#strangers.first : (this.#callers.first ?? this.#strangers.first);
		if (socket === undefined) return;
		this.#remove(socket);
		socket.destroy();
	}

	#put(socket: Peer, groups: Groups, name: string): void {
		groups.add(name, socket);
		socket[place] = { peers: this, groups, name };
	}

	/** Whether it was counted. */
	#remove(socket: Peer): boolean {
		const { [place]: at } = socket;
		if (at === undefined) return false;
		at.groups.delete(at.name, socket);
		// Without `delete`, after which V8 looks up every property of the socket in a table.
		socket[place] = undefined;
		return true;
	}
}

function endOf({ remoteAddress, remotePort }: Socket): string {
	return `${remoteAddress} ${remotePort}`;
}

/** Connections by address or by caller. In a group those that were used last come last. */
class Groups {
	readonly #groups = new Map<string, Set<Peer>>();
	#count = 0;

	get count(): number {
		return this.#count;
	}

	/** Of the largest group. */
	get first(): Peer | undefined {
		let largest = new Set<Peer>();
		for (const group of this.#groups.values()) if (group.size > largest.size) largest = group;
		return largest.values().next().value;
	}

	add(name: string, socket: Peer): void {
		const group = this.#groups.get(name) ?? new Set();
		this.#groups.set(name, group.add(socket));
		this.#count++;
	}

	renew(name: string, socket: Peer): void {
		const group = this.#groups.get(name);
		if (group === undefined || group.size === 1) return;
		group.delete(socket);
		group.add(socket);
	}

	delete(name: string, socket: Peer): void {
		const group = this.#groups.get(name);
		if (group?.delete(socket) !== true) return;
		this.#count--;
		if (group.size === 0) this.#groups.delete(name);
	}
}
