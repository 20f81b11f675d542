/** Every failure of a call to a system. Its message is for the user and contains no secret. */
import type { RemoteToken } from "./system.ts";

export type ConnectorErrorCode =
	/** The system answered, and refused. */
	| "issuer-refused"
	/** Nothing was sent, or nothing happened. */
	| "issuer-unreachable"
	/** It may have happened: the answer is lost. */
	| "issuer-unanswered"
	| "issuer-limited"
	| "credential-dead"
	/** The connector or the system can't do it. */
	| "not-supported";

interface Details {
	/** The HTTP status of the system's answer. */
	status?: number;
	retryAfterSeconds?: number;
	/** Tokens that the lost creation left behind. */
	orphans?: RemoteToken[];
	cause?: unknown;
}

/** A text of a system often has no full stop. The second can be empty. */
export function inSentences(first: string, second: string): string {
	if (second === "") return first;
	return `${/[.!?…]$/.test(first) ? first : `${first}.`} ${second}`;
}

export class ConnectorError extends Error {
	override readonly name = "ConnectorError";
	readonly code: ConnectorErrorCode;
	readonly status: number | undefined;
	readonly retryAfterSeconds: number | undefined;
	readonly orphans: readonly RemoteToken[];

	constructor(
		code: ConnectorErrorCode,
		message: string,
		{ status, retryAfterSeconds, orphans, cause }: Details = {},
	) {
		super(message, cause === undefined ? undefined : { cause });
		this.code = code;
		this.status = status;
		this.retryAfterSeconds = retryAfterSeconds;
		this.orphans = orphans ?? [];
	}
}
