/** Why a request to the daemon has no answer, and what that leaves open. No secret is ever part of it. */

/**
 * What became of a request that has no answer. "not-done": nothing has changed. "unknown": the daemon may have done
 * it, for example created a token whose secret is lost.
 */
export type Outcome = "not-done" | "unknown";

/**
 * Why a request has no answer. "not-running": no process listens, or there is no `daemon.json`. "stopping": the daemon
 * takes no more requests. "unproved": another process answers. "timeout": no answer came in time. "broken": the
 * connection broke. "unusable": the answer, or `daemon.json`, is not what a daemon writes. "no-database": a shared server
 * is cut off from its database.
 */
export type UnavailableReason =
	| "not-running"
	| "stopping"
	| "unproved"
	| "timeout"
	| "broken"
	| "unusable"
	| "no-database";

/** No usable answer came, so nothing is known: neither that a token is valid nor that it is not. */
export class TokensmithUnavailableError extends Error {
	readonly outcome: Outcome;
	readonly reason: UnavailableReason;

	constructor(
		message: string,
		options: { cause?: unknown; outcome: Outcome; reason?: UnavailableReason | undefined },
	) {
		super(message, options.cause === undefined ? {} : { cause: options.cause });
		this.name = "TokensmithUnavailableError";
		this.outcome = options.outcome;
		this.reason = options.reason ?? "unusable";
	}
}

/** What the failure of a connection means. */
export function reasonOf(cause: unknown): UnavailableReason {
	const { name, code = "" } = cause as NodeJS.ErrnoException;
	if (code === "ECONNREFUSED") return "not-running";
	if (["ECONNRESET", "EPIPE"].includes(code)) return "broken";
	return name === "TimeoutError" ? "timeout" : "unusable";
}

const unsentMessages: Partial<Record<UnavailableReason, string>> = {
	"not-running": "No process listens at the daemon's address. Is the daemon running?",
	stopping: "The daemon is stopping.",
	timeout: "The daemon did not prove itself in time; nothing was sent.",
};

const unprovedMessages = {
	"owner-key":
		"The process at the daemon's address is not the daemon that the owner key belongs to; nothing was sent.",
	identity:
		"The process at the daemon's address does not have the identity in the url; nothing was sent. If the daemon's data directory is a new one, copy its address again.",
	elsewhere:
		"The daemon of this identity answers, but through another process at the url's address; nothing was sent. If that is a forwarded port which you trust, write tki-…:forwarded@ in the url.",
} as const;

/** For a request that was not sent. */
export function unsent(reason: UnavailableReason, cause?: unknown): TokensmithUnavailableError {
	const message = unsentMessages[reason] ?? "The connection to the daemon failed; nothing was sent.";
	return new TokensmithUnavailableError(message, { cause, outcome: "not-done", reason });
}

/** For a request that was not sent, since the daemon has not proved itself by this. */
export function unproved(by: keyof typeof unprovedMessages): TokensmithUnavailableError {
	return new TokensmithUnavailableError(unprovedMessages[by], { outcome: "not-done", reason: "unproved" });
}
