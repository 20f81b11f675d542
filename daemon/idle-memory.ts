/**
 * Returns memory to the system once the daemon is quiet. Without work V8 collects nothing, so the garbage of a start or of
 * a burst would stay in the process until the next one.
 */
const quietMilliseconds = 1000;

/** A collection takes 25 to 80 ms, so it must be worth it. */
const leastGrowthBytes = 6 << 20;

export class IdleMemory {
	#isWaiting = false;
	#isBusy = false;
	/** The size of V8's heap after the last collection. */
	#heapBytes = 0;

	/** To be called at each request. */
	asked(): void {
		this.#isBusy = true;
		if (!this.#isWaiting) this.#wait();
	}

	#wait(): void {
		this.#isWaiting = true;
		this.#isBusy = false;
		setTimeout(() => this.#look(), quietMilliseconds).unref();
	}

	#look(): void {
		if (this.#isBusy) return this.#wait();
		this.#isWaiting = false;
		this.#collectWhenGrown();
	}

	async #collectWhenGrown(): Promise<void> {
		if (heapBytes() - this.#heapBytes < leastGrowthBytes) return;
		await collect();
		this.#heapBytes = heapBytes();
	}
}

function heapBytes(): number {
	return process.memoryUsage().heapTotal;
}

/** V8 shrinks the young generation and returns empty pages only when memory seems to be short: its "last resort". */
async function collect(): Promise<void> {
	const { setFlagsFromString } = await import("node:v8");
	const { runInNewContext } = await import("node:vm");
	setFlagsFromString("--expose-gc");
	const gc: NodeJS.GCFunction = runInNewContext("gc");
	setFlagsFromString("--no-expose-gc");
	// Options that this version of V8 does not know are ignored.
	gc({ type: "major", execution: "sync", flavor: "last-resort" });
}
