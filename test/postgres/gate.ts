/** Passes requests on to a server, and can hold one of them, or vanish, before or after the server has answered it. */
import { once } from "node:events";
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { SharedServer } from "./servers.ts";

export interface Passing {
	readonly path: string;
	/** The server has answered, and the client does not know it yet. */
	readonly isAnswered: boolean;
}

export class Gate {
	readonly #server: Server;
	readonly #target: URL;
	readonly address: string;
	readonly #port: number;
	#isLast: (passing: Passing) => boolean = () => false;
	#isHeld: (passing: Passing) => boolean = () => false;
	#opened: Promise<void> = Promise.resolve();
	release: () => void = () => {};

	static async before(server: SharedServer): Promise<Gate> {
		const plain = createServer();
		await new Promise<void>((resolve) => plain.listen(0, "127.0.0.1", resolve));
		return new Gate(plain, server);
	}

	private constructor(plain: Server, { url, identity }: SharedServer) {
		this.#server = plain;
		this.#target = new URL(url);
		this.#port = (plain.address() as AddressInfo).port;
		this.address = `http://${identity}:forwarded@127.0.0.1:${this.#port}`;
		plain.on("request", (incoming, response) => void this.#pass(incoming, response));
	}

	/** Resolves once the request is held that fits for so many times. */
	hold(fits: (passing: Passing) => boolean, times: number): Promise<void> {
		let count = 0;
		this.#opened = new Promise((resolve) => {
			this.release = () => {
				this.#isHeld = () => false;
				resolve();
			};
		});
		return new Promise((resolve) => {
			this.#isHeld = (passing) => {
				if (!fits(passing) || ++count !== times) return false;
				resolve();
				return true;
			};
		});
	}

	/** Resolves when it has vanished: at the first request that fits. */
	vanish(fits: (passing: Passing) => boolean): Promise<void> {
		return new Promise((resolve) => {
			this.#isLast = (passing) => {
				if (!fits(passing)) return false;
				this.#isLast = () => false;
				this.close();
				resolve();
				return true;
			};
		});
	}

	/** It is back at the same address. */
	comeBack(): void {
		if (!this.#server.listening) this.#server.listen(this.#port, "127.0.0.1");
	}

	close(): void {
		this.release();
		this.#server.closeAllConnections();
		this.#server.close();
	}

	async #pass(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
		const { method, url: path = "", headers } = incoming;
		const body: Buffer[] = [];
		for await (const piece of incoming) body.push(piece as Buffer);
		if (this.#isLast({ path, isAnswered: false }) || this.#isHeld({ path, isAnswered: false })) return;
		const { hostname, port, host } = this.#target;
		const passed = request({ hostname, port, method, path, headers: { ...headers, host } });
		passed.end(Buffer.concat(body));
		const [answer] = (await once(passed, "response")) as [IncomingMessage];
		if (path.startsWith("/v1/events")) {
			response.writeHead(answer.statusCode ?? 0, answer.headers);
			response.once("close", () => passed.destroy());
			answer.once("error", () => response.destroy());
			return void answer.pipe(response);
		}
		const content: Buffer[] = [];
		for await (const piece of answer) content.push(piece as Buffer);
		if (this.#isLast({ path, isAnswered: true })) return;
		if (this.#isHeld({ path, isAnswered: true })) await this.#opened;
		response.writeHead(answer.statusCode ?? 0, answer.headers).end(Buffer.concat(content));
	}
}
