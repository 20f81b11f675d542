/**
 * Kept-alive connections to one daemon, opened straight to its address: no proxy setting redirects them. Where the
 * owner key is known, a connection carries no request before the daemon at its other end has proved that it holds the
 * key too. Invariant: the key itself is never sent here.
 */
import { createHmac, randomBytes } from "node:crypto";
import { once } from "node:events";
import { Agent, ClientRequest, type IncomingMessage, type RequestOptions } from "node:http";
import { isIP, Socket } from "node:net";
import { text } from "node:stream/consumers";
import { connect as connectTls } from "node:tls";
import type { Health, Problem } from "../contract.ts";

/** Where a daemon listens. */
export interface Endpoint {
	readonly url: string;
	/** Known: the daemon has to prove itself, and the caller can act as its owner. */
	readonly ownerKey: string | undefined;
}

/**
 * What became of a request that has no answer. "not-done": nothing has changed. "unknown": the daemon may have done
 * it, for example created a token whose secret is lost.
 */
export type Outcome = "not-done" | "unknown";

/**
 * Why a request has no answer. "not-running": no process listens, or there is no `daemon.json`. "stopping": the daemon
 * takes no more requests. "unproved": another process answers. "timeout": no answer came in time. "broken": the
 * connection broke. "unusable": the answer, or `daemon.json`, is not what a daemon writes.
 */
export type UnavailableReason = "not-running" | "stopping" | "unproved" | "timeout" | "broken" | "unusable";

/** No usable answer came, so nothing is known: neither that a token is valid nor that it is not. */
export class TokensmithUnavailableError extends Error {
	readonly outcome: Outcome;
	readonly reason: UnavailableReason;

	constructor(
		message: string,
		options: { cause?: unknown; outcome: Outcome; reason?: UnavailableReason | undefined },
	) {
		super(message, options.cause === undefined ? {} : { cause: options.cause });
		this.name = "TokensmithUnavailableError";
		this.outcome = options.outcome;
		this.reason = options.reason ?? "unusable";
	}
}

/** For the connection and its proof together. */
const proofMilliseconds = 2000;
/** Less than the 60 s after which the daemon closes a connection, so that no request meets that moment. */
const idleMilliseconds = 50_000;

type Opened = Pick<RequestOptions, "method" | "path" | "headers" | "signal"> & {
	body?: string | undefined;
};

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
	#nextProof: { readonly health: Promise<Health>; readonly others: Promise<unknown>[] } | undefined;

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
			if (this.endpoint.ownerKey === undefined) await connected;
			else this.#health = await this.#prove(socket, connected, this.endpoint.ownerKey);
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
	 * One proof covers all connections opened after the one that carries it and before its challenge: the daemon holds
	 * its port for all that time, since it proves nothing once it has closed the port.
	 */
	async #prove(socket: Socket, connected: Promise<unknown>, ownerKey: string): Promise<Health> {
		const shared = this.#nextProof;
		if (shared !== undefined) {
			shared.others.push(connected);
			const [health] = await Promise.all([shared.health, connected]);
			return health;
		}
		const others: Promise<unknown>[] = [];
		const health = connected
			.finally(() => {
				this.#nextProof = undefined;
			})
			.then(() => Promise.allSettled(others))
			.then(() => challenge(socket, this.#url, ownerKey));
		this.#nextProof = { health, others };
		return health;
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
	return connectTls({ host, port: Number(port || 443), ...(isIP(host) === 0 && { servername: host }) });
}

/** Only the daemon that wrote daemon.json knows the owner key, which tells it from another process on its port. */
async function challenge(socket: Socket, url: URL, ownerKey: string): Promise<Health> {
	const nonce = randomBytes(32).toString("hex");
	const proof = createHmac("sha256", ownerKey).update(nonce).digest("hex");
	const health = parsed(await answerOver(socket, url, `/healthz?challenge=${nonce}`));
	if (health?.proof === proof) return health as Health;
	throw unsent(health?.code === "stopping" ? "stopping" : "unproved");
}

/** What a GET over this very connection answers. The connection stays open, for more requests. */
async function answerOver(socket: Socket, url: URL, path: string): Promise<string> {
	const agent = agentOver(async () => socket);
	const response = await open(agent, url, { method: "GET", path });
	// Taken from this agent before it waits for more, as Node.js documents.
	socket.emit("agentRemove");
	const ended = Promise.race([once(socket, "free"), once(socket, "close")]);
	const [body] = await Promise.all([text(response), ended]);
	return body;
}

function parsed(answer: string): (Partial<Health> & Partial<Pick<Problem, "code">>) | undefined {
	try {
		return JSON.parse(answer) ?? undefined;
	} catch {
		return undefined;
	}
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
		request.on("response", resolve).end(body);
		request.on("error", (error: Error & { rawPacket?: Buffer }) => {
			// Bytes of an answer that is no HTTP; a secret may be among them.
			delete error.rawPacket;
			reject(error);
		});
	});
}

/** What the failure of a connection means. */
export function reasonOf(cause: unknown): UnavailableReason {
	const { name, code = "" } = cause as NodeJS.ErrnoException;
	if (code === "ECONNREFUSED") return "not-running";
	if (["ECONNRESET", "EPIPE"].includes(code)) return "broken";
	return name === "TimeoutError" ? "timeout" : "unusable";
}

const unsentMessages: Partial<Record<UnavailableReason, string>> = {
	"not-running": "No process listens at the daemon's address. Is the daemon running?",
	stopping: "The daemon is stopping.",
	unproved:
		"The process at the daemon's address is not the daemon that the owner key belongs to; nothing was sent.",
	timeout: "The daemon did not prove itself in time; nothing was sent.",
};

function unsent(reason: UnavailableReason, cause?: unknown): TokensmithUnavailableError {
	const message = unsentMessages[reason] ?? "The connection to the daemon failed; nothing was sent.";
	return new TokensmithUnavailableError(message, { cause, outcome: "not-done", reason });
}
