/**
 * Whether a Tokensmith server is at an address, and what a token may do there. Invariant: the token is sent only after the
 * server has answered as one of this protocol does, over a connection that has proved itself, and no redirect is followed.
 */
import { randomBytes } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Health, Problem, TokenRecord } from "../contract.ts";
import { administerPermission, apiPermissions, type ProblemCode, protocol } from "../facts.ts";
import { covers } from "../rules/permission.ts";
import { Connections, shortText } from "./connections.ts";
import { type ServerAddress, ServerError, type ServerProblem } from "./server-address.ts";
import { TokensmithUnavailableError } from "./unavailable.ts";

export { type Ceiling, type Excess, excessOf, isEmpty } from "../rules/ceiling.ts";
export { parseServerAddress, type ServerAddress, ServerError, type ServerProblem } from "./server-address.ts";

/** `administer`: all that the owner of a machine's own daemon may do. */
export type ServerRight = keyof typeof apiPermissions | "administer";

export interface ServerToken {
	readonly record: TokenRecord;
	/** Empty: it may verify itself, and nothing else. */
	readonly rights: readonly ServerRight[];
}

/** For one request, with the connection. */
const answerMilliseconds = 10_000;
/** Of any answer. A token with many long permissions has less. */
const answerCharacters = 1 << 20;

/** What the server says of itself. @throws ServerError */
export async function proveServer(address: ServerAddress): Promise<Pick<Health, "version" | "protocol">> {
	return healthOver(new Connections(address), address);
}

/** @throws ServerError */
export async function askRights(address: ServerAddress, token: string): Promise<ServerToken> {
	const connections = new Connections(address);
	await healthOver(connections, address);
	if (!/^[\x21-\x7E]{1,4096}$/.test(token)) throw new ServerError("token-malformed", address.host);
	const headers = { authorization: `Bearer ${token}` };
	const { status, body } = await answerTo(connections, address, "/v1/api-tokens/current", headers);
	if (status === 200 && isRecord(body)) return { record: body, rights: rightsOf(body.permissions) };
	const { code } = (body ?? {}) as Partial<Problem>;
	const refusal = code === undefined ? undefined : refusals[code];
	throw new ServerError(refusal ?? (status >= 500 ? "not-ready" : "not-tokensmith"), address.host);
}

/** Whether the daemon with this identity is the one at the address. @throws ServerError */
export async function hasIdentity(address: ServerAddress, identity: string): Promise<boolean> {
	const path = `/v1/identity?identity=${identity}&challenge=${randomBytes(32).toString("hex")}`;
	return (await answerTo(new Connections(address), address, path)).status === 200;
}

/** What permissions of Tokensmith's own API allow. */
export function rightsOf(permissions: readonly string[]): ServerRight[] {
	const needed = { ...apiPermissions, administer: administerPermission };
	const rights = Object.keys(needed) as ServerRight[];
	const held = rights.filter((right) => permissions.some((one) => covers(one, needed[right])));
	return held.includes("administer") ? rights : held;
}

/** Whether a token with these permissions may give this one to others. */
export function mayPassOn(permissions: readonly string[], name: string): boolean {
	return permissions.some((own) => covers(own, name));
}

/** The problem, where an error of the transport tells it. */
export function serverProblemOf(error: unknown): ServerProblem | undefined {
	if (!(error instanceof TokensmithUnavailableError)) return undefined;
	const { code = "" } = (error.cause ?? {}) as NodeJS.ErrnoException;
	const known = byCode[code] ?? (/^(?:ERR_TLS_|CERT_)/.test(code) ? "certificate-refused" : undefined);
	return known ?? byReason[error.reason];
}

const byReason: Partial<Record<TokensmithUnavailableError["reason"], ServerProblem>> = {
	"not-running": "not-running",
	stopping: "not-ready",
	"no-database": "not-ready",
	timeout: "timeout",
	unproved: "unproved",
	broken: "no-connection",
};

/** Codes of Node.js and OpenSSL. */
const byCode: Readonly<Record<string, ServerProblem>> = {
	ENOTFOUND: "unknown-host",
	EAI_AGAIN: "unknown-host",
	CERT_HAS_EXPIRED: "certificate-expired",
	CERT_NOT_YET_VALID: "certificate-not-yet-valid",
	ERR_TLS_CERT_ALTNAME_INVALID: "certificate-of-another-host",
	DEPTH_ZERO_SELF_SIGNED_CERT: "authority-unknown",
	SELF_SIGNED_CERT_IN_CHAIN: "authority-unknown",
	UNABLE_TO_GET_ISSUER_CERT: "authority-unknown",
	UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "authority-unknown",
	UNABLE_TO_VERIFY_LEAF_SIGNATURE: "authority-unknown",
	ERR_SSL_WRONG_VERSION_NUMBER: "not-encrypting",
	ERR_SSL_PACKET_LENGTH_TOO_LONG: "not-encrypting",
};

const refusals: Partial<Record<ProblemCode, ServerProblem>> = {
	"token-malformed": "token-malformed",
	"token-unknown": "token-unknown",
	"token-revoked": "token-revoked",
	"token-disabled": "token-disabled",
	"token-in-doubt": "token-in-doubt",
	"token-expired": "token-expired",
	"address-not-allowed": "token-not-from-here",
};

async function healthOver(
	connections: Connections,
	address: ServerAddress,
): Promise<Pick<Health, "version" | "protocol">> {
	const { status, body } = await answerTo(connections, address, "/healthz");
	const { host } = address;
	const { code } = (body ?? {}) as Partial<Problem>;
	if (code === "host-not-allowed") throw new ServerError("host-not-allowed", host);
	if (code === "stopping") throw new ServerError("not-ready", host);
	if (status !== 200 || !isHealth(body)) throw new ServerError("not-tokensmith", host);
	const { version } = body;
	if (body.protocol !== protocol)
		throw new ServerError(body.protocol < protocol ? "older-version" : "newer-version", host, { version });
	return { version, protocol: body.protocol };
}

interface Answer {
	readonly status: number;
	/** undefined: no JSON. */
	readonly body: unknown;
}

async function answerTo(
	connections: Connections,
	address: ServerAddress,
	path: string,
	headers: Record<string, string> = {},
): Promise<Answer> {
	const { host } = address;
	try {
		const signal = AbortSignal.timeout(answerMilliseconds);
		const response = await connections.open({ method: "GET", path, headers, signal });
		const target = targetOf(response, address);
		if (target !== undefined) throw new ServerError("redirects", host, { target });
		return { status: response.statusCode ?? 0, body: parsed(await shortText(response, answerCharacters)) };
	} catch (cause) {
		if (cause instanceof ServerError) throw cause;
		const { name } = cause as Error;
		const isLate = name === "TimeoutError" || name === "AbortError";
		throw new ServerError(isLate ? "timeout" : (serverProblemOf(cause) ?? "no-connection"), host, { cause });
	}
}

/** The origin alone: a path may hold anything. Empty: at the same origin, or none is named. */
function targetOf(response: IncomingMessage, { url }: ServerAddress): string | undefined {
	const { statusCode = 0, headers } = response;
	if (statusCode < 300 || statusCode >= 400) return undefined;
	response.destroy();
	const origin = URL.parse(headers.location ?? "", url)?.origin ?? "";
	return origin === new URL(url).origin ? "" : origin;
}

function isHealth(body: unknown): body is Health {
	const { status, version, protocol: spoken } = (body ?? {}) as Partial<Health>;
	return status === "ok" && /^[\w.+-]{1,100}$/.test(String(version)) && Number.isInteger(spoken);
}

function isRecord(body: unknown): body is TokenRecord {
	const { id, permissions } = (body ?? {}) as Partial<TokenRecord>;
	return typeof id === "string" && Array.isArray(permissions);
}

function parsed(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch {
		return undefined;
	}
}
