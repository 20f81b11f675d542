/** A system in a test: a real HTTP or HTTPS server on loopback. What it answers is a function; faults come between. */
import { once } from "node:events";
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";

export interface FakeRequest {
	readonly method: string;
	readonly path: string;
	readonly query: URLSearchParams;
	readonly headers: IncomingMessage["headers"];
	readonly text: string;
	/** The JSON of the body; undefined if it is none. */
	// biome-ignore lint/suspicious/noExplicitAny: fakes look into bodies of every shape
	readonly body: any;
}

export interface FakeAnswer {
	readonly status?: number;
	readonly json?: unknown;
	readonly text?: string;
	readonly headers?: Record<string, string>;
}

/** Answers a request; undefined: 404 without a body. */
export type Handler = (request: FakeRequest) => FakeAnswer | undefined;

/**
 * What happens instead of, or with, an answer. `cut-before`: the connection ends before the system has acted;
 * `cut-after`: after it has; `half`: within the answer; `silent`: it acts and never answers.
 */
export type Fault =
	| "cut-before"
	| "cut-after"
	| "half"
	| "silent"
	| ((response: ServerResponse, request: FakeRequest) => void);

export class FakeSystem {
	readonly requests: FakeRequest[] = [];
	/** The fault of a request, if it has one. */
	fault: (request: FakeRequest) => Fault | undefined = () => undefined;
	url = "";
	readonly #handler: Handler;
	readonly #sockets = new Set<Socket>();
	readonly #server;

	private constructor(handler: Handler, tls: { key: string; cert: string } | undefined) {
		this.#handler = handler;
		const listener: RequestListener = (request, response) => void this.#serve(request, response);
		this.#server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener);
		this.#server.on("connection", (socket: Socket) => {
			this.#sockets.add(socket);
			socket.once("close", () => this.#sockets.delete(socket));
		});
	}

	static async start(handler: Handler, tls?: { key: string; cert: string }): Promise<FakeSystem> {
		const fake = new FakeSystem(handler, tls);
		fake.#server.listen(0, "127.0.0.1");
		await once(fake.#server, "listening");
		const { port } = fake.#server.address() as AddressInfo;
		fake.url = `${tls === undefined ? "http" : "https"}://127.0.0.1:${port}`;
		return fake;
	}

	get port(): string {
		return new URL(this.url).port;
	}

	/** `METHOD path?query` of what arrived. */
	get log(): string[] {
		return this.requests.map(
			({ method, path, query }) => `${method} ${path}${query.size > 0 ? `?${query}` : ""}`,
		);
	}

	/** How often it arrived. */
	count(method: string, path: string): number {
		return this.requests.filter((request) => request.method === method && request.path === path).length;
	}

	async stop(): Promise<void> {
		const closed = once(this.#server, "close");
		this.#server.close();
		for (const socket of this.#sockets) socket.destroy();
		await closed;
	}

	async #serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
		const request = await readRequest(incoming);
		this.requests.push(request);
		const fault = this.fault(request);
		if (fault === "cut-before") return void incoming.socket.destroy();
		if (typeof fault === "function") return fault(response, request);
		const { status = 200, json, text = "", headers = {} } = this.#handler(request) ?? { status: 404 };
		if (fault === "silent") return;
		if (fault === "cut-after") return void incoming.socket.destroy();
		const body = json === undefined ? text : JSON.stringify(json);
		const type = json === undefined ? "text/plain" : "application/json";
		response.writeHead(status, {
			"content-type": type,
			"content-length": Buffer.byteLength(body),
			...headers,
		});
		if (fault !== "half") return void response.end(body);
		response.write(body.slice(0, body.length / 2), () => incoming.socket.destroy());
	}
}

async function readRequest(incoming: IncomingMessage): Promise<FakeRequest> {
	const chunks: Buffer[] = [];
	for await (const chunk of incoming) chunks.push(chunk);
	const text = Buffer.concat(chunks).toString("utf8");
	const { pathname, searchParams } = new URL(incoming.url ?? "/", "http://fake");
	return {
		method: incoming.method ?? "",
		path: pathname,
		query: searchParams,
		headers: incoming.headers,
		text,
		body: text.startsWith("{") || text.startsWith("[") ? JSON.parse(text) : undefined,
	};
}

/** The routes of a fake: `POST /tokens/{id}` to a function that gets the request and the parts of its path. */
export function routes(
	table: Record<string, (request: FakeRequest, ...parts: string[]) => FakeAnswer | undefined>,
): Handler {
	const compiled = Object.entries(table).map(([route, answer]) => {
		const [method, path = ""] = route.split(" ");
		return { method, path: new RegExp(`^${path.replace(/\{\w+\}/g, "([^/]+)")}$`), answer };
	});
	return (request) => {
		for (const { method, path, answer } of compiled) {
			const match = method === request.method ? path.exec(request.path) : null;
			if (match !== null) return answer(request, ...match.slice(1).map(decodeURIComponent));
		}
		return undefined;
	};
}

/** The secret after a scheme in the header `Authorization`. */
export function bearer({ headers }: FakeRequest, scheme = "Bearer"): string {
	const value = headers.authorization ?? "";
	return value.startsWith(`${scheme} `) ? value.slice(scheme.length + 1) : "";
}

let count = 0;

/** A value that no other call gives. */
export function unique(prefix: string): string {
	count += 1;
	return `${prefix}${count.toString().padStart(6, "0")}`;
}
