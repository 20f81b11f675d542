/** The client's IP address: the socket's, unless the socket belongs to a proxy that the operator trusts. */
import type { IncomingMessage } from "node:http";
import proxyAddr from "proxy-addr";

export type AddressOf = (request: IncomingMessage) => string;

/** @param trusted addresses and ranges of proxies whose `X-Forwarded-For` counts. Empty: the header is always ignored. */
export function addressReader(trusted: readonly string[]): AddressOf {
	if (trusted.length === 0) return (request) => request.socket.remoteAddress ?? "";
	const trust = proxyAddr.compile([...trusted]);
	return (request) => proxyAddr(request, trust);
}
