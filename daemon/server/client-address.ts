/** Whose address a request comes from: the socket's, unless that is a proxy which the operator trusts. */
import type { IncomingMessage } from "node:http";
import proxyAddr from "proxy-addr";

export type AddressOf = (request: IncomingMessage) => string;

/** @param trusted addresses and ranges of proxies whose `X-Forwarded-For` counts; none: no header ever does. */
export function addressReader(trusted: readonly string[]): AddressOf {
	if (trusted.length === 0) return (request) => request.socket.remoteAddress ?? "";
	const trust = proxyAddr.compile([...trusted]);
	return (request) => proxyAddr(request, trust);
}
