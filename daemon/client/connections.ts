/**
 * Kept-alive connections to one daemon, opened straight to its address: no proxy setting redirects them. A connection
 * carries no request before the daemon at its other end has proved itself.
 */
import { once } from "node:events";
import { Agent, ClientRequest, type IncomingMessage, type RequestOptions } from "node:http";
import { isIP, Socket } from "node:net";
import { pipeline, Readable } from "node:stream";
import { connect as connectTls } from "node:tls";
import type { Health } from "../contract.ts";
import { type Endpoint, prove } from "./proof.ts";
import { reasonOf, TokensmithUnavailableError, unsent } from "./unavailable.ts";

/** For the connection and its proof together. */
const proofMilliseconds = 2000;
const proofCharacters = 16_384;
/** Less than the 60 s after which the daemon closes a connection, so that no request meets that moment. */
const idleMilliseconds = 50_000;

type Opened = Pick<RequestOptions, "method" | "path" | "headers" | "signal"> & {
	body?: string | Readable | undefined;
};

interface NextProof {
	/** The connection that carries it. */
	readonly socket: Socket;
	readonly health: Promise<Health | undefined>;
	readonly others: Promise<unknown>[];
}

/** @internal */
export class Connections {
	readonly endpoint: Endpoint;
	readonly #url: URL;
	readonly #agent: Agent;
	/** Ready for requests, or in use by one. */
	readonly #open = new Set<Socket>();
	/** Those of them that have carried no request yet. */
	readonly #unused: Socket[] = [];
	#health: Health | undefined;
	/** The next proof, until its challenge is sent. */
	#nextProof: NextProof | undefined;

	constructor(endpoint: Endpoint) {
		this.endpoint = endpoint;
		this.#url = new URL(endpoint.url);
		this.#agent = agentOver(() => this.#connect());
	}

	/**
	 * Sends a request, and fulfils with its response once that begins.
	 * @throws TokensmithUnavailableError when it was not sent, or the error that broke the connection later
	 */
	open(request: Opened): Promise<IncomingMessage> {
		return open(this.#agent, this.#url, request);
	}

	/**
	 * What the daemon said of itself when it last proved itself. It proves itself now unless a connection is open.
	 * @throws TokensmithUnavailableError
	 */
	async health(): Promise<Health> {
		if (this.#open.size === 0 || this.#health === undefined) {
			const socket = await this.#connectAnew();
			socket.unref();
			this.#unused.push(socket);
		}
		if (this.#health === undefined) throw new TypeError("Only a daemon whose key is known proves itself.");
		return this.#health;
	}

	async #connect(): Promise<Socket> {
		const unused = this.#unused.pop();
		return unused === undefined ? this.#connectAnew() : unused.ref();
	}

	async #connectAnew(): Promise<Socket> {
		const socket = dial(this.#url);
		// Requests report the end of their connection; between them it is no error.
		socket.on("error", () => {});
		socket.once("close", () => this.#forget(socket));
		const tooSlow = new DOMException("The daemon did not prove itself in time.", "TimeoutError");
		const timer = setTimeout(() => socket.destroy(tooSlow), proofMilliseconds);
		try {
			const connected = once(socket, this.#url.protocol === "https:" ? "secureConnect" : "connect");
			const health = await this.#prove(socket, connected);
			this.#health = health ?? this.#health;
			if (socket.destroyed) throw socket.errored ?? new Error("The connection closed.");
			this.#open.add(socket);
			return socket;
		} catch (cause) {
			socket.destroy();
			throw cause instanceof TokensmithUnavailableError ? cause : unsent(reasonOf(cause), cause);
		} finally {
			clearTimeout(timer);
		}
	}

	/**
	 * One proof covers all connections to the same address that are opened after the one that carries it and before its
	 * challenge: the daemon holds its port for all that time, since it proves nothing once it has closed the port.
	 */
	async #prove(socket: Socket, connected: Promise<unknown>): Promise<Health | undefined> {
		const shared = this.#nextProof;
		if (shared === undefined) return this.#beginProof(socket, connected);
		shared.others.push(connected);
		const [health] = await Promise.all([shared.health, connected]);
		// A host name can have several addresses, of which another process may hold one.
		return socket.remoteAddress === shared.socket.remoteAddress ? health : this.#challenge(socket);
	}

	#beginProof(socket: Socket, connected: Promise<unknown>): Promise<Health | undefined> {
		const others: Promise<unknown>[] = [];
		const health = connected
			.finally(() => {
				this.#nextProof = undefined;
			})
			.then(() => Promise.allSettled(others))
			.then(() => this.#challenge(socket));
		this.#nextProof = { socket, health, others };
		return health;
	}

	#challenge(socket: Socket): Promise<Health | undefined> {
		return prove(this.endpoint, socket, (path) => answerOver(socket, this.#url, path));
	}

	#forget(socket: Socket): void {
		this.#open.delete(socket);
		const index = this.#unused.indexOf(socket);
		if (index >= 0) this.#unused.splice(index, 1);
	}
}

function agentOver(connect: () => Promise<Socket>): Agent {
	const agent = new Agent({ keepAlive: true, timeout: idleMilliseconds });
	agent.createConnection = (_options, done) => {
		// Node.js uses no socket that comes with an error.
		connect().then(
			(socket) => done?.(null, socket),
			(error: Error) => done?.(error, undefined as never),
		);
		return undefined;
	};
	return agent;
}

function dial({ protocol, hostname, port }: URL): Socket {
	const host = hostname.replace(/^\[|\]$/g, "");
	if (protocol !== "https:") return new Socket().connect({ host, port: Number(port || 80) });
	const servername = isIP(host) === 0 ? { servername: host } : {};
	// The certificate is the proof, whatever NODE_TLS_REJECT_UNAUTHORIZED says.
	return connectTls({ host, port: Number(port || 443), rejectUnauthorized: true, ...servername });
}

/** What a GET over this very connection answers. The connection stays open, for more requests. */
async function answerOver(socket: Socket, url: URL, path: string): Promise<string> {
	const agent = agentOver(async () => socket);
	const response = await open(agent, url, { method: "GET", path });
	// Taken from this agent before it waits for more, as Node.js documents.
	socket.emit("agentRemove");
	const ended = Promise.race([once(socket, "free"), once(socket, "close")]);
	const [body] = await Promise.all([shortText(response), ended]);
	return body;
}

/** Empty for a longer one, which is read no further: any process may have sent it. @internal */
export async function shortText(response: IncomingMessage, most = proofCharacters): Promise<string> {
	let body = "";
	for await (const piece of response.setEncoding("utf8")) {
		body += piece;
		if (body.length > most) return "";
	}
	return body;
}

/** VS Code replaces `request` of node:http, and with it the agent, by its own, which may lead to a proxy. */
const Request = ClientRequest as unknown as new (options: RequestOptions) => ClientRequest;

function open(agent: Agent, url: URL, { path, headers, body, ...options }: Opened): Promise<IncomingMessage> {
	return new Promise((resolve, reject) => {
		const request = new Request({
			...options,
			agent,
			path: url.pathname.replace(/\/$/, "") + path,
			headers: { host: url.host, ...headers },
		});
		request.on("response", resolve);
		// The error of either is that of the request.
		if (body instanceof Readable) pipeline(body, request, () => {});
		else request.end(body);
		request.on("error", (error: Error & { rawPacket?: Buffer }) => {
			// Bytes of an answer that is no HTTP; a secret may be among them.
			delete error.rawPacket;
			reject(error);
		});
		// After an answer that ends HTTP (101), Node.js closes the connection, and reports neither an answer nor an error.
		request.on("close", () => reject(closed()));
	});
}

function closed(): Error {
	return Object.assign(new Error("The connection was closed without an answer."), { code: "ECONNRESET" });
}
