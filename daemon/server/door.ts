/**
 * What holds for every request before any route sees it, and for every answer: the form of the target, the headers that may
 * occur once, and the headers that keep web pages out.
 */
import type { IncomingMessage } from "node:http";
import type { Problem } from "../contract.ts";
import { clientAddress } from "../rules/address.ts";
import { problemOf } from "./problem.ts";

/** The host that the request names. undefined: it names none. */
export type NamedHost = string | undefined;

/** @returns the problem of a request that no route may see. */
export function unreadable({
	url = "",
	rawHeaders,
	headers,
	httpVersionMinor,
}: IncomingMessage): Problem | undefined {
	// RFC 3986 section 2. Node.js lets these through, and Express reads each in its own way.
	if (/[^\x21-\x7e]|#/.test(url))
		return problemOf("invalid-request", "Percent-encode the characters of the path and the query.");
	// RFC 9112 section 3.2. Express would take the path of any address.
	if (!url.startsWith("/"))
		return problemOf("invalid-request", "Send a path, or an address that begins with http.");
	// RFC 9110 section 5.3. Node.js would take the first of several, which another program on the way may not.
	const repeated = repeatedHeader(rawHeaders);
	if (repeated !== undefined) return problemOf("invalid-request", `Send one ${repeated} header.`);
	// RFC 9112 section 3.2.
	if (headers.host === undefined && httpVersionMinor > 0)
		return problemOf("invalid-request", "Send a Host header.");
	return undefined;
}

function repeatedHeader(rawHeaders: readonly string[]): "Authorization" | "Host" | undefined {
	let hosts = 0;
	let authorizations = 0;
	for (let at = 0; at < rawHeaders.length; at += 2) {
		const name = rawHeaders[at] ?? "";
		if (name.length === 4 && name.toLowerCase() === "host") hosts++;
		else if (name.length === 13 && name.toLowerCase() === "authorization") authorizations++;
	}
	if (authorizations > 1) return "Authorization";
	return hosts > 1 ? "Host" : undefined;
}

/**
 * Puts a target in absolute form (RFC 9112 section 3.2.2), which every server has to accept, into origin form.
 * @returns the host that counts: the target's where it has one, else the header's.
 */
export function readTarget(request: IncomingMessage): NamedHost {
	const { url = "", headers } = request;
	if (url.startsWith("/")) return headers.host;
	const [, scheme, authority, rest = ""] = /^(https?):\/\/([^/?#]*)(.*)$/i.exec(url) ?? [];
	if (scheme === undefined || authority === undefined) return headers.host;
	request.url = rest.startsWith("/") ? rest : `/${rest}`;
	return scheme.toLowerCase() === "https" && !hasPort(authority) ? `${authority}:443` : authority;
}

/**
 * Whether a web page sends the request, as its browser says (W3C Fetch Metadata). `none` is what a person opens. A request at
 * `/v1/verify` may come from a proxy that forwards a browser's headers.
 */
export function isWebPage({ headers }: IncomingMessage): boolean {
	const site = headers["sec-fetch-site"];
	return site !== undefined && site !== "none";
}

/** The names by which clients may call the daemon. A web page can't choose its `Host`. */
export class Hosts {
	readonly #allowed: ReadonlySet<string>;

	/** @param others with a port each. */
	constructor(names: readonly string[], port: number, others: readonly string[] = []) {
		const all = [...names.map((name) => `${name}:${port}`), ...others];
		this.#allowed = new Set(all.map((host) => plainHost(host) ?? host));
	}

	/** A request of HTTP/1.0 may name none (RFC 9112 section 3.2), as health checks do; every browser names one. */
	allows(host: NamedHost): boolean {
		if (host === undefined) return true;
		const plain = plainHost(host);
		return plain !== undefined && this.#allowed.has(plain);
	}
}

/** One spelling of a host and its port: a name without its final dot, an address in its shortest form, the port of http. */
function plainHost(host: string): string | undefined {
	const [, name, port] = /^(\[[^\]]*\]|[^:]+)(?::(\d*))?$/.exec(host.toLowerCase()) ?? [];
	if (name === undefined) return undefined;
	return `${clientAddress(name) ?? name.replace(/\.$/, "")}:${Number(port || 80)}`;
}

function hasPort(authority: string): boolean {
	return /:\d+$/.test(authority);
}
