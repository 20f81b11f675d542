/**
 * The HTTP server: the checks before any route, the fast endpoint for verifications, and the API for all other requests,
 * which the first of them loads. Web pages can call nothing here: they can't choose their `Host` or hide their `Origin`.
 */
import {
	createServer,
	type IncomingMessage,
	type ServerOptions as NodeServerOptions,
	type Server,
	type ServerResponse,
} from "node:http";
import { type AddressInfo, Server as NetServer, type Socket } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import type { Problem } from "../contract.ts";
import { accessHeader, type ProblemCode } from "../facts.ts";
import type { AddressOf } from "./client-address.ts";
import { Hosts, isWebPage, type NamedHost, readTarget, unreadable } from "./door.ts";
import { guard, guardHeaders } from "./guard-headers.ts";
import { IdentityEndpoint } from "./identity-endpoint.ts";
import { Peers } from "./peers.ts";
import { problemFrom, problemOf, sendProblem } from "./problem.ts";
import type { StrangerLimit } from "./strangers.ts";
import { inTurn } from "./turns.ts";
import { VerifyEndpoint } from "./verify-endpoint.ts";

export type Handler = (request: IncomingMessage, response: ServerResponse) => void;

export interface ServerOptions {
	verifyEndpoint: VerifyEndpoint;
	identityEndpoint: IdentityEndpoint;
	/** Called once, by the first request to the API. */
	loadApi: () => Promise<Handler>;
	/** Called at every request. */
	onRequest: () => void;
	/** Called with every error that is not the client's. */
	onError: (error: unknown) => void;
	limits?: Partial<Limits>;
	/** Limits the requests of addresses that are not known; undefined: they are not limited. */
	strangers?: StrangerLimit | undefined;
	addressOf: AddressOf;
	/** Makes a server of Node.js that encrypts, in the place of a plain one. */
	encrypted?: ((options: NodeServerOptions, receive: Handler) => Server) | undefined;
	/** How it stops where proxies can ask others in its place; undefined: at once. */
	leave?: Leave;
	/** Further addresses by which clients call it, each with a port: `tokens.example.com:443`. */
	publicHosts?: readonly string[];
}

export interface Leave {
	/** For those to notice who ask whether it is ready. All else is answered as before. */
	noticeMilliseconds: number;
	/** After that, while requests on open connections are still answered, and these connections closed. */
	drainMilliseconds: number;
}

const atOnce: Leave = { noticeMilliseconds: 0, drainMilliseconds: 0 };

/** What a client can take of the daemon, and for how long. */
export interface Limits {
	connections: number;
	/** For a request's head, from the connection or the end of the last request on. */
	headMilliseconds: number;
	/** For a whole request. */
	requestMilliseconds: number;
	/** Between two requests, and without a byte in either direction. */
	idleMilliseconds: number;
	/** The latter while a request to the API is answered. Longer than any call to another system, and than the events' heartbeat. */
	silentMilliseconds: number;
	/** For requests in progress when the daemon stops. */
	stopMilliseconds: number;
	/** For those that call another system; within the time for which a window waits for the next daemon. */
	callStopMilliseconds: number;
}

const defaultLimits: Limits = {
	connections: 1000,
	headMilliseconds: 10_000,
	requestMilliseconds: 30_000,
	idleMilliseconds: 60_000,
	silentMilliseconds: 180_000,
	stopMilliseconds: 2000,
	callStopMilliseconds: 10_000,
};

/** Proxies forward a browser's cookies, and 32 KiB of headers are usual for other servers. */
const headBytes = 48 << 10;
/** For the next request of a client that has been told until when it may send one. */
const idleGraceMilliseconds = 1000;
/** For the client of a request that can't be read to receive the answer. */
const lingerMilliseconds = 1000;

export class HttpServer {
	readonly #server: Server;
	readonly #options: ServerOptions;
	readonly #limits: Limits;
	readonly #peers: Peers;
	#hosts = new Hosts([], 0);
	#api: Handler | undefined;
	#loading: Promise<Handler> | undefined;
	#isLeaving = false;
	/** How many requests call another system. */
	#calling = 0;

	constructor(options: ServerOptions) {
		this.#options = options;
		const limits = { ...defaultLimits, ...options.limits };
		this.#limits = limits;
		const receive: Handler = (request, response) =>
			inTurn(request, response, () => this.#receive(request, response));
		const create = options.encrypted ?? createServer;
		this.#server = create(nodeOptions(limits), receive);
		this.#server.timeout = limits.idleMilliseconds + idleGraceMilliseconds;
		// Without a handler Node.js would request the body before the caller is known; `readBody` does so afterwards.
		this.#server.on("checkContinue", receive);
		// RFC 9110 section 10.1.1: other expectations may be ignored.
		this.#server.on("checkExpectation", receive);
		this.#server.on("clientError", answerUnreadable);
		// Without a listener, Node.js closes the connection without an answer.
		this.#server.on("connect", (_request, socket) => refuseTunnel(socket as Socket));
		this.#peers = new Peers(limits.connections);
		this.#peers.watch(this.#server);
	}

	/** The number of open connections. */
	get connections(): number {
		return this.#peers.open;
	}

	/** Listens on the port or, if another process uses it and any will do, on a free one. Returns the URL. */
	async listen(host: string, port: number, which: "this" | "any" = "any"): Promise<string> {
		try {
			await listenOn(this.#server, host, port);
		} catch (error) {
			if (port === 0 || which === "this" || !isTaken(error)) throw error;
			await listenOn(this.#server, host, 0);
		}
		const { port: actual } = this.#server.address() as AddressInfo;
		const shown = host.includes(":") ? `[${host}]` : host;
		const { encrypted, publicHosts = [] } = this.#options;
		this.#hosts = new Hosts([shown, "127.0.0.1", "localhost", "[::1]"], actual, publicHosts);
		return `${encrypted === undefined ? "http" : "https"}://${shown}:${actual}`;
	}

	/**
	 * Accepts no more requests, at once or once others are asked in its place; requests in progress have two seconds to finish,
	 * those that call another system ten.
	 */
	async close(): Promise<void> {
		const { noticeMilliseconds, drainMilliseconds } = this.#options.leave ?? atOnce;
		this.#isLeaving = true;
		if (noticeMilliseconds > 0 && this.connections > 0) await pause(noticeMilliseconds);
		// That of HTTP would also close the connections that are idle, on which a proxy may be sending a request.
		const closed = new Promise((resolve) => NetServer.prototype.close.call(this.#server, resolve));
		await Promise.race([closed, pause(drainMilliseconds, undefined, { ref: false })]);
		// It reports that the server does not listen, as is known.
		this.#server.close(() => {});
		const { stopMilliseconds, callStopMilliseconds } = this.#limits;
		const begun = performance.now();
		const sweep = setInterval(() => {
			// A connection that becomes idle after the close would stay open for another request.
			this.#server.closeIdleConnections();
			const patience = this.#calling > 0 ? callStopMilliseconds : stopMilliseconds;
			if (performance.now() - begun > patience) this.#server.closeAllConnections();
		}, 10);
		await closed;
		clearInterval(sweep);
	}

	#allowSilence({ socket }: IncomingMessage, response: ServerResponse): void {
		socket.setTimeout(this.#limits.silentMilliseconds);
		response.once("close", () => {
			// Another answer may be next on the connection.
			if (!(socket as Answering)._httpMessage) socket.setTimeout(this.#server.timeout);
		});
	}

	/** What a system has done would be recorded nowhere, and its secret be lost. */
	#noteCall(request: IncomingMessage, response: ServerResponse): void {
		if (request.headers[accessHeader.toLowerCase()] === undefined) return;
		this.#calling++;
		response.once("close", () => this.#calling--);
	}

	/** Loads the API once. */
	loadApi(): Promise<Handler> {
		this.#loading ??= this.#options.loadApi().then((api) => {
			this.#api = api;
			return api;
		});
		return this.#loading;
	}

	#receive(request: IncomingMessage, response: ServerResponse): void {
		const { verifyEndpoint, onRequest, onError } = this.#options;
		// The next request goes to another replica.
		if (!this.#server.listening) response.shouldKeepAlive = false;
		(response as KeptAlive)._keepAliveTimeout = this.#limits.idleMilliseconds;
		onRequest();
		const host = readTarget(request);
		const problem = unreadable(request);
		if (problem !== undefined) return refuse(request, response, problem);
		const wait = this.#waitOf(request);
		if (wait !== undefined) return refuseForNow(request, response, wait);
		// Before the check of Host and Origin: proxies forward a browser's headers, and the answer reveals
		// nothing to a page without the token.
		if (VerifyEndpoint.serves(request.url ?? "")) return verifyAt(verifyEndpoint, request, response, onError);
		// No answer at all looks to a page like a closed port.
		if (isWebPage(request)) return void request.socket.destroy();
		if (IdentityEndpoint.serves(request.url ?? "")) return this.#proveIdentity(request, response);
		const refusal = this.#refusalOf(request, host);
		if (refusal !== undefined) return refuse(request, response, refusal);
		guard(response);
		this.#allowSilence(request, response);
		this.#noteCall(request, response);
		if (this.#api !== undefined) this.#api(request, response);
		else this.#answerOnceLoaded(request, response);
	}

	/** Seconds that the client has to wait; undefined: none. Who watches the server is never limited. */
	#waitOf(request: IncomingMessage): number | undefined {
		const { strangers, addressOf, verifyEndpoint } = this.#options;
		if (strangers === undefined || /^\/(healthz|readyz)(?:\?|$)/.test(request.url ?? "")) return undefined;
		return strangers.admit(addressOf(request), () => verifyEndpoint.recognizes(request));
	}

	#answerOnceLoaded(request: IncomingMessage, response: ServerResponse): void {
		this.loadApi()
			.then((api) => api(request, response))
			.catch((error) => {
				this.#options.onError(error);
				if (!response.headersSent) sendProblem(response, problemFrom(error));
			});
	}

	/** For any `Host`, as containers call it by other names: a page that asks would have to know the identity. */
	#proveIdentity(request: IncomingMessage, response: ServerResponse): void {
		if (request.headers.origin !== undefined) return refuse(request, response, foreignOrigin());
		if (!this.#server.listening) return refuse(request, response, stopping());
		guard(response);
		this.#options.identityEndpoint.handle(request, response);
	}

	#refusalOf(request: IncomingMessage, host: NamedHost): Problem | undefined {
		if (!this.#hosts.allows(host)) {
			return problemOf("host-not-allowed", "Call the daemon by the URL in daemon.json.");
		}
		if (request.headers.origin !== undefined) return foreignOrigin();
		// A proof vouches for the port, which another process may use by now.
		if (!this.#server.listening && request.url?.startsWith("/healthz")) return stopping();
		if (this.#isLeaving && request.url?.startsWith("/readyz")) return stopping();
		return undefined;
	}
}

function foreignOrigin(): Problem {
	return problemOf("origin-not-allowed", "Web pages can't call this daemon.");
}

function stopping(): Problem {
	return problemOf("stopping", "The daemon is stopping. Start it again, then try again.");
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

function refuse(
	request: IncomingMessage,
	response: ServerResponse,
	problem: Problem,
	headers: Record<string, string> = {},
): void {
	sendProblem(response, problem, { Connection: "close", ...headers });
	request.resume();
}

function refuseForNow(request: IncomingMessage, response: ServerResponse, seconds: number): void {
	const detail = `Too many requests without a valid token came from this address. Try again in ${seconds} seconds.`;
	refuse(request, response, problemOf("too-many-requests", detail), { "Retry-After": String(seconds) });
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

function nodeOptions(limits: Limits): NodeServerOptions {
	return {
		headersTimeout: limits.headMilliseconds,
		requestTimeout: limits.requestMilliseconds,
		// Node.js would set two timers for each request. The timeout of the connection, which is only renewed, has the same effect.
		keepAliveTimeout: 0,
		// How often Node.js looks for what has taken too long.
		connectionsCheckingInterval: Math.min(1000, limits.headMilliseconds),
		maxHeaderSize: headBytes,
		// Checked with the other headers, so that the answer says what is missing.
		requireHostHeader: false,
	};
}

type Answering = Socket & {
	/** Node.js has no other way to ask which response a connection carries. */
	_httpMessage?: ServerResponse | null;
};

type KeptAlive = ServerResponse & {
	/** What the header `Keep-Alive` says. Node.js takes it from a server that also sets a timer for it. */
	_keepAliveTimeout?: number;
};

/** Closes a connection whose request is no HTTP, too large or too slow, whatever its client does. */
function answerUnreadable(error: NodeJS.ErrnoException, socket: Socket): void {
	const { _httpMessage: answering } = socket as Answering;
	// In the middle of an answer, a second one would be part of it.
	if (answering?.headersSent === true) return void socket.destroy();
	endWith(socket, problemOf(...unreadableCode(error)));
}

/** CONNECT is for proxies (RFC 9110 section 9.3.6). The answers to the requests before it come first. */
function refuseTunnel(socket: Socket): void {
	socket.on("error", () => socket.destroy());
	const refuseInTurn = () => {
		const { _httpMessage: answering } = socket as Answering;
		if (answering) return void answering.once("close", () => setImmediate(refuseInTurn));
		endWith(socket, problemOf("method-not-allowed", "This server is no proxy."), { Allow: "" });
	};
	refuseInTurn();
}

function endWith(socket: Socket, problem: Problem, headers: Record<string, string> = {}): void {
	if (!socket.writable) return void socket.destroy();
	socket.end(textOf(problem, headers));
	setTimeout(() => socket.destroy(), lingerMilliseconds).unref();
}

function unreadableCode({ code }: NodeJS.ErrnoException): [ProblemCode, string] {
	if (code === "HPE_HEADER_OVERFLOW")
		return ["headers-too-large", `The headers are larger than ${headBytes >> 10} KiB.`];
	if (code === "ERR_HTTP_REQUEST_TIMEOUT") return ["request-too-slow", "The request was not sent in time."];
	return ["invalid-request", "The request is not valid HTTP."];
}

function textOf(problem: Problem, more: Record<string, string>): string {
	const body = JSON.stringify(problem);
	const headers = {
		Connection: "close",
		"Content-Type": "application/problem+json",
		"Content-Length": Buffer.byteLength(body),
		...guardHeaders,
		...more,
	};
	const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
	return [`HTTP/1.1 ${problem.status} ${problem.title}`, ...lines, "", body].join("\r\n");
}
