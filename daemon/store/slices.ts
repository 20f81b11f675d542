/** Lets long work share the thread with verifications. */
const sliceMilliseconds = 5;

export class Slices {
	#end = performance.now() + sliceMilliseconds;

	/** To be called between two pieces of work: waits for a turn of the event loop when the time of one is over. */
	pause(): Promise<void> | undefined {
		return performance.now() < this.#end ? undefined : this.#pause();
	}

	async #pause(): Promise<void> {
		await new Promise(setImmediate);
		this.#end = performance.now() + sliceMilliseconds;
	}
}

/** What `map` makes of each, in order. */
export async function inSlices<Item, Result>(
	items: readonly Item[],
	map: (item: Item) => Result,
): Promise<Result[]> {
	const slices = new Slices();
	const results: Result[] = [];
	for (const item of items) {
		results.push(map(item));
		const pausing = slices.pause();
		if (pausing !== undefined) await pausing;
	}
	return results;
}
