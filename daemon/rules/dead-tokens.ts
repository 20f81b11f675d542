/** Notices that somebody uses a token which is revoked, rotated away or expired: it was forgotten there, or stolen. */
import type { RefusalReason } from "../contract.ts";
import type { Token } from "../store/tokens.ts";
import type { Refusal } from "./verify.ts";

export interface DeadUse {
	token: Token;
	reason: RefusalReason;
	address: string;
}

/** A service that goes on for days is told of once an hour for each address, not at each request. */
const silenceMilliseconds = 3_600_000;
const remembered = 10_000;

export class DeadTokenWatch {
	readonly #onUse: (use: DeadUse) => void;
	/** When each use was last told of. */
	readonly #told = new Map<string, number>();

	constructor(onUse: (use: DeadUse) => void) {
		this.#onUse = onUse;
	}

	look({ reason, token }: Refusal, address: string | undefined, now: number): void {
		if (token === undefined || (reason !== "revoked" && reason !== "expired")) return;
		const from = address ?? "unknown";
		const use = `${token.id} ${reason} ${from}`;
		if (now - (this.#told.get(use) ?? -Infinity) < silenceMilliseconds) return;
		if (this.#told.size >= remembered) this.#told.clear();
		this.#told.set(use, now);
		this.#onUse({ token, reason, address: from });
	}
}
