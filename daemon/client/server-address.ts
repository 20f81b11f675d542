/**
 * The address of a server as a person types it, and every reason for which a server can't be used. For the command line and
 * the extension. Invariant: no message repeats what stood before an @, since it may be a secret.
 */
import { isIdentity } from "../rules/identity.ts";
import type { Endpoint } from "./proof.ts";

/** The first five are known from the address alone, those that begin with `token-` are about the token. */
export type ServerProblem =
	| "not-an-address"
	| "has-credentials"
	| "has-query"
	| "not-encrypted"
	| "unidentified"
	| "unknown-host"
	| "not-running"
	| "timeout"
	| "no-connection"
	| "not-encrypting"
	| "certificate-expired"
	| "certificate-not-yet-valid"
	| "certificate-of-another-host"
	| "authority-unknown"
	| "certificate-refused"
	| "unproved"
	| "redirects"
	| "not-tokensmith"
	| "host-not-allowed"
	| "older-version"
	| "newer-version"
	| "not-ready"
	| "token-malformed"
	| "token-unknown"
	| "token-revoked"
	| "token-disabled"
	| "token-in-doubt"
	| "token-expired"
	| "token-not-from-here"
	| "token-without-rights";

/** What the words of a problem need besides the server's host. */
export interface ServerProblemFacts {
	/** The server's, where the problem is its version. */
	readonly version?: string | undefined;
	/** The origin that a redirect leads to, or the token's name. */
	readonly target?: string | undefined;
	readonly cause?: unknown;
}

/** The server can't be used. The message says why, and what to do. */
export class ServerError extends Error {
	readonly reason: ServerProblem;
	/** With its port, as in the address; empty for a text that is no address. */
	readonly host: string;
	readonly version: string | undefined;
	readonly target: string | undefined;

	constructor(reason: ServerProblem, host: string, facts: ServerProblemFacts = {}) {
		const options = facts.cause === undefined ? {} : { cause: facts.cause };
		super(words[reason]({ host, version: facts.version ?? "", target: facts.target ?? "" }), options);
		this.name = "ServerError";
		this.reason = reason;
		this.host = host;
		this.version = facts.version;
		this.target = facts.target;
	}
}

export interface ServerAddress extends Endpoint {
	/** Without the identity, and without a slash at its end. */
	readonly url: string;
	readonly ownerKey: undefined;
	/** For people: with its port, if that is not the scheme's own. */
	readonly host: string;
	/** With the identity, as it is kept, and as `createTokensmithClient` takes it. */
	readonly text: string;
}

/** Without a scheme, https is meant. @throws ServerError */
export function parseServerAddress(typed: string): ServerAddress {
	const text = typed.trim();
	const url = URL.parse(/^[a-z][\w+.-]*:\/\//i.test(text) ? text : `https://${text}`);
	if (url === null || !/^https?:$/.test(url.protocol)) throw new ServerError("not-an-address", "");
	const { host } = url;
	if (url.search + url.hash !== "") throw new ServerError("has-query", host);
	const isForwarded = url.password === "forwarded";
	if ((url.username !== "" && !isIdentity(url.username)) || (url.password !== "" && !isForwarded))
		throw new ServerError("has-credentials", host);
	const identity = url.username || undefined;
	if (url.protocol === "http:" && !isLoopback(url.hostname)) throw new ServerError("not-encrypted", host);
	if (url.protocol === "http:" && identity === undefined) throw new ServerError("unidentified", host);
	const base = url.origin + url.pathname.replace(/\/+$/, "");
	const known = identity === undefined ? "" : `${identity}${isForwarded ? ":forwarded" : ""}@`;
	return {
		url: base,
		ownerKey: undefined,
		identity,
		path: isForwarded ? "forwarded" : "direct",
		host,
		text: base.replace("://", `://${known}`),
	};
}

function isLoopback(hostname: string): boolean {
	return hostname === "localhost" || hostname === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}

interface Named {
	readonly host: string;
	readonly version: string;
	readonly target: string;
}

const words: Readonly<Record<ServerProblem, (named: Named) => string>> = {
	"not-an-address": () => "This is no address of a server. An example is https://tokens.example.com.",
	"has-credentials": ({ host }) =>
		`The address of ${host} must hold no user name and no password. The token is asked for separately.`,
	"has-query": ({ host }) => `The address of ${host} must hold neither a query nor a fragment.`,
	"not-encrypted": ({ host }) =>
		`Over http://${host}, others could read the token on its way: use https://${host}. Only an address of this machine may begin with http.`,
	unidentified: ({ host }) =>
		`Any process of this machine could answer at http://${host}: give the address with the server's identity, http://tki-…@${host}. The server writes it to standard output when it starts.`,
	"unknown-host": ({ host }) => `No host has the name in ${host}. Is it spelled correctly?`,
	"not-running": ({ host }) => `No server listens at ${host}.`,
	timeout: ({ host }) => `${host} did not answer in time. Can this machine reach it?`,
	"no-connection": ({ host }) => `The connection to ${host} failed.`,
	"not-encrypting": ({ host }) => `What listens at ${host} does not speak https.`,
	"certificate-expired": ({ host }) =>
		`The certificate of ${host} has expired. Its administrator has to renew it. Nothing was sent.`,
	"certificate-not-yet-valid": ({ host }) =>
		`The certificate of ${host} is not valid yet. Is the clock of this machine right? Nothing was sent.`,
	"certificate-of-another-host": ({ host }) =>
		`The certificate that ${host} shows is for another host. Nothing was sent.`,
	"authority-unknown": ({ host }) =>
		`The certificate of ${host} is from an authority that is unknown here. If it is your own one, name the file with its certificate in NODE_EXTRA_CA_CERTS. Nothing was sent.`,
	"certificate-refused": ({ host }) => `The certificate of ${host} can't be accepted. Nothing was sent.`,
	unproved: ({ host }) =>
		`What answers at ${host} does not have the identity in the address. Nothing was sent. Copy the address again if the server has a new database.`,
	redirects: ({ host, target }) =>
		`${host} sends clients on to ${target === "" ? "another address" : target}. Give the address of the server itself.`,
	"not-tokensmith": ({ host }) => `What answers at ${host} is no Tokensmith server.`,
	"host-not-allowed": ({ host }) =>
		`The Tokensmith server that answers is not to be called by the name ${host}. Its administrator sets the name by --public-url.`,
	"older-version": ({ host, version }) =>
		`${host} runs Tokensmith ${version}, which is too old for this version. Update the server.`,
	"newer-version": ({ host, version }) =>
		`${host} runs Tokensmith ${version}, which is too new for this version. Update Tokensmith here.`,
	"not-ready": ({ host }) => `${host} can't answer at the moment. Try again later.`,
	"token-malformed": () => "This is not a token of Tokensmith. Is it complete?",
	"token-unknown": ({ host }) => `${host} has no token with this secret. Is it from another server?`,
	"token-revoked": ({ host }) => `The token was revoked at ${host}. Ask its administrator for another one.`,
	"token-disabled": ({ host }) => `The token is disabled at ${host}. Its administrator can enable it.`,
	"token-in-doubt": ({ host }) =>
		`It is in doubt at ${host} whether the token was ended. Its administrator can enable it.`,
	"token-expired": ({ host }) => `The token has expired at ${host}. Ask its administrator for another one.`,
	"token-not-from-here": ({ host }) => `${host} does not accept the token from the address of this machine.`,
	"token-without-rights": ({ host, target }) =>
		`${host} accepts the token ${target}, which may do nothing there: it has no permission of Tokensmith's own API, such as api.api-tokens.read. Ask its administrator for another one.`,
};
