/**
 * What is read from a request to a service, be it one of Fetch, of node:http or of node:http2. Its body is never touched,
 * and what it says in forwarded headers is not believed.
 */
import type { IncomingMessage } from "node:http";
import type { Http2ServerRequest } from "node:http2";

/** Of node:http, which Express extends, or of the compatibility API of node:http2. */
export type NodeRequest = IncomingMessage | Http2ServerRequest;

/** A request that a service received. */
export type Incoming = Request | NodeRequest;

/** Whether what was given as a request is one. */
export function isIncoming(request: Incoming): boolean {
	return isFetch(request) || isOfNode(request);
}

/** Whether it is a request of node:http or node:http2. */
export function isOfNode(request: Incoming): request is NodeRequest {
	return Array.isArray((request as Partial<NodeRequest> | undefined)?.rawHeaders);
}

/** The Authorization headers. Fetch joins them with commas, and so may a program on the way. */
export function authorizationsOf(request: Incoming): readonly string[] {
	if (!isFetch(request)) {
		// `headers` has the first only, or what another middleware has put there.
		const sent = request.rawHeaders.filter((_, at, all) => at % 2 === 1 && isAuthorization(all[at - 1]));
		if (sent.length > 1) return sent;
	}
	const header = headerOf(request, "authorization");
	return header === undefined ? [] : [header];
}

/** The address at the other end of the connection, or what Express takes for the caller's. Fetch knows none. */
export function remoteAddressOf(request: Incoming): string | undefined {
	// Express knows which proxies the service trusts.
	return isFetch(request) ? undefined : ((request as { ip?: string }).ip ?? request.socket.remoteAddress);
}

/**
 * Whether it is a CORS preflight, by which a browser asks, without a token, what a page may send. It says so itself:
 * answer it, and do nothing else.
 */
export function isPreflight(request: Incoming): boolean {
	return (
		request.method === "OPTIONS" &&
		headerOf(request, "origin") !== undefined &&
		headerOf(request, "access-control-request-method") !== undefined
	);
}

/** By what it can do: frameworks have Request classes of their own. */
export function isFetch(request: Incoming): request is Request {
	return typeof (request as Partial<Request> | undefined)?.headers?.get === "function";
}

function headerOf(request: Incoming, name: string): string | undefined {
	if (isFetch(request)) return request.headers.get(name) ?? undefined;
	const value = request.headers[name];
	return typeof value === "string" ? value : undefined;
}

function isAuthorization(name: string | undefined): boolean {
	return name?.toLowerCase() === "authorization";
}
