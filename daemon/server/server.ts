/**
 * The HTTP server: the checks that every request meets before any route, the fast door for verifications, Express for
 * the rest, which is loaded when the first of the rest is asked for. A web page can reach nothing here: it can't choose its `Host` and can't hide its `Origin`.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Problem } from "../contract.ts";
import { problemFrom, problemOf, sendProblem } from "./problem.ts";
import { VerifyDoor } from "./verify-door.ts";

export type Handler = (request: IncomingMessage, response: ServerResponse) => void;

export interface ServerOptions {
	door: VerifyDoor;
	/** Asked once, by the first request that is for it. */
	loadApi: () => Promise<Handler>;
	/** Told at every request. */
	onRequest: () => void;
	/** Told of what is no client's fault. */
	onError: (error: unknown) => void;
}

export class HttpServer {
	readonly #server: Server;
	readonly #options: ServerOptions;
	#hosts: ReadonlySet<string> = new Set();
	#api: Handler | undefined;
	#loading: Promise<Handler> | undefined;

	constructor(options: ServerOptions) {
		const { door, onRequest, onError } = options;
		this.#options = options;
		this.#server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
			onRequest();
			// Proxies hand a browser's headers on, and this route gives nothing to a page that lacks the token.
			if (VerifyDoor.serves(request.url ?? "")) return verifyAt(door, request, response, onError);
			const refusal = this.#refusalOf(request);
			if (refusal !== undefined) return refuse(request, response, refusal);
			if (this.#api !== undefined) this.#api(request, response);
			else this.#answerOnceLoaded(request, response);
		});
		this.#server.on("clientError", (_error, socket) => {
			if (socket.writable) socket.end(unreadable());
		});
	}

	/** Listens on the port or, when somebody else holds it, on any free one. Answers the address. */
	async listen(host: string, port: number): Promise<string> {
		try {
			await listenOn(this.#server, host, port);
		} catch (error) {
			if (port === 0 || !isTaken(error)) throw error;
			await listenOn(this.#server, host, 0);
		}
		const { port: actual } = this.#server.address() as AddressInfo;
		const shown = host.includes(":") ? `[${host}]` : host;
		this.#hosts = new Set([shown, "127.0.0.1", "localhost", "[::1]"].map((name) => `${name}:${actual}`));
		return `http://${shown}:${actual}`;
	}

	/** Takes no more requests; those that are under way are answered, within two seconds. */
	async close(): Promise<void> {
		const closed = new Promise((resolve) => this.#server.close(resolve));
		// A connection may become idle only now, and would then wait for another request.
		const sweep = setInterval(() => this.#server.closeIdleConnections(), 10);
		const impatience = setTimeout(() => this.#server.closeAllConnections(), 2000);
		await closed;
		clearInterval(sweep);
		clearTimeout(impatience);
	}

	/** Loads what the routes need, unless that is done. */
	loadApi(): Promise<Handler> {
		this.#loading ??= this.#options.loadApi().then((api) => {
			this.#api = api;
			return api;
		});
		return this.#loading;
	}

	#answerOnceLoaded(request: IncomingMessage, response: ServerResponse): void {
		this.loadApi()
			.then((api) => api(request, response))
			.catch((error) => {
				this.#options.onError(error);
				if (!response.headersSent) sendProblem(response, problemFrom(error));
			});
	}

	#refusalOf(request: IncomingMessage): Problem | undefined {
		const host = request.headers.host?.toLowerCase();
		if (host === undefined || !this.#hosts.has(host)) {
			return problemOf("host-not-allowed", "Call the daemon by the address that daemon.json names.");
		}
		if (request.headers.origin !== undefined) {
			return problemOf("origin-not-allowed", "Web pages can't call this daemon.");
		}
		return undefined;
	}
}

function verifyAt(
	door: VerifyDoor,
	request: IncomingMessage,
	response: ServerResponse,
	onError: ServerOptions["onError"],
): void {
	try {
		door.handle(request, response);
	} catch (error) {
		onError(error);
		sendProblem(response, problemFrom(error));
	}
}

function refuse(request: IncomingMessage, response: ServerResponse, problem: Problem): void {
	sendProblem(response, problem, { Connection: "close" });
	request.resume();
}

function listenOn(server: Server, host: string, port: number): Promise<void> {
	return new Promise((resolve, reject) => {
		server.once("error", reject);
		server.listen(port, host, () => {
			server.off("error", reject);
			resolve();
		});
	});
}

function isTaken(error: unknown): boolean {
	const code = (error as NodeJS.ErrnoException).code;
	return code === "EADDRINUSE" || code === "EACCES";
}

function unreadable(): string {
	const body = JSON.stringify(problemOf("invalid-request", "This is no HTTP request that can be read."));
	return [
		"HTTP/1.1 400 Bad Request",
		"Connection: close",
		"Content-Type: application/problem+json",
		`Content-Length: ${Buffer.byteLength(body)}`,
		"",
		body,
	].join("\r\n");
}
