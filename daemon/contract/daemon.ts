/** How clients find the daemon, and what it reports while it runs. */
import * as z from "zod";
import type { AuditEvent } from "./audit.ts";
import type { ConnectionList } from "./connections.ts";
import type { ProfileList } from "./profiles.ts";
import type { TokenRecord } from "./tokens.ts";
import type { RefusalReason } from "./verification.ts";

/** The query of `GET /v1/events`. The profiles of a workspace last as long as a stream that names it, which only the owner may. */
export const eventsQuery = z.strictObject({ workspace: z.string().min(1).max(200).optional() });

export const healthQuery = z.strictObject({ challenge: z.string().min(1).max(200).optional() });

/** `GET /healthz`. `proof` is the hexadecimal HMAC-SHA-256 of `?challenge=` under the owner key. */
export const health = z.strictObject({
	status: z.literal("ok"),
	version: z.string(),
	protocol: z.int(),
	proof: z.string().exactOptional(),
});
export type Health = z.output<typeof health>;

/** `GET /readyz`. `stale`: it answers from memory, may have missed changes for so many seconds, and can't reach its database. */
export const readiness = z.strictObject({
	status: z.enum(["ready", "stale"]),
	staleSeconds: z.int().exactOptional(),
});
export type Readiness = z.output<typeof readiness>;

/** `GET /v1/identity`: whether the daemon has this identity, with a proof for the challenge. */
export const identityQuery = z.strictObject({
	identity: z.string().regex(/^tki-[0-9a-f]{64}$/),
	challenge: z.string().regex(/^[0-9a-f]{64}$/),
});
export const identityProof = z.strictObject({ proof: z.string(), address: z.string() });
export type IdentityProof = z.output<typeof identityProof>;

/** Something that the user must know about the daemon's data, for example that a damaged file was set aside, or about the clock. */
export interface Notice {
	code: "data-recovered" | "data-lost" | "data-moved" | "clock-odd";
	detail: string;
}

/** The server-sent events of `GET /v1/events`, by their `event:` name. */
export interface ServerEvents {
	/** The first event of every connection. `resumed`, after a `Last-Event-ID`: whether all that was missed follows. */
	hello: { version: string; protocol: number; notices: Notice[]; resumed?: boolean };
	/** A token was created, changed, used, revoked, or deleted by a clean-up. */
	token: { change: "created" | "changed" | "revoked" | "deleted"; token: TokenRecord };
	/** A revoked, expired or rotated-out token was used: it was forgotten somewhere, or stolen. */
	"dead-token-used": { token: TokenRecord; reason: RefusalReason; address: string };
	audit: AuditEvent;
	/** The profiles changed, or the policy and with it the local profile. */
	profiles: ProfileList;
	connections: ConnectionList;
}

/** `daemon.json` in the data directory, mode 0600: how the owner's clients find the daemon. */
export interface DaemonFile {
	url: string;
	pid: number;
	protocol: number;
	version: string;
	ownerKey: string;
	/** By which services know the daemon; older daemons have none. */
	identity?: string | undefined;
	/** RFC 3339. Older daemons say neither this nor what follows. */
	startedDate?: string | undefined;
	/** After so long without a client it stops, unless a service is installed; 0: never. */
	idleSeconds?: number | undefined;
	/** Whether the user's service manager runs it. */
	isService?: boolean | undefined;
}

/** The line that the daemon prints to stdout when it is ready for requests. */
export interface ReadyLine {
	event: "ready";
	url: string;
	pid: number;
	identity: string;
}

/** The line of a process that has deleted the data of a directory. */
export interface DeletedLine {
	event: "deleted";
	/** Names in the directory that are none of Tokensmith's, and are still there. */
	left: string[];
}
