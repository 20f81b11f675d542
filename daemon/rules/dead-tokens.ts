/** Detects the use of a token that is revoked, rotated or expired: a service still has it, or it was stolen. */
import type { RefusalReason } from "../contract.ts";
import type { VerifiableToken } from "../store/store.ts";
import type { Refusal } from "./verify.ts";

export interface DeadUse {
	token: VerifiableToken;
	reason: RefusalReason;
	address: string;
}

/** The repeated use from one address is reported once an hour, not at each request. */
const silenceMilliseconds = 3_600_000;
const remembered = 10_000;
/** One machine alone has 16 million loopback addresses. */
const addressesAnHour = 20;

export class DeadTokenWatch {
	readonly #onUse: (use: DeadUse) => void;
	/** When each use was last reported. */
	readonly #reported = new Map<string, number>();
	/** By token: how many uses were reported, and since when. */
	readonly #counts = new Map<string, { since: number; uses: number }>();

	constructor(onUse: (use: DeadUse) => void) {
		this.#onUse = onUse;
	}

	check({ reason, token }: Refusal, address: string | undefined, now: number): void {
		if (token === undefined || (reason !== "revoked" && reason !== "expired")) return;
		const from = address ?? "unknown";
		const use = `${token.id} ${reason} ${from}`;
		if (isWithinHour(this.#reported.get(use), now)) return;
		if (!this.#hasRoom(token.id, now)) return;
		if (this.#reported.size >= remembered) this.#reported.clear();
		this.#reported.set(use, now);
		this.#onUse({ token, reason, address: from });
	}

	#hasRoom(tokenId: string, now: number): boolean {
		const known = this.#counts.get(tokenId);
		const count = known !== undefined && isWithinHour(known.since, now) ? known : { since: now, uses: 0 };
		this.#counts.set(tokenId, count);
		return ++count.uses <= addressesAnHour;
	}
}

/** Not behind a clock that was set back, which would keep it silent for as long as the clock was ahead. */
function isWithinHour(since: number | undefined, now: number): boolean {
	return since !== undefined && since <= now && now - since < silenceMilliseconds;
}
