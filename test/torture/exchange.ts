/** Sends the requests of a fuzz: through Node's client, and as bytes over a socket. */
import { Agent, request } from "node:http";
import { connect } from "node:net";
import type { Sketch } from "../daemon/malformed-requests.ts";
import type { Reply } from "./documented.ts";

const answerMilliseconds = 10_000;

export class Exchange {
	readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });
	readonly #url: URL;

	constructor(url: string) {
		this.#url = new URL(url);
	}

	send({ method, path, headers, body }: Sketch): Promise<Reply> {
		const { hostname, port } = this.#url;
		const length = body === undefined ? {} : { "content-length": String(Buffer.byteLength(body)) };
		const options = { hostname, port, method, path, headers: { ...headers, ...length }, agent: this.#agent };
		return new Promise((resolve, reject) => {
			const sent = request({ ...options, timeout: answerMilliseconds }, (response) => {
				const { statusCode: status = 0, headers: told } = response;
				const chunks: Buffer[] = [];
				// A stream never ends; its head is the answer.
				if (told["content-type"]?.startsWith("text/event-stream")) sent.destroy();
				response.on("data", (chunk) => chunks.push(chunk));
				response.on("close", () =>
					resolve({ status, headers: told, text: Buffer.concat(chunks).toString() }),
				);
			});
			sent.once("timeout", () => sent.destroy(new Error("no answer in time")));
			sent.once("error", reject);
			sent.end(body);
		});
	}

	close(): void {
		this.#agent.destroy();
	}
}

/** Everything that the daemon sends in answer to these bytes, as latin1. */
export function sendBytes(url: string, pieces: readonly Buffer[]): Promise<string> {
	const { hostname, port } = new URL(url);
	return new Promise((resolve, reject) => {
		let text = "";
		const socket = connect(Number(port), hostname);
		socket.setNoDelay().setTimeout(answerMilliseconds, () => socket.destroy(new Error("no answer in time")));
		socket.on("data", (data) => {
			text += data.toString("latin1");
			if (text.includes("Content-Type: text/event-stream")) socket.destroy();
		});
		// A daemon that has refused what came so far closes the connection.
		socket.on("error", (error: NodeJS.ErrnoException) =>
			["EPIPE", "ECONNRESET"].includes(error.code ?? "") ? resolve(text) : reject(error),
		);
		socket.once("close", () => resolve(text));
		for (const piece of pieces) socket.write(piece);
		socket.end();
	});
}
