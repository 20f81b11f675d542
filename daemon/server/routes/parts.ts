/** What the groups of routes have in common. */
import { type TokenRecord, tokenRecord, updatedToken } from "../../contract/tokens.ts";
import type { Notice } from "../../contract.ts";
import type { Authority } from "../../rules/authority.ts";
import type { Records } from "../../rules/records.ts";
import type { Store } from "../../store/store.ts";
import type { EventStream } from "../events.ts";
import type { Metrics } from "../metrics.ts";
import type { Reply } from "../route.ts";

export interface RouteParts {
	authority: Authority;
	records: Records;
	events: EventStream;
	metrics: Metrics;
	ownerKey: string;
	version: string;
	/** The daemon's base URL; known once it listens. */
	url: () => string;
	store: Store;
	/** The data directory. */
	directory: string;
	/** Milliseconds since the epoch. */
	now: () => number;
	/** What the files of the data tell, once they are checked. */
	notices: () => Promise<Notice[]>;
	/** Called when the owner requests a stop. */
	onShutdown: () => void;
}

/** What a call to another system can lead to, beside what follows from the access that it needs. */
export const listProblems = [
	"connector-changed",
	"not-supported",
	"issuer-refused",
	"issuer-unreachable",
	"issuer-limited",
	"credential-dead",
] as const;
export const systemProblems = [...listProblems, "issuer-unanswered"] as const;

/** What the revocation of a token with a connection can lead to. */
export const revocationProblems = ["credential-in-use", ...systemProblems] as const;

/** The answer that `shown` gives. */
export const oneToken = {
	status: 200,
	description: "The token",
	schema: tokenRecord,
	headers: ["ETag"],
} as const;

/** The same after a change, which another system can make otherwise than requested. */
export const changedToken = { ...oneToken, schema: updatedToken } as const;

/** The headers that `created` sets. */
export const newTokenHeaders = ["Location", "ETag"] as const;

export function created(token: TokenRecord): Reply {
	return {
		status: 201,
		headers: { Location: `/v1/api-tokens/${token.id}`, ETag: etagOf(token) },
		body: token,
	};
}

export function shown(token: TokenRecord): Reply {
	return { headers: { ETag: etagOf(token) }, body: token };
}

function etagOf(token: TokenRecord): string {
	return `"${token.version}"`;
}

/** A client that reads no more is no failure. */
export function ignoreGoneReader(error: NodeJS.ErrnoException): void {
	if (error.code !== "ERR_STREAM_PREMATURE_CLOSE") throw error;
}
