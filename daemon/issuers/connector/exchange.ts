/**
 * One HTTP request over `node:http` or `node:https`, and its whole answer. Follows no redirect, repeats nothing, accepts
 * no compressed answer, and reads no variable of the environment.
 */
import {
	type ClientRequest,
	type IncomingHttpHeaders,
	type IncomingMessage,
	request as plainRequest,
} from "node:http";
import { request as tlsRequest } from "node:https";
import { isIP, type LookupFunction, type Socket } from "node:net";
import { type ConnectionOptions, type SecureContext, connect as tlsConnect } from "node:tls";
import type { ProxyRoute } from "./proxy.ts";

const largestAnswer = 1024 * 1024;

export interface Outgoing {
	readonly method: string;
	readonly url: URL;
	readonly headers: Readonly<Record<string, string>>;
	readonly body: string | undefined;
}

export interface Reply {
	readonly status: number;
	readonly headers: IncomingHttpHeaders;
	readonly text: string;
}

export interface TlsRules {
	readonly verify: boolean;
	readonly secureContext?: SecureContext;
}

export interface Route {
	readonly tls: TlsRules;
	readonly proxy: ProxyRoute | undefined;
	readonly signal: AbortSignal;
}

/** No complete answer. */
export class ExchangeError extends Error {
	override readonly name = "ExchangeError";
	/** `lost`: the request may have arrived. */
	readonly request: "unsent" | "lost";

	constructor(request: "unsent" | "lost", message: string, cause?: unknown) {
		super(message, { cause });
		this.request = request;
	}
}

/** @throws ExchangeError */
export async function exchange(outgoing: Outgoing, route: Route): Promise<Reply> {
	const tunnel =
		route.proxy !== undefined && outgoing.url.protocol === "https:"
			? await openTunnel(outgoing.url, route.proxy, route.signal)
			: undefined;
	return new Promise((resolve, reject) => {
		let state: "unsent" | "lost" = "unsent";
		const fail = (error: unknown) => reject(new ExchangeError(state, reasonOf(error, route.signal), error));
		let request: ClientRequest;
		try {
			request = open(outgoing, route, tunnel);
		} catch (error) {
			tunnel?.destroy();
			return fail(error);
		}
		const markSent = () => {
			state = "lost";
		};
		request.once("socket", (socket) => {
			const isSecure = "encrypted" in socket;
			socket.once(isSecure ? "secureConnect" : "connect", markSent);
		});
		request.once("error", fail);
		// Without a listener, Node.js would report neither an answer nor an error.
		request.once("upgrade", (_response, socket) => {
			socket.destroy();
			fail(new Error("it answered 101, which was not asked for"));
		});
		request.once("response", (response) => {
			markSent();
			readAll(response).then(resolve, (error: unknown) => {
				request.destroy();
				fail(error);
			});
		});
		request.end(outgoing.body);
	});
}

function open(
	{ method, url, headers }: Outgoing,
	{ tls, proxy, signal }: Route,
	tunnel?: Socket,
): ClientRequest {
	const all = { "accept-encoding": "identity", ...headers };
	const common = { method, headers: all, signal, ...lookupOf(url) };
	if (url.protocol === "https:") {
		const options = { ...tlsOptions(url, tls), ...common };
		if (tunnel === undefined) return tlsRequest(url, { ...options, agent: false });
		// An agent, even `false`, would make a connection of its own.
		const createConnection = () => tlsConnect({ ...tlsOptions(url, tls), socket: tunnel, host: bare(url) });
		return tlsRequest(url, { ...options, createConnection });
	}
	if (proxy === undefined) return plainRequest(url, { ...common, agent: false });
	// RFC 9112 section 3.2.2: a proxy gets the whole address.
	return toProxy(proxy.url)(proxy.url, {
		method,
		path: url.href,
		headers: { ...all, host: url.host, ...proxy.headers },
		signal,
		agent: false,
		...proxyTls,
	});
}

/** The proxy's own certificate, whatever NODE_TLS_REJECT_UNAUTHORIZED says. */
const proxyTls = { rejectUnauthorized: true };

/** RFC 6761 section 6.3: such a name is this machine. A resolver could lead it, and a plain credential, elsewhere. */
function lookupOf({ hostname }: URL): { lookup?: LookupFunction } {
	return hostname.endsWith(".localhost") ? { lookup: loopback } : {};
}

const loopbackAddresses = [
	{ address: "127.0.0.1", family: 4 },
	{ address: "::1", family: 6 },
];

const loopback: LookupFunction = (_, { all }, done) => {
	if (all) done(null, loopbackAddresses);
	else done(null, "127.0.0.1", 4);
};

const bare = (url: URL) => url.hostname.replace(/^\[|\]$/g, "");

/** Given explicitly, so that NODE_TLS_REJECT_UNAUTHORIZED decides nothing. */
function tlsOptions(url: URL, { verify, secureContext }: TlsRules): ConnectionOptions {
	return {
		rejectUnauthorized: verify,
		...(secureContext === undefined ? {} : { secureContext }),
		...(isIP(bare(url)) === 0 ? { servername: bare(url) } : {}),
	};
}

function toProxy(proxy: URL): typeof plainRequest {
	if (proxy.protocol === "https:") return tlsRequest;
	if (proxy.protocol === "http:") return plainRequest;
	throw new Error(`Proxies of the kind ${proxy.protocol} are not supported; use http or https.`);
}

function refusal(status: number | undefined): Error {
	const login = status === 407 ? " It wants a login: set http.proxyAuthorization." : "";
	return new Error(`it answered ${status} to CONNECT.${login}`);
}

/** RFC 9110 section 9.3.6: a connection to the server through the proxy. */
function openTunnel(url: URL, proxy: ProxyRoute, signal: AbortSignal): Promise<Socket> {
	return new Promise((resolve, reject) => {
		const fail = (error: unknown) =>
			reject(new ExchangeError("unsent", `The proxy: ${reasonOf(error, signal)}`, error));
		try {
			const authority = `${url.hostname}:${url.port || "443"}`;
			const request = toProxy(proxy.url)(proxy.url, {
				method: "CONNECT",
				path: authority,
				headers: { host: authority, ...proxy.headers },
				signal,
				agent: false,
				...proxyTls,
			});
			request.once("connect", ({ statusCode }, socket) => {
				if (statusCode === 200) return resolve(socket as Socket);
				socket.destroy();
				fail(refusal(statusCode));
			});
			request.once("response", ({ statusCode }) => fail(refusal(statusCode)));
			request.once("error", fail);
			request.end();
		} catch (error) {
			fail(error);
		}
	});
}

async function readAll(response: IncomingMessage): Promise<Reply> {
	const encoding = response.headers["content-encoding"] ?? "identity";
	if (encoding !== "identity") throw new Error("The answer is compressed, which was not asked for.");
	const chunks: Buffer[] = [];
	let size = 0;
	for await (const chunk of response) {
		size += chunk.length;
		if (size > largestAnswer) throw new Error("The answer is larger than 1 MiB.");
		chunks.push(chunk);
	}
	return {
		status: response.statusCode ?? 0,
		headers: response.headers,
		text: Buffer.concat(chunks).toString("utf8"),
	};
}

/** Why a system was not reached, by the error code of Node.js. */
export const reasons: Readonly<Record<string, string>> = {
	ECONNREFUSED: "No server accepts connections at the address.",
	ENOTFOUND: "There is no server of this name.",
	EAI_AGAIN: "The name of the server can't be looked up. Is the network connected?",
	ETIMEDOUT: "The server can't be reached.",
	EHOSTUNREACH: "The server can't be reached.",
	ENETUNREACH: "The network can't be reached.",
	ECONNRESET: "The connection was cut.",
	EPIPE: "The connection was cut.",
	EPROTO: "The server does not speak TLS at this address.",
	ERR_SSL_WRONG_VERSION_NUMBER: "The server does not speak TLS at this address.",
	CERT_HAS_EXPIRED: "The server's certificate has expired.",
	CERT_NOT_YET_VALID: "The server's certificate is not valid yet. Is this machine's clock right?",
	DEPTH_ZERO_SELF_SIGNED_CERT:
		"The server's certificate is signed by itself. Set the connection's CA certificate.",
	SELF_SIGNED_CERT_IN_CHAIN:
		"The server's certificate is from an unknown CA. Set the connection's CA certificate.",
	UNABLE_TO_VERIFY_LEAF_SIGNATURE:
		"The server's certificate is from an unknown CA. Set the connection's CA certificate.",
	UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
		"The server's certificate is from an unknown CA. Set the connection's CA certificate.",
	ERR_TLS_CERT_ALTNAME_INVALID: "The server's certificate is for another host.",
};

/** In words. Messages of Node.js can contain header values, so that only known codes and our own words pass. */
function reasonOf(error: unknown, signal: AbortSignal): string {
	if (signal.aborted) {
		return signal.reason?.name === "TimeoutError" ? "No answer came in time." : "The call was cancelled.";
	}
	const { code, message } = error as NodeJS.ErrnoException;
	if (code === undefined && error instanceof Error)
		return message === "aborted" ? reasonFor("ECONNRESET") : message;
	return reasonFor(code ?? "");
}

function reasonFor(code: string): string {
	return reasons[code] ?? `The connection failed (${code || "unknown reason"}).`;
}
