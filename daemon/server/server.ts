/**
 * The HTTP server: the checks before any route, the fast endpoint for verifications, and the API for all other requests,
 * which the first of them loads. Web pages can call nothing here: they can't choose their `Host` or hide their `Origin`.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Problem } from "../contract.ts";
import { problemFrom, problemOf, sendProblem } from "./problem.ts";
import { VerifyEndpoint } from "./verify-endpoint.ts";

export type Handler = (request: IncomingMessage, response: ServerResponse) => void;

export interface ServerOptions {
	verifyEndpoint: VerifyEndpoint;
	/** Called once, by the first request to the API. */
	loadApi: () => Promise<Handler>;
	/** Called at every request. */
	onRequest: () => void;
	/** Called with every error that is not the client's. */
	onError: (error: unknown) => void;
}

export class HttpServer {
	readonly #server: Server;
	readonly #options: ServerOptions;
	#hosts: ReadonlySet<string> = new Set();
	#api: Handler | undefined;
	#loading: Promise<Handler> | undefined;

	constructor(options: ServerOptions) {
		const { verifyEndpoint, onRequest, onError } = options;
		this.#options = options;
		this.#server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
			onRequest();
			// Before the check of Host and Origin: proxies forward a browser's headers, and the answer reveals
			// nothing to a page without the token.
			if (VerifyEndpoint.serves(request.url ?? ""))
				return verifyAt(verifyEndpoint, request, response, onError);
			const refusal = this.#refusalOf(request);
			if (refusal !== undefined) return refuse(request, response, refusal);
			if (this.#api !== undefined) this.#api(request, response);
			else this.#answerOnceLoaded(request, response);
		});
		this.#server.on("clientError", (_error, socket) => {
			if (socket.writable) socket.end(unreadable());
		});
	}

	/** Listens on the port or, if another process uses it, on any free one. Returns the URL. */
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

	/** Accepts no more requests; requests in progress have two seconds to finish. */
	async close(): Promise<void> {
		const closed = new Promise((resolve) => this.#server.close(resolve));
		// A connection that becomes idle after the close would stay open for another request.
		const sweep = setInterval(() => this.#server.closeIdleConnections(), 10);
		const deadline = setTimeout(() => this.#server.closeAllConnections(), 2000);
		await closed;
		clearInterval(sweep);
		clearTimeout(deadline);
	}

	/** Loads the API once. */
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
			return problemOf("host-not-allowed", "Call the daemon by the URL in daemon.json.");
		}
		if (request.headers.origin !== undefined) {
			return problemOf("origin-not-allowed", "Web pages can't call this daemon.");
		}
		// A proof vouches for the port, which another process may use by now.
		if (!this.#server.listening && request.url?.startsWith("/healthz")) {
			return problemOf("stopping", "The daemon is stopping. Start it again, then try again.");
		}
		return undefined;
	}
}

function verifyAt(
	endpoint: VerifyEndpoint,
	request: IncomingMessage,
	response: ServerResponse,
	onError: ServerOptions["onError"],
): void {
	const fail = (error: unknown) => {
		onError(error);
		sendProblem(response, problemFrom(error));
	};
	try {
		const answered = endpoint.handle(request, response);
		if (answered instanceof Promise) answered.catch(fail);
	} catch (error) {
		fail(error);
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
	const body = JSON.stringify(problemOf("invalid-request", "The request is not valid HTTP."));
	return [
		"HTTP/1.1 400 Bad Request",
		"Connection: close",
		"Content-Type: application/problem+json",
		`Content-Length: ${Buffer.byteLength(body)}`,
		"",
		body,
	].join("\r\n");
}
