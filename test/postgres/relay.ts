/** A TCP relay in front of the database, which can be slow, and can cut all connections. */
import { connect, createServer, type Server, type Socket } from "node:net";

export class Relay {
	readonly #target: number;
	readonly #server: Server;
	readonly #sockets = new Set<Socket>();
	#delay = 0;
	#isCut = false;
	port = 0;

	static async start(target: number): Promise<Relay> {
		const relay = new Relay(target);
		await new Promise<void>((resolve) => relay.#server.listen(0, "127.0.0.1", resolve));
		const address = relay.#server.address();
		relay.port = typeof address === "object" && address !== null ? address.port : 0;
		return relay;
	}

	private constructor(target: number) {
		this.#target = target;
		this.#server = createServer((socket) => this.#accept(socket));
	}

	/** Each piece of data arrives so many milliseconds later, in order. */
	slow(milliseconds: number): void {
		this.#delay = milliseconds;
	}

	/** `silent`: what is sent arrives nowhere, and neither side is told. */
	cut(how: "closed" | "silent"): void {
		this.#isCut = true;
		if (how === "closed") for (const socket of this.#sockets) socket.destroy();
	}

	mend(): void {
		this.#isCut = false;
		// What was lost in between can't be made up for.
		for (const socket of this.#sockets) socket.destroy();
	}

	close(): void {
		this.#server.close();
		for (const socket of this.#sockets) socket.destroy();
	}

	#accept(socket: Socket): void {
		if (this.#isCut) return void socket.destroy();
		const database = connect(this.#target, "127.0.0.1");
		this.#pass(socket, database);
		this.#pass(database, socket);
	}

	#pass(from: Socket, to: Socket): void {
		this.#sockets.add(from);
		from.setNoDelay(true);
		from.on("error", () => undefined);
		from.on("data", (data) => {
			if (this.#isCut) return;
			if (this.#delay === 0) to.write(data);
			else setTimeout(() => to.write(data), this.#delay);
		});
		from.on("close", () => {
			this.#sockets.delete(from);
			to.destroy();
		});
	}
}
