/** A TCP relay in front of the database, which can be slow, can cut all connections, and can deliver late what was sent through them. */
import { connect, createServer, type Server, type Socket } from "node:net";

export class Relay {
	readonly #target: number;
	readonly #server: Server;
	readonly #sockets = new Set<Socket>();
	#delay = 0;
	/** Bytes in a millisecond. */
	#width = Number.POSITIVE_INFINITY;
	#isCut = false;
	/** What clients have sent, and to which connection of the database. */
	#kept: { data: Buffer; to: Socket }[] | undefined;
	readonly #lost = new Set<Socket>();
	/** Connections of the database whose clients are lost. */
	readonly #orphans = new Set<Socket>();
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

	/** So much of each connection passes in a second, either way. */
	narrow(bytesPerSecond: number): void {
		this.#width = bytesPerSecond / 1000;
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
			for (const socket of this.#orphans) socket.end();
			this.#orphans.clear();
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
		let arrival = 0;
		// None overtakes those before it, also where the delay has ended meanwhile.
		const waiting: { data: Buffer; arrival: number }[] = [];
		const pass = () => {
			for (;;) {
				const [next] = waiting;
				if (next === undefined) return;
				const delay = next.arrival - performance.now();
				if (delay > 0) return void setTimeout(pass, delay);
				to.write(next.data);
				waiting.shift();
			}
		};
		from.on("data", (data) => {
			if (this.#isCut || to.destroyed) return;
			if (this.#kept !== undefined && from.remotePort !== this.#target)
				return void this.#kept.push({ data, to });
			arrival = Math.max(arrival, performance.now() + this.#delay) + data.length / this.#width;
			waiting.push({ data, arrival });
			if (waiting.length === 1) pass();
		});
		from.on("close", () => {
			this.#sockets.delete(from);
			if (this.#lost.delete(from)) this.#orphans.add(to);
			else to.destroy();
		});
	}
}
