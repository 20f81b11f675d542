/**
 * Bounds V8's young generation, which otherwise grows to 128 MB under load on a large machine. A daemon needs its memory for
 * tokens, and a small young generation stays in the processor's cache. Its maximum can't be set in a running process; its
 * growth can.
 */
const largestBytes = 16 << 20;

export class YoungGeneration {
	/** As last set; undefined: V8's own. */
	#growthFactor: number | undefined;

	/** Keeps it as small as it is until it is bounded: a start that replays a log would let it grow. */
	async hold(): Promise<void> {
		if (this.#growthFactor === undefined) await this.#setGrowth(1);
	}

	/** To be called after the start: a changed flag makes V8 ignore the code cache of what is loaded later. */
	async bound(): Promise<void> {
		const { PerformanceObserver } = await import("node:perf_hooks");
		const { getHeapSpaceStatistics } = await import("node:v8");
		await this.#setGrowth(2);
		const observer = new PerformanceObserver(() => {
			const young = getHeapSpaceStatistics().find(({ space_name: name }) => name === "new_space");
			this.#setGrowth((young?.space_size ?? 0) >= largestBytes ? 1 : 2);
		});
		observer.observe({ entryTypes: ["gc"] });
	}

	async #setGrowth(factor: 1 | 2): Promise<void> {
		if (factor === this.#growthFactor) return;
		this.#growthFactor = factor;
		const { setFlagsFromString } = await import("node:v8");
		setFlagsFromString(`--semi-space-growth-factor=${factor}`);
	}
}
