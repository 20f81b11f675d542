/**
 * Lets long reads share the thread with verifications: each read works for a millisecond, then waits for its next turn, and
 * each turn of the event loop gives one to a single read, however many there are.
 */
const sliceMilliseconds = 1;

export class LongReads {
	readonly #waiting: (() => void)[] = [];

	/** Resolves in a turn of the event loop that no other read has. */
	turn(): Promise<void> {
		return new Promise((resolve) => {
			if (this.#waiting.push(resolve) === 1) setImmediate(() => this.#next());
		});
	}

	#next(): void {
		this.#waiting.shift()?.();
		if (this.#waiting.length > 0) setImmediate(() => this.#next());
	}
}

/** One of the reads. */
export class LongRead {
	readonly #reads: LongReads;
	#end = 0;

	constructor(reads: LongReads) {
		this.#reads = reads;
	}

	/** To be called between two pieces of work. undefined: there is still time. */
	pause(): Promise<void> | undefined {
		return performance.now() < this.#end ? undefined : this.#pause();
	}

	async #pause(): Promise<void> {
		await this.#reads.turn();
		this.#end = performance.now() + sliceMilliseconds;
	}
}
