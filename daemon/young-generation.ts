/**
 * Bounds V8's young generation, which otherwise grows to 128 MB under load on a large machine. A daemon needs its memory for
 * tokens, and a small young generation stays in the processor's cache. Its maximum can't be set in a running process; its
 * growth can.
 */
const largestBytes = 16 << 20;

/** To be called after the start: a changed flag makes V8 ignore the code cache of what is loaded later. */
export async function boundYoungGeneration(): Promise<void> {
	const { PerformanceObserver } = await import("node:perf_hooks");
	const { getHeapSpaceStatistics, setFlagsFromString } = await import("node:v8");
	let growthFactor = 2;
	const observer = new PerformanceObserver(() => {
		const young = getHeapSpaceStatistics().find(({ space_name: name }) => name === "new_space");
		const next = (young?.space_size ?? 0) >= largestBytes ? 1 : 2;
		if (next === growthFactor) return;
		growthFactor = next;
		setFlagsFromString(`--semi-space-growth-factor=${growthFactor}`);
	});
	observer.observe({ entryTypes: ["gc"] });
}
