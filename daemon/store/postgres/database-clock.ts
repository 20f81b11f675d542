/** The database's time, by which tokens end on a shared server: of a machine's own clock, only the rate is believed. */
export class DatabaseClock {
	/** In milliseconds since the epoch, and when it was read by the steady clock. */
	#read = { database: Date.now(), steady: performance.now() };

	/** Milliseconds since the epoch. */
	now(): number {
		return Math.round(this.#at(performance.now()));
	}

	/** A difference within what the way took is none. @param sent, received by the steady clock */
	set(database: number, sent: number, received: number): void {
		const steady = (sent + received) / 2;
		if (Math.abs(this.#at(steady) - database) > (received - sent) / 2) this.#read = { database, steady };
	}

	#at(steady: number): number {
		return this.#read.database + steady - this.#read.steady;
	}
}
