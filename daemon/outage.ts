/** The log's lines while a shared server can't reach its database: when that began, what it means, and when it ended. */
import type { DaemonLog } from "./log.ts";

const repeatMilliseconds = 60_000;

export class Outage {
	readonly #log: DaemonLog;
	#lastLine = Number.NEGATIVE_INFINITY;
	#wasStale = false;

	constructor(log: DaemonLog) {
		this.#log = log;
	}

	/** To be called at each attempt that fails. @param staleSeconds while verifications are answered all the same */
	trouble(err: unknown, staleSeconds: number | undefined): void {
		const isStale = staleSeconds !== undefined;
		if (isStale !== this.#wasStale) {
			this.#wasStale = isStale;
			if (isStale)
				this.#log.warn(
					{ staleSeconds },
					"verifications are answered from memory, although tokens may have been revoked meanwhile",
				);
			else this.#log.error({}, "nothing is answered from memory any more");
		}
		if (performance.now() - this.#lastLine < repeatMilliseconds) return;
		this.#lastLine = performance.now();
		this.#log.error({ err }, "the database can't be reached");
	}

	end(): void {
		this.#lastLine = Number.NEGATIVE_INFINITY;
		this.#wasStale = false;
		this.#log.info({}, "the database is reached again");
	}
}
