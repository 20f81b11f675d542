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
/** On one machine alone there are 16 million loopback addresses. */
const addressesAnHour = 20;

export class DeadTokenWatch {
	readonly #onUse: (use: DeadUse) => void;
	/** When each use was last told of. */
	readonly #told = new Map<string, number>();
	/** By token: how many uses were told of since when. */
	readonly #counts = new Map<string, { since: number; uses: number }>();

	constructor(onUse: (use: DeadUse) => void) {
		this.#onUse = onUse;
	}

	look({ reason, token }: Refusal, address: string | undefined, now: number): void {
		if (token === undefined || (reason !== "revoked" && reason !== "expired")) return;
		const from = address ?? "unknown";
		const use = `${token.id} ${reason} ${from}`;
		if (now - (this.#told.get(use) ?? -Infinity) < silenceMilliseconds) return;
		if (!this.#hasRoom(token.id, now)) return;
		if (this.#told.size >= remembered) this.#told.clear();
		this.#told.set(use, now);
		this.#onUse({ token, reason, address: from });
	}

	#hasRoom(tokenId: string, now: number): boolean {
		const known = this.#counts.get(tokenId);
		const count =
			known !== undefined && now - known.since < silenceMilliseconds ? known : { since: now, uses: 0 };
		this.#counts.set(tokenId, count);
		return ++count.uses <= addressesAnHour;
	}
}
