/**
 * In milliseconds. Two servers know the database's time each within what its way took, so that they are apart by less. A date
 * beyond that is wrong, or the database's clock was set back.
 */
const mostApart = 1000;

/** The database's time, by which tokens end on a shared server: of a machine's own clock, only the rate is believed. */
export class DatabaseClock {
	/** A moment of which another server has said that it has passed. */
	#passed = Number.NEGATIVE_INFINITY;

	/** In milliseconds since the epoch, and when it was read by the steady clock. */
	#read = { database: Date.now(), steady: performance.now() };

	/** Milliseconds since the epoch. */
	now(): number {
		const now = Math.round(this.#at(performance.now()));
		return this.#passed - now <= mostApart ? Math.max(now, this.#passed) : now;
	}

	/** What ended at a moment by another server's clock has ended by this one too. @param moment of a change that was read */
	pass(moment: number): void {
		if (moment - this.now() <= mostApart) this.#passed = Math.max(this.#passed, moment);
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
