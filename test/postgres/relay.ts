/** A TCP relay in front of the database, which can be slow, can cut all connections, and can deliver late what was sent through them. */
import { connect, createServer, type Server, type Socket } from "node:net";

export class Relay {
	readonly #target: number;
	readonly #server: Server;
	readonly #sockets = new Set<Socket>();
	#delay = 0;
	#isCut = false;
	/** What clients have sent, and to which connection of the database. */
	#kept: { data: Buffer; to: Socket }[] | undefined;
	readonly #lost = new Set<Socket>();
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

	/** From here on, what clients send is kept. */
	hold(): void {
		this.#kept = [];
	}

	/** Whether a client has sent this text since. */
	keeps(text: string): boolean {
		return this.#kept?.some(({ data }) => data.includes(text)) === true;
	}

	/** The clients lose their connections, of which the database is not told. Answers what delivers all that was kept. */
	lose(): () => void {
		const kept = this.#kept ?? [];
		this.#kept = undefined;
		for (const socket of this.#sockets) {
			if (socket.remotePort === this.#target) continue;
			this.#lost.add(socket);
			socket.destroy();
		}
		return () => {
			for (const { data, to } of kept) to.write(data);
		};
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
			if (this.#isCut || this.#lost.has(to)) return;
			if (this.#kept !== undefined && from.remotePort !== this.#target)
				return void this.#kept.push({ data, to });
			if (this.#delay === 0) to.write(data);
			else setTimeout(() => to.write(data), this.#delay);
		});
		from.on("close", () => {
			this.#sockets.delete(from);
			if (!this.#lost.has(from)) to.destroy();
		});
	}
}
