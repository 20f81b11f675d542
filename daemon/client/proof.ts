/**
 * How a daemon proves over a connection that it is the one that is meant: by the owner key, which only it and its owner
 * know, or by its identity. Over https without either, its certificate is the proof. Invariant: the owner key is never sent.
 */
import { createHmac, randomBytes } from "node:crypto";
import type { Socket } from "node:net";
import type { Health, IdentityProof, Problem } from "../contract.ts";
import { addressOf, isProof } from "../rules/identity.ts";
import { unproved, unsent } from "./unavailable.ts";

/** Where a daemon listens, and how it proves that it is the one. */
export interface Endpoint {
	readonly url: string;
	/** Known: the caller can act as the daemon's owner. */
	readonly ownerKey: string | undefined;
	readonly identity?: string | undefined;
	/** "forwarded": the connection may pass through another process, and end at another address than the daemon's. */
	readonly path?: "direct" | "forwarded" | undefined;
}

/** What a GET over the connection answers. */
type Ask = (path: string) => Promise<string>;

/**
 * What the daemon says of itself, if it proves itself by the owner key.
 * @throws TokensmithUnavailableError
 * @internal
 */
export async function prove(endpoint: Endpoint, socket: Socket, ask: Ask): Promise<Health | undefined> {
	const { ownerKey, identity } = endpoint;
	if (ownerKey !== undefined) return proveOwnerKey(ownerKey, ask);
	if (identity !== undefined) await proveIdentity(identity, endpoint, socket, ask);
	return undefined;
}

/** Only the daemon that wrote daemon.json knows the owner key, which tells it from another process on its port. */
async function proveOwnerKey(ownerKey: string, ask: Ask): Promise<Health> {
	const nonce = newNonce();
	const proof = createHmac("sha256", ownerKey).update(nonce).digest("hex");
	const health = parsed<Health>(await ask(`/healthz?challenge=${nonce}`));
	if (health?.proof === proof) return health as Health;
	throw health?.code === "stopping" ? unsent("stopping") : unproved("owner-key");
}

async function proveIdentity(identity: string, endpoint: Endpoint, socket: Socket, ask: Ask): Promise<void> {
	const nonce = newNonce();
	const answer = parsed<IdentityProof>(await ask(`/v1/identity?identity=${identity}&challenge=${nonce}`));
	const { proof = "", address = "", code } = answer ?? {};
	if (code === "stopping") throw unsent("stopping");
	if (!isProof(identity, String(proof), nonce, String(address))) throw unproved("identity");
	const reached = addressOf(socket.remoteAddress, socket.remotePort);
	if (!mayBeElsewhere(endpoint) && address !== reached) throw unproved("elsewhere");
}

/** With TLS, the certificate shows that what stands between is meant to. */
function mayBeElsewhere({ url, path }: Endpoint): boolean {
	return path === "forwarded" || url.startsWith("https:");
}

function newNonce(): string {
	return randomBytes(32).toString("hex");
}

function parsed<Answer>(answer: string): (Partial<Answer> & Partial<Pick<Problem, "code">>) | undefined {
	try {
		return JSON.parse(answer) ?? undefined;
	} catch {
		return undefined;
	}
}
